"""Handler threads: they pull what happened from one engine client and call the application's functions."""

from __future__ import annotations

import logging
import threading
import time
import typing as t
import weakref

from . import _native, signals
from .topic import Handler, Topic

if t.TYPE_CHECKING:
    from .connection import Connection

_log = logging.getLogger("flask_multimqtt")

# Deliveries that a thread takes at once. Those that it has not begun go to other threads when a handler
# holds it up, so a large batch delays nobody; 64 makes the cost of taking disappear.
_BATCH_MAX = 64

_LOG_LEVELS = {
    _native.LEVEL_INFO: logging.INFO,
    _native.LEVEL_WARNING: logging.WARNING,
    _native.LEVEL_ERROR: logging.ERROR,
}


class Runner:
    """The handler threads of one engine client, and which functions each of its routes calls.

    Threads: `add_route` and `grow` under the lock of the connection; the rest from any thread.
    """

    def __init__(self, connection: Connection, client: _native.Client) -> None:
        self.client = client
        self.calls: dict[int, tuple[Topic, tuple[Handler, ...]]] = {}
        self._route_ids: dict[Topic, int] = {}
        self._connection = weakref.ref(connection)
        self._threads: list[threading.Thread] = []

    def add_route(self, topic: Topic, handlers: tuple[Handler, ...]) -> None:
        """Lets messages of the topic run these functions; the first time it is subscribed to."""
        route_id = self._route_ids.get(topic)
        if route_id is None:
            options = topic.options
            route_id = self.client.register_topic(
                topic.name,
                qos=options.qos,
                no_local=options.nolocal,
                no_prefix=options.no_prefix,
                ack=options.ack,
                retained=options.retained,
                ordered_by=options.ordered_by or "",
            ).id
            self._route_ids[topic] = route_id
        self.calls[route_id] = (topic, handlers)

    def grow(self, threads: int) -> None:
        """Starts handler threads until there are as many as `threads`."""
        while len(self._threads) < threads:
            thread = threading.Thread(
                target=_run,
                args=(self, self._connection),
                name=f"multimqtt-handler-{len(self._threads) + 1}",
                daemon=True,
            )
            thread.start()
            self._threads.append(thread)

    def join(self, deadline: float) -> bool:
        """Waits until `deadline`, a time of `time.monotonic`, for the threads to end; True when all have."""
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)


def _run(runner: Runner, connection_reference: weakref.ref[Connection]) -> None:
    client = runner.client
    while True:
        batch = client.take(_BATCH_MAX)
        if not batch:
            if client.state in ("stopped", "inherited"):
                return
            continue
        # Only while there is something to do does the thread keep the application alive.
        connection = connection_reference()
        if connection is None:
            return
        try:
            _dispatch(runner, connection, batch)
        except Exception:
            _log.exception("A handler thread met an error outside of a handler; it goes on.")
        del connection, batch


def _dispatch(runner: Runner, connection: Connection, batch: _native.Batch) -> None:
    for delivery in batch:
        try:
            route_id = delivery.route_id
            if route_id:  # Only messages have one.
                _handle(runner, connection, batch, delivery, route_id)
            else:
                _tell(connection, delivery)
        except BaseException:  # Neither the thread nor the rest of the batch may end with it.
            _log.exception("A handler thread met an error outside of a handler; it goes on.")


def _handle(
    runner: Runner, connection: Connection, batch: _native.Batch, delivery: _native.Delivery, route_id: int
) -> None:
    app = connection.app
    mqtt = connection.mqtt
    # A message can arrive before `add_route` has stored the identifier that it was given.
    topic, handlers = runner.calls.get(route_id) or connection.calls_of(runner, route_id)
    for handler in handlers:
        try:
            with app.app_context():
                delivery.call(handler, mqtt)
                if signals.message_handled.receivers:
                    signals.send(
                        signals.message_handled, app, mqtt=mqtt, message=delivery.message, topic=topic
                    )
        except BaseException as error:  # Not even SystemExit may end the thread.
            batch.failed()
            _report_failure(connection, topic, delivery.message, error)


def _report_failure(
    connection: Connection, topic: Topic, message: _native.Message, error: BaseException
) -> None:
    connection.app.logger.error(
        "The handler of route %r failed on a message of topic %r.", topic.name, message.topic, exc_info=error
    )
    if signals.message_failed.receivers:
        signals.send(
            signals.message_failed,
            connection.app,
            mqtt=connection.mqtt,
            message=message,
            topic=topic,
            exception=error,
        )


def _tell(connection: Connection, delivery: _native.Delivery) -> None:
    if delivery.kind == _native.KIND_LOG:
        _log.log(_LOG_LEVELS[delivery.level], "%s", delivery.text)
    elif connection.publisher_only:
        return  # The process that handles messages looks after the connection.
    elif delivery.kind == _native.KIND_CONNECTED:
        connection.on_connected()
        _call_each(connection, connection.mqtt.connect_handlers, "on_connect")
        signals.send(signals.connected, connection.app, mqtt=connection.mqtt)
    elif delivery.kind == _native.KIND_DISCONNECTED:
        _call_each(connection, connection.mqtt.disconnect_handlers, "on_disconnect")
        failure = delivery.failure
        signals.send(signals.disconnected, connection.app, mqtt=connection.mqtt, failure=failure)


def _call_each(connection: Connection, handlers: t.Iterable[Handler], name: str) -> None:
    for handler in handlers:
        try:
            with connection.app.app_context():
                connection.app.ensure_sync(handler)()
        except BaseException as error:
            connection.app.logger.error("A handler of %s failed.", name, exc_info=error)
