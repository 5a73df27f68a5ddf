"""Drives flask_multimqtt: `MultiMQTT` in a Flask application, and the engine's own handlers without one."""

from __future__ import annotations

import threading
import time
from typing import Any

from flask import Flask

from bench.peers.peer import PATIENCE_S, Received, RoundTrips, Run, parse_run, print_report, start_busy_thread
from flask_multimqtt import MultiMQTT, _native

PATTERN = "bench/<str:sensor>"
PROTOCOL_3_1_1 = 4
PROTOCOL_5 = 5


def make_mqtt(run: Run) -> MultiMQTT:
    app = Flask("bench")
    app.config["MQTT_URI"] = f"mqtt://127.0.0.1:{run.port}"
    # Where the window counts it comes from the broker's Receive Maximum, which MQTT 3.1.1 does not have.
    app.config["MQTT_PROTOCOL_VERSION"] = PROTOCOL_5 if run.mode == "publish1" else PROTOCOL_3_1_1
    return MultiMQTT(app)


def connect(run: Run, mqtt: MultiMQTT) -> None:
    mqtt.connect()
    mqtt.wait_connected(timeout=PATIENCE_S)
    if run.busy:
        start_busy_thread()


def publish(run: Run) -> None:
    """Publish as fast as the outbox takes it; the broker notes whether all have arrived."""
    mqtt = make_mqtt(run)
    payloads = run.payloads()
    topic, qos = run.topic, run.qos
    connect(run, mqtt)
    started = time.perf_counter()
    for payload in payloads:
        receipt = mqtt.publish(topic, payload, qos)
    receipt.wait(timeout=PATIENCE_S)
    mqtt.close(drain=PATIENCE_S)
    print_report(run, run.count, time.perf_counter() - started, 0)


def receive_in_app_context(run: Run) -> None:
    mqtt = make_mqtt(run)
    received = Received(run)
    payloads = received.payloads
    append = payloads.append

    @mqtt.topic(PATTERN, qos=run.qos)
    def take(client: MultiMQTT, message: Any, sensor: str) -> None:
        message.topic  # noqa: B018 - a handler reads it
        append(message.payload)
        if len(payloads) == received.mark:
            received.reached()

    connect(run, mqtt)
    received.wait()
    mqtt.close()
    received.report()


def receive(run: Run) -> None:
    """The engine's batches and a handler of the same shape, without Flask."""
    client = _native.Client(uri=f"mqtt://127.0.0.1:{run.port}", version="3.1.1")
    received = Received(run)
    payloads = received.payloads
    append = payloads.append

    def take(client: _native.Client, message: _native.Message, sensor: Any) -> None:
        message.topic  # noqa: B018 - a handler reads it
        append(message.payload)
        if len(payloads) == received.mark:
            received.reached()

    def handle_all() -> None:
        while client.state != "stopped":
            for delivery in client.take(64):
                if delivery.kind == _native.KIND_MESSAGE:
                    delivery.call(take, client)

    client.register_topic(PATTERN, qos=run.qos)
    threading.Thread(target=handle_all, name="handler", daemon=True).start()
    if run.busy:
        start_busy_thread()
    client.connect()
    received.wait()
    client.close()
    received.report()


def round_trip(run: Run) -> None:
    mqtt = make_mqtt(run)
    trips = RoundTrips(run)
    subscribed = threading.Event()

    @mqtt.topic(PATTERN)
    def take(client: MultiMQTT, message: Any, sensor: str) -> None:
        if sensor == "first":
            subscribed.set()
        else:
            trips.returned()

    connect(run, mqtt)
    # The first message that comes back tells that the subscription stands.
    while not subscribed.wait(0.1):
        mqtt.publish("bench/first", b"")
    trips.measure(lambda payload: mqtt.publish(run.topic, payload))
    mqtt.close()


def main() -> None:
    run = parse_run()
    if run.mode == "roundtrip":
        round_trip(run)
    elif run.mode.startswith("publish"):
        publish(run)
    elif run.app_context:
        receive_in_app_context(run)
    else:
        receive(run)


if __name__ == "__main__":
    main()
