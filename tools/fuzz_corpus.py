"""Keeping a corpus small: of all inputs that a fuzzer has found, those that reach the most."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.cpp_build import environment
from tools.steps import run_step

#: What a corpus may have; more would slow the tests down that replay it, and the clone.
FILES_MAX = 150
BYTES_MAX = 100_000

_HASHED = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class _Input:
    path: Path
    size: int
    edges: int  # Of the program, that no smaller input reaches.
    features: int


def merge(target: str, program: Path, corpus: Path, grown: Path) -> int:
    """Makes `corpus` the best small selection of itself and `grown`; returns how many inputs it has.

    Inputs with a name that a person gave stay. Two thirds of the others are those that reach the most edges
    of the program that nothing smaller reaches; the rest are the longest, which go deepest.
    """
    corpus.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        control = Path(scratch) / "control"
        merged = Path(scratch) / "merged"
        merged.mkdir()
        run_step(
            f"merge {target}",
            [program, "-merge=1", "-timeout=10", f"-merge_control_file={control}", merged, corpus, grown],
            environment=environment("fuzz"),
        )
        named = [path for path in sorted(corpus.iterdir()) if not _HASHED.fullmatch(path.name)]
        found = [entry for entry in _read_control(control) if entry.path not in named]
        chosen = _choose(
            found, FILES_MAX - len(named), BYTES_MAX - sum(path.stat().st_size for path in named)
        )
        kept = {entry.path.name: entry.path.read_bytes() for entry in chosen}
    for path in corpus.iterdir():
        if path not in named:
            path.unlink()
    for name, content in kept.items():
        (corpus / name).write_bytes(content)
    return len(named) + len(kept)


def _read_control(control: Path) -> list[_Input]:
    """The inputs of libFuzzer's merge, each with what it reaches that those before it do not."""
    lines = control.read_text().splitlines()
    count = int(lines[0])
    paths = [Path(line) for line in lines[2 : 2 + count]]
    features = [0] * count
    edges = [0] * count
    for line in lines[2 + count :]:
        kind, number, *reached = line.split()
        if kind == "FT":
            features[int(number)] = len(reached)
        elif kind == "COV":
            edges[int(number)] = len(reached)
    return [
        _Input(path, path.stat().st_size, edges[index], features[index])
        for index, path in enumerate(paths)
        if path.exists()
    ]


def _choose(found: list[_Input], files: int, total: int) -> list[_Input]:
    some = [entry for entry in found if entry.features]
    widest = sorted(some, key=lambda entry: (-entry.edges, -entry.features, entry.size, entry.path.name))
    longest = sorted(some, key=lambda entry: (-entry.size, entry.path.name))
    chosen: dict[str, _Input] = {}
    for candidates, limit in ((widest, files * 2 // 3), (longest, files)):
        for entry in candidates:
            if len(chosen) < limit and entry.path.name not in chosen and entry.size <= total:
                chosen[entry.path.name] = entry
                total -= entry.size
    return list(chosen.values())


def size(corpus: Path) -> tuple[int, int]:
    """How many inputs a corpus has, and how many bytes."""
    sizes = [path.stat().st_size for path in corpus.iterdir()] if corpus.is_dir() else []
    return len(sizes), sum(sizes)
