"""The Flask extension: topics are routed to functions, and messages are published, over one connection."""

from __future__ import annotations

import contextlib
import gc
import logging
import signal
import threading
import typing as t
import weakref

from flask import Flask, current_app, has_app_context

from . import _native, autostart, roles, signals
from .config import Settings, unknown_keys
from .connection import Connection
from .dynsec import Dynsec
from .dynsec_calls import DynsecCalls
from .errors import Inherited, NotConnected, TimedOut, exception_for
from .process_lock import ProcessLock
from .receipt import Receipt
from .topic import Ack, Handler, HandlerT, Retained, Topic, TopicOptions
from .topic_table import TopicTable

_native.set_exception_factory(exception_for)

_KEY = "multimqtt"
_log = logging.getLogger("flask_multimqtt")
_JSON_TYPES = (dict, list)

UserProperties = t.Mapping[str, str] | t.Iterable[tuple[str, str]]


class MultiMQTT(DynsecCalls):
    """MQTT for Flask: topics are routed to functions the way URLs are routed to views.

        mqtt = MultiMQTT(app)

        @mqtt.topic("number/<int:number>")
        def number_topic(client, message, number): ...

        mqtt.publish("example", {"hello": "world"})

    One object may serve several applications; each has its own connection. In an app context the calls are
    for its application. Outside, an object that serves exactly one application uses that one.

    Args:
        app: Calls `init_app` with it.
        client_id: Put over MQTT_CLIENT_ID, for every application unless `init_app` says otherwise.

    Threads: every method from any thread, handlers included.
    """

    def __init__(self, app: Flask | None = None, client_id: str | None = None) -> None:
        self._client_id = client_id
        self._lock = ProcessLock()
        self._apps: list[weakref.ref[Flask]] = []
        self._sole: weakref.ref[Connection] | None = None
        self._table = TopicTable(self)
        self.connect_handlers: tuple[t.Callable[[], t.Any], ...] = ()
        self.disconnect_handlers: tuple[t.Callable[[], t.Any], ...] = ()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, client_id: str | None = None) -> None:
        """Attaches the extension to an application. Starts no thread and opens nothing.

        Args:
            app: Its `MQTT_*` configuration is read here, once.
            client_id: Put over MQTT_CLIENT_ID.

        Raises:
            ConfigError: A `MQTT_*` key has a value that is not allowed.
            RuntimeError: `app` was initialised with this object already.
        """
        registered = app.extensions.setdefault(_KEY, {})
        if self in registered:
            raise RuntimeError(
                f"init_app was called twice with the application {app.name!r}; remove one of the calls."
            )
        settings = Settings.from_mapping(app.config, client_id=client_id or self._client_id)
        if not registered:
            for advice in unknown_keys(app.config):
                _log.warning("%s", advice)
        connection = Connection(self, app, settings)
        with self._lock:
            registered[self] = connection
            self._apps = [known for known in self._apps if known() is not None] + [weakref.ref(app)]
            self._sole = weakref.ref(connection) if len(self._apps) == 1 else None
        app.shell_context_processors.append(lambda: {"mqtt": self})
        autostart.arm(connection, connections_of)

    # The connection.

    def connect(self) -> None:
        """Starts the one connection of this process; later calls, from any thread, find it there.

        Never waits for the broker. Seldom needed: servers start it by themselves, see MQTT_AUTOSTART.
        A process that only starts the one that serves, such as the parent of a reloader, does not connect.

        Raises:
            NotConnected: The interpreter is exiting.
        """
        connection = self._connection()
        loading_for_command = connection.role is roles.Role.FLASK_COMMAND and roles.app_is_loading()
        if connection.role.never_connects or loading_for_command:
            connection.wanted = True
            _log.debug("connect() does nothing in this process: it is a %s.", connection.role.value)
            return
        connection.start()

    @property
    def connected(self) -> bool:
        """True while the broker has accepted the connection."""
        client = self._connection().client
        return client is not None and client.connected

    def wait_connected(self, timeout: float | None = None) -> None:
        """Waits until the broker has accepted the connection; starts it when nobody has.

        Args:
            timeout: Longest wait in seconds; None waits as long as it takes.

        Raises:
            NotConnected: It did not; the message has the reason of the last attempt. Or this is the master
                process of a server, which never connects.
        """
        self.connect()
        client = self._waited_for()
        if client is None:
            return
        try:
            client.wait_connected(timeout)
        except TimedOut as error:
            raise NotConnected(str(error)) from None

    def wait_subscribed(self, timeout: float | None = None) -> None:
        """Waits until the broker has answered every subscription of the topics known now.

        Args:
            timeout: Longest wait in seconds; None waits as long as it takes.

        Raises:
            PublishError: The broker refused some; the message names them.
            NotConnected: There is no connection.
            TimedOut: The broker has not answered yet.
        """
        client = self._waited_for()
        if client is not None:
            client.wait_subscribed(timeout)

    def close(self, drain: float | None = None) -> None:
        """Ends the connection; `connect` may open it again.

        Running handlers finish and accepted messages are sent. What is not done in time fails, and the broker
        sends unacknowledged messages again. Called by a handler, it does not wait for that handler.

        Args:
            drain: Longest time for that in seconds; MQTT_DRAIN_SECONDS when not given.
        """
        self._connection().close(drain)

    @contextlib.contextmanager
    def running(self, timeout: float | None = 10.0) -> t.Iterator[MultiMQTT]:
        """Connects, and closes at the end of the `with` block; for tests and scripts.

        Args:
            timeout: Longest wait in seconds for the connection and for the answers to its subscriptions.

        Raises:
            NotConnected: The broker did not accept the connection in time.
        """
        try:
            self.wait_connected(timeout)
            self.wait_subscribed(timeout)
            yield self
        finally:
            self.close()

    def run_forever(self) -> None:
        """Handles messages until SIGTERM, Ctrl-C or `close`, then closes in order and returns.

        The signals reach it in the main thread only; SIGTERM only when nothing else handles it.
        """
        connection = self._connection()
        ended = connection.end()  # Before the start, so that a `close` from now on is noticed.
        connection.start()
        in_main_thread = threading.current_thread() is threading.main_thread()
        handles_sigterm = in_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        if handles_sigterm:
            signal.signal(signal.SIGTERM, lambda *_: ended.put(None))
        try:
            ended.get()
        except KeyboardInterrupt:
            pass
        finally:
            connection.close()
            if handles_sigterm:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def stats(self) -> dict[str, int]:
        """Counters and gauges of the connection by name; empty before there is one."""
        client = self._connection().client
        return {} if client is None else client.statistics()

    def health(self) -> dict[str, t.Any]:
        """What a health check wants to know, ready for JSON.

        Returns:
            `healthy` is true when the broker has accepted the connection; then `state`, `broker`,
            `connection`, which is what was agreed on with the broker or None, and the gauges of `stats` that
            show whether work piles up.
        """
        connection = self._connection()
        client = connection.client
        statistics = self.stats()
        gauges = (
            "routes",
            "subscriptions",
            "outbox_messages",
            "inbox_messages",
            "inflight",
            "handlers_failed",
        )
        return {
            "healthy": self.connected,
            "state": connection.state,
            "broker": connection.settings.address,
            "connection": None if client is None else client.connection(),
            **{name: statistics.get(name, 0) for name in gauges},
        }

    def on_connect(self, handler: t.Any = None, remove: bool = False) -> t.Any:
        """Adds a function without arguments that runs after each connection; usable as a decorator.

        Args:
            handler: Runs in an app context, on a handler thread. Topics need not be subscribed in it.
            remove: Remove the function instead.

        Raises:
            ValueError: The function to remove is not there.
        """
        if handler is None:
            return self.on_connect
        with self._lock:
            self.connect_handlers = _changed(self.connect_handlers, handler, remove)
        return handler

    def on_disconnect(self, handler: t.Any = None, remove: bool = False) -> t.Any:
        """Adds a function without arguments that runs after each loss; see `on_connect`."""
        if handler is None:
            return self.on_disconnect
        with self._lock:
            self.disconnect_handlers = _changed(self.disconnect_handlers, handler, remove)
        return handler

    # Messages in.

    @property
    def topics(self) -> list[Topic]:
        """The declared topics, in their order."""
        return self._table.topics()

    def register_topic(
        self,
        name: str,
        qos: int = 0,
        nolocal: bool = False,
        route_name: str | None = None,
        *,
        ack: Ack = "success",
        retained: Retained = "deliver",
        ordered_by: str | None = None,
        no_prefix: bool = False,
    ) -> Topic:
        """Declares a subscription; before, during or after the connection.

        Args:
            name: A topic or pattern, such as "home/sensor/#" or "number/<int:number>". The placeholders are
                `<name>` or `<str:name>` for one level that is not empty, `<int:name>`, `<float:name>`,
                `<uuid:name>`, and `<path:name>` for all levels to the end.
            qos: QoS to ask of the broker, 0 to 2.
            nolocal: MQTT 5 only: not the messages that this connection published itself.
            route_name: For `topic_for`; the pattern itself when not given.
            ack: When a QoS 1 or 2 message is acknowledged: after its handlers ("success"), at once
                ("receive"), or by `message.ack()` ("manual").
            retained: What happens to messages that the broker had kept: "deliver", "ignore", or "only" them.
            ordered_by: The placeholder whose value keeps messages in order; else the whole topic does.
            no_prefix: Take the topic as it is, as for "$SYS/#".

        Returns:
            The topic. The same name twice gives the same one.

        Raises:
            PatternError: The pattern is wrong, is there already with other options, or the route's name
                belongs to another pattern.
            ConfigError: An option has a value that is not allowed.
        """
        options = TopicOptions(qos, nolocal, ack, retained, ordered_by, no_prefix)
        return self._table.declare(name, options, given_name=route_name)

    def topic(
        self,
        topic: str,
        nolocal: bool = False,
        name: str | None = None,
        *,
        qos: int = 0,
        ack: Ack = "success",
        retained: Retained = "deliver",
        ordered_by: str | None = None,
        no_prefix: bool = False,
    ) -> t.Callable[[HandlerT], HandlerT]:
        """Routes a topic to the function below: `register_topic` and `on_message` in one.

        Args:
            topic: The pattern.
            nolocal: See `register_topic`, as all other options.
            name: For `topic_for`; the function's name when not given.
            qos: QoS to ask of the broker, 0 to 2.
            ack: When a message is acknowledged.
            retained: What happens to messages that the broker had kept.
            ordered_by: The placeholder whose value keeps messages in order.
            no_prefix: Take the topic as it is.

        Raises:
            PatternError: See `register_topic`.
            ConfigError: See `register_topic`.
        """
        options = TopicOptions(qos, nolocal, ack, retained, ordered_by, no_prefix)

        def decorate(handler: HandlerT) -> HandlerT:
            implied_name = getattr(handler, "__name__", None)
            declared = self._table.declare(topic, options, given_name=name, implied_name=implied_name)
            declared.on_message(handler)
            return handler

        return decorate

    def topic_for(self, name: str | None = None, /, absolute: bool = False, **values: t.Any) -> str:
        """The topic of a route, as `url_for` gives the URL of a view.

        Args:
            name: The route's name: its function's, or the one that was given. Given by keyword it names the
                route too, but then no placeholder can be called "name".
            absolute: Put the prefix before it.
            **values: One value for each placeholder.

        Raises:
            TopicError: There is no such route, or a value is missing, superfluous, or does not fit.
        """
        if name is None:
            if "name" not in values:
                raise TypeError("topic_for() misses the name of the route.")
            name = t.cast(str, values.pop("name"))
        return self._table.named(name).topic_for(absolute, **values)

    # Messages out.

    def publish(
        self,
        topic: str,
        payload: t.Any,
        qos: int = 0,
        retain: bool = False,
        no_prefix: bool = False,
        *,
        expiry: int | None = None,
        user_properties: UserProperties | None = None,
        content_type: str | None = None,
        response_topic: str | None = None,
        correlation_data: bytes | None = None,
    ) -> Receipt:
        """Sends one message: puts it into the outbox and returns.

        Without a connection it waits there for one, within MQTT_OUTBOX_BYTES_MAX. Where MultiMQTT may start
        by itself, the first call does that.

        Args:
            topic: 1 to 65,535 bytes of UTF-8 without "+" and "#"; the prefix is put before it.
            payload: bytes, text, a number, None for nothing; a list or dict becomes JSON.
            qos: 0, 1 or 2.
            retain: Ask the broker to keep the message for future subscribers.
            no_prefix: Take the topic as it is, as for "$CONTROL/...".
            expiry: MQTT 5 only, like all that follow: seconds after which the broker gives the message up.
            user_properties: Pairs of text; a name may occur several times.
            content_type: MIME type of the payload.
            response_topic: Where an answer is expected, with the prefix if there is one.
            correlation_data: What the answer must carry.

        Returns:
            A handle that tells what became of it.

        Raises:
            TopicError: The topic is not allowed in a publish.
            PayloadTooLarge: The packet exceeds MQTT_PACKET_BYTES_MAX or the broker's limit.
            QueueFull: The outbox has no room; nothing was sent.
            NotConnected: The connection was closed.
            TypeError: A payload of another type.
        """
        sole = self._sole
        connection = (sole() if sole is not None else None) or self._connection()
        # The first test is for speed: most payloads are bytes.
        if type(payload) is not bytes and isinstance(payload, _JSON_TYPES):
            payload = connection.app.json.dumps(payload)
        properties = None
        if (
            expiry is not None
            or user_properties is not None
            or content_type is not None
            or response_topic is not None
            or correlation_data is not None
        ):
            properties = _native.Properties(
                expiry_s=expiry,
                content_type=content_type,
                response_topic=response_topic,
                correlation_data=correlation_data,
                user_properties=user_properties or (),
            )
        client = connection.client or connection.client_to_publish()
        try:
            native = client.publish(topic, payload, qos, retain, no_prefix=no_prefix, properties=properties)
        except Inherited:
            native = connection.client_to_publish().publish(
                topic, payload, qos, retain, no_prefix=no_prefix, properties=properties
            )
        if qos:
            receipt = Receipt(native, connection.watch)
        else:
            receipt = connection.done or connection.done_receipt(native)
        if signals.published.receivers or signals.message_dropped.receivers:
            self._signal(connection, topic, payload, qos, retain, receipt)
        return receipt

    def publish_many(
        self,
        messages: t.Iterable[tuple[str, t.Any]],
        qos: int = 0,
        retain: bool = False,
        no_prefix: bool = False,
    ) -> list[Receipt]:
        """Publishes each pair of topic and payload, in order; faster than one by one.

        A message that is refused has a receipt that failed, and does not keep the next from being sent.

        Args:
            messages: Topics and payloads as for `publish`.
            qos: 0, 1 or 2, for all.
            retain: For all.
            no_prefix: For all.

        Returns:
            One receipt for each message.
        """
        connection = self._connection()
        dumps = connection.app.json.dumps
        pairs = [
            (topic, dumps(payload) if isinstance(payload, _JSON_TYPES) else payload)
            for topic, payload in messages
        ]
        client = connection.client or connection.client_to_publish()
        try:
            natives = client.publish_many(pairs, qos, retain, no_prefix=no_prefix)
        except Inherited:
            natives = connection.client_to_publish().publish_many(pairs, qos, retain, no_prefix=no_prefix)
        receipts = [Receipt(native, connection.watch) for native in natives]
        if signals.published.receivers or signals.message_dropped.receivers:
            for (topic, payload), receipt in zip(pairs, receipts, strict=True):
                if receipt.exception is None:
                    self._signal(connection, topic, payload, qos, retain, receipt)
        return receipts

    # Mosquitto's dynamic security.

    @property
    def dynsec(self) -> Dynsec:
        """The commands of Mosquitto's dynamic-security plugin."""
        connection = self._connection()
        settings = connection.settings
        return Dynsec(connection.client_to_publish, settings.prefix, settings.dynsec_plain_passwords)

    # The rest is private.

    def __repr__(self) -> str:
        connections = self._connections()
        if not connections:
            return "<MultiMQTT without an application>"
        places = ", ".join(
            f"{found.app.name}: {found.settings.address} {found.state}" for found in connections
        )
        return f"<MultiMQTT {places}>"

    def _connections(self) -> list[Connection]:
        with self._lock:
            apps = [app for app in (known() for known in self._apps) if app is not None]
        return [app.extensions[_KEY][self] for app in apps]

    def _connection(self) -> Connection:
        """The connection for this call.

        Raises:
            RuntimeError: It is not certain which application is meant.
        """
        connection = self._connection_of_context() or self._only_connection()
        connection.check_process()
        return connection

    def _connection_of_context(self) -> Connection | None:
        if not has_app_context():
            return None
        return t.cast("Connection | None", current_app.extensions.get(_KEY, {}).get(self))

    def _only_connection(self) -> Connection:
        connections = self._connections()
        if len(connections) > 1:
            connections.clear()
            gc.collect()  # Applications of earlier tests are often only waiting for this.
            connections = self._connections()
        if len(connections) == 1:
            return connections[0]
        if not connections:
            raise RuntimeError("This MultiMQTT has no application yet; call init_app(app) first.")
        names = ", ".join(repr(found.app.name) for found in connections)
        raise RuntimeError(
            f"This MultiMQTT serves several applications ({names}), so it must be known which one is meant: "
            "use it inside of `with app.app_context():`."
        )

    def _waited_for(self) -> _native.Client | None:
        """The engine client to wait for; none where an application is only loaded, for another process.

        Raises:
            NotConnected: There is nothing to wait for.
        """
        connection = self._connection()
        if connection.client is None:
            if not connection.wanted:
                raise NotConnected("MultiMQTT is not started; call connect() first.")
            if connection.role is not roles.Role.RELOADER_PARENT and connection.role.never_connects:
                raise NotConnected("The master process of a server never connects; wait in a worker.")
        return connection.client

    def _topic_changed(self, topic: Topic) -> None:
        for connection in self._connections():
            connection.topic_changed(topic)

    def _absolute(self, topic: str) -> str:
        return self._connection().settings.absolute(topic)

    def _signal(
        self, connection: Connection, topic: str, payload: t.Any, qos: int, retain: bool, receipt: Receipt
    ) -> None:
        if signals.message_dropped.receivers and not receipt.done:
            app = connection.app

            def tell(done: Receipt) -> None:
                if done.exception is not None and done.exception.code in ("dropped", "expired"):
                    signals.send(signals.message_dropped, app, mqtt=self, topic=topic, receipt=done)

            receipt.add_done_callback(tell)
        signals.send(
            signals.published,
            connection.app,
            mqtt=self,
            topic=topic,
            payload=payload,
            qos=qos,
            retain=retain,
            receipt=receipt,
        )


def connections_of(app: Flask) -> list[Connection]:
    """Every connection of the application, in the order of `init_app`."""
    return list(app.extensions.get(_KEY, {}).values())


def _changed(
    handlers: tuple[t.Callable[[], t.Any], ...], handler: Handler, remove: bool
) -> tuple[t.Callable[[], t.Any], ...]:
    if not remove:
        return (*handlers, handler)
    if handler not in handlers:
        raise ValueError(f"{handler!r} is not there, so it cannot be removed.")
    found = list(handlers)
    found.remove(handler)
    return tuple(found)
