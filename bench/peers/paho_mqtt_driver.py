"""Drives paho-mqtt with its own network thread."""

from __future__ import annotations

import threading
from typing import Any

import paho.mqtt.client as paho

from bench.peers.peer import PATIENCE_S, Received, RoundTrips, Run, Window, parse_run, start_busy_thread


def open_client(run: Run) -> tuple[paho.Client, threading.Event]:
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(run.window)
    connected = threading.Event()
    subscribed = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", run.port)
    client.loop_start()
    if not connected.wait(PATIENCE_S):
        raise TimeoutError("the broker did not answer")
    return client, subscribed


def publish(run: Run, client: paho.Client) -> None:
    window = Window(run, run.window if run.qos else run.count)
    client.on_publish = window.leave
    topic, qos = run.topic, run.qos
    for payload in run.payloads():
        window.enter()
        client.publish(topic, payload, qos)
    window.drain()
    window.report()


def receive(run: Run, client: paho.Client) -> None:
    received = Received(run)
    payloads = received.payloads
    append = payloads.append

    def take(client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        message.topic  # noqa: B018 - a handler reads it
        append(message.payload)
        if len(payloads) == received.mark:
            received.reached()

    client.message_callback_add(run.filter, take)
    client.subscribe(run.filter, run.qos)
    received.wait()
    received.report()


def round_trip(run: Run, client: paho.Client, subscribed: threading.Event) -> None:
    trips = RoundTrips(run)
    client.on_message = lambda *_: trips.returned()
    client.subscribe(run.filter)
    subscribed.wait(PATIENCE_S)
    trips.measure(lambda payload: client.publish(run.topic, payload))


def main() -> None:
    run = parse_run()
    client, subscribed = open_client(run)
    if run.busy:
        start_busy_thread()
    if run.mode == "roundtrip":
        round_trip(run, client, subscribed)
    elif run.mode.startswith("receive"):
        receive(run, client)
    else:
        publish(run, client)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main()
