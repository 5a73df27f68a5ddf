"""The table at the end of a command adds up, and its exit status tells the truth."""

from __future__ import annotations

import pytest

from tools.report import Report
from tools.steps import StepFailedError

JUNIT = '<testsuites><testsuite tests="7" failures="1" errors="1" skipped="2"/></testsuites>'
CTEST = '<testsuite tests="3" failures="0" disabled="1" skipped="0"/>'


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.splitlines()[-1]


def test_the_last_line_adds_up_the_reports_of_pytest_and_ctest(tmp_path, capsys):
    report = Report()
    for name, text in (("one", JUNIT), ("two", CTEST)):
        (tmp_path / name).write_text(text)
        with report.part(name) as part:
            part.count(tmp_path / name)
    assert report.show() == 1
    assert last_line(capsys) == "5 passed, 2 failed"
    assert [part.skipped for part in report.parts] == [2, 1]


def test_a_failed_step_counts_once_and_the_next_part_runs(capsys):
    report = Report()

    def fail() -> None:
        raise StepFailedError("build")

    report.run("first", fail)
    report.run("second", lambda: None)
    assert report.show() == 1
    assert last_line(capsys) == "1 passed, 1 failed"
    assert report.parts[0].note == "build failed"


def test_a_missing_report_is_a_failure(tmp_path):
    report = Report()
    with report.part("part") as part:
        part.count(tmp_path / "none.xml")
    assert part.result == "FAILED"


def test_nothing_run_at_all_is_a_failure(capsys):
    report = Report()
    report.absent("matrix: Python 3.99", "not on this machine")
    assert report.show() == 1
    assert "not run" in capsys.readouterr().out


def test_all_passed_is_success():
    report = Report()
    report.run("part", lambda: None)
    assert report.show() == 0
