"""Which clients are measured, in which cases, and roughly how fast each is."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    `mode` is what a driver is told to do; the rest are the circumstances.
    """

    name: str
    mode: str
    window: int = 100
    busy: bool = False
    app_context: bool = False

    @property
    def is_round_trip(self) -> bool:
        return self.mode == "roundtrip"

    @property
    def has_window(self) -> bool:
        return self.mode.endswith("1")

    @property
    def unit(self) -> str:
        return "us, median round trip" if self.is_round_trip else "messages a second"


CASES = (
    Case("publish0", "publish0"),
    Case("publish1", "publish1"),
    Case("publish1-1000", "publish1", window=1000),
    Case("receive0", "receive0"),
    Case("receive1", "receive1"),
    Case("receive0-context", "receive0", app_context=True),
    Case("receive1-context", "receive1", app_context=True),
    Case("roundtrip", "roundtrip"),
)
BUSY_CASES = tuple(
    Case(f"{mode}-busy", mode, busy=True)
    for mode in ("publish0", "publish1", "receive0", "receive1", "roundtrip")
)
PLAIN = ("publish0", "publish1", "publish1-1000", "receive0", "receive1", "roundtrip")
BUSY = tuple(case.name for case in BUSY_CASES)


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
        return rate / 60 if case.busy and case.name not in self.rates and self.name != OURS_PYTHON else rate


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
        PLAIN,
        {"publish0": 4e6, "publish1": 0.4e6, "receive0": 4e6, "receive1": 0.4e6},
    ),
    Driver(
        "libmosquitto",
        "bench_libmosquitto",
        PLAIN,
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
