"""Which folder may include which, and what the pure folders may not name.

Run as a program, `python3 layers.py [ROOT]`, it prints each violation and returns 1 when there is one.
`--sizes` also lists the files and functions that have grown long.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PUBLIC = "include/multimqtt"

#: Each folder and those it may include, itself apart.
MAY_INCLUDE: dict[str, frozenset[str]] = {
    PUBLIC: frozenset(),
    "src/values": frozenset({PUBLIC}),
    "src/wire": frozenset({PUBLIC, "src/values"}),
    "src/session": frozenset({PUBLIC, "src/values", "src/wire"}),
    "src/routing": frozenset({PUBLIC, "src/values"}),
    "src/io": frozenset({PUBLIC, "src/values", "src/wire", "src/session"}),
    "src/client": frozenset({PUBLIC, "src/values", "src/wire", "src/session", "src/routing", "src/io"}),
    "src/dynsec": frozenset({PUBLIC}),
    "bindings": frozenset({PUBLIC}),
    "examples/cpp": frozenset({PUBLIC}),
    # The model broker shares no code with what it checks.
    "tests/simulation/model": frozenset(),
    "tests/simulation": frozenset({PUBLIC, "src/values", "src/session", "tests/simulation/model"}),
}

PURE = ("src/values", "src/wire", "src/session", "src/routing")

#: What a pure folder may not name, and how a reader calls it.
IMPURE = {
    r"\bboost\s*::\s*asio\b|<boost/(asio|beast)\b": "Boost.Asio",
    r"<(sys/socket|netinet/\w+|arpa/inet|netdb|sys/un|unistd|poll|sys/epoll)\.h>": "a socket",
    r"(?<![\w:])::(socket|connect|send|recv|poll|read|write)\s*\(": "a socket",
    r"<(thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|stop_token)>": "a thread",
    r"\bstd\s*::\s*(jthread|thread|this_thread|async|future|promise)\b": "a thread",
    r"\bstd\s*::\s*\w*(mutex|lock_guard|unique_lock|scoped_lock|condition_variable)\w*\b": "a mutex",
    r"::\s*now\s*\(": "a clock",
    r"\b(clock_gettime|gettimeofday|timespec_get|std\s*::\s*time)\s*\(": "a clock",
    r"\brandom_device\b|\b(s?rand|getrandom|RAND_bytes)\s*\(": "a random device",
}

#: A file or folder is named after what it holds; these names say nothing.
EMPTY_NAMES = frozenset({"utils", "util", "common", "helpers", "helper", "misc"})
NAMED_FOLDERS = (
    "include", "src", "bindings", "python", "tests", "examples", "bench", "fuzz", "tools", "docs", "cmake"
)  # fmt: skip

FILE_LINES = 500
FUNCTION_LINES = 50
_SUFFIXES = frozenset({".hpp", ".cpp", ".h"})
_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
_COMMENT_OR_TEXT = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>\w*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'',
    re.DOTALL,
)


@dataclass(frozen=True)
class Violation:
    """One line that breaks a rule."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def violations(root: Path) -> list[Violation]:
    """Every violation in the tree at `root`, ordered by file and line."""
    found: list[Violation] = []
    for layer in MAY_INCLUDE:
        inner = [root / other for other in MAY_INCLUDE if other.startswith(layer + "/")]
        for path in _sources(root / layer):
            if any(path.is_relative_to(folder) for folder in inner):
                continue
            found += _upward_includes(root, layer, path)
            if layer in (*PURE, PUBLIC):
                found += _impure_names(root, layer, path)
    found += _empty_names(root)
    return sorted(found, key=lambda one: (str(one.path), one.line))


def long_parts(root: Path) -> list[str]:
    """The files and functions above the sizes that we aim at, longest first."""
    parts = []
    for folder in ("include", "src", "bindings", "tests", "examples"):
        for path in _sources(root / folder):
            text = path.read_text()
            lines = text.count("\n")
            if lines > FILE_LINES:
                parts.append((lines, f"{path.relative_to(root)}: {lines} lines"))
            for line, length in _functions(text):
                if length > FUNCTION_LINES:
                    parts.append((length, f"{path.relative_to(root)}:{line}: a function of {length} lines"))
    return [text for _, text in sorted(parts, reverse=True)]


