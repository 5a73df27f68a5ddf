"""The one connection that a `MultiMQTT` has for one application in this process."""

from __future__ import annotations

import contextlib
import inspect
import logging
import os
import queue
import time
import typing as t
import weakref

from flask import Flask

from . import _native, exit_hook, roles
from .client_options import client_options, unique_client_id
from .config import Settings
from .errors import MultiMQTTError, NotConnected
from .process_lock import ProcessLock
from .receipt import Receipt, ReceiptWatch
from .roles import Role
from .runner import Runner
from .topic import Handler, Topic

if t.TYPE_CHECKING:
    from .extension import MultiMQTT

_log = logging.getLogger("flask_multimqtt")


class Closing(t.NamedTuple):
    """An engine client on its way out.

    Attributes:
        drain: How long it may go on, in seconds.
        deadline: When that is over, a time of `time.monotonic`.
    """

    client: _native.Client
    runner: Runner | None
    drain: float
    deadline: float


class Connection:
    """The life of one connection, from `init_app` on; across forks and several starts.

    It begins armed, with nothing opened. `start` makes it consume: handlers run in this process. In a command
    of `flask` and in a forked child, `publish` opens it for publishing only.

    Attributes:
        client: The engine client once there is one. `publish` reads it without a lock.
        done: The receipt of every QoS 0 publish, once there was one.
        role: What this process is.
        publisher_only: The present client serves `publish` alone.
        wanted: `connect` was called where it could not be obeyed.
        client_id_suffix: What tells the workers of one server apart when they share a configured client id.

    Threads: every method from any thread.
    """

    def __init__(self, mqtt: MultiMQTT, app: Flask, settings: Settings) -> None:
        self.mqtt = mqtt
        self.app = app
        self.settings = settings
        self.role = roles.detect()
        self.wanted = False
        self.client_id_suffix = ""
        self.client: _native.Client | None = None
        self.watch = ReceiptWatch()
        self.done: Receipt | None = None
        self._inherited = False
        self._lock = ProcessLock()
        self._reset()
        exit_hook.close_at_exit(self)

    def _reset(self) -> None:
        self._runner: Runner | None = None
        self._finalizer: weakref.finalize[..., Connection] | None = None
        self._started = False
        self.publisher_only = False
        self._closed = False
        self._waiting_for_end: list[queue.SimpleQueue[None]] = []
        self._process_id = os.getpid()  # Last: whoever finds it right finds the rest right, without a lock.

    # Where it stands.

    @property
    def state(self) -> str:
        """One of "armed", "connecting", "running", "draining", "stopped" and "inherited"."""
        self.check_process()
        client = self.client
        if client is not None:
            return client.state
        if self._inherited:
            return "inherited"
        return "stopped" if self._closed else "armed"

    def check_process(self) -> None:
        """Forgets the parent's connection when this is a forked child."""
        if self._process_id == os.getpid():
            return
        with self._lock:
            if self._process_id == os.getpid():
                return
            if self._started:
                self._inherited = True
                # The parent goes on under the configured identifier; two clients of one throw each other out.
                self.client_id_suffix = f"-{os.getpid()}"
            self.client = None
            self.watch = ReceiptWatch()
            self.role = roles.detect()
            self._reset()

    def starts_by_itself(self) -> bool:
        """Whether this process may connect without being told to."""
        autostart = self.settings.autostart
        if self.role.never_connects or autostart == "never":
            return False
        return autostart == "always" or not (self.app.testing or roles.runs_under_pytest())

    # Its life.

    def start(self) -> None:
        """Starts the connection and the handlers; does nothing when that was done already.

        Raises:
            NotConnected: The interpreter is exiting.
            ConfigError: The engine found a setting that cannot be used, such as an unreadable certificate.
        """
        self.check_process()
        with self._lock:
            if self._started and not self.publisher_only:
                return
            publisher = self.client if self._started else None
            self._start(publisher_only=False)
        if publisher is not None:
            publisher.close(self.settings.drain_seconds)

    def autostart(self) -> None:
        """Starts when this is a process that handles messages, and logs what keeps it from starting."""
        self.check_process()
        if self._started or self._closed or self._inherited or self.role is Role.FLASK_COMMAND:
            return
        if not self.starts_by_itself() and not (self.wanted and not self.role.never_connects):
            return
        try:
            self.start()
        except MultiMQTTError as error:
            self.app.logger.error("MultiMQTT could not start: %s", error)
        except Exception:  # Such as an `async def` handler without the packages that Flask needs for it.
            self.app.logger.exception("MultiMQTT could not start.")

    def client_to_publish(self) -> _native.Client:
        """The engine client for `publish`, started when this process may start by itself.

        Where it may not, such as in tests, messages wait in the outbox for `connect`.

        Raises:
            NotConnected: The connection was closed, or this process only starts others.
        """
        self.check_process()
        with self._lock:
            if self.client is not None:
                return self.client
            if self._closed:
                raise NotConnected("MultiMQTT was closed; call connect() to open it again.")
            if self.role in (Role.GUNICORN_MASTER, Role.UWSGI_MASTER):
                raise NotConnected(
                    "This is the master process of the server, which never connects; publish from a worker, "
                    "such as in a request or in a post-fork hook."
                )
            if not self.starts_by_itself():
                return self._make_client(publisher_only=False)
            self._start(publisher_only=self._inherited or self.role is Role.FLASK_COMMAND)
            return t.cast(_native.Client, self.client)

    def done_receipt(self, native: _native.Receipt) -> Receipt:
        """The receipt of every QoS 0 publish; they all say the same, so they share one."""
        if self.done is None:
            self.done = Receipt(native, self.watch)
        return self.done

    def close(self, drain: float | None = None) -> None:
        """Ends the connection: running handlers finish, accepted messages are sent, for `drain` seconds."""
        closing = self.begin_to_close(drain)
        if closing is not None:
            closing.client.close(closing.drain)
            self.finish_closing(closing)

    def begin_to_close(self, drain: float | None = None) -> Closing | None:
        """Says goodbye on the status topic; what is left to do is to close the engine client and to finish.

        Returns:
            Nothing when there is nothing to close.
        """
        if self._process_id != os.getpid():
            return None  # It is the parent's.
        with self._lock:
            client, runner, started = self.client, self._runner, self._started
            self._closed = True
        if client is None:
            return None
        if not started:
            drain = 0.0  # What waits for a connection waits in vain.
        elif drain is None:
            drain = self.settings.drain_seconds
        if started:
            self._say_offline(client)
        return Closing(client, runner, drain, time.monotonic() + drain)

    def finish_closing(self, closing: Closing) -> None:
        """Waits for the handler threads of a client that has been closed, and forgets both."""
        if closing.runner is not None:
            closing.runner.join(closing.deadline)
        with self._lock:
            if self.client is closing.client:
                self.client = None
                self._runner = None
                self._started = False
                if self._finalizer is not None:
                    self._finalizer.detach()
            for waiting in self._waiting_for_end:
                waiting.put(None)
            self._waiting_for_end.clear()

    def leave_to_reloader_child(self) -> None:
        """Makes this the process that only watches the one that serves."""
        self.role = Role.RELOADER_PARENT
        self.close(0)

    def end(self) -> queue.SimpleQueue[None]:
        """A queue that gets an item when the connection is closed; signal handlers may put one too."""
        ended: queue.SimpleQueue[None] = queue.SimpleQueue()
        with self._lock:
            self._waiting_for_end.append(ended)
        return ended

    # Routes.

    def filter_of(self, topic: Topic) -> str:
        """The topic filter as the broker gets it."""
        if topic.options.no_prefix:
            return topic.filter
        if not topic.shared:
            return self.settings.absolute(topic.filter)
        share, group, rest = topic.filter.split("/", 2)
        return f"{share}/{group}/{self.settings.absolute(rest)}"

    def topic_changed(self, topic: Topic) -> None:
        """Takes over the topic's handlers, when messages are handled here."""
        self.check_process()
        with self._lock:
            if self._runner is not None and self._handles_messages():
                self._add_route(self._runner, topic)
                if self._started:
                    self._runner.grow(self.settings.handler_threads)

    def calls_of(self, runner: Runner, route_id: int) -> tuple[Topic, tuple[Handler, ...]]:
        """The functions of a route that is just being added."""
        with self._lock:
            return runner.calls[route_id]

    # What the runner tells.

    def on_connected(self) -> None:
        """Says on the status topic that this process is there."""
        client = self.client
        if self.settings.status_topic is None or client is None or self.publisher_only:
            return
        with contextlib.suppress(NotConnected):  # It is being closed already.
            client.publish(self.settings.status_topic, "online", 1, True)

    # The rest is private; `_lock` is held.

    def _start(self, *, publisher_only: bool) -> None:
        if exit_hook.is_exiting():
            raise NotConnected("The interpreter is exiting; nothing can be connected any more.")
        waiting = self.client if not self._started else None
        client = waiting or self._make_client(publisher_only=publisher_only)
        runner = t.cast(Runner, self._runner)
        client.connect()
        try:
            # One thread at least: it passes on what the engine logs.
            runner.grow(self.settings.handler_threads if runner.calls else 1)
        except RuntimeError as error:
            # Since 3.12 Python starts no thread in an exit hook; what is published there needs none.
            if "shutdown" not in str(error):
                raise
        self._started = True
        self._closed = False

    def _make_client(self, *, publisher_only: bool) -> _native.Client:
        settings = self.settings
        client = _native.Client(
            **client_options(settings, self._client_id(publisher_only), publisher_only=publisher_only)
        )
        runner = Runner(self, client)
        self.publisher_only = publisher_only
        if self._handles_messages():
            for topic in self.mqtt.topics:
                self._add_route(runner, topic)
        self._runner = runner
        self.client = client
        # Handler threads hold the engine client, so its end cannot wait for theirs.
        self._finalizer = weakref.finalize(self, client.close, 0)
        self._finalizer.atexit = False
        return client

    def _client_id(self, publisher_only: bool) -> str:
        configured = self.settings.client_id
        if configured is None:
            return unique_client_id(self.settings, self.app.name)
        if publisher_only:
            return unique_client_id(self.settings, f"{configured}-publisher")
        return configured + self.client_id_suffix

    def _handles_messages(self) -> bool:
        return self.settings.consume and not self.publisher_only

    def _add_route(self, runner: Runner, topic: Topic) -> None:
        if topic.handlers:
            runner.add_route(topic, tuple(self._callable(handler) for handler in topic.handlers))

    def _callable(self, handler: Handler) -> Handler:
        """The handler as a function that waits for its end, also when it is `async def`."""
        call = getattr(handler, "__call__", None)  # noqa: B004 - an object may be called by a coroutine.
        if not inspect.iscoroutinefunction(handler) and inspect.iscoroutinefunction(call):
            handler = call
        return self.app.ensure_sync(handler)

    def _say_offline(self, client: _native.Client) -> None:
        # Without a connection the broker has published the will, which says the same.
        if self.settings.status_topic is None or self.publisher_only or not client.connected:
            return
        try:
            client.publish(self.settings.status_topic, "offline", 1, True)
        except MultiMQTTError as error:
            _log.warning("The status topic could not be set to offline: %s", error)
