"""From the settings of an application to the arguments of the engine's client."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
import typing as t

from . import _native
from .config import Settings
from .message import Message

# MQTT 3.1 allows no longer client identifiers.
_V3_1_CLIENT_ID_BYTES_MAX = 23

# From here on, on average, other handler threads help one. A handler that computes gains nothing by that,
# since only one thread at a time runs Python: helping it would only make them take turns. What takes longer
# than this most likely waits for something, and a thread that waits lets others run.
_QUICK_HANDLER_US = 100


def client_options(settings: Settings, client_id: str, *, publisher_only: bool) -> dict[str, t.Any]:
    """The keyword arguments for `_native.Client`.

    Args:
        settings: Of the application.
        client_id: As `unique_client_id` or the configuration gives it.
        publisher_only: Leave the will and the session to the process that handles messages.
    """
    options: dict[str, t.Any] = {
        "endpoints": [
            _native.Endpoint(t.cast(t.Any, place.transport), place.host, place.port, settings.websocket_path)
            for place in settings.endpoints
        ],
        "username": settings.username,
        "password": settings.password,
        "prefix": settings.prefix,
        "client_id": client_id,
        "version": settings.protocol_version or "auto",
        "clean_start": settings.clean_start or publisher_only,
        "session_expiry_s": 0 if publisher_only else settings.session_expiry,
        "keep_alive_s": settings.keepalive,
        "connect_timeout_s": settings.connect_timeout,
        "reconnect_min_s": settings.reconnect_min,
        "reconnect_max_s": settings.reconnect_max,
        "outbox_full": settings.outbox_full,
        "quick_handler_us": _QUICK_HANDLER_US,
        "drain_s": settings.drain_seconds,
        "tls_min_version": settings.tls_min_version,
        "tls_alpn": settings.tls_alpn,
        "tls_insecure": settings.tls_insecure,
        "message_type": Message,
    }
    # The engine knows the defaults of these; what is not set is left to it.
    for name in (
        "outbox_bytes_max",
        "inbox_bytes_max",
        "receive_maximum",
        "packet_bytes_max",
        "tls_ca_certs",
        "tls_certfile",
        "tls_keyfile",
        "tls_key_password",
        "tls_server_name",
        "tls_ciphers",
    ):
        value = getattr(settings, name)
        if value is not None:
            options[name] = value
    if not publisher_only:
        options.update(_will_options(settings))
    return options


def unique_client_id(settings: Settings, name: str) -> str:
    """A client identifier that no other process and no other client of this process has.

    Args:
        settings: For the protocol version, because MQTT 3.1 allows 23 bytes only.
        name: What it begins with, such as the application's name.
    """
    base = re.sub(r"[^A-Za-z0-9._-]", "", f"{name}-{socket.gethostname()}")
    found = f"{base}-{os.getpid()}-{secrets.token_hex(4)}"
    if settings.protocol_version == 3 and len(found) > _V3_1_CLIENT_ID_BYTES_MAX:
        return hashlib.sha256(found.encode()).hexdigest()[:_V3_1_CLIENT_ID_BYTES_MAX]
    return found


def _will_options(settings: Settings) -> dict[str, t.Any]:
    will = settings.will
    if will is None:
        return {}
    return {
        "will_topic": will.topic,
        "will_payload": will.payload,
        "will_qos": will.qos,
        "will_retain": will.retain,
        "will_delay_s": will.delay,
    }
