"""A lock that a forked child finds free."""

from __future__ import annotations

import os
import threading
import typing as t


class ProcessLock:
    """A re-entrant lock, as a context manager; each process has its own.

    A plain lock that a thread of the parent holds at the moment of the fork stays locked in the child for
    ever, because that thread does not exist there. The child sees what the lock guards as that thread left
    it, so keep each change a single assignment.
    """

    __slots__ = ("_by_process",)

    def __init__(self) -> None:
        self._by_process: dict[int, t.Any] = {}

    def __enter__(self) -> None:
        process_id = os.getpid()
        lock = self._by_process.get(process_id)
        if lock is None:
            # One step of the interpreter, so that threads which come at once get the same lock.
            lock = self._by_process.setdefault(process_id, threading.RLock())
        lock.acquire()

    def __exit__(self, *_: object) -> None:
        lock = self._by_process.get(os.getpid())
        if lock is not None:  # Else the process was forked inside of the block: there is nothing to release.
            lock.release()
