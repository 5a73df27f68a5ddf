"""Measures MultiMQTT and its peers side by side and holds the ratios against the budgets."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.drivers import BUSY_CASES, CASES, DRIVERS, GROWTH_CASES, OURS_PYTHON, Case, Driver
from bench.environment import peer_versions
from bench.report import DEFAULT_PAYLOAD, Results, as_json, machine, markdown
from bench.runner import RunFailed, measure
from bench.syscalls import available, calls_a_message

COUNT_MIN = 200
# A busy thread lets the others run in bursts of 5 ms; a handful of bursts says nothing.
COUNT_MIN_BUSY = 2_000
LEARN_MAX = 4.0
# Fewer would measure how the window fills.
WINDOWS_MIN = 10
COUNT_MAX = 20_000_000
# From here on bytes are what costs.
LARGE_BYTES = 1_024
COUNT_MIN_LARGE = 40
BYTES_A_SECOND = 1e9
ROUND_TRIPS = 2_000
ROUND_TRIPS_BUSY = 100
SYSTEM_CALL_CASES = ("publish0", "publish1", "receive0", "receive1")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, help="interleaved rounds (default 5, with --quick 3)")
    parser.add_argument("--seconds", type=float, help="length of one run (default 1, with --quick 0.3)")
    parser.add_argument("--quick", action="store_true", help="a rough answer in two to three minutes")
    parser.add_argument("--only", metavar="NAME,...", help="drivers: " + ", ".join(d.name for d in DRIVERS))
    parser.add_argument(
        "--modes", metavar="CASE,...", help="cases: " + ", ".join(c.name for c in (*CASES, *BUSY_CASES))
    )
    parser.add_argument("--busy", action="store_true", help="add the cases with one CPU-bound Python thread")
    parser.add_argument(
        "--growth", action="store_true", help="only our C++ client, as windows, payloads and threads grow"
    )
    parser.add_argument("--syscalls", action="store_true", help="count system calls with strace as well")
    parser.add_argument(
        "--payload", type=int, default=DEFAULT_PAYLOAD, help="bytes, at least 8 (default %(default)s)"
    )
    parser.add_argument("--programs", type=Path, required=True, help="folder of the bench programs")
    parser.add_argument("--output", type=Path, required=True, help="folder of the report")
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (3 if arguments.quick else 5)
    arguments.seconds = arguments.seconds or (0.3 if arguments.quick else 1.0)
    return arguments


def chosen_cases(arguments: argparse.Namespace) -> list[Case]:
    everything = [*CASES, *BUSY_CASES, *GROWTH_CASES]
    if arguments.growth:
        return list(GROWTH_CASES)
    if not arguments.modes:
        return everything if arguments.busy else list(CASES)
    names = [name.strip() for name in arguments.modes.split(",")]
    known = {case.name: case for case in everything}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"bench: no case is called {unknown[0]}; there are: {', '.join(known)}")
    names += [f"{name}-busy" for name in names if arguments.busy and f"{name}-busy" in known]
    return [known[name] for name in dict.fromkeys(names)]


def chosen_drivers(arguments: argparse.Namespace) -> list[Driver]:
    if not arguments.only:
        return list(DRIVERS)
    names = [name.strip().lower() for name in arguments.only.split(",")]
    known = {driver.name.lower(): driver for driver in DRIVERS}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"bench: no driver is called {unknown[0]}; there are: {', '.join(known)}")
    return [known[name] for name in names]


def missing_drivers(drivers: Sequence[Driver], programs: Path) -> dict[str, str]:
    """Which drivers cannot run here, and why."""
    missing = {driver.name: why for driver in drivers if (why := driver.missing(programs))}
    if any(driver.name == OURS_PYTHON for driver in drivers) and OURS_PYTHON not in missing:
        try:
            import flask_multimqtt  # noqa: F401
        except ImportError as error:
            missing[OURS_PYTHON] = f"flask_multimqtt cannot be imported with {sys.executable}: {error}"
    return missing


class Rates:
    """What is known of each driver's speed: the table's figure first, then what was measured."""

    def __init__(self) -> None:
        self._measured: dict[tuple[str, str], float] = {}

    def count(self, driver: Driver, case: Case, seconds: float) -> int:
        if case.count:
            return case.count
        if case.is_round_trip:
            most = ROUND_TRIPS_BUSY if case.busy else ROUND_TRIPS
            return most if seconds >= 1 else max(COUNT_MIN // 4, int(most * seconds))
        rate = self._measured.get((driver.name, case.name)) or driver.rate(case)
        if case.payload > LARGE_BYTES:
            rate = min(rate, BYTES_A_SECOND / case.payload)
            return max(COUNT_MIN_LARGE, int(rate * seconds))
        least = WINDOWS_MIN * case.window if case.has_window else COUNT_MIN
        least = max(least, COUNT_MIN_BUSY) if case.busy else least
        return int(min(COUNT_MAX, max(least, rate * seconds)))

    def learn(self, driver: Driver, case: Case, value: float | None) -> None:
        """Size the next run by this one, but not on the word of a lucky burst alone."""
        if value is not None:
            before = self._measured.get((driver.name, case.name)) or driver.rate(case)
            self._measured[driver.name, case.name] = min(value, before * LEARN_MAX)


def run_rounds(
    results: Results,
    drivers: Sequence[Driver],
    cases: Sequence[Case],
    programs: Path,
    arguments: argparse.Namespace,
) -> None:
    """Every driver in every case once, then all again: what disturbs the machine disturbs them all."""
    rates = Rates()
    for number in range(1, arguments.rounds + 1):
        for case in cases:
            for driver in drivers:
                if case.name not in driver.cases:
                    continue
                count = rates.count(driver, case, arguments.seconds)
                outcome = measure(driver, case, programs, count, arguments.payload)
                rates.learn(driver, case, outcome.value)
                results.add(case.name, driver.name, outcome)
                found = f"{outcome.value:,.0f}" if outcome.value is not None else f"FAILED: {outcome.failure}"
                tell(f"round {number}/{arguments.rounds}  {case.name:18} {driver.name:20} {found}")


def count_system_calls(
    results: Results, drivers: Sequence[Driver], cases: Sequence[Case], programs: Path, payload: int
) -> None:
    if not available():
        tell("strace is not installed: system calls are not counted")
        return
    for case in (case for case in cases if case.name in SYSTEM_CALL_CASES):
        for driver in (driver for driver in drivers if case.name in driver.cases):
            try:
                calls = calls_a_message(driver, case, programs, payload)
            except RunFailed as failure:
                results.calls[case.name, driver.name] = str(failure)
                tell(f"system calls  {case.name:18} {driver.name:20} FAILED: {failure}")
            else:
                results.calls[case.name, driver.name] = calls
                tell(f"system calls  {case.name:18} {driver.name:20} {calls.total:.3f}")


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    arguments = parse_arguments()
    cases = chosen_cases(arguments)
    drivers = chosen_drivers(arguments)
    programs = arguments.programs
    missing = missing_drivers(drivers, programs)
    drivers = [driver for driver in drivers if driver.name not in missing]
    setting = {**machine(), "payload": arguments.payload, "rounds": arguments.rounds, **peer_versions()}
    results = Results()
    run_rounds(results, drivers, cases, programs, arguments)
    if arguments.syscalls:
        count_system_calls(results, drivers, cases, programs, arguments.payload)
    report = markdown(results, cases, missing, setting)
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "bench.md").write_text(report, encoding="utf-8")
    document = json.dumps(as_json(results, missing, setting), indent=2)
    (arguments.output / "bench.json").write_text(document + "\n", encoding="utf-8")
    print(report)
    failed = [key for key in results.outcomes if results.failures(*key)]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
