"""Which clients are measured, in which cases, and roughly how fast each is."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
PEERS_VENV = ROOT / ".venv-bench"


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

    `rates` are messages a second to size the first round by; what it measures sizes the later ones.
    """

    name: str
    program: str
    cases: tuple[str, ...]
    rates: dict[str, float] = field(default_factory=dict)
    python: Path | None = None

    def command(self, programs: Path) -> list[str]:
        if self.python is None:
            return [str(programs / self.program)]
        return [str(self.python), str(BENCH / self.program)]

    def missing(self, programs: Path) -> str | None:
        """Why it cannot run here; None when it can."""
        paths = [programs / self.program] if self.python is None else [self.python, BENCH / self.program]
        absent = [path for path in paths if not path.exists()]
        return f"{absent[0].name} is not built" if absent else None

    def rate(self, case: Case) -> float:
        otherwise = {"publish0": 20_000.0, "publish1": 10_000.0, "receive0": 20_000.0, "receive1": 10_000.0}
        rate = self.rates.get(case.name) or self.rates.get(case.mode) or otherwise.get(case.mode, 2_000.0)
        return rate / 60 if case.busy and case.name not in self.rates and self.name != OURS_PYTHON else rate


OURS_CPP = "MultiMQTT C++"
OURS_PYTHON = "MultiMQTT Python"
_PEER_PYTHON = PEERS_VENV / "bin" / "python"

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
        "multimqtt/python_driver.py",
        (*PLAIN, "receive0-context", "receive1-context", *BUSY),
        {"publish0": 1e6, "publish1": 0.2e6, "receive0": 1e6, "receive1": 0.2e6, "receive0-context": 0.15e6},
        python=Path(sys.executable),
    ),
    Driver(
        "gmqtt",
        "peers/gmqtt_driver.py",
        (*PLAIN, *BUSY),
        {"publish0": 80e3, "publish1": 40e3, "receive0": 150e3, "receive1": 50e3},
        python=_PEER_PYTHON,
    ),
    Driver(
        "paho-mqtt",
        "peers/paho_mqtt_driver.py",
        (*PLAIN, *BUSY),
        {"publish0": 30e3, "publish1": 15e3, "receive0": 40e3, "receive1": 15e3},
        python=_PEER_PYTHON,
    ),
    Driver(
        "Flask-MQTT",
        "peers/flask_mqtt_driver.py",
        (*PLAIN, "receive0-context", "receive1-context", *BUSY),
        {"publish0": 30e3, "publish1": 15e3, "receive0": 40e3, "receive1": 15e3},
        python=_PEER_PYTHON,
    ),
    Driver(
        "aiomqtt",
        "peers/aiomqtt_driver.py",
        (*PLAIN, *BUSY),
        {"publish0": 6e3, "publish1": 8e3, "receive0": 20e3, "receive1": 10e3},
        python=_PEER_PYTHON,
    ),
    Driver(
        "plain context loop",
        "peers/context_loop_driver.py",
        ("receive0-context",),
        {"receive0-context": 150e3},
        python=_PEER_PYTHON,
    ),
)

UNAVAILABLE = {
    "Boost.MQTT5": "not available here: it comes with Boost 1.88, Debian 12 has 1.81",
    "async_mqtt": "not available here: neither Debian nor PyPI has a package of it",
}
