"""Holds the table of statements against the code that keeps them and the tests that prove them.

Run as a program, `python3 -m tests.conformance.conformance [ROOT]`, it prints each violation and returns 1
when there is one. `--write` first writes the page of the documents that is made from the tables.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.conformance import page
from tests.conformance.citations import Citation, citations
from tests.conformance.proofs import Proof, Proofs
from tests.conformance.tables import (
    DUTIES,
    STATEMENTS,
    Duty,
    Statement,
    TableError,
    read_duties,
    read_statements,
)

CODE = ("src", "include")
TESTS = "tests"
#: What quotes citations to show how they look.
_OWN = Path("tests/conformance")
_CPP = frozenset({".hpp", ".cpp", ".h"})


@dataclass
class Evidence:
    """What speaks for one statement."""

    code: list[Citation] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)


@dataclass
class Conformance:
    """The tables of the tree at `root`, and what the tree says to them."""

    root: Path
    statements: dict[tuple[str, str], Statement] = field(default_factory=dict)
    duties: list[Duty] = field(default_factory=list)
    evidence: dict[tuple[str, str], Evidence] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.statements = read_statements(self.root / STATEMENTS)
        self.duties = read_duties(self.root / DUTIES)
        self.evidence = {key: Evidence() for key in self.statements}
        tests = list(self._read_tests())
        for citation in self._code_citations():
            if known := self._known(citation):
                self.evidence[citation.version, citation.number].code.append(citation)
                if not known.needs_citations:
                    self.problems.append(f"{citation.place}: {citation} is marked {_mark(known)}")
        for one in tests:
            for citation in citations(one.path, one.text):
                # A broker that is played for the tests, or their data, checks a statement but proves none.
                if self._known(citation) and one.names:
                    self._add_proof(citation, one.proof_of(citation.offset))
        self.problems += self._unbuilt(tests)
        self.problems += self._unkept()
        self.problems += self._unproven_duties(tests)

    def _known(self, citation: Citation) -> Statement | None:
        """The statement that is cited; otherwise says what is wrong with the citation."""
        statement = self.statements.get((citation.version, citation.number))
        if statement is None:
            what = "is no statement of the table" if citation.version else "does not say of which version"
            self.problems.append(f"{citation.place}: {citation} {what}")
        return statement

    def _add_proof(self, citation: Citation, proof: Proof | None) -> None:
        if proof is None:
            self.problems.append(f"{citation.place}: {citation} is cited outside of any test")
            return
        proofs = self.evidence[citation.version, citation.number].proofs
        if proof not in proofs:
            proofs.append(proof)

    def _code_citations(self) -> Iterator[Citation]:
        for folder in CODE:
            for path in sorted((self.root / folder).rglob("*")):
                if path.suffix in _CPP:
                    yield from citations(path.relative_to(self.root), path.read_text())

    def _read_tests(self) -> Iterator[Proofs]:
        for path in sorted((self.root / TESTS).rglob("*")):
            where = path.relative_to(self.root)
            if path.suffix in _CPP | {".py"} and not where.is_relative_to(_OWN):
                yield Proofs(where, path.read_text())

    def _unbuilt(self, tests: list[Proofs]) -> Iterator[str]:
        for one in tests:
            lists = self.root / one.path.parent / "CMakeLists.txt"
            built = lists.read_text().split() if lists.is_file() else []
            if one.names and one.path.suffix == ".cpp" and one.path.name not in built:
                yield f"{one.path}:1: {one.path.parent}/CMakeLists.txt does not build these tests"

    def _unkept(self) -> Iterator[str]:
        for key, statement in self.statements.items():
            if statement.needs_citations:
                where = f"{STATEMENTS}:{statement.line}"
                if not self.evidence[key].code:
                    yield f"{where}: no code cites {statement.cited_as}: {statement.says}"
                if not self.evidence[key].proofs:
                    yield f"{where}: no test cites {statement.cited_as}: {statement.says}"

    def _unproven_duties(self, tests: list[Proofs]) -> Iterator[str]:
        for duty in self.duties:
            where = f"{DUTIES}:{duty.line}"
            for text in duty.statements:
                version, _, number = text.partition(" ")
                if (version, number) not in self.statements:
                    yield f"{where}: '{duty.name}' stands for {text}, which is no statement of the table"
            for test in duty.tests:
                if not any(one.has(test) for one in tests):
                    yield f"{where}: '{duty.name}' is to be proven by {test}, which does not exist"


def _mark(statement: Statement) -> str:
    return "not supported" if statement.not_supported else "broker only"


def violations(root: Path) -> list[str]:
    """Everything that is wrong in the tree at `root`, each as "file:line: problem"."""
    try:
        found = Conformance(root)
    except TableError as error:
        return [f"{_OWN}/{error}"]
    problems = list(dict.fromkeys(found.problems))
    if not problems and not page.is_fresh(found):
        problems.append(f"{page.PAGE}:1: the page differs from the tables; ./run docs writes it anew")
    return problems


def main(arguments: list[str] | None = None) -> int:
    """Prints the violations; returns the exit status."""
    parser = argparse.ArgumentParser(description="Holds the table of statements against code and tests.")
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--write", action="store_true", help=f"first write {page.PAGE}")
    options = parser.parse_args(arguments)
    if options.write:
        with contextlib.suppress(TableError):  # It is said below.
            page.write(Conformance(options.root))
    found = violations(options.root)
    for violation in found:
        print(violation)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
