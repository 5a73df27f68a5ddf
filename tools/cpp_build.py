"""Building the C++ part with the presets of CMakePresets.json."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

from tools.project import BUILD, ROOT, jobs
from tools.steps import run_step

#: Without the folder in the key, the same source compiled in another build folder or clone is found again.
CCACHE_ENVIRONMENT = {"CCACHE_NOHASHDIR": "true", "CCACHE_BASEDIR": str(ROOT)}

_SANITIZER_ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}


def configure(preset: str) -> None:
    """Configures `preset`; a second time CMake finds its cache and only looks for changes."""
    run_step(f"configure {preset}", ["cmake", "--preset", preset], environment=CCACHE_ENVIRONMENT)


def build(preset: str, targets: Sequence[str] = ()) -> Path:
    """Configures and builds `preset`, or only `targets` of it; returns its folder."""
    configure(preset)
    command = [*_steady_addresses(preset), "cmake", "--build", "--preset", preset, "-j", str(jobs())]
    for target in targets:
        command += ["--target", target]
    run_step(f"build {preset}", command, environment=environment(preset))
    return BUILD / preset


def ctest_command(preset: str, report: Path, pattern: str | None) -> list[str]:
    """The ctest command that runs the tests of `preset` and writes a JUnit report."""
    command = [*_steady_addresses(preset), "ctest", "--preset", preset, "--no-tests=error"]
    # The long tests wait for time to pass more than they compute.
    command += ["-j", str(2 * jobs()), "--output-junit", str(report)]
    return command + (["-R", pattern] if pattern else [])


def environment(preset: str) -> dict[str, str]:
    """What to add to the environment of everything that builds or runs `preset`."""
    sanitizer = _SANITIZER_ENVIRONMENT if preset in ("asan", "tsan", "fuzz") else {}
    # What a developer set by hand counts more.
    return CCACHE_ENVIRONMENT | {key: os.environ.get(key, value) for key, value in sanitizer.items()}


def _steady_addresses(preset: str) -> list[str]:
    # The thread sanitizer of GCC 12 cannot place its shadow when the kernel scatters addresses widely.
    if preset != "tsan" or shutil.which("setarch") is None:
        return []
    return ["setarch", platform.machine(), "--addr-no-randomize"]
