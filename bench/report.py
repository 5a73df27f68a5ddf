"""Turns the outcomes of a bench into tables for people and JSON for programs."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bench.budgets import BUDGETS, LIMITS, NOT_MEASURED, SYSTEM_CALLS_CASES, SYSTEM_CALLS_MAX, Budget
from bench.drivers import GROWTH_CASES, OURS_CPP, OURS_PYTHON, UNAVAILABLE, Case
from bench.runner import Outcome
from bench.syscalls import Calls

DEFAULT_PAYLOAD = 64
RATIO_PEERS = ("libmosquitto", "Flask-MQTT")


@dataclass
class Results:
    """What one bench has found so far, by case and driver."""

    outcomes: dict[tuple[str, str], list[Outcome]] = field(default_factory=dict)
    calls: dict[tuple[str, str], Calls | str] = field(default_factory=dict)

    def add(self, case: str, driver: str, outcome: Outcome) -> None:
        self.outcomes.setdefault((case, driver), []).append(outcome)

    def values(self, case: str, driver: str) -> list[float]:
        """The values of all rounds; none at all when any of them failed."""
        outcomes = self.outcomes.get((case, driver), [])
        values = [outcome.value for outcome in outcomes if outcome.value is not None]
        return values if len(values) == len(outcomes) else []

    def median(self, case: str, driver: str) -> float | None:
        values = self.values(case, driver)
        return statistics.median(values) if values else None

    def failures(self, case: str, driver: str) -> list[str]:
        return [outcome.failure for outcome in self.outcomes.get((case, driver), []) if outcome.value is None]


def machine() -> dict[str, Any]:
    """Where and when this was measured."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {
        "cores": os.cpu_count(),
        "processor": model,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def markdown(
    results: Results, cases: Sequence[Case], missing: dict[str, str], setting: dict[str, Any]
) -> str:
    """The whole report."""
    facts = ", ".join(f"{name} {value}" for name, value in setting.items())
    parts = [f"# Bench\n\n{facts}\n"]
    if setting["load"] > 0.5 * setting["cores"]:
        parts.append("Other programs were using this machine when the bench began: figures are rough.\n")
    growth = [case for case in cases if case in GROWTH_CASES]
    if growth:
        parts.append(f"## As the work grows ({OURS_CPP})\n\n{_growth_table(results, growth)}\n")
    for case in cases:
        table = "" if case in growth else _case_table(results, case)
        if table:
            parts.append(f"## {case.name} ({case.unit})\n\n{table}\n")
    if results.calls:
        parts.append(f"## System calls a message\n\n{_calls_table(results)}\n")
    parts.append(f"## Budgets\n\n{_budget_table(results)}\n")
    parts.append(_misses(results))
    parts.append("Not measured by this program: " + "; ".join(NOT_MEASURED) + ".\n")
    absent = {**missing, **UNAVAILABLE}
    parts.append("\n".join(f"- {name}: {why}" for name, why in absent.items()) + "\n")
    return "\n".join(parts)


def as_json(results: Results, missing: dict[str, str], setting: dict[str, Any]) -> dict[str, Any]:
    """The same for programs: every value of every round."""
    runs = [
        {
            "case": case,
            "driver": driver,
            "values": [outcome.value for outcome in outcomes],
            "failures": results.failures(case, driver),
            "duplicates": sum(outcome.duplicates for outcome in outcomes),
        }
        for (case, driver), outcomes in results.outcomes.items()
    ]
    calls = [
        {"case": case, "driver": driver} | ({"error": found} if isinstance(found, str) else asdict(found))
        for (case, driver), found in results.calls.items()
    ]
    budgets = [asdict(budget) | {"measured": _ratio(results, budget)} for budget in BUDGETS]
    absent = {**missing, **UNAVAILABLE}
    return {"setting": setting, "runs": runs, "system_calls": calls, "budgets": budgets, "missing": absent}


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]

    def draw(line: Sequence[str]) -> str:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"
    return "\n".join([draw(lines[0]), rule, *(draw(line) for line in lines[1:])])


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if value >= 10_000_000:
        return f"{value / 1e6:,.1f} M"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _times(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}x" if value >= 100 else f"{value:.2f}x"


