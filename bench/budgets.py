"""What must hold, as ratios within one run of the bench."""

from __future__ import annotations

from dataclasses import dataclass

from bench.drivers import OURS_CPP, OURS_PYTHON


@dataclass(frozen=True)
class Budget:
    """`driver` in `case` against `peer`: at least `ratio` times as many messages a second.

    With `at_most` it is the time that is compared, which may be `ratio` times as long and no longer.
    `anchor` is the absolute figure on the machine where the budgets were set: two virtual CPUs, Debian 12, a
    64-byte payload. It informs and decides nothing.
    """

    what: str
    driver: str
    case: str
    peer: str
    ratio: float
    peer_case: str = ""
    at_most: bool = False
    anchor: str = ""


def _tls(case: str) -> Budget:
    return Budget(f"C++ {case} with TLS 1.3", OURS_CPP, f"{case}-tls", "libmosquitto", 3)


def _busy(case: str) -> Budget:
    return Budget(f"Python, {case} with a busy thread", OURS_PYTHON, f"{case}-busy", "Flask-MQTT", 100)


BUDGETS = (
    Budget("C++ publish QoS 0", OURS_CPP, "publish0", "libmosquitto", 20, anchor="10 M/s"),
    Budget("C++ publish QoS 0", OURS_CPP, "publish0", "Boost.MQTT5", 9, anchor="10 M/s"),
    Budget("C++ publish QoS 1, window 100", OURS_CPP, "publish1", "libmosquitto", 5, anchor="0.9 M/s"),
    Budget("C++ publish QoS 1, window 100", OURS_CPP, "publish1", "Boost.MQTT5", 4, anchor="0.9 M/s"),
    Budget("C++ publish QoS 1, window 100", OURS_CPP, "publish1", "socket limit", 0.75, anchor="0.9 M/s"),
    Budget("C++ QoS 1 at window 1,000 and 100", OURS_CPP, "publish1-1000", OURS_CPP, 1, peer_case="publish1"),
    Budget("C++ receive QoS 0, typed route", OURS_CPP, "receive0", "libmosquitto", 17, anchor="10 M/s"),
    Budget("C++ receive QoS 0, typed route", OURS_CPP, "receive0", "Boost.MQTT5", 5, anchor="10 M/s"),
    Budget("C++ receive QoS 1, typed route", OURS_CPP, "receive1", "libmosquitto", 5, anchor="1 M/s"),
    Budget("Python publish QoS 0", OURS_PYTHON, "publish0", "Flask-MQTT", 30, anchor="2.5 M/s"),
    Budget("Python publish QoS 1", OURS_PYTHON, "publish1", "Flask-MQTT", 10, anchor="0.5 M/s"),
    Budget("Python handler QoS 0, no context", OURS_PYTHON, "receive0", "Flask-MQTT", 30, anchor="3 M/s"),
    Budget("Python handler QoS 1, no context", OURS_PYTHON, "receive1", "Flask-MQTT", 12, anchor="0.5 M/s"),
    Budget("Python handler in an app context", OURS_PYTHON, "receive0-context", "Flask-MQTT", 4),
    Budget("Python handler in an app context", OURS_PYTHON, "receive0-context", "plain context loop", 0.85),
    _busy("publish0"),
    _busy("publish1"),
    _busy("receive0"),
    _busy("receive1"),
    _tls("publish0"),
    _tls("publish1"),
    _tls("receive0"),
    _tls("receive1"),
    Budget("C++ round trip p50", OURS_CPP, "roundtrip", "libmosquitto", 1.05, at_most=True),
    Budget("Python round trip p50", OURS_PYTHON, "roundtrip", "paho-mqtt", 0.75, at_most=True),
)


@dataclass(frozen=True)
class Limit:
    """`driver` in `case` may measure `most` and no more, in the unit of the case."""

    what: str
    driver: str
    case: str
    most: float
    unit: str


LIMITS = (
    Limit("publish() from 8 threads, 99th percentile", OURS_CPP, "call-p99", 20, "us"),
    Limit("memory of a process with an idle client", OURS_CPP, "memory-idle", 6 * 1024, "KiB"),
    # Allocators round: less than a page for each thousand messages is no growth.
    Limit("growth of memory over a million messages", OURS_CPP, "memory-growth", 1024, "KiB"),
)

# In a burst of 64-byte messages, writes and reads together.
SYSTEM_CALLS_MAX = 0.05
SYSTEM_CALLS_CASES = ("publish0", "receive0")

NOT_MEASURED = (
    "a sparse publish() leaves within one wake-up",
    "routing: 100,000 routes at most 6 times the cost of 10 (`bench/micro` has it)",
)
