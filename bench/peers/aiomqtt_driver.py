"""Drives aiomqtt in an asyncio loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import aiomqtt

from bench.peers.peer import (
    LAST_ACKNOWLEDGEMENT_S,
    Received,
    Run,
    Window,
    parse_run,
    print_round_trips,
    start_busy_thread,
)


def open_client(run: Run) -> aiomqtt.Client:
    client = aiomqtt.Client("127.0.0.1", run.port, max_inflight_messages=run.window)
    # It logs a warning for each call that waits beyond this number.
    client.pending_calls_threshold = run.window
    return client


async def publish(run: Run, client: aiomqtt.Client) -> None:
    """`publish` waits for the acknowledgement, so a window needs that many tasks."""
    window = Window(run, run.count)
    topic, qos = run.topic, run.qos

    async def publish_from(payloads: Iterator[bytes]) -> None:
        for payload in payloads:
            await client.publish(topic, payload, qos)
            window.leave()

    payloads = iter(run.payloads())
    await asyncio.gather(*(publish_from(payloads) for _ in range(run.window if run.qos else 1)))
    window.report()


async def receive(run: Run, client: aiomqtt.Client) -> None:
    received = Received(run)
    payloads = received.payloads
    append = payloads.append
    await client.subscribe(run.filter, run.qos)
    async for message in client.messages:
        message.topic  # noqa: B018 - a handler reads it
        append(message.payload)
        if len(payloads) == received.mark:
            received.reached()
            if len(payloads) == run.count:
                break
    await asyncio.sleep(LAST_ACKNOWLEDGEMENT_S)
    received.report()


async def round_trip(run: Run, client: aiomqtt.Client) -> None:
    await client.subscribe(run.filter)
    times_s = []
    messages = client.messages
    for payload in run.payloads():
        sent = time.perf_counter()
        await client.publish(run.topic, payload)
        await anext(messages)
        times_s.append(time.perf_counter() - sent)
    print_round_trips(run, times_s)


async def main() -> None:
    run = parse_run()
    async with open_client(run) as client:
        if run.busy:
            start_busy_thread()
        if run.mode == "roundtrip":
            await round_trip(run, client)
        elif run.mode.startswith("receive"):
            await receive(run, client)
        else:
            await publish(run, client)


if __name__ == "__main__":
    asyncio.run(main())
