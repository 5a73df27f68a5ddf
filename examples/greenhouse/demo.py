"""Shows the greenhouse at work: a private Mosquitto, simulated sensors, and the web application.

Run it by `./run demo`. `--check` uses the page once, as a visitor would, and ends.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import typing as t
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1]))

from tests.support.mosquitto import Listener, Mosquitto  # noqa: E402

DEADLINE_S = 20.0
SECONDS_WITHOUT_TERMINAL = 15.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def process(name: str, *command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a program until the end of the block; shows what it said when it ended before."""
    with tempfile.TemporaryFile() as said:
        started = subprocess.Popen(
            command, cwd=FOLDER, env={**os.environ, **environment}, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            yield started
        finally:
            failed = started.poll() is not None
            if not failed:
                started.send_signal(signal.SIGINT)
                try:
                    started.wait(10)
                except subprocess.TimeoutExpired:
                    started.kill()
                    started.wait()
            if failed:
                said.seek(0)
                print(said.read().decode(errors="replace"), file=sys.stderr)
                print(f"demo: the {name} has ended with code {started.returncode}", file=sys.stderr)


def fetch(url: str, method: str = "GET") -> t.Any:
    request = urllib.request.Request(url, method=method)
    with urllib.request.urlopen(request, timeout=5) as answer:
        body = answer.read().decode()
    return json.loads(body) if answer.headers.get_content_type() == "application/json" else body


def wait_for(what: str, ready: Callable[[], t.Any]) -> t.Any:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            if found := ready():
                return found
        time.sleep(0.05)
    raise SystemExit(f"demo: no {what} within {DEADLINE_S:.0f} seconds")


def bed_line(state: dict[str, t.Any]) -> str:
    beds = [
        f"bed {bed}: {values.get('temperature', '?')} °C, {values.get('humidity', '?')} %, "
        f"pump {values.get('pump', '?')}"
        for bed, values in state["beds"].items()
    ]
    return " | ".join([f"{state['received']:5} messages", *beds])


def pump_is(page: str, position: str) -> bool:
    return bool(fetch(page + "state")["beds"]["2"].get("pump") == position)


def use_once(page: str) -> None:
    """Reads the page, waits for readings of every bed, and switches a pump on and off."""
    assert "Greenhouse" in fetch(page)
    assert "EventSource" in fetch(page + "static/greenhouse.js")
    assert "grid" in fetch(page + "static/greenhouse.css")
    complete = wait_for(
        "reading of every bed",
        lambda: (
            (state := fetch(page + "state"))["connected"]
            and len(state["beds"]) == 3
            and all("humidity" in values for values in state["beds"].values())
            and state
        ),
    )
    print("readings:", bed_line(complete))
    for position in ("on", "off"):
        fetch(page + f"beds/2/pump/{position}", "POST")
        wait_for(f"pump that is {position}", functools.partial(pump_is, page, position))
        print(f"the pump of bed 2 is {position}: a view published, the device answered, the page knows")


def watch(page: str, seconds: float | None) -> None:
    end = None if seconds is None else time.monotonic() + seconds
    switched = False
    while end is None or time.monotonic() < end:
        state = fetch(page + "state")
        print(bed_line(state), flush=True)
        if not switched and len(state["beds"]) == 3 and end is not None:
            print("POST /beds/1/pump/on ->", fetch(page + "beds/1/pump/on", "POST"))
            switched = True
        time.sleep(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, help="how long to run; until Ctrl-C on a terminal")
    parser.add_argument("--check", action="store_true", help="use the page once and end")
    arguments = parser.parse_args()
    seconds = arguments.seconds
    if seconds is None and not arguments.check and not sys.stdout.isatty():
        seconds = SECONDS_WITHOUT_TERMINAL
        print(f"demo: no terminal, so it runs for {seconds:.0f} seconds; --seconds changes that", flush=True)

    port = free_port()
    page = f"http://127.0.0.1:{port}/"
    with Mosquitto(Listener.ANONYMOUS, persistence=True) as broker, contextlib.ExitStack() as stack:
        uri = broker.uri(prefix="demo")
        print(f"broker:  {uri} (a private Mosquitto)", flush=True)
        stack.enter_context(process("sensors", sys.executable, "sensors.py", uri))
        flask = [sys.executable, "-m", "flask", "--app", "app:create_app", "run", "--port", str(port)]
        stack.enter_context(process("web application", *flask, FLASK_MQTT_URI=uri))
        wait_for("web page", lambda: fetch(page))
        print(f"page:    {page}   (Ctrl-C ends the demo)", flush=True)
        if arguments.check:
            use_once(page)
        else:
            with contextlib.suppress(KeyboardInterrupt):
                watch(page, seconds)
    print("demo: everything it started has ended")


if __name__ == "__main__":
    main()
