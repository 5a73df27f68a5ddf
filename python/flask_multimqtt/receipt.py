"""What became of one publish, and the thread that tells when it is known."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import logging
import os
import threading
import typing as t

from . import _native
from .errors import MultiMQTTError, PublishError, TimedOut

_log = logging.getLogger("flask_multimqtt")

# How long the watch waits for the oldest receipt before it looks at the others, in seconds. Brokers answer
# in order, so this is rarely reached; it bounds the delay when they do not.
_LOOK_AT_OTHERS_S = 0.05

Callback = t.Callable[["Receipt"], object]


class Receipt:
    """A handle on one publish, which ends exactly once: well, or with a `PublishError`.

    With QoS 0 there is no acknowledgement: the receipt is done when the message is in the outbox.

    Threads: any thread may use it at any time.
    """

    __slots__ = ("_receipt", "_watch")

    def __init__(self, receipt: _native.Receipt, watch: ReceiptWatch) -> None:
        self._receipt = receipt
        self._watch = watch

    @property
    def done(self) -> bool:
        """True once the outcome is known."""
        return self._receipt.done

    @property
    def reason(self) -> int:
        """The broker's MQTT reason code of a publish that ended well; 0x10 tells that nobody listens."""
        return self._receipt.reason

    @property
    def exception(self) -> PublishError | None:
        """Why the publish failed; None when it ended well or has not ended."""
        failure = self._receipt.failure
        return None if failure is None else _publish_error(failure)

    def wait(self, timeout: float | None = None) -> None:
        """Waits until the broker has acknowledged the message.

        Args:
            timeout: Longest wait in seconds; None waits as long as it takes.

        Raises:
            PublishError: The publish failed; it carries the broker's reason.
            TimedOut: The outcome is not known yet; the message is still on its way.
        """
        try:
            self._receipt.wait(timeout)
        except (TimedOut, PublishError):
            raise
        except MultiMQTTError as error:
            raise _publish_error(error) from None

    def add_done_callback(self, callback: Callback) -> None:
        """Calls `callback(receipt)` when the outcome is known: at once, or later on a thread of the package.

        What the callback raises is logged. It must not block: other callbacks wait for it.

        Raises:
            PublishError: In a forked child, for a publish of its parent that was not done before.
        """
        if self._receipt.done:
            _call(callback, self)
        else:
            self._watch.add(self, callback)

    def __await__(self) -> t.Generator[t.Any, None, None]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def settle() -> None:
            if future.done():
                return
            failure = self.exception
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(failure)

        def wake(_: Receipt) -> None:
            with contextlib.suppress(RuntimeError):  # The loop was closed; nobody waits any more.
                loop.call_soon_threadsafe(settle)

        self.add_done_callback(wake)
        return future.__await__()

    def __repr__(self) -> str:
        if not self.done:
            return "<Receipt pending>"
        failure = self._receipt.failure
        return "<Receipt done>" if failure is None else f"<Receipt failed: {failure}>"


class ReceiptWatch:
    """Calls the callbacks of receipts, on a thread that is started for the first of them.

    It is not one of the handler threads, so that a handler may wait for what a callback does.
    """

    def __init__(self) -> None:
        self._process_id = os.getpid()
        self._changed = threading.Condition()
        self._pending: collections.deque[tuple[Receipt, Callback]] = collections.deque()
        self._thread: threading.Thread | None = None

    def add(self, receipt: Receipt, callback: Callback) -> None:
        """Calls `callback(receipt)` when the receipt is done."""
        if self._process_id != os.getpid():
            raise PublishError(
                "This message was published by the parent of this forked process; only the parent learns "
                "what became of it.",
                code="inherited",
            )
        with self._changed:
            self._pending.append((receipt, callback))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="multimqtt-receipts", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._pending:
                    self._thread = None
                    return
                oldest = self._pending[0][0]
            with contextlib.suppress(MultiMQTTError):  # The callback asks for the outcome itself.
                oldest.wait(_LOOK_AT_OTHERS_S)
            for receipt, callback in self._take_done():
                _call(callback, receipt)

    def _take_done(self) -> list[tuple[Receipt, Callback]]:
        done: list[tuple[Receipt, Callback]] = []
        with self._changed:
            while self._pending and self._pending[0][0].done:
                done.append(self._pending.popleft())
            if not done:  # The oldest takes long, so others may have overtaken it.
                still_pending: collections.deque[tuple[Receipt, Callback]] = collections.deque()
                for entry in self._pending:
                    (done if entry[0].done else still_pending).append(entry)
                self._pending = still_pending
        return done


def _call(callback: Callback, receipt: Receipt) -> None:
    try:
        callback(receipt)
    except Exception:
        _log.exception("A callback of a receipt failed.")


def _publish_error(failure: BaseException) -> PublishError:
    if isinstance(failure, PublishError):
        return failure
    return PublishError(str(failure), code=getattr(failure, "code", ""))
