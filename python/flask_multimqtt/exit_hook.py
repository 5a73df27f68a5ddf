"""What happens to open connections when the interpreter exits."""

from __future__ import annotations

import atexit
import logging
import threading
import typing as t
import weakref

from . import _native, roles

if t.TYPE_CHECKING:
    from .connection import Connection

_log = logging.getLogger("flask_multimqtt")

# Every restart of a reloader waits for the drain, so it gets less than the configured time, in seconds.
_RELOADER_DRAIN_S = 0.5

_connections: weakref.WeakSet[Connection] = weakref.WeakSet()
_exiting = threading.Event()


def close_at_exit(connection: Connection) -> None:
    """Has the connection closed, within its drain time, when the interpreter exits."""
    _connections.add(connection)


def is_exiting() -> bool:
    """True once the exit hook has begun; nothing is started any more."""
    return _exiting.is_set()


@atexit.register
def _close_all() -> None:
    _exiting.set()
    try:
        _close_at_once(list(_connections))
    except Exception:
        _log.exception("The connections could not be closed in order.")
    finally:
        _native.close_gate()


def _close_at_once(connections: list[Connection]) -> None:
    """Closes all in the time of one, so that a broker that is away costs the others nothing."""
    closings = [(connection, connection.begin_to_close(_drain_of(connection))) for connection in connections]
    begun = [(connection, closing) for connection, closing in closings if closing is not None]
    if begun:
        _native.close_clients([(closing.client, closing.drain) for _, closing in begun])
    for connection, closing in begun:
        connection.finish_closing(closing)


def _drain_of(connection: Connection) -> float:
    drain = connection.settings.drain_seconds
    return min(drain, _RELOADER_DRAIN_S) if roles.is_reloader_child() else drain
