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
        source = fuzz_record.source_state()
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
                done.append(_run_target(report, name, source, program, options.seconds))
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


def _run_target(report: Report, name: str, source: str, program: Path, seconds: int) -> fuzz_record.Run:
    found = BUILD / "fuzz-found" / name
    grown = BUILD / "fuzz-corpus" / name
    for folder in (found, grown):
        folder.mkdir(parents=True, exist_ok=True)
    seeds = [path for path in (_corpus(name),) if path.is_dir()]
    command: list[str | Path] = [program, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048"]
    command += ["-print_final_stats=1", f"-artifact_prefix={found}/", grown, *seeds]
    title = f"fuzz {name}"
    before = set(found.iterdir())
    started = time.monotonic()
    failed = False
    with report.part(title) as part:
        try:
            run_step(title, command, environment=cpp_build.environment("fuzz"))
            part.passed = 1
        except StepFailedError:
            failed = True
            for path in sorted(set(found.iterdir()) - before):
                say(f"  The input that failed is {relative(path)}; to see it again:")
                say(f"      {relative(program)} {relative(path)}")
            raise
    done = fuzz_record.read_log(name, source, log_of(title), time.monotonic() - started, found=failed)
    fuzz_record.append(done)
    part.note = part.note or f"{done.executions:,} executions"
    return done


def _merge(name: str, program: Path) -> None:
    grown = BUILD / "fuzz-corpus" / name
    grown.mkdir(parents=True, exist_ok=True)
    fuzz_corpus.merge(name, program, _corpus(name), grown)
    files, size = fuzz_corpus.size(_corpus(name))
    say(f"  {relative(_corpus(name))} has {files} inputs of {size:,} bytes together")


def _corpus(name: str) -> Path:
    return ROOT / "fuzz" / "corpus" / name
