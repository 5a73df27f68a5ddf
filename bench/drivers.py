"""Which clients are measured, in which cases, and roughly how fast each is."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    `mode` is what a driver is told to do; the rest are the circumstances. `answer` names the field of the
    driver's report that counts; without it that is the messages a second.
    """

    name: str
    mode: str
    window: int = 100
    busy: bool = False
    app_context: bool = False
    tls: bool = False
    threads: int = 1
    payload: int = 0
    count: int = 0
    answer: str = ""
    unit: str = "messages a second"

    @property
    def is_round_trip(self) -> bool:
        return self.mode == "roundtrip"

    @property
    def has_window(self) -> bool:
        return self.mode.endswith("1")


_ROUND_TRIP = "us, median round trip"

CASES = (
    Case("publish0", "publish0"),
    Case("publish1", "publish1"),
    Case("publish1-1000", "publish1", window=1000),
    Case("receive0", "receive0"),
    Case("receive1", "receive1"),
    Case("receive0-context", "receive0", app_context=True),
    Case("receive1-context", "receive1", app_context=True),
    Case("roundtrip", "roundtrip", answer="p50_us", unit=_ROUND_TRIP),
    Case("publish0-tls", "publish0", tls=True),
    Case("publish1-tls", "publish1", tls=True),
    Case("receive0-tls", "receive0", tls=True),
    Case("receive1-tls", "receive1", tls=True),
    Case("call-p50", "latency", threads=8, count=80_000, answer="p50_us", unit="us, median of publish()"),
    Case(
        "call-p99",
        "latency",
        threads=8,
        count=80_000,
        answer="p99_us",
        unit="us, 99th percentile of publish()",
    ),
    Case("memory-idle", "memory", count=2_000, answer="idle_kib", unit="KiB of the process, client idle"),
    Case(
        "memory-growth",
        "memory",
        count=1_000_000,
        answer="growth_kib",
        unit="KiB more after a million messages",
    ),
)
BUSY_CASES = (
    *(Case(f"{mode}-busy", mode, busy=True) for mode in ("publish0", "publish1", "receive0", "receive1")),
    Case("roundtrip-busy", "roundtrip", busy=True, answer="p50_us", unit=_ROUND_TRIP),
)
PLAIN = ("publish0", "publish1", "publish1-1000", "receive0", "receive1", "roundtrip")
TLS = ("publish0-tls", "publish1-tls", "receive0-tls", "receive1-tls")
OURS_ALONE = ("call-p50", "call-p99", "memory-idle", "memory-growth")
BUSY = tuple(case.name for case in BUSY_CASES)

# How the cost grows with the work, for our C++ client alone.
GROWTH_CASES = (
    *(Case(f"in-flight-{window}", "publish1", window=window) for window in (10, 100, 1_000, 10_000, 60_000)),
    *(
        Case(f"{mode}-payload-{payload}", mode, payload=payload)
        for mode in ("publish0", "receive0")
        for payload in (8, 64, 1_024, 16_384, 262_144, 4_194_304, 16_777_216)
    ),
    *(Case(f"threads-{threads}", "publish0", threads=threads) for threads in (1, 2, 4, 8, 16, 32)),
)


@dataclass(frozen=True)
class Driver:
    """A program that drives one client.

    `program` is an executable in the build directory or, with `is_python`, a module. `rates` are messages a
    second to size the first round by; what it measures sizes the later ones.
    """

    name: str
    program: str
    cases: tuple[str, ...]
    rates: dict[str, float] = field(default_factory=dict)
    is_python: bool = False

    def command(self, programs: Path) -> list[str]:
        if self.is_python:
            return [sys.executable, "-m", self.program]
        return [str(programs / self.program)]

    def missing(self, programs: Path) -> str | None:
        """Why it cannot run here; None when it can."""
        if not self.is_python and not (programs / self.program).exists():
            return f"{self.program} is not built"
        return None

    def rate(self, case: Case) -> float:
        otherwise = {"publish0": 20_000.0, "publish1": 10_000.0, "receive0": 20_000.0, "receive1": 10_000.0}
        rate = self.rates.get(case.name) or self.rates.get(case.mode) or otherwise.get(case.mode, 2_000.0)
        # Busy, the first run has to last for many of the turns of 5 ms that the interpreter gives a thread.
        return rate / 4 if case.busy and case.name not in self.rates and self.name != OURS_PYTHON else rate


OURS_CPP = "MultiMQTT C++"
OURS_PYTHON = "MultiMQTT Python"

DRIVERS = (
    Driver(
        "socket limit",
        "bench_socket_limit",
        ("publish0", "publish1", "publish1-1000", "receive0", "receive1"),
        {"publish0": 10e6, "publish1": 0.8e6, "receive0": 10e6, "receive1": 0.8e6},
    ),
    Driver(
        OURS_CPP,
        "bench_multimqtt",
        (*PLAIN, *TLS, *OURS_ALONE, *(case.name for case in GROWTH_CASES)),
        {"publish0": 4e6, "publish1": 0.4e6, "receive0": 4e6, "receive1": 0.4e6},
    ),
    Driver(
        "libmosquitto",
        "bench_libmosquitto",
        (*PLAIN, *TLS),
        {"publish0": 400e3, "publish1": 100e3, "receive0": 250e3, "receive1": 80e3},
    ),
    Driver(
        "Paho C",
        "bench_paho_c",
        PLAIN,
        {"publish0": 80e3, "publish1": 30e3, "receive0": 140e3, "receive1": 60e3},
    ),
    Driver(
        OURS_PYTHON,
        "bench.multimqtt.python_driver",
        (*PLAIN, "receive0-context", "receive1-context", *BUSY),
        {"publish0": 1e6, "publish1": 0.2e6, "receive0": 1e6, "receive1": 0.2e6, "receive0-context": 0.15e6},
        is_python=True,
    ),
    Driver(
        "gmqtt",
        "bench.peers.gmqtt_driver",
        (*PLAIN, *BUSY),
        {"publish0": 80e3, "publish1": 40e3, "receive0": 150e3, "receive1": 50e3},
        is_python=True,
    ),
    Driver(
        "paho-mqtt",
        "bench.peers.paho_mqtt_driver",
        (*PLAIN, *BUSY),
        {"publish0": 30e3, "publish1": 15e3, "receive0": 40e3, "receive1": 15e3},
        is_python=True,
    ),
    Driver(
        "Flask-MQTT",
        "bench.peers.flask_mqtt_driver",
        (*PLAIN, "receive0-context", "receive1-context", *BUSY),
        {"publish0": 30e3, "publish1": 15e3, "receive0": 40e3, "receive1": 15e3},
        is_python=True,
    ),
    Driver(
        "aiomqtt",
        "bench.peers.aiomqtt_driver",
        (*PLAIN, *BUSY),
        {"publish0": 6e3, "publish1": 8e3, "receive0": 20e3, "receive1": 10e3},
        is_python=True,
    ),
    Driver(
        "plain context loop",
        "bench.peers.context_loop_driver",
        ("receive0-context",),
        {"receive0-context": 150e3},
        is_python=True,
    ),
)

UNAVAILABLE = {
    "Boost.MQTT5": "not available here: it comes with Boost 1.88, Debian 12 has 1.81",
    "async_mqtt": "not available here: neither Debian nor PyPI has a package of it",
}
