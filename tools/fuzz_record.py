"""What the fuzzers have done in this tree: one line for each run, so that the clean time can be stated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from tools.project import BUILD, ROOT, digest

_RECORD = BUILD / "fuzz-record.jsonl"

#: What a fuzzer is made of: another text is another thing that was fuzzed.
_SOURCES = ("include", "src", "fuzz", "tests/routing/reference_matcher.hpp")


@dataclass(frozen=True)
class Run:
    """One run of one fuzzer."""

    target: str
    source: str
    ended: str
    seconds: float
    executions: int
    coverage: int
    features: int
    corpus: int
    found: bool


def source_state() -> str:
    """A fingerprint of everything that the fuzzers are built from, corpora aside."""
    paths = [path for name in _SOURCES for path in sorted((ROOT / name).rglob("*")) or [ROOT / name]]
    corpora = ROOT / "fuzz" / "corpus"
    return digest(path for path in paths if path.is_file() and corpora not in path.parents)[:12]


def read_log(target: str, source: str, log: Path, seconds: float, *, found: bool) -> Run:
    """The run that libFuzzer reports in `log`; `source` is the state that was built for it."""
    text = log.read_text(errors="replace") if log.exists() else ""
    progress = re.findall(r"^#(\d+).* cov: (\d+) ft: (\d+) corp: (\d+)", text, re.MULTILINE)
    last = [int(number) for number in progress[-1]] if progress else [0, 0, 0, 0]
    executed = re.search(r"^stat::number_of_executed_units: *(\d+)", text, re.MULTILINE)
    return Run(
        target=target,
        source=source,
        ended=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        seconds=round(seconds, 1),
        executions=int(executed[1]) if executed else last[0],
        coverage=last[1],
        features=last[2],
        corpus=last[3],
        found=found,
    )


def append(run: Run) -> None:
    """Adds a run to the record."""
    _RECORD.parent.mkdir(exist_ok=True)
    with _RECORD.open("a") as record:
        record.write(json.dumps(asdict(run)) + "\n")


def runs() -> list[Run]:
    """All runs, the oldest first."""
    if not _RECORD.exists():
        return []
    return [Run(**json.loads(line)) for line in _RECORD.read_text().splitlines() if line]


def table(some: Iterable[Run]) -> list[str]:
    """The lines that sum `some` up, by target."""
    by_target: dict[str, list[Run]] = {}
    for run in some:
        by_target.setdefault(run.target, []).append(run)
    lines = [_line("target", "executions", "per second", "coverage", "inputs", "seconds", "")]
    for target, its in sorted(by_target.items()):
        lines.append(_sum_line(target, its, its[-1].coverage, its[-1].corpus))
    everything = [run for its in by_target.values() for run in its]
    if len(by_target) > 1:
        lines.append(_sum_line("total", everything, None, None))
    return lines


def _sum_line(name: str, its: list[Run], coverage: int | None, inputs: int | None) -> str:
    executions = sum(run.executions for run in its)
    seconds = sum(run.seconds for run in its)
    found = sum(run.found for run in its)
    return _line(
        name,
        f"{executions:,}",
        f"{executions / seconds:,.0f}" if seconds else "",
        "" if coverage is None else f"{coverage:,}",
        "" if inputs is None else f"{inputs:,}",
        f"{seconds:,.0f}",
        f"{found} FOUND" if found else "clean",
    )


def _line(*cells: str) -> str:
    name, *numbers, result = cells
    return (f"{name:16}" + "".join(f"{number:>14}" for number in numbers) + f"   {result}").rstrip()


def total_lines() -> list[str]:
    """What has been fuzzed in this tree: the sources as they are now, and all that there were."""
    everything = runs()
    now = source_state()
    current = [run for run in everything if run.source == now]
    lines = [f"The sources as they are ({now}):", *table(current)] if current else []
    if len(current) < len(everything):
        states = len({run.source for run in everything})
        lines += ["", f"All {states} states of the sources that were fuzzed here:", *table(everything)]
    clean = sum(run.seconds for run in everything if not run.found)
    lines += ["", f"{clean / 3600:.2f} hours in runs that found nothing; the record is build/{_RECORD.name}"]
    return lines
