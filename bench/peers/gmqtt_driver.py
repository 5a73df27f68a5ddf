"""Drives gmqtt in an asyncio loop."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from gmqtt import Client
from gmqtt.mqtt.constants import MQTTv311
from gmqtt.storage import PersistentStorage

from bench.peers.peer import (
    LAST_ACKNOWLEDGEMENT_S,
    PATIENCE_S,
    Received,
    Run,
    Window,
    parse_run,
    print_round_trips,
    start_busy_thread,
)

# `Client.publish` never waits, so the loop gets a turn to write after so many messages.
TURN_MESSAGES = 100


class Acknowledgements(PersistentStorage):
    """The library's memory of what is unacknowledged: the one place that is told of each PUBACK."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.window = window
        self.left = 0
        self.changed = asyncio.Event()

    def remove_message_by_mid(self, mid: int) -> None:
        super().remove_message_by_mid(mid)
        self.left += 1
        self.window.leave()
        self.changed.set()


async def open_client(run: Run, storage: PersistentStorage | None = None) -> tuple[Client, asyncio.Event]:
    client = Client("bench-gmqtt", persistent_storage=storage)
    subscribed = asyncio.Event()
    client.on_subscribe = lambda *_: subscribed.set()
    await client.connect("127.0.0.1", run.port, version=MQTTv311)
    if run.busy:
        start_busy_thread()
    return client, subscribed


async def publish(run: Run) -> None:
    window = Window(run, run.window)
    storage = Acknowledgements(window)
    client, _ = await open_client(run, storage)
    topic, qos = run.topic, run.qos
    for number, payload in enumerate(run.payloads()):
        if qos == 0:
            if number % TURN_MESSAGES == 0:
                await asyncio.sleep(0)
        elif number - storage.left >= run.window:
            # Half a window at a time, as in the other drivers.
            while number - storage.left > run.window // 2:
                storage.changed.clear()
                await asyncio.wait_for(storage.changed.wait(), PATIENCE_S)
        client.publish(topic, payload, qos=qos)
        if qos == 0:
            window.leave()
    while run.qos and storage.left < run.count:
        storage.changed.clear()
        await asyncio.wait_for(storage.changed.wait(), PATIENCE_S)
    await client.disconnect()
    window.report()


async def receive(run: Run) -> None:
    finished = asyncio.Event()
    received = Received(run, finished.set)
    payloads = received.payloads
    append = payloads.append

    def take(client: Client, topic: str, payload: bytes, qos: int, properties: dict[str, Any]) -> int:
        append(payload)
        if len(payloads) == received.mark:
            received.reached()
        return 0

    client, _ = await open_client(run)
    client.on_message = take
    client.subscribe(run.filter, qos=run.qos)
    await wait_for_all(finished, received)
    await client.disconnect()
    received.report()


async def wait_for_all(finished: asyncio.Event, received: Received) -> None:
    before = -1
    while not finished.is_set() and len(received.payloads) > before:
        before = len(received.payloads)
        try:
            await asyncio.wait_for(finished.wait(), PATIENCE_S)
        except asyncio.TimeoutError:
            continue
    await asyncio.sleep(LAST_ACKNOWLEDGEMENT_S)


async def round_trip(run: Run) -> None:
    client, subscribed = await open_client(run)
    back = asyncio.Event()

    def take(*_: object) -> int:
        back.set()
        return 0

    client.on_message = take
    client.subscribe(run.filter)
    await asyncio.wait_for(subscribed.wait(), PATIENCE_S)
    times_s = []
    for payload in run.payloads():
        back.clear()
        sent = time.perf_counter()
        client.publish(run.topic, payload)
        await back.wait()
        times_s.append(time.perf_counter() - sent)
    await client.disconnect()
    print_round_trips(run, times_s)


async def main() -> None:
    run = parse_run()
    if run.mode == "roundtrip":
        await round_trip(run)
    elif run.mode.startswith("receive"):
        await receive(run)
    else:
        await publish(run)


if __name__ == "__main__":
    asyncio.run(main())
