"""Drives Flask-MQTT as its documentation shows: `Mqtt`, `on_topic`, `publish`."""

from __future__ import annotations

import threading
import warnings
from typing import Any

from flask import Flask

from bench.peers.peer import PATIENCE_S, Received, RoundTrips, Run, Window, parse_run, start_busy_thread

warnings.simplefilter("ignore")
from flask_mqtt import Mqtt  # noqa: E402 - it warns about the callbacks of paho-mqtt that it uses


class Application:
    """A Flask application with its one `Mqtt`; `open` connects."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.app = Flask("bench")
        self.app.config.update(MQTT_BROKER_URL="127.0.0.1", MQTT_BROKER_PORT=run.port)
        self.mqtt = Mqtt()
        self.mqtt.client.max_inflight_messages_set(run.window)
        self.connected = threading.Event()
        self.subscribed = threading.Event()
        self.mqtt.on_connect()(lambda *_: self.connected.set())
        self.mqtt.on_subscribe()(lambda *_: self.subscribed.set())

    def open(self) -> None:
        self.mqtt.init_app(self.app)
        if not self.connected.wait(PATIENCE_S):
            raise TimeoutError("the broker did not answer")
        if self.run.busy:
            start_busy_thread()

    def publish(self) -> None:
        window = Window(self.run, self.run.window if self.run.qos else self.run.count)
        self.mqtt.on_publish()(window.leave)
        self.open()
        topic, qos = self.run.topic, self.run.qos
        for payload in self.run.payloads():
            window.enter()
            self.mqtt.publish(topic, payload, qos)
        window.drain()
        window.report()

    def receive(self) -> None:
        received = Received(self.run)
        payloads = received.payloads
        append = payloads.append

        def take(client: Any, userdata: Any, message: Any) -> None:
            message.topic  # noqa: B018 - a handler reads it
            append(message.payload)
            if len(payloads) == received.mark:
                received.reached()

        def take_in_context(client: Any, userdata: Any, message: Any) -> None:
            with self.app.app_context():
                message.topic  # noqa: B018 - a handler reads it
                append(message.payload)
                if len(payloads) == received.mark:
                    received.reached()

        self.mqtt.on_topic(self.run.filter)(take_in_context if self.run.app_context else take)
        self.open()
        self.mqtt.subscribe(self.run.filter, self.run.qos)
        received.wait()
        received.report()

    def round_trip(self) -> None:
        trips = RoundTrips(self.run)
        self.mqtt.on_topic(self.run.filter)(lambda *_: trips.returned())
        self.open()
        self.mqtt.subscribe(self.run.filter)
        self.subscribed.wait(PATIENCE_S)
        trips.measure(lambda payload: self.mqtt.publish(self.run.topic, payload))


def main() -> None:
    run = parse_run()
    application = Application(run)
    if run.mode == "roundtrip":
        application.round_trip()
    elif run.mode.startswith("receive"):
        application.receive()
    else:
        application.publish()
    application.mqtt.client.disconnect()
    application.mqtt.client.loop_stop()


if __name__ == "__main__":
    main()
