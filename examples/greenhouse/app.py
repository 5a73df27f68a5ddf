"""A greenhouse on a web page: sensors are routed to functions, and a view switches the pumps."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import typing as t
from collections.abc import Iterator

from flask import Flask, Response, abort, jsonify, render_template

from flask_multimqtt import MultiMQTT, MultiMQTTError

mqtt = MultiMQTT()


class Readings:
    """The last value of each quantity of each bed, and everybody who wants to hear of changes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[int, dict[str, t.Any]] = {}
        self._listeners: set[queue.SimpleQueue[None]] = set()

    def set(self, bed: int, quantity: str, value: t.Any) -> None:
        with self._lock:
            self._values.setdefault(bed, {})[quantity] = value
        self.announce()

    def all(self) -> dict[int, dict[str, t.Any]]:
        with self._lock:
            return {bed: dict(values) for bed, values in sorted(self._values.items())}

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
    health = mqtt.health()
    return {
        "connected": health["healthy"],
        "state": health["state"],
        "broker": health["broker"],
        "received": mqtt.stats().get("messages_received", 0),
        "beds": readings.all(),
    }


def create_app(config: dict[str, t.Any] | None = None) -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    mqtt.init_app(app)

    @app.get("/")
    def page() -> str:
        return render_template("greenhouse.html")

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
    def switch_pump(bed: int, position: str) -> Response:
        topic = mqtt.topic_for("reading", bed=bed, quantity="pump")
        try:
            mqtt.publish(f"{topic}/set", {"on": position == "on"}, qos=1).wait(timeout=2)
        except MultiMQTTError as error:
            abort(503, description=str(error))
        return jsonify(bed=bed, pump=position)

    return app
