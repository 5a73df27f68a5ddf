"""`./run simulate`: the session against the model broker, one world for each seed."""

from __future__ import annotations

import argparse
import os

from tools import cpp_build, debian
from tools.steps import exclusive, run_shown

_PRESET = "simulation"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, default=20_000, help="how many worlds (20000)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--jobs", type=int, default=_processors(), help="worker processes (one a processor)")
    parser.add_argument("--seed", type=int, help="run this one and tell everything that happens")


def run(options: argparse.Namespace) -> int:
    with exclusive():
        debian.ensure_packages(debian.BUILD_PACKAGES, debian.TEST_PACKAGES)
        folder = cpp_build.build(_PRESET, ["simulate"])
    command: list[str] = [str(folder / "tests" / "simulation" / "simulate")]
    if options.seed is not None:
        command += ["--seed", str(options.seed)]
    else:
        command += ["--seeds", str(options.seeds), "--first", str(options.first), "--jobs", str(options.jobs)]
    return run_shown(command)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
