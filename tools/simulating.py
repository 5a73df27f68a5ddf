"""`./run simulate`: the session against the model broker, one world a seed, and its proof by mutations."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools import cpp_build, debian
from tools.project import ROOT, relative
from tools.steps import exclusive, run_shown, say

_PRESET = "simulation"

#: A mutation that is not found within this many seeds is not found.
SEEDS_PER_MUTATION = 10_000

PAGE = ROOT / "docs" / "simulation.md"
_BEGIN = "<!-- Made by `./run simulate --mutations`; changes up to the end of the table are lost. -->"
_END = "<!-- The end of the table. -->"
_ROW = re.compile(
    r"^\| (?P<kind>[^|]+) \| `(?P<name>\w+)` \| (?:`(?P<check>\w+)` \| (?P<seed>\d+))?", re.MULTILINE
)
_FOUND = re.compile(r"^FAILED seed (?P<seed>\d+): (?P<check>\w+): ", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """What the simulation made of one mutation; without a check it has noticed nothing."""

    name: str
    kind: str
    check: str = ""
    seed: int = 0

    def row(self) -> str:
        found = f"`{self.check}` | {self.seed}" if self.check else "**not found** | "
        return f"| {self.kind} | `{self.name}` | {found} |"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, default=20_000, help="how many worlds (20000)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--jobs", type=int, default=_processors(), help="worker processes (one a processor)")
    parser.add_argument("--seed", type=int, help="run this one and tell everything that happens")
    parser.add_argument(
        "--mutations",
        action="store_true",
        help="find each bug of tests/mutation and write the table of the page",
    )


def run(options: argparse.Namespace) -> int:
    with exclusive():
        debian.ensure_packages(debian.BUILD_PACKAGES, debian.TEST_PACKAGES)
        folder = cpp_build.build(_PRESET, ["mutate" if options.mutations else "simulate"]) / "tests"
        if options.mutations:
            return _find_mutations(folder / "mutation" / "mutate", options.jobs)
    command = [str(folder / "simulation" / "simulate")]
    if options.seed is not None:
        command += ["--seed", str(options.seed)]
    else:
        command += ["--seeds", str(options.seeds), "--first", str(options.first), "--jobs", str(options.jobs)]
    return run_shown(command)


def table_of(text: str) -> Iterator[Finding]:
    """The findings that the page with this text shows."""
    rows = text.partition(_BEGIN)[2].partition(_END)[0]
    for match in _ROW.finditer(rows):
        yield Finding(match["name"], match["kind"], match["check"] or "", int(match["seed"] or 0))


def _find_mutations(program: Path, jobs: int) -> int:
    listing = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout
    clean = subprocess.run([program, "none", str(SEEDS_PER_MUTATION)], stdout=subprocess.PIPE, text=True)
    if clean.returncode != 0:
        say(
            f"The engine without a mutation fails, so that nothing can be said of the others:\n{clean.stdout}"
        )
        return 1

    def find(line: str) -> Finding:
        name, kind = line.split("\t")
        command = [str(program), name, str(SEEDS_PER_MUTATION)]
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout
        found = _FOUND.search(output)
        return Finding(name, kind, found["check"], int(found["seed"])) if found else Finding(name, kind)

    with ThreadPoolExecutor(jobs) as pool:
        findings = list(pool.map(find, listing.splitlines()))
    table = [
        "| class | mutation | found by | at seed |",
        "|---|---|---|---|",
        *(one.row() for one in findings),
    ]
    before, _, rest = PAGE.read_text().partition(_BEGIN)
    PAGE.write_text("\n".join([before + _BEGIN, "", *table, "", _END]) + rest.partition(_END)[2])
    missed = [one.name for one in findings if not one.check]
    found = f"{len(findings) - len(missed)} of {len(findings)} mutations are found"
    say(f"{found}; the table is in {relative(PAGE)}.")
    for name in missed:
        say(f"  not found within {SEEDS_PER_MUTATION} seeds: {name}")
    return 1 if missed else 0


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
