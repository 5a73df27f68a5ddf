"""`./run fuzz`: each libFuzzer target for some seconds, with a record of what has been fuzzed in all."""

from __future__ import annotations

import argparse
import os
import time
from functools import partial
from pathlib import Path

from tools import cpp_build, debian, fuzz_corpus, fuzz_record
from tools.project import BUILD, ROOT, relative
from tools.report import Report
from tools.steps import StepFailedError, exclusive, log_of, run_step, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=int, default=20, help="time of each target (20)")
    parser.add_argument("--target", help="only the target of this name, such as session")
    parser.add_argument("--merge", action="store_true", help="keep the best of what was found in fuzz/corpus")
    parser.add_argument("--total", action="store_true", help="only say what has been fuzzed so far")


def run(options: argparse.Namespace) -> int:
    if options.total:
        for line in fuzz_record.total_lines():
            say(line)
        return 0
    report = Report()
    done: list[fuzz_record.Run] = []
    with exclusive():
        debian.ensure_packages(debian.BUILD_PACKAGES, debian.FUZZ_PACKAGES)
        cpp_build.build("fuzz")
        targets = _targets()
        if options.target:
            name = options.target.removeprefix("fuzz_")
            if name not in targets:
                say(f"There is no target {name}; there are {', '.join(targets) or 'none'}.")
                return 2
            targets = {name: targets[name]}
        for name, program in targets.items():
            if options.merge:
                report.run(f"merge {name}", partial(_merge, name, program))
            else:
                _run_target(report, done, name, program, options.seconds)
    if done:
        say("")
        for line in [*fuzz_record.table(done), "", *fuzz_record.total_lines()]:
            say(line)
    return report.show()


def _targets() -> dict[str, Path]:
    """The programs that fuzz/ built, by the name of their property."""
    built = sorted((BUILD / "fuzz" / "fuzz").glob("fuzz_*"))
    return {
        path.name.removeprefix("fuzz_"): path for path in built if path.is_file() and os.access(path, os.X_OK)
    }


def _run_target(report: Report, done: list[fuzz_record.Run], name: str, program: Path, seconds: int) -> None:
    found = BUILD / "fuzz-found" / name
    grown = BUILD / "fuzz-corpus" / name
    for folder in (found, grown):
        folder.mkdir(parents=True, exist_ok=True)
    seeds = [path for path in (_corpus(name),) if path.is_dir()]
    command: list[str | Path] = [program, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048"]
    command += ["-print_final_stats=1", f"-artifact_prefix={found}/", grown, *seeds]
    title = f"fuzz {name}"
    before = set(found.iterdir())
    with report.part(title) as part:
        started = time.monotonic()
        failed = True
        try:
            run_step(title, command, environment=cpp_build.environment("fuzz"))
            failed = False
        except StepFailedError:
            for path in sorted(set(found.iterdir()) - before):
                say(f"  The input that failed is {relative(path)}; to see it again:")
                say(f"      {relative(program)} {relative(path)}")
            raise
        finally:
            done.append(fuzz_record.read_log(name, log_of(title), time.monotonic() - started, failed))
            fuzz_record.append(done[-1])
        part.passed = 1
        part.note = f"{done[-1].executions:,} executions"


def _merge(name: str, program: Path) -> None:
    grown = BUILD / "fuzz-corpus" / name
    grown.mkdir(parents=True, exist_ok=True)
    fuzz_corpus.merge(name, program, _corpus(name), grown)
    files, size = fuzz_corpus.size(_corpus(name))
    say(f"  {relative(_corpus(name))} has {files} inputs of {size:,} bytes together")


def _corpus(name: str) -> Path:
    return ROOT / "fuzz" / "corpus" / name
