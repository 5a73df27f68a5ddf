"""Runs one driver against a broker once and says what came out."""

from __future__ import annotations

import contextlib
import json
import select
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from bench.certificate import Certificate, certificate
from bench.drivers import Case, Driver

Process: TypeAlias = subprocess.Popen[str]
RUN_TIMEOUT_S = 180.0
BROKER_ANSWER_S = 5.0


class RunFailed(Exception):
    """A run without a result; the message says why."""


@dataclass(frozen=True)
class Outcome:
    """`value` is messages a second, or microseconds for a round trip; None when the run failed."""

    value: float | None
    failure: str = ""
    duplicates: int = 0


@contextlib.contextmanager
def started(command: list[str], **options: Any) -> Iterator[Process]:
    """A child process that is ended, by its own id, when the block ends."""
    process = subprocess.Popen(command, text=True, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def read_answer(process: Process, timeout_s: float) -> dict[str, Any]:
    """The next line of JSON that a process prints."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], timeout_s)
    line = process.stdout.readline() if ready else ""
    if not line:
        raise RunFailed("the broker said nothing")
    answer: dict[str, Any] = json.loads(line)
    return answer


@contextlib.contextmanager
def bench_broker(programs: Path, case: Case, arguments: list[str]) -> Iterator[tuple[Process, int]]:
    """Our bench broker in the mode that the case needs, and its port."""
    modes = {
        "receive0": "flood",
        "receive1": "flood",
        "roundtrip": "echo",
        "publish0": "sink",
        "latency": "sink",
    }
    mode = modes.get(case.mode, "acknowledge")
    qos = "1" if case.mode == "receive1" else "0"
    command = [str(programs / "bench_broker"), "--mode", mode, "--qos", qos, *arguments]
    with started(command, stdout=subprocess.PIPE) as process:
        yield process, int(read_answer(process, BROKER_ANSWER_S)["port"])


@contextlib.contextmanager
def mosquitto() -> Iterator[int]:
    """A Mosquitto of our own on a free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="multimqtt-bench-") as folder:
        configuration = Path(folder) / "mosquitto.conf"
        configuration.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nlog_dest none\n",
            encoding="utf-8",
        )
        command = [mosquitto_program() or "mosquitto", "-c", str(configuration)]
        with started(command, stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + BROKER_ANSWER_S
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RunFailed("Mosquitto did not start")
                time.sleep(0.02)
            yield port


def mosquitto_program() -> str | None:
    """Debian puts it where only root looks."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def driver_command(driver: Driver, case: Case, programs: Path, arguments: list[str], port: int) -> list[str]:
    command = [*driver.command(programs), "--mode", case.mode, "--port", str(port), *arguments]
    command += ["--busy"] if case.busy else []
    command += ["--app-context"] if case.app_context else []
    command += ["--threads", str(case.threads)] if case.threads > 1 else []
    return command


def run_driver(command: list[str], timeout_s: float = RUN_TIMEOUT_S) -> dict[str, Any]:
    """Run a driver to its end and return its line of JSON."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with started(command, **pipes) as process:
        try:
            output, errors = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise RunFailed(f"no result after {timeout_s:.0f} s") from None
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if process.returncode != 0 or not lines:
        last = errors.strip().splitlines()
        raise RunFailed(f"ended with {process.returncode}: {last[-1] if last else 'no message'}")
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def run_arguments(case: Case, count: int, payload: int) -> list[str]:
    """What broker and driver are both told."""
    # The clock starts when the first window has passed, or one message in twenty.
    warmup = max(count // 20, case.window if case.has_window else 0)
    values = {"count": count, "warmup": warmup, "window": case.window, "payload": payload}
    values["patience"] = int(RUN_TIMEOUT_S) - 10
    return [word for name, value in values.items() for word in (f"--{name}", str(value))]


def measure(driver: Driver, case: Case, programs: Path, count: int, payload: int) -> Outcome:
    """One run of one driver."""
    arguments = run_arguments(case, count, case.payload or payload)
    try:
        if case.is_round_trip and mosquitto_program():
            with mosquitto() as port:
                answer = run_driver(driver_command(driver, case, programs, arguments, port))
            return outcome_of(case, answer, None)
        with certificate() if case.tls else contextlib.nullcontext() as made:
            return measure_with_bench_broker(driver, case, programs, arguments, made)
    except RunFailed as failure:
        return Outcome(None, str(failure))


def measure_with_bench_broker(
    driver: Driver, case: Case, programs: Path, arguments: list[str], made: Certificate | None
) -> Outcome:
    broker_arguments = [*arguments[:-1], "10", *(made.for_broker() if made else [])]
    driver_arguments = [*arguments, *(made.for_driver() if made else [])]
    with bench_broker(programs, case, broker_arguments) as (broker, port):
        answer = run_driver(driver_command(driver, case, programs, driver_arguments, port))
        counted = driver.name != "plain context loop" and not case.is_round_trip
        return outcome_of(case, answer, read_answer(broker, BROKER_ANSWER_S) if counted else None)


def outcome_of(case: Case, driver: dict[str, Any], broker: dict[str, Any] | None) -> Outcome:
    """What both sides said, as one value; a run that lost a message has none."""
    lost = driver["lost"] + (broker["lost"] if broker else 0)
    duplicates = driver["duplicates"] + (broker["duplicates"] if broker else 0)
    if lost:
        return Outcome(None, f"lost {lost} messages or acknowledgements", duplicates)
    if case.answer:
        return Outcome(driver[case.answer], duplicates=duplicates)
    # What counts is what has reached the broker, not what a queue has swallowed.
    side = broker if broker and case.mode.startswith("publish") else driver
    if side["seconds"] <= 0:
        return Outcome(None, "the clock did not run", duplicates)
    return Outcome(side["messages"] / side["seconds"], duplicates=duplicates)
