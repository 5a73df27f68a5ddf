"""The bugs of mutations.toml: read, held against the sources, and put into a copy of them.

As a program, `python3 -m tests.mutation.mutations [FOLDER]` checks the file, and with a folder writes the
mutated copy of the engine into it. The file is TOML, of which this reads the part that it uses, so that
Python 3.10 can read it too.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE = Path("tests/mutation/mutations.toml")

#: The folders of the engine that are copied, and in which mutations may be.
FOLDERS = ("src/session", "src/wire")

_ENTRY = re.compile(
    r'\[\[mutation\]\]\nname = "(?P<name>\w+)"\nclass = "(?P<kind>[^"\\]+)"\nfile = "(?P<file>[^"\\]+)"\n'
    r"original = '''\n(?P<original>.*?)'''\nmutated = '''\n(?P<mutated>.*?)'''\n",
    re.DOTALL,
)


_INCLUDES = '#include "mutation/active.hpp"\n#include <algorithm>\n'


class MutationError(Exception):
    """A mutation does not fit the sources, or the file cannot be read."""


@dataclass(frozen=True)
class Mutation:
    """One bug: the text of the engine that is replaced, and what replaces it."""

    name: str
    kind: str
    file: str
    original: str
    mutated: str

    def switched(self, number: int) -> str:
        """The text with a switch that decides at run time which of the two counts."""
        active = f"::multimqtt::mutation::active({number})"
        if self.original.rstrip().endswith((";", "}")):
            return f"if ({active}) {{ {self.mutated} }} else {{ {self.original} }}"
        return f"({active} ? ({self.mutated}) : ({self.original}))"


def read(text: str) -> list[Mutation]:
    """The mutations of a file with this text.

    Raises:
        MutationError: Something in it is no mutation, or two have the same name.
    """
    left = _ENTRY.sub("", text)
    for line in left.splitlines():
        if line.strip() and not line.startswith("#"):
            raise MutationError(f"{FILE}: this line belongs to no mutation: {line}")
    found = [Mutation(**match.groupdict()) for match in _ENTRY.finditer(text)]
    names = [one.name for one in found]
    if len(set(names)) != len(names):
        raise MutationError(f"{FILE}: two mutations have the same name")
    return found


def problems(mutations: Sequence[Mutation], root: Path) -> Iterator[str]:
    """What keeps the mutations from being applied to the sources below `root`."""
    taken: dict[str, list[tuple[int, int, str]]] = {}
    for one in mutations:
        if not one.file.startswith(FOLDERS) or not (root / one.file).is_file():
            yield f"{one.name}: {one.file} is no file of {' or '.join(FOLDERS)}"
            continue
        text = (root / one.file).read_text()
        count = text.count(one.original)
        if count != 1 or one.original == one.mutated:
            yield f"{one.name}: its text stands {count} times in {one.file}, and has to stand there once"
            continue
        start = text.index(one.original)
        end = start + len(one.original)
        for other_start, other_end, other in taken.setdefault(one.file, []):
            if start < other_end and other_start < end:
                yield f"{one.name} and {other} change the same place of {one.file}"
        taken[one.file].append((start, end, one.name))


def mutate(mutations: Sequence[Mutation], root: Path, target: Path) -> None:
    """Writes the engine with all mutations, each behind its switch, to `target`."""
    texts = {
        str(path.relative_to(root)): path.read_text()
        for folder in FOLDERS
        for path in sorted((root / folder).glob("*.[ch]pp"))
    }
    changed = {one.file for one in mutations}
    for number, one in enumerate(mutations, 1):
        texts[one.file] = texts[one.file].replace(one.original, one.switched(number))
    for file, text in texts.items():
        _write(target / file.removeprefix("src/"), _with_switch(file, text) if file in changed else text)
    rows = "".join(f'    {{"{one.name}", "{one.kind}"}},\n' for one in mutations)
    _write(target / "mutation" / "table.inc", rows)


def _with_switch(file: str, text: str) -> str:
    """`text` with the header of the switch, behind the guard of a header."""
    guard = "#pragma once\n" if file.endswith(".hpp") else ""
    before, _, rest = text.partition(guard) if guard else ("", "", text)
    return before + guard + _INCLUDES + rest


def _write(path: Path, text: str) -> None:
    """Leaves a file alone that says the same already, so that it is not compiled again."""
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def main(arguments: Sequence[str]) -> int:
    try:
        mutations = read((ROOT / FILE).read_text())
    except MutationError as error:
        print(error)
        return 1
    wrong = list(problems(mutations, ROOT))
    for problem in wrong:
        print(problem)
    if not wrong and arguments:
        mutate(mutations, ROOT, Path(arguments[0]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
