"""The configuration keys: what each is called, how its value is read, and which are known from elsewhere."""

from __future__ import annotations

import difflib
import typing as t
from dataclasses import dataclass

from . import config_values as values

_BYTES_MAX = 2**40
_SECONDS_MAX = 2**32 - 1  # MQTT counts its intervals in 32 bits; this value means "for ever".


@dataclass(frozen=True)
class Key:
    """One configuration key.

    Attributes:
        name: As it stands in `app.config`, such as "MQTT_KEEPALIVE".
        read: Turns the configured value into the one that `Settings` holds.
        secret: Whether messages must not show the value.
        in_query: Whether the query of MQTT_URI may hold it.
    """

    name: str
    read: t.Callable[[object], object]
    secret: bool = False
    in_query: bool = True

    @property
    def field(self) -> str:
        """The attribute of `Settings`, and the name in a query, such as "keepalive"."""
        return self.name.removeprefix("MQTT_").lower()


_QOS = values.Integer(0, 2)

KEYS: tuple[Key, ...] = (
    Key("MQTT_URI", values.text, secret=True, in_query=False),
    Key("MQTT_HOST", values.host, in_query=False),
    Key("MQTT_PORT", values.Integer(1, 65_535), in_query=False),
    Key("MQTT_USERNAME", values.text),
    Key("MQTT_PASSWORD", values.text, secret=True),
    Key("MQTT_PREFIX", values.prefix),
    Key("MQTT_CLIENT_ID", values.text),
    Key("MQTT_PROTOCOL_VERSION", values.protocol_version),
    Key("MQTT_TRANSPORT", values.Choice(("tcp", "websockets"))),
    Key("MQTT_WEBSOCKET_PATH", values.text),
    Key("MQTT_KEEPALIVE", values.Integer(0, 65_535, "seconds")),
    Key("MQTT_CONNECT_TIMEOUT", values.Seconds(0.001, 3_600)),
    Key("MQTT_CLEAN_START", values.boolean),
    Key("MQTT_SESSION_EXPIRY", values.Integer(0, _SECONDS_MAX, "seconds")),
    Key("MQTT_RECONNECT_MIN", values.Seconds(0.001, 86_400)),
    Key("MQTT_RECONNECT_MAX", values.Seconds(0.001, 86_400)),
    Key("MQTT_AUTOSTART", values.Choice(("auto", "always", "never"))),
    Key("MQTT_RUNNER", values.Choice(("auto", "threads"))),
    Key("MQTT_HANDLER_THREADS", values.Integer(1, 256)),
    Key("MQTT_DRAIN_SECONDS", values.Seconds(0, 3_600)),
    Key("MQTT_CONSUME", values.boolean),
    Key("MQTT_OUTBOX_BYTES_MAX", values.Integer(1_024, _BYTES_MAX, "bytes")),
    Key("MQTT_OUTBOX_FULL", values.Choice(("block", "raise", "drop_oldest"))),
    Key("MQTT_INBOX_BYTES_MAX", values.Integer(1_024, _BYTES_MAX, "bytes")),
    Key("MQTT_RECEIVE_MAXIMUM", values.Integer(1, 65_535)),
    Key("MQTT_PACKET_BYTES_MAX", values.Integer(1_024, 268_435_460, "bytes")),
    Key("MQTT_WILL_TOPIC", values.topic),
    Key("MQTT_WILL_PAYLOAD", values.payload),
    Key("MQTT_WILL_QOS", _QOS),
    Key("MQTT_WILL_RETAIN", values.boolean),
    Key("MQTT_WILL_DELAY", values.Integer(0, _SECONDS_MAX, "seconds")),
    Key("MQTT_STATUS_TOPIC", values.topic),
    Key("MQTT_TLS_CA_CERTS", values.file),
    Key("MQTT_TLS_CERTFILE", values.file),
    Key("MQTT_TLS_KEYFILE", values.file),
    Key("MQTT_TLS_KEY_PASSWORD", values.text, secret=True),
    Key("MQTT_TLS_SERVER_NAME", values.host),
    Key("MQTT_TLS_MIN_VERSION", values.tls_version),
    Key("MQTT_TLS_ALPN", values.words),
    Key("MQTT_TLS_CIPHERS", values.text),
    Key("MQTT_TLS_INSECURE", values.boolean),
    Key("MQTT_DYNSEC_PLAIN_PASSWORDS", values.boolean),
)

BY_NAME = {key.name: key for key in KEYS}
BY_FIELD = {key.field: key for key in KEYS}

# Keys of Flask-MQTT that mean nothing here, and what stands in their place.
_FLASK_MQTT_KEYS = {
    "MQTT_BROKER_URL": "MQTT_HOST",
    "MQTT_BROKER_PORT": "MQTT_PORT",
    "MQTT_CLEAN_SESSION": "MQTT_CLEAN_START",
    "MQTT_CONNECTION_TIMEOUT": "MQTT_CONNECT_TIMEOUT",
    "MQTT_LAST_WILL_TOPIC": "MQTT_WILL_TOPIC",
    "MQTT_LAST_WILL_MESSAGE": "MQTT_WILL_PAYLOAD",
    "MQTT_LAST_WILL_QOS": "MQTT_WILL_QOS",
    "MQTT_LAST_WILL_RETAIN": "MQTT_WILL_RETAIN",
    "MQTT_TLS_ENABLED": "mqtts:// in MQTT_URI",
    "MQTT_TLS_CERT_REQS": "MQTT_TLS_INSECURE",
    "MQTT_TLS_VERSION": "MQTT_TLS_MIN_VERSION",
    "MQTT_REFRESH_TIME": "",
}


def advice_on_unknown(name: str) -> str:
    """A sentence on a key that is not known: what to use instead."""
    if name in _FLASK_MQTT_KEYS:
        instead = _FLASK_MQTT_KEYS[name]
        return f"{name} is a key of Flask-MQTT; " + (f"use {instead}." if instead else "remove it.")
    near = difflib.get_close_matches(name, BY_NAME, n=1, cutoff=0.0)
    return f"{name} is not a key of MultiMQTT. Did you mean {near[0]}?"


def nearest_field(name: str) -> str:
    """The name in a query that is most like `name`."""
    fields = [key.field for key in KEYS if key.in_query]
    return difflib.get_close_matches(name, fields, n=1, cutoff=0.0)[0]
