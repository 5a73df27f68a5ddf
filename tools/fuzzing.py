"""`./run fuzz`: each libFuzzer target for some seconds."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tools import cpp_build, debian
from tools.project import BUILD, ROOT, relative
from tools.report import Report
from tools.steps import StepFailedError, exclusive, run_step, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=int, default=20, help="time of each target (20)")
    parser.add_argument("--target", help="run only the target of this name")


def run(options: argparse.Namespace) -> int:
    report = Report()
    with exclusive():
        debian.ensure_packages(debian.BUILD_PACKAGES, debian.FUZZ_PACKAGES)
        cpp_build.build("fuzz")
        targets = _targets()
        if options.target:
            if options.target not in targets:
                say(f"There is no target {options.target}; there are {', '.join(targets) or 'none'}.")
                return 2
            targets = {options.target: targets[options.target]}
        for name, program in targets.items():
            _run_target(report, name, program, options.seconds)
    return report.show()


def _targets() -> dict[str, Path]:
    """The programs that fuzz/ built, by name."""
    built = sorted((BUILD / "fuzz" / "fuzz").glob("*"))
    return {path.name: path for path in built if path.is_file() and os.access(path, os.X_OK)}


def _run_target(report: Report, name: str, program: Path, seconds: int) -> None:
    found = BUILD / "fuzz-found" / name
    grown = BUILD / "fuzz-corpus" / name
    for folder in (found, grown):
        folder.mkdir(parents=True, exist_ok=True)
    seeds = [path for path in (ROOT / "fuzz" / "corpus" / _noun(name),) if path.is_dir()]
    command: list[str | Path] = [program, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048"]
    command += [f"-artifact_prefix={found}/", grown, *seeds]
    with report.part(f"fuzz {name}") as part:
        try:
            run_step(f"fuzz {name}", command, environment=cpp_build.environment("fuzz"))
        except StepFailedError:
            say(f"  The input that failed is in {relative(found)}; to see it again:")
            say(f"      {relative(program)} {relative(found)}/*")
            raise
        part.passed = 1


def _noun(target: str) -> str:
    """What a target is about: "packet" for "fuzz_packet" and "packet_fuzz"."""
    return target.removeprefix("fuzz_").removesuffix("_fuzz").removesuffix("_fuzzer")
