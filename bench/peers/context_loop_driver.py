"""The plain loop that a handler in an app context is compared with: push the context, call, pop.

There is no network in it: what it does in a second is the most that any library can hand to such a handler.
"""

from __future__ import annotations

from flask import Flask

from bench.peers.peer import Received, parse_run, start_busy_thread


class PlainMessage:
    """A message as cheap as Python has it."""

    __slots__ = ("payload", "topic")

    def __init__(self, topic: str, payload: bytes) -> None:
        self.topic = topic
        self.payload = payload


def main() -> None:
    run = parse_run()
    app = Flask("bench")
    received = Received(run)
    payloads = received.payloads
    append = payloads.append

    def take(message: PlainMessage) -> None:
        message.topic  # noqa: B018 - a handler reads it
        append(message.payload)
        if len(payloads) == received.mark:
            received.reached()

    messages = [PlainMessage(run.topic, payload) for payload in run.payloads()]
    if run.busy:
        start_busy_thread()
    for message in messages:
        with app.app_context():
            take(message)
    received.report()


if __name__ == "__main__":
    main()
