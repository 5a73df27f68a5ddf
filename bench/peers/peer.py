"""What the Python drivers share: the command line, the window, the counting handler and the busy thread."""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

NUMBER_BYTES = 8
PATIENCE_S = 60.0
# Long enough for a client library to send the acknowledgement of the last message before it is closed.
LAST_ACKNOWLEDGEMENT_S = 0.1


@dataclass(frozen=True)
class Run:
    """One measurement, as bench.py asks for it."""

    mode: str
    port: int
    count: int
    warmup: int
    window: int
    payload: int
    topic: str
    filter: str
    busy: bool
    app_context: bool

    @property
    def qos(self) -> int:
        return 1 if self.mode.endswith("1") else 0

    def payloads(self) -> list[bytes]:
        """All payloads, made before the clock runs: the number of the message, then filling."""
        filling = b"x" * (self.payload - NUMBER_BYTES)
        return [number.to_bytes(NUMBER_BYTES, "big") + filling for number in range(self.count)]


def parse_run() -> Run:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--mode", choices=["publish0", "publish1", "receive0", "receive1", "roundtrip"], default="publish0"
    )
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--warmup", type=int, help="messages before the clock runs (default: one in twenty)")
    parser.add_argument("--window", type=int, default=100)
    parser.add_argument("--payload", type=int, default=64)
    parser.add_argument("--topic", default="bench/sensor-0000042")
    parser.add_argument("--filter", default="bench/+")
    parser.add_argument("--patience", type=int, help="accepted for the other drivers' sake")
    parser.add_argument("--busy", action="store_true", help="one CPU-bound thread in this process")
    parser.add_argument("--app-context", action="store_true", help="a Flask app context for each message")
    arguments = parser.parse_args()
    warmup = arguments.count // 20 if arguments.warmup is None else arguments.warmup
    return Run(
        mode=arguments.mode,
        port=arguments.port,
        count=arguments.count,
        warmup=warmup,
        window=arguments.window,
        payload=arguments.payload,
        topic=arguments.topic,
        filter=arguments.filter,
        busy=arguments.busy,
        app_context=arguments.app_context,
    )


def start_busy_thread() -> None:
    """Burn CPU in Python for as long as the process lives, as a view that computes something would."""

    def compute() -> None:
        number = 0
        while True:
            number = (number * 1103515245 + 12345) % 2147483648

    threading.Thread(target=compute, name="busy", daemon=True).start()


def print_report(
    run: Run, messages: int, seconds: float, lost: int, duplicates: int = 0, **more: float
) -> None:
    report = {"mode": run.mode, "messages": messages, "seconds": seconds, "lost": lost}
    print(json.dumps(report | {"duplicates": duplicates} | more), flush=True)


class Received:
    """The payloads that a handler has kept.

    The handler itself does `append(message.payload)` and calls `reached` when `len(payloads) == mark`: as
    little as can be, because it is part of what is measured. The numbers are looked at after the run.
    """

    def __init__(self, run: Run, finished: Callable[[], object] | None = None) -> None:
        self.payloads: list[bytes] = []
        self.mark = run.warmup + 1
        self._run = run
        self._times: list[float] = []
        self._done = threading.Event()
        self._finished = finished

    def reached(self) -> None:
        self._times.append(time.perf_counter())
        if self.mark == self._run.count:
            self._done.set()
            if self._finished is not None:
                self._finished()
        self.mark = self._run.count

    def wait(self) -> None:
        """Wait until all have arrived, or none has for too long."""
        before = -1
        while not self._done.wait(PATIENCE_S) and len(self.payloads) > before:
            before = len(self.payloads)
        time.sleep(LAST_ACKNOWLEDGEMENT_S)

    def report(self) -> None:
        numbers = {int.from_bytes(payload[:NUMBER_BYTES], "big") for payload in self.payloads}
        lost = self._run.count - len(numbers)
        complete = len(self._times) == 2 and lost == 0
        seconds = self._times[1] - self._times[0] if complete else 0.0
        messages = self._run.count - self._run.warmup - 1 if complete else 0
        print_report(self._run, messages, seconds, lost, len(self.payloads) - len(numbers))


class Window:
    """Lets a publishing thread run ahead of the acknowledgements, and times them.

    A publisher that has filled the window is woken when half of it is free, so that the measurement is not
    one of wake-ups.
    """

    def __init__(self, run: Run, size: int) -> None:
        self._run = run
        self._size = size
        self._entered = 0
        self._left = 0
        self._wake_at = run.count + 1
        self._room = threading.Event()
        self._times: list[float] = []

    def enter(self) -> None:
        if self._entered - self._left >= self._size:
            self._wait_for(self._entered - self._size // 2)
        self._entered += 1

    def leave(self, *_: object) -> None:
        self._left = left = self._left + 1
        if left == self._run.warmup + 1 or left == self._run.count:
            self._times.append(time.perf_counter())
        if left >= self._wake_at:
            self._room.set()

    def _wait_for(self, number: int) -> None:
        self._room.clear()
        self._wake_at = number
        if self._left < number and not self._room.wait(PATIENCE_S):
            raise TimeoutError(f"{self._left} of {self._run.count} acknowledged after {PATIENCE_S} s")
        self._wake_at = self._run.count + 1

    def drain(self) -> None:
        self._wait_for(self._run.count)

    def report(self) -> None:
        complete = len(self._times) == 2
        seconds = self._times[1] - self._times[0] if complete else 0.0
        messages = self._run.count - self._run.warmup - 1 if complete else 0
        print_report(self._run, messages, seconds, self._run.count - self._left)


def print_round_trips(run: Run, times_s: list[float]) -> None:
    """Report the round trips after the warm-up."""
    steady = sorted(times_s[run.warmup :])
    complete = len(times_s) == run.count
    print_report(
        run,
        len(steady),
        sum(steady),
        run.count - len(times_s),
        p50_us=steady[len(steady) // 2] * 1e6 if complete else 0.0,
        p99_us=steady[len(steady) * 99 // 100] * 1e6 if complete else 0.0,
    )


class RoundTrips:
    """One message at a time to ourselves, published in this thread and received in the library's."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._back = threading.Event()
        self._at = 0.0

    def returned(self) -> None:
        self._at = time.perf_counter()
        self._back.set()

    def measure(self, publish: Callable[[bytes], object]) -> None:
        times_s = []
        for payload in self._run.payloads():
            self._back.clear()
            sent = time.perf_counter()
            publish(payload)
            if not self._back.wait(PATIENCE_S):
                break
            times_s.append(self._at - sent)
        print_round_trips(self._run, times_s)
