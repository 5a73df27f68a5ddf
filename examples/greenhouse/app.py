"""A greenhouse on a web page: sensors are routed to functions, and a view switches the pumps."""

from __future__ import annotations

import collections
import contextlib
import json
import queue
import threading
import time
import typing as t
from collections.abc import Iterator

from flask import Flask, Response, jsonify, render_template
from flask.typing import ResponseReturnValue

from flask_multimqtt import MultiMQTT, MultiMQTTError, TimedOut

mqtt = MultiMQTT()

# A page is told at most so often, in seconds: what comes meanwhile is shown at once.
TELL_EVERY_S = 0.1

# A pump that cannot be reached soon is not to start by surprise when it is back, in seconds.
COMMAND_EXPIRY_S = 10

HISTORY_MAX = 120  # Readings of humidity: a minute of the simulated sensors.


class Readings:
    """What the sensors say, how the humidity came to be what it is, and who wants to hear of changes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[int, dict[str, t.Any]] = {}
        self._history: dict[int, collections.deque[float]] = {}
        self._listeners: set[queue.SimpleQueue[None]] = set()

    def set(self, bed: int, quantity: str, value: t.Any) -> None:
        with self._lock:
            self._values.setdefault(bed, {})[quantity] = value
            if quantity == "humidity":
                self._history.setdefault(bed, collections.deque(maxlen=HISTORY_MAX)).append(value)
        self.announce()

    def all(self) -> dict[int, dict[str, t.Any]]:
        with self._lock:
            return {bed: dict(values) for bed, values in sorted(self._values.items())}

    def history(self) -> dict[int, list[float]]:
        with self._lock:
            return {bed: list(values) for bed, values in self._history.items()}

    def announce(self) -> None:
        with self._lock:
            for listener in self._listeners:
                if listener.empty():
                    listener.put(None)

    def changes(self) -> Iterator[None]:
        """Yields at once, after each change, and now and then without one."""
        listener: queue.SimpleQueue[None] = queue.SimpleQueue()
        with self._lock:
            self._listeners.add(listener)
        try:
            yield
            while True:
                # Without a change a sign of life shows the server whether the browser has gone.
                with contextlib.suppress(queue.Empty):
                    listener.get(timeout=5)
                yield
                time.sleep(TELL_EVERY_S)
        finally:
            with self._lock:
                self._listeners.discard(listener)


readings = Readings()


@mqtt.topic("greenhouse/<int:bed>/<str:quantity>", qos=1)
def reading(client: MultiMQTT, message: t.Any, bed: int, quantity: str) -> None:
    readings.set(bed, quantity, message.json)


@mqtt.on_connect
@mqtt.on_disconnect
def connection_changed() -> None:
    readings.announce()


def snapshot() -> dict[str, t.Any]:
    health, stats = mqtt.health(), mqtt.stats()
    return {
        "connected": health["healthy"],
        "state": health["state"],
        "broker": health["broker"],
        "version": (health["connection"] or {}).get("version", ""),
        "received": stats.get("messages_received", 0),
        "lost": stats.get("disconnects", 0),
        "beds": readings.all(),
        "history": readings.history(),
    }


def create_app(config: dict[str, t.Any] | None = None) -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    mqtt.init_app(app)

    @app.get("/")
    def page() -> str:
        return render_template("greenhouse.html", snapshot=snapshot())

    @app.get("/state")
    def state() -> Response:
        return jsonify(snapshot())

    @app.get("/events")
    def events() -> Response:
        def stream() -> Iterator[str]:
            for _ in readings.changes():
                with app.app_context():
                    yield f"data: {json.dumps(snapshot())}\n\n"

        return Response(stream(), mimetype="text/event-stream", headers={"Cache-Control": "no-store"})

    @app.post("/beds/<int:bed>/pump/<any(on, off):position>")
    def switch_pump(bed: int, position: str) -> ResponseReturnValue:
        topic = mqtt.topic_for("reading", bed=bed, quantity="pump")
        command = {"on": position == "on"}
        try:
            mqtt.publish(f"{topic}/set", command, qos=1, expiry=COMMAND_EXPIRY_S).wait(timeout=2)
        except TimedOut:
            waits = f"the broker does not answer; the command waits {COMMAND_EXPIRY_S} seconds for it"
            return jsonify(error=waits), 503
        except MultiMQTTError as error:
            return jsonify(error=str(error)), 503
        return jsonify(bed=bed, pump=position)

    return app
