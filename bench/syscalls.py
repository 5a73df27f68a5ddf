"""Counts the system calls that a driver makes for one message, with strace."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.drivers import Case, Driver
from bench.runner import RunFailed, bench_broker, driver_command, run_arguments, run_driver

WRITES = frozenset({"write", "writev", "pwrite64", "sendto", "sendmsg", "sendmmsg"})
READS = frozenset({"read", "readv", "pread64", "recvfrom", "recvmsg", "recvmmsg"})


@dataclass(frozen=True)
class Calls:
    """System calls, of a run or for a message."""

    writes: float
    reads: float
    total: float


def available() -> bool:
    return shutil.which("strace") is not None


def calls_a_message(driver: Driver, case: Case, programs: Path, payload: int) -> Calls:
    """The difference of a long and a short run, so that starting and ending do not count."""
    # One call costs some 50 us under strace: clients with few calls can afford more messages.
    long = int(min(200_000, max(4_000, driver.rate(case) * 0.05)))
    short = long // 4
    few = _count(driver, case, programs, short, payload)
    many = _count(driver, case, programs, long, payload)
    messages = long - short
    return Calls(
        max(0.0, (many.writes - few.writes) / messages),
        max(0.0, (many.reads - few.reads) / messages),
        max(0.0, (many.total - few.total) / messages),
    )


def _count(driver: Driver, case: Case, programs: Path, count: int, payload: int) -> Calls:
    arguments = run_arguments(case, count, payload)
    with tempfile.TemporaryDirectory(prefix="multimqtt-bench-") as folder:
        table = Path(folder) / "calls"
        with bench_broker(programs, case, arguments) as (_, port):
            command = driver_command(driver, case, programs, arguments, port)
            answer = run_driver(["strace", "-f", "-c", "-U", "calls,name", "-o", str(table), *command])
        if answer["lost"]:
            raise RunFailed(f"lost {answer['lost']} messages under strace")
        return _read_table(table.read_text(encoding="utf-8"))


def _read_table(table: str) -> Calls:
    calls = {}
    for line in table.splitlines():
        words = line.split()
        if len(words) == 2 and words[0].isdigit() and words[1] != "total":
            calls[words[1]] = int(words[0])
    writes = sum(number for name, number in calls.items() if name in WRITES)
    reads = sum(number for name, number in calls.items() if name in READS)
    return Calls(writes, reads, sum(calls.values()))
