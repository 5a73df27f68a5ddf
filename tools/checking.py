"""`./run check` and `./run fix`: format, lint, types, layers, conformance and documents."""

from __future__ import annotations

import argparse
from pathlib import Path

from tools import debian, documentation, static_analysis
from tools.project import ROOT, own_files
from tools.python_environments import Environment, main_environment
from tools.report import Report
from tools.steps import exclusive, run_step, say

_TYPED = (
    "python/flask_multimqtt",
    "tools",
    "bench",
    "tests/support",
    "tests/layers/layers.py",
    *documentation.CONFORMANCE_MODULES,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fast", nargs="?", const="HEAD", metavar="REVISION",
                        help="clang-tidy only over what differs from REVISION (HEAD)")  # fmt: skip
    parser.add_argument(
        "--no-tidy", action="store_true", help="leave out clang-tidy, which takes minutes the first time"
    )


def run(options: argparse.Namespace) -> int:
    report = Report()
    with exclusive():
        debian.ensure_packages(debian.BUILD_PACKAGES, debian.TEST_PACKAGES, debian.CHECK_PACKAGES)
        checked = main_environment("test", "check")
        ruff = checked.program("ruff")
        report.run("C++ format", lambda: _format_cpp("--dry-run", "-Werror"))
        report.run("Python lint", lambda: run_step("ruff check", [ruff, "check", "."]))
        report.run("Python format", lambda: run_step("ruff format", [ruff, "format", "--check", "."]))
        report.run("Python types", lambda: _check_types(checked))
        report.run(
            "layers", lambda: run_step("layers", [checked.python, "tests/layers/layers.py", "--sizes"])
        )
        report.run("conformance", documentation.check_conformance)
        report.run("documents", documentation.check)
        if options.no_tidy:
            report.absent("clang-tidy", "left out by --no-tidy")
        else:
            report.run("clang-tidy", lambda: static_analysis.check_cpp(options.fast))
    return report.show()


def fix(options: argparse.Namespace) -> int:
    """Formats every file in place and repairs what the linter can repair."""
    with exclusive():
        debian.ensure_packages(debian.CHECK_PACKAGES)
        ruff = main_environment("check").program("ruff")
        _format_cpp("-i")
        run_step("ruff check --fix", [ruff, "check", "--fix", "."])
        run_step("ruff format in place", [ruff, "format", "."])
    return 0


def _format_cpp(*flags: str) -> None:
    files = own_files(".hpp", ".cpp")
    if not files:
        say("- no C++ files")
        return
    run_step(f"clang-format {flags[0]}", ["clang-format", *flags, *files])


def _check_types(checked: Environment) -> None:
    typed: list[str | Path] = [path for path in _TYPED if _has_python(ROOT / path)]
    # The example of the README shows what a reader types, without annotations.
    examples = sorted(
        path.parent for path in (ROOT / "examples").glob("*/*.py") if path.parent.name != "readme"
    )
    typed += dict.fromkeys(examples)
    run_step("mypy", [checked.python, "-m", "mypy", *typed])


def _has_python(path: Path) -> bool:
    return path.is_file() or any(path.glob("*.py"))
