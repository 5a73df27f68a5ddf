"""What happens to open connections when the interpreter exits."""

from __future__ import annotations

import atexit
import threading
import time
import typing as t
import weakref

from . import _native, roles

if t.TYPE_CHECKING:
    from .connection import Connection

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


def connections() -> list[Connection]:
    """Every connection that there is."""
    return list(_connections)


@atexit.register
def _close_all() -> None:
    _exiting.set()
    began = time.monotonic()
    for connection in connections():
        drain = connection.settings.drain_seconds
        if roles.is_reloader_child():
            drain = min(drain, _RELOADER_DRAIN_S)
        # One deadline for all of them: the time since `began` counts for each.
        connection.close(max(0.0, drain - (time.monotonic() - began)))
    _native.close_gate()
