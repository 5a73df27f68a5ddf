"""The signals of the package; the sender is the Flask application."""

from __future__ import annotations

import typing as t

from blinker import NamedSignal, Namespace
from flask import Flask

_signals = Namespace()

connected = _signals.signal(
    "multimqtt-connected",
    doc="The broker accepted the connection. Keyword: `mqtt`.",
)
disconnected = _signals.signal(
    "multimqtt-disconnected",
    doc="The connection ended. Keywords: `mqtt`, `failure` (an exception).",
)
message_handled = _signals.signal(
    "multimqtt-message-handled",
    doc="A handler returned; sent in its app context. Keywords: `mqtt`, `message`, `topic` (the route).",
)
message_failed = _signals.signal(
    "multimqtt-message-failed",
    doc="A handler raised. Keywords: `mqtt`, `message`, `topic` (the route), `exception`.",
)
message_dropped = _signals.signal(
    "multimqtt-message-dropped",
    doc="A QoS 1 or 2 message that `publish` had accepted was given up: the outbox was full, or its expiry "
    "ended. Keywords: `mqtt`, `topic`, `receipt`.",
)
published = _signals.signal(
    "multimqtt-published",
    doc="`publish` accepted a message. Keywords: `mqtt`, `topic`, `payload`, `qos`, `retain`, `receipt`.",
)


def send(signal: NamedSignal, app: Flask, **values: t.Any) -> None:
    """Sends a signal of `app`. What a receiver raises is logged: it must not undo what has happened."""
    for receiver in () if signal.is_muted else signal.receivers_for(app):
        try:
            receiver(app, **values)
        except Exception:
            app.logger.exception("A receiver of the signal %r failed.", signal.name)
