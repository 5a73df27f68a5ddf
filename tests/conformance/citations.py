"""The citations of statements in code and tests.

A citation names the version and then one or more statements:

    v5 [MQTT-3.1.2-20]; v3.1.1 [MQTT-3.1.2-23]
    v5 and v3.1.1 [MQTT-4.6.0-2], [MQTT-4.6.0-3]
    v5 [MQTT-4.3.3-1] to [MQTT-4.3.3-5]

It may go on in the next line of a comment. The numbers of the versions differ, so that a number without a
version says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: What stands between the parts of a citation that goes over the end of a line.
_GAP = r'(?:\s|//+|#(?=\s)|"\s*")*'
_VERSION = r"v(?:5|3\.1\.1)"
_NUMBER = r"\[MQTT-[^\]\n]*\]"
_ID = re.compile(r"\[(?P<number>MQTT-[^\]\n]*)\]")
_GROUP = re.compile(
    rf"(?<![\w.])(?P<versions>{_VERSION}(?:{_GAP}and{_GAP}{_VERSION})?){_GAP}"
    rf"(?P<numbers>{_NUMBER}(?:{_GAP}(?:,|,?{_GAP}and\b|to\b){_GAP}{_NUMBER})*)"
)
_TO = re.compile(rf"{_GAP}to\b{_GAP}")


@dataclass(frozen=True)
class Citation:
    """One statement that is named in one place."""

    path: Path
    line: int
    offset: int
    version: str  # Empty: none is given.
    number: str

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"

    def __str__(self) -> str:
        return f"{self.version} [{self.number}]" if self.version else f"[{self.number}]"


def citations(path: Path, text: str) -> Iterator[Citation]:
    """Every citation in `text`, which is that of the file `path`; the ends of a range stand for all of it."""
    claimed: set[int] = set()

    def made(offset: int, version: str, number: str) -> Citation:
        return Citation(path, text.count("\n", 0, offset) + 1, offset, version, number)

    for group in _GROUP.finditer(text):
        ids = list(_ID.finditer(text, group.start("numbers"), group.end("numbers")))
        claimed |= {one.start() for one in ids}
        for version in re.findall(_VERSION, group["versions"]):
            last: re.Match[str] | None = None
            for one in ids:
                if last is not None and _TO.fullmatch(text[last.end() : one.start()]):
                    for number in _between(last["number"], one["number"]):
                        yield made(one.start(), version, number)
                yield made(one.start(), version, one["number"])
                last = one
    for one in _ID.finditer(text):
        if one.start() not in claimed:
            yield made(one.start(), "", one["number"])


def _between(first: str, last: str) -> list[str]:
    """The numbers between the ends of a range; an end that makes no range is found unknown by itself."""
    section, _, low = first.rpartition("-")
    other, _, high = last.rpartition("-")
    if section != other or not low.isdigit() or not high.isdigit() or int(low) >= int(high):
        return [f"{first} to {last}"]
    return [f"{section}-{index}" for index in range(int(low) + 1, int(high))]
