"""What a command did, part by part, and the table at its end."""

from __future__ import annotations

import time
import xml.etree.ElementTree
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tools.steps import StepFailedError, say


@dataclass
class Part:
    """One row of the table."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    note: str = ""

    @property
    def result(self) -> str:
        if self.failed:
            return "FAILED"
        return "passed" if self.passed else "not run"

    def count(self, report: Path) -> None:
        """Adds the tests of a JUnit report; pytest's and ctest's differ only in the outer element."""
        if not report.exists():
            self.failed += 1
            self.note = "it left no report"
            return
        for suite in xml.etree.ElementTree.parse(report).getroot().iter("testsuite"):
            failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped = int(suite.get("skipped", 0)) + int(suite.get("disabled", 0))
            self.passed += int(suite.get("tests", 0)) - failed - skipped
            self.failed += failed
            self.skipped += skipped


@dataclass
class Report:
    """The parts of one command, in the order in which they ran."""

    parts: list[Part] = field(default_factory=list)

    @contextmanager
    def part(self, name: str) -> Iterator[Part]:
        """Times a part and counts a step that fails in it as one failure; the next part runs all the same."""
        part = Part(name)
        self.parts.append(part)
        say(f"\n{name}")
        started = time.monotonic()
        try:
            yield part
        except StepFailedError as error:
            part.failed = max(part.failed, 1)
            part.note = part.note or f"{error} failed"
        finally:
            part.seconds = time.monotonic() - started

    def run(self, name: str, work: Callable[[], object]) -> None:
        """A part that is one check: it passes unless `work` raises."""
        with self.part(name) as part:
            work()
            part.passed = 1

    def absent(self, name: str, reason: str) -> None:
        """A part that cannot run on this machine; it is neither passed nor failed."""
        self.parts.append(Part(name, note=reason))

    def show(self) -> int:
        """Prints the table and the line "N passed, N failed"; returns the exit status.

        Nothing at all run counts as failed.
        """
        say("")
        width = max((len(part.name) for part in self.parts), default=0)
        for part in self.parts:
            counts = f"{part.passed:6} passed {part.failed:4} failed {part.skipped:4} skipped"
            say(f"{part.name:{width}}  {part.result:8}{counts} {part.seconds:8.1f} s  {part.note}".rstrip())
        passed = sum(part.passed for part in self.parts)
        failed = sum(part.failed for part in self.parts)
        say(f"\n{passed} passed, {failed} failed")
        return 1 if failed or not passed else 0
