"""`./run test`: the C++ tests, the exchange with real brokers, the Python tests, the compatibility matrix."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools import brokers, cpp_build, debian
from tools.project import BUILD
from tools.python_environments import (
    SUPPORTED,
    Environment,
    environment,
    found_pythons,
    install_editable,
    install_wheel,
    main_environment,
)
from tools.report import Part, Report
from tools.steps import StepFailedError, exclusive, log_of, run_step, say, show_end_of

_SANITIZERS = ("asan", "tsan")
_NO_TESTS_COLLECTED = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", choices=("cpp", "brokers", "python", "matrix"), help="run one part")
    parser.add_argument("--sanitize", choices=_SANITIZERS, help="run only the C++ tests, with this sanitizer")
    parser.add_argument("--sanitizers", action="store_true", help="add the C++ tests with each sanitizer")
    parser.add_argument("-k", dest="pattern", help="run the tests whose name matches (ctest -R, pytest -k)")
    parser.add_argument("paths", nargs="*", help="with --only python: what to give to pytest")


def run(options: argparse.Namespace) -> int:
    report = Report()
    with exclusive():
        debian.ensure_packages(debian.BUILD_PACKAGES, debian.TEST_PACKAGES)
        if options.sanitize:
            run_cpp(report, options.sanitize, options.pattern)
            return report.show()
        if options.only in (None, "cpp"):
            run_cpp(report, "dev", options.pattern)
        if options.only in (None, "brokers"):
            _run_brokers(report, options.pattern)
        if options.only in (None, "python"):
            _run_python(report, options.pattern, options.paths)
        if options.only in (None, "matrix"):
            _run_matrix(report, options.pattern)
        for preset in _SANITIZERS if options.sanitizers else ():
            run_cpp(report, preset, options.pattern)
    return report.show()


def run_cpp(report: Report, preset: str, pattern: str | None) -> None:
    """Builds `preset` and runs its tests as one part."""
    with report.part(f"C++ {preset}") as part:
        cpp_build.build(preset)
        results = _report_file(f"ctest-{preset}")
        command = cpp_build.ctest_command(preset, results, pattern)
        _run_counted(part, f"ctest {preset}", command, results, cpp_build.environment(preset))


def _run_brokers(report: Report, pattern: str | None) -> None:
    """The exchange suite with Mosquitto, and with each broker that can be had on this machine."""
    with report.part("brokers: build") as part:
        cpp_build.build("dev", ["brokers_test"])
        part.passed = 1
    if not part.passed:
        return
    _run_with_broker(report, "mosquitto", pattern)
    for broker in brokers.BROKERS:
        try:
            with report.part(f"brokers: get {broker.name}") as part:
                brokers.ensure(broker)
                part.passed = 1
        except brokers.NotHereError as reason:
            part.note = f"{reason}; `./run test --only brokers` tries again"
        if part.passed:
            _run_with_broker(report, broker.name, pattern)


def _run_with_broker(report: Report, name: str, pattern: str | None) -> None:
    with report.part(f"brokers: {name}") as part:
        results = _report_file(f"brokers-{name}")
        title = f"exchange with {name}"
        program = BUILD / "dev" / "tests" / "brokers" / "brokers_test"
        # A test's full name is instantiation/suite.test/row.
        tests = f"{name}/*{pattern}*" if pattern else f"{name}/*"
        command = [str(program), f"--gtest_filter={tests}", f"--gtest_output=xml:{results}"]
        try:
            _run_counted(part, title, command, results, {})
        finally:
            part.note = part.note or _said_in(log_of(title), "broker: ")


def _said_in(log: Path, label: str) -> str:
    """What stands behind `label` in the first line of `log` that begins with it."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((line.removeprefix(label) for line in lines if line.startswith(label)), "")


def _run_python(report: Report, pattern: str | None, paths: Sequence[str]) -> None:
    with report.part("Python, newest Flask") as part:
        tested = main_environment("test")
        install_editable(tested)
        part.note = _versions(tested)
        _run_pytest(part, tested, [*(["-k", pattern] if pattern else []), *paths])


def _run_matrix(report: Report, pattern: str | None) -> None:
    """The tests marked `matrix`, with the wheel, on each Python of this machine.

    The oldest Flask runs on the oldest Python: later ones do not run it without warnings.
    """
    pythons = found_pythons()
    main_environment("test")
    # The Python of this run has had all tests with the newest Flask already.
    pairs = [(version, "newest") for version in pythons if version != sys.version_info[:2]]
    if pythons:
        pairs.insert(0, (min(pythons), "oldest"))
    for version, flask in pairs:
        text = "{}.{}".format(*version)
        with report.part(f"matrix: Python {text}, {flask} Flask") as part:
            name = f".venv-{text}" + ("-oldest" if flask == "oldest" else "")
            groups = ("build", "test", "oldest") if flask == "oldest" else ("build", "test")
            tested = environment(name, pythons[version], groups)
            install_wheel(tested)
            part.note = _versions(tested)
            _run_pytest(part, tested, ["-m", "matrix", *(["-k", pattern] if pattern else [])])
    for version in SUPPORTED:
        if version not in pythons:
            report.absent("matrix: Python {}.{}".format(*version), "not on this machine")


def _run_pytest(part: Part, tested: Environment, arguments: Sequence[str]) -> None:
    results = _report_file(f"pytest{tested.folder.name}")
    command = [str(tested.python), "-m", "pytest", f"--junitxml={results}", *arguments]
    # Bytecode and caches of several Pythons in one tree would only be in each other's way.
    settings = {"PYTHONDONTWRITEBYTECODE": "1"}
    _run_counted(part, f"pytest in {tested.folder.name}", command, results, settings)


def _run_counted(
    part: Part, title: str, command: Sequence[str], results: Path, settings: dict[str, str]
) -> None:
    try:
        status = run_step(title, command, environment=settings, allowed=(0, 1, 8, _NO_TESTS_COLLECTED))
    finally:
        if results.exists():
            part.count(results)
    if status == 0:
        return
    show_end_of(log_of(title))
    if not part.failed:
        part.note = "no tests were collected" if status == _NO_TESTS_COLLECTED else f"status {status}"
        say(f"  {part.note}")
        raise StepFailedError(part.note)


def _versions(tested: Environment) -> str:
    probe = (
        "import platform; from importlib.metadata import version as v;"
        "print('Python', platform.python_version() + ', Flask', v('flask') + ', Werkzeug', v('werkzeug'))"
    )
    title = f"versions in {tested.folder.name}"
    run_step(title, [tested.python, "-c", probe])
    return log_of(title).read_text().strip()


def _report_file(name: str) -> Path:
    path = BUILD / "reports" / f"{name}.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return path
