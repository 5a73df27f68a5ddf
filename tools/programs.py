"""`./run demo` and `./run bench`: set up what they need and hand over to their own programs."""

from __future__ import annotations

import argparse
from pathlib import Path

from tools import cpp_build, debian
from tools.project import BUILD, ROOT
from tools.python_environments import (
    environment,
    found_base,
    install_editable,
    install_wheel,
    main_environment,
)
from tools.steps import exclusive, run_shown, say


def demo(options: argparse.Namespace) -> int:
    """The greenhouse, with a broker of its own."""
    with exclusive():
        debian.ensure_packages(debian.BUILD_PACKAGES, debian.TEST_PACKAGES)
        shown = main_environment("demo")
        install_editable(shown)
    say("")
    return run_shown([shown.python, ROOT / "examples" / "greenhouse" / "demo.py", *options.arguments])


def bench(options: argparse.Namespace) -> int:
    """The benchmarks, with everything built as it is shipped."""
    with exclusive():
        debian.ensure_packages(debian.BUILD_PACKAGES, debian.TEST_PACKAGES, debian.BENCH_PACKAGES)
        folder = cpp_build.build("release")
        main_environment()
        measured = environment(".venv-bench", found_base(), ("build", "bench"))
        install_wheel(measured, release=True)
    say("")
    command: list[str | Path] = [measured.python, "-m", "bench"]
    command += ["--programs", folder / "bench", "--output", BUILD / "bench"]
    return run_shown([*command, *options.arguments])
