"""Which test a place in a test file belongs to, and which tests there are.

A reader of lines and braces, not of C++ and Python: good enough for tests that are formatted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(?P<suite>\w+),\s*(?P<name>\w+)\s*\)\s*\{", re.MULTILINE)
_INSTANTIATE = re.compile(r"^INSTANTIATE_TEST_SUITE_P\(\s*(?P<prefix>\w+),\s*(?P<suite>\w+),", re.MULTILINE)
#: A table, function or class at the margin, up to its name.
_DEFINITION = re.compile(
    r"^(?!TEST|INSTANTIATE|namespace\b|using\b|enum\b|template\b|return\b)"
    r"(?:(?:struct|class)\s+(?P<class>\w+)|"
    r"[A-Za-z][^\n;=(]*?\b(?P<name>\w+)\s*(?:\[\]\s*=|=\s*\{|\())",
    re.MULTILINE,
)
_ROW = re.compile(r'(?:\{|\.name = )"(?P<name>\w+)"')
_PYTHON_TEST = re.compile(r"^def (?P<name>test_\w+)\(", re.MULTILINE)
_ONLY_COMMENTS = re.compile(r"(?:[^\n]*\n)?(?:[ \t]*(?://[^\n]*)?\n)*")
_ONLY_DECORATORS = re.compile(r"(?:[^\n]*\n)?(?:(?:#|@|\s|\))[^\n]*\n|\n)*")


@dataclass(frozen=True)
class Proof:
    """A test, or one row of a test that goes over a table."""

    name: str  # "Suite.Name", "Suite" of one with parameters, or "tests/x.py::test_name".
    row: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.row}" if self.row else self.name


@dataclass
class Proofs:
    """The tests of one file, by where they stand."""

    path: Path
    text: str
    names: set[str] = field(default_factory=set)
    prefixes: dict[str, set[str]] = field(default_factory=dict)  # Of each suite with parameters.

    def __post_init__(self) -> None:
        if self.path.suffix == ".py":
            self._spans = list(_python_spans(self.path, self.text))
        else:
            self._spans = list(_cpp_spans(self.text))
            self._definitions = list(_cpp_definitions(self.text))
            for one in _INSTANTIATE.finditer(self.text):
                self.prefixes.setdefault(one["suite"], set()).add(one["prefix"])
        self.names = {name for _, _, name in self._spans}

    def proof_of(self, offset: int) -> Proof | None:
        """The test that has `offset` in it, in the comment above it, or in its table."""
        only_above = _ONLY_DECORATORS if self.path.suffix == ".py" else _ONLY_COMMENTS
        for start, end, name in self._spans:
            if start <= offset < end:
                return Proof(name)
            if offset < start:
                if only_above.fullmatch(self.text, offset, start):
                    return Proof(name)
                break
        return None if self.path.suffix == ".py" else self._proof_of_table(offset)

    def has(self, test: str) -> bool:
        """Whether this file has `test`: "Suite.Name", perhaps with "Prefix/" before and "/row" behind it."""
        parts = re.fullmatch(r"(?:(?P<prefix>\w+)/)?(?P<suite>\w+)\.(?P<name>\w+)(?:/(?P<row>\w+))?", test)
        if parts is None:
            return test in self.names
        if f"{parts['suite']}.{parts['name']}" not in self.names:
            return False
        if parts["prefix"] and parts["prefix"] not in self.prefixes.get(parts["suite"], ()):
            return False
        return not parts["row"] or f'"{parts["row"]}"' in self.text

    def _proof_of_table(self, offset: int) -> Proof | None:
        for one in _INSTANTIATE.finditer(self.text):
            if one.start() <= offset < self.text.find(");", one.end()):
                return Proof(one["suite"], self._row(one.end(), offset))
        for start, end, name in self._definitions:
            if start <= offset < end or (
                offset < start and _ONLY_COMMENTS.fullmatch(self.text, offset, start)
            ):
                used = self._user_of(name, frozenset())
                return Proof(used, self._row(start, offset) if start <= offset else "") if used else None
        return None

    def _user_of(self, name: str, seen: frozenset[str]) -> str:
        """The test, or the suite, that goes over the table `name`, perhaps with the help of a function."""
        mention = re.compile(rf"\b{name}\b")
        for one in _INSTANTIATE.finditer(self.text):
            if mention.search(self.text, one.end(), self.text.find(";\n", one.end())):
                return one["suite"]
        tests = [test for start, end, test in self._spans if mention.search(self.text, start, end)]
        if tests:
            return tests[0] if len(tests) == 1 else tests[0].partition(".")[0]
        for start, end, user in self._definitions:
            used = user != name and user not in seen and mention.search(self.text, start, end)
            if used and (found := self._user_of(user, seen | {name})):
                return found
        return ""

    def _row(self, start: int, offset: int) -> str:
        """The name of the row that `offset` stands in, or of the one below a comment on a line of its own."""
        line = self.text[self.text.rfind("\n", 0, offset) + 1 : offset]
        if line.lstrip().startswith("//"):
            below = _ROW.search(self.text, offset)
            return below["name"] if below else ""
        names = _ROW.findall(self.text, start, offset)
        return names[-1] if names else ""


def _cpp_spans(text: str) -> Iterator[tuple[int, int, str]]:
    for one in _TEST.finditer(text):
        if one["suite"].startswith("DISABLED_") or one["name"].startswith("DISABLED_"):
            continue  # What does not run proves nothing.
        end = text.find("\n}", one.end())
        yield one.start(), end if end >= 0 else len(text), f"{one['suite']}.{one['name']}"


def _cpp_definitions(text: str) -> Iterator[tuple[int, int, str]]:
    for one in _DEFINITION.finditer(text):
        end = text.find("\n}", one.end())
        one_line = text.find("\n", one.end())
        if text[one.end() : one_line].rstrip().endswith((";", "}")):
            end = one_line
        yield one.start(), end if end >= 0 else len(text), one["class"] or one["name"]


def _python_spans(path: Path, text: str) -> Iterator[tuple[int, int, str]]:
    for one in _PYTHON_TEST.finditer(text):
        end = re.compile(r"^\S", re.MULTILINE).search(text, one.end())
        # The parameters may go over several lines; their closing parenthesis stands at the margin.
        while end is not None and text[end.start()] == ")":
            end = re.compile(r"^\S", re.MULTILINE).search(text, end.end())
        yield one.start(), end.start() if end else len(text), f"{path}::{one['name']}"
