"""One step of a command: a program that runs into a log, with its time shown and its failure explained."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tools.project import BUILD, LOGS, ROOT, relative

_TAIL_LINES = 40
_HEARTBEAT_S = 60.0


class StepFailedError(Exception):
    """A step did not succeed; what there is to say has been printed."""


def say(text: str) -> None:
    print(text, flush=True)


def run_step(
    title: str,
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
    allowed: Sequence[int] = (0,),
    show_failure: bool = True,
) -> int:
    """Runs `command` with its output in a log of its own and shows `title` and the seconds.

    Args:
        allowed: The exit statuses that are no failure.
        show_failure: Whether to print the end of the log when the step fails.

    Returns:
        The exit status.

    Raises:
        StepFailedError: The exit status is none of `allowed`, or the program is not there.
    """
    log = log_of(title)
    started = time.monotonic()
    say(f"- {title}")
    try:
        with log.open("wb") as output, elapsed_shown(started):
            status = subprocess.run(
                [str(part) for part in command],
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            ).returncode
    except FileNotFoundError as error:
        say(f"  {command[0]} is not installed.")
        raise StepFailedError(title) from error
    seconds = time.monotonic() - started
    if status not in allowed:
        if show_failure:
            show_end_of(log)
        say(f"  failed after {seconds:.1f} s with status {status}; the whole log: {relative(log)}")
        raise StepFailedError(title)
    if seconds >= 1:
        say(f"  {seconds:.1f} s")
    return status


def run_shown(command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None) -> int:
    """Runs `command` in the foreground with the terminal's own input and output; returns its status."""
    process = subprocess.Popen(
        [str(part) for part in command], cwd=ROOT, env={**os.environ, **(environment or {})}
    )
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # The program got the same signal and ends in its own way.


def log_of(title: str) -> Path:
    """Where the output of the step `title` is kept."""
    LOGS.mkdir(parents=True, exist_ok=True)
    return LOGS / (re.sub(r"[^a-z0-9.]+", "-", title.lower()).strip("-") + ".log")


def show_end_of(log: Path) -> None:
    with log.open(errors="replace") as lines:
        for line in deque(lines, _TAIL_LINES):
            say("  | " + line.rstrip())


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """Keeps a second `./run` in this tree from setting up or building at the same time."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("- waiting for another ./run in this folder")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def elapsed_shown(started: float) -> Iterator[None]:
    """Shows the running seconds: each second to a person, each minute to a log."""
    person = sys.stdout.isatty()
    ended = threading.Event()

    def show() -> None:
        while not ended.wait(1.0 if person else _HEARTBEAT_S):
            text = f"  {time.monotonic() - started:.0f} s"
            print(f"\r{text}" if person else text, end="" if person else "\n", flush=True)

    shower = threading.Thread(target=show, daemon=True)
    shower.start()
    try:
        yield
    finally:
        ended.set()
        shower.join()
        if person:
            print("\r\033[K", end="", flush=True)