def _case_table(results: Results, case: Case) -> str:
    rows = []
    for (case_name, driver), outcomes in results.outcomes.items():
        if case_name != case.name:
            continue
        failures = results.failures(case.name, driver)
        if failures:
            share = f"{len(failures)} of {len(outcomes)}"
            rows.append((driver, "FAILED", share, failures[0][:60], *("-" for _ in RATIO_PEERS)))
            continue
        values = results.values(case.name, driver)
        median = statistics.median(values)
        bases = [results.median(case.name, peer) for peer in RATIO_PEERS]
        ratios = [_times(median / base if base else None) for base in bases]
        rows.append((driver, _number(median), _number(min(values)), _number(max(values)), *ratios))
    header = ("client", "median", "minimum", "maximum", *(f"to {peer}" for peer in RATIO_PEERS))
    return _table(header, rows) if rows else ""


def _growth_table(results: Results, cases: Sequence[Case]) -> str:
    rows = []
    for case in cases:
        values = results.values(case.name, OURS_CPP)
        if not values:
            failures = results.failures(case.name, OURS_CPP)
            rows.append((case.name, "FAILED", failures[0][:60] if failures else "", "", ""))
            continue
        rate = statistics.median(values)
        megabytes = f"{rate * (case.payload or DEFAULT_PAYLOAD) / 1e6:,.0f}"
        microseconds = f"{1e6 / rate:,.3f}"
        rows.append((case.name, _number(rate), microseconds, megabytes, _number(min(values))))
    return _table(("case", "messages a second", "us a message", "MB/s of payload", "minimum"), rows)


def _calls_table(results: Results) -> str:
    rows = []
    for (case, driver), found in results.calls.items():
        if isinstance(found, str):
            rows.append((driver, case, "FAILED", found[:40], "-"))
        else:
            rows.append((driver, case, f"{found.writes:.3f}", f"{found.reads:.3f}", f"{found.total:.3f}"))
    return _table(("client", "case", "writes", "reads", "all"), rows)


def _ratio(results: Results, budget: Budget) -> float | None:
    ours = results.median(budget.case, budget.driver)
    theirs = results.median(budget.peer_case or budget.case, budget.peer)
    return ours / theirs if ours and theirs else None


def _verdict(met: bool | None) -> str:
    return {True: "met", False: "NOT MET", None: "-"}[met]


def _budget_table(results: Results) -> str:
    rows = []
    for budget in BUDGETS:
        ratio = _ratio(results, budget)
        met = None if ratio is None else (ratio <= budget.ratio if budget.at_most else ratio >= budget.ratio)
        against = f"{budget.peer} {budget.peer_case}".strip()
        wanted = f"{'<=' if budget.at_most else '>='} {budget.ratio:g}x {against}"
        ours = _number(results.median(budget.case, budget.driver))
        rows.append((budget.what, wanted, budget.anchor, ours, _times(ratio), _verdict(met)))
    for driver in (OURS_CPP, OURS_PYTHON):
        for case in SYSTEM_CALLS_CASES:
            found = results.calls.get((case, driver))
            calls = found.writes + found.reads if isinstance(found, Calls) else None
            measured = "-" if calls is None else f"{calls:.3f}"
            met = None if calls is None else calls <= SYSTEM_CALLS_MAX
            what = f"{driver} {case}, writes and reads a message"
            rows.append((what, f"<= {SYSTEM_CALLS_MAX}", "", measured, "", _verdict(met)))
    for limit in LIMITS:
        value = results.median(limit.case, limit.driver)
        met = None if value is None else value <= limit.most
        wanted = f"<= {limit.most:g} {limit.unit}"
        rows.append((limit.what, wanted, "", _number(value), "", _verdict(met)))
    return _table(("budget", "wanted", "anchor", "measured", "ratio", "verdict"), rows)


def _misses(results: Results) -> str:
    """What is missed, and by how much."""
    lines = []
    for budget in BUDGETS:
        ratio = _ratio(results, budget)
        if ratio is None or (ratio <= budget.ratio if budget.at_most else ratio >= budget.ratio):
            continue
        share = budget.ratio / ratio if budget.at_most else ratio / budget.ratio
        lines.append(f"- {budget.what} against {budget.peer}: {share:.0%} of what is wanted")
    return "\n".join(["Missed:\n", *lines, ""]) if lines else "No budget that was measured is missed.\n"
