"""The two tables: every normative statement of MQTT, and the duties that clients most often get wrong.

Both files are TOML, of which this reads the part that they use, so that Python 3.10 can read them too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STATEMENTS = Path("tests/conformance/statements.toml")
DUTIES = Path("tests/conformance/duties.toml")

#: The versions as citations write them, and as readers know them.
VERSIONS = {"v5": "MQTT 5.0", "v3.1.1": "MQTT 3.1.1"}
BINDS = ("client", "sender", "receiver", "both", "server")

#: Numbers that the standard has left out, so that their absence is no gap in the table.
LEFT_OUT = frozenset({("v5", "MQTT-2.2.1-1")})

_SECTION = re.compile(r'\["?(?P<version>[^"\]]+)"?\]')
_STATEMENT = re.compile(r'"(?P<number>[^"]+)" = \{ (?P<fields>.*) \}')
_FIELD = re.compile(r'(?P<key>\w+) = (?P<value>"[^"\\]*")(?:, |$)')
_NUMBER = re.compile(r"MQTT-(?P<section>\d+\.\d+\.\d+)-(?P<index>[1-9]\d*)")
_STATEMENT_KEYS = frozenset({"binds", "says", "note", "here", "not_supported"})
_DUTY_KEYS = {"name": str, "says": str, "statements": list, "tests": list}


class TableError(Exception):
    """A line of a table that cannot be read."""


@dataclass(frozen=True)
class Statement:
    """One normative statement: who is bound by it, and what becomes of it here."""

    version: str
    number: str
    line: int
    binds: str
    says: str
    note: str = ""  # What a reader has to know to understand how it is kept.
    here: str = ""  # Of one that binds the broker alone: what this code makes of it.
    not_supported: str = ""  # Why it does not apply: the part of MQTT that is not offered.

    @property
    def cited_as(self) -> str:
        return f"{self.version} [{self.number}]"

    @property
    def section(self) -> str:
        return self.number.removeprefix("MQTT-").rpartition("-")[0]

    @property
    def index(self) -> int:
        return int(self.number.rpartition("-")[2])

    @property
    def binds_client(self) -> bool:
        return self.binds != "server"

    @property
    def needs_citations(self) -> bool:
        """Whether code has to keep it and a test has to prove it."""
        return (self.binds_client or bool(self.here)) and not self.not_supported


@dataclass(frozen=True)
class Duty:
    """Something that a session owes the specification, with the tests that prove it."""

    line: int
    name: str
    says: str
    statements: tuple[str, ...]  # Each as "v5 MQTT-1.5.4-1".
    tests: tuple[str, ...]


def read_statements(path: Path) -> dict[tuple[str, str], Statement]:
    """The statements by version and number, in the order of the file.

    Raises:
        TableError: A line is not one of a statement, or a number is missing or stands twice.
    """
    found: dict[tuple[str, str], Statement] = {}
    version = ""
    for line, text in _lines(path):
        if section := _SECTION.fullmatch(text):
            version = section["version"]
            if version not in VERSIONS:
                raise TableError(f"{path.name}:{line}: {version} is none of {', '.join(VERSIONS)}")
            continue
        statement = _statement(path, line, version, text)
        if (version, statement.number) in found:
            raise TableError(f"{path.name}:{line}: {statement.cited_as} stands in the table twice")
        found[version, statement.number] = statement
    _look_for_gaps(path, found)
    return found


def read_duties(path: Path) -> list[Duty]:
    """The duties in the order of the file.

    Raises:
        TableError: A line is not one of a duty, or a duty is incomplete or stands twice.
    """
    duties: list[Duty] = []
    for first, fields in _blocks(path, "[[duty]]"):
        for key, kind in _DUTY_KEYS.items():
            if not isinstance(fields.get(key), kind):
                raise TableError(f"{path.name}:{first}: the duty has no {key}")
        name, says = str(fields["name"]), str(fields["says"])
        if name in {duty.name for duty in duties}:
            raise TableError(f"{path.name}:{first}: the duty '{name}' stands in the table twice")
        statements, tests = fields["statements"], fields["tests"]
        assert isinstance(statements, list)
        assert isinstance(tests, list)
        if not tests:
            raise TableError(f"{path.name}:{first}: the duty '{name}' names no test")
        duties.append(Duty(first, name, says, tuple(statements), tuple(tests)))
    return duties


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for line, text in enumerate(path.read_text().splitlines(), 1):
        if text.strip() and not text.startswith("#"):
            yield line, text.rstrip()


def _statement(path: Path, line: int, version: str, text: str) -> Statement:
    match = _STATEMENT.fullmatch(text)
    if match is None or not version:
        raise TableError(f"{path.name}:{line}: this is no statement: {text}")
    fields: dict[str, str] = {}
    place = 0
    while field := _FIELD.match(match["fields"], place):
        fields[field["key"]] = json.loads(field["value"])
        place = field.end()
    number = match["number"]
    if place != len(match["fields"]) or not fields.keys() <= _STATEMENT_KEYS:
        raise TableError(f"{path.name}:{line}: the fields of {number} cannot be read")
    if _NUMBER.fullmatch(number) is None:
        raise TableError(f"{path.name}:{line}: {number} is no number of a statement")
    if fields.get("binds") not in BINDS or not fields.get("says"):
        raise TableError(f"{path.name}:{line}: {number} needs binds ({', '.join(BINDS)}) and says")
    statement = Statement(version=version, number=number, line=line, **fields)
    if statement.binds_client and statement.here:
        raise TableError(f"{path.name}:{line}: {number} binds a client, so that 'here' says nothing")
    if not statement.binds_client and statement.not_supported:
        raise TableError(f"{path.name}:{line}: {number} binds the broker, so that nothing is to be supported")
    return statement


def _look_for_gaps(path: Path, found: dict[tuple[str, str], Statement]) -> None:
    largest: dict[tuple[str, str], int] = {}
    for statement in found.values():
        key = (statement.version, statement.section)
        largest[key] = max(largest.get(key, 0), statement.index)
    for (version, section), last in largest.items():
        for index in range(1, last):
            number = f"MQTT-{section}-{index}"
            if (version, number) not in found and (version, number) not in LEFT_OUT:
                raise TableError(f"{path.name}: {version} [{number}] is missing")


def _blocks(path: Path, header: str) -> Iterator[tuple[int, dict[str, object]]]:
    """The tables of an array: the line of each, and its fields. A list may go over several lines."""
    first, key, value = 0, "", ""
    fields: dict[str, object] = {}
    for line, text in _lines(path):
        if text == header:
            if first:
                yield first, fields
            first, fields = line, {}
            continue
        if not key:
            key, equals, value = text.partition(" = ")
            if not equals or not first:
                raise TableError(f"{path.name}:{line}: this is no field of a duty: {text}")
        else:
            value += text.strip()
        if value.startswith("[") and not value.endswith("]"):
            continue
        try:
            fields[key] = json.loads(re.sub(r",\s*\]$", "]", value))
        except ValueError as error:
            raise TableError(f"{path.name}:{line}: the value of {key} cannot be read") from error
        key = ""
    if key:
        raise TableError(f"{path.name}: the value of {key} does not end")
    if first:
        yield first, fields