def _sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES)


def _without_comments(text: str, *, keep_text: bool = True) -> str:
    """`text` with comments (and literals, unless `keep_text`) blanked; line numbers stay."""

    def blank(match: re.Match[str]) -> str:
        whole = match.group()
        if keep_text and not whole.startswith("/"):
            return whole
        return re.sub(r"[^\n]", " ", whole)

    return _COMMENT_OR_TEXT.sub(blank, text)


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _upward_includes(root: Path, layer: str, path: Path) -> Iterator[Violation]:
    allowed = MAY_INCLUDE[layer] | {layer}
    text = _without_comments(path.read_text())
    where = path.relative_to(root)
    for match in _INCLUDE.finditer(text):
        included = _layer_of(root, path, match.group(2))
        if included is not None and included not in allowed:
            permitted = ", ".join(sorted(allowed))
            yield Violation(
                where,
                _line(text, match.start()),
                f"{layer} may include only {permitted}, not {match.group(2)}",
            )


def _layer_of(root: Path, path: Path, name: str) -> str | None:
    """The folder of ours that `#include "name"` in `path` reaches; None for everybody else's headers."""
    if name.startswith("multimqtt/"):
        return PUBLIC
    for base in (path.parent, root / "src", root, root / "tests"):
        target = (base / name).resolve()
        if target.exists() and target.is_relative_to(root.resolve()):
            folders = target.relative_to(root.resolve()).parents
            named = [str(folder) for folder in folders if str(folder) in MAY_INCLUDE]
            return named[0] if named else str(folders[0])
    # A header that does not exist yet, or exists no more, still names its folder.
    first = name.split("/", 1)[0]
    return f"src/{first}" if f"src/{first}" in MAY_INCLUDE else None


def _impure_names(root: Path, layer: str, path: Path) -> Iterator[Violation]:
    whole = path.read_text()
    code = _without_comments(whole, keep_text=False)
    for pattern, name in IMPURE.items():
        if layer == PUBLIC and name != "Boost.Asio":
            continue
        for match in re.finditer(pattern, code):
            yield Violation(
                path.relative_to(root),
                _line(code, match.start()),
                f"{layer} may not name {name}: {match.group()}",
            )


def _empty_names(root: Path) -> Iterator[Violation]:
    for folder in NAMED_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.stem in EMPTY_NAMES and "__pycache__" not in path.parts:
                yield Violation(
                    path.relative_to(root), 1, f"the name {path.stem} says nothing; name the thing"
                )


_FUNCTION_HEAD = re.compile(
    r"\)\s*(?:const\s*|noexcept(?:\([^)]*\))?\s*|override\s*|final\s*|mutable\s*|&\s*|->\s*[\w:<>,&*\s]+)*"
    r"(?::[^;]*)?$"
)


def _functions(text: str) -> Iterator[tuple[int, int]]:
    """The first line and the number of lines of each outermost function body.

    A reader of braces, not of C++: good enough to point at what has grown.
    """
    code = re.sub(r"(?m)^\s*#.*$", "", _without_comments(text, keep_text=False))
    start, depth, inside_from, last_break = 0, 0, -1, 0
    for offset, character in enumerate(code):
        if character == "{":
            if inside_from < 0 and _FUNCTION_HEAD.search(code[last_break:offset]):
                inside_from, start = depth, offset
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == inside_from:
                line = _line(code, start)
                yield line, _line(code, offset) - line + 1
                inside_from = -1
        if character in "{};":
            last_break = offset + 1


def main(arguments: list[str] | None = None) -> int:
    """Prints the violations; returns the exit status."""
    parser = argparse.ArgumentParser(description="Holds the folders against the include table.")
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--sizes", action="store_true", help="also list long files and functions")
    options = parser.parse_args(arguments)
    found = violations(options.root)
    for violation in found:
        print(violation)
    if options.sizes:
        print("\n".join(long_parts(options.root)))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
