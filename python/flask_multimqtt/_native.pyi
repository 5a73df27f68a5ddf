"""The C++ engine as Python sees it: values are converted and the interpreter lock is handled, nothing else.

Every failure that the engine reports is raised as the exception that the factory of
`set_exception_factory` makes of it. A wrong type is a `TypeError`, text with lone surrogates a
`UnicodeEncodeError`, or `bad_topic` in a topic; all before anything is queued.

Threads: every function and every object may be used from any thread, except `Batch` and `Delivery`, which
belong to the thread that called `Client.take`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias, TypedDict, final
from uuid import UUID

from typing_extensions import Buffer

_Payload: TypeAlias = Buffer | str | int | float | None
_Value: TypeAlias = str | int | float | UUID
_UserProperties: TypeAlias = Iterable[tuple[str, str]] | Mapping[str, str]
_Kind: TypeAlias = Literal["str", "int", "float", "uuid", "path"]
_Transport: TypeAlias = Literal["tcp", "tls", "websocket", "secure_websocket", "unix_socket"]
_State: TypeAlias = Literal["armed", "connecting", "running", "draining", "stopped", "inherited"]

KIND_MESSAGE: Final = 0
"""`Delivery.kind` of a message for one route: `message`, `route_id`, `captures`, `arguments`."""
KIND_CONNECTED: Final = 1
"""The broker accepted the connection."""
KIND_DISCONNECTED: Final = 2
"""The connection ended: `failure`."""
KIND_LOG: Final = 3
"""A line for people: `level` and `text`."""
KIND_RECEIPT: Final = 4
"""A watched receipt is done: `receipt_key`."""

LEVEL_INFO: Final = 0
LEVEL_WARNING: Final = 1
LEVEL_ERROR: Final = 2

def set_exception_factory(factory: Callable[[str, str, int], BaseException]) -> None:
    """Sets what turns a failure of the engine into an exception, for the whole process.

    Args:
        factory: Called with the name of the error (`"queue_full"`, `"refused"`, ... as in
            `multimqtt::Error`; `"dynsec:client_not_found"`, ... as in `multimqtt::DynsecError`; `"system"`
            for errors of the operating system and of TLS), the sentence for people, and the MQTT reason
            code of the broker, 0 where there is none. Without a factory a failure is a `RuntimeError`.
    """

def close_gate() -> None:
    """Keeps every thread that is inside the engine from coming back into the interpreter, for ever.

    To be called once, last of all, when the interpreter exits, after every client was closed. Afterwards a
    call that would have to wait fails with `closed`.
    """

def close_clients(clients: Iterable[tuple[Client, float | None]]) -> None:
    """Closes many clients, each within its drain time in seconds, in the time of one.

    Not to be called from a handler: it would be waited for.
    """

def parse_uri(uri: str) -> dict[str, object]:
    """Reads a broker address, or several with commas between.

    Returns:
        Keyword arguments for `Client`: `endpoints` always; `username`, `password` and `prefix` when the
        address has them.

    Raises:
        bad_uri: With the part that is wrong, never with the password.
    """

@final
class Endpoint:
    """Where a broker is. For `unix_socket` the host is the path of the socket."""

    def __init__(
        self,
        transport: _Transport = "tcp",
        host: str = "127.0.0.1",
        port: int = 1883,
        path: str = "/mqtt",
    ) -> None: ...
    @property
    def transport(self) -> _Transport: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def path(self) -> str: ...
    def __str__(self) -> str:
        """As a URI without user name and password."""
    def __repr__(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Properties:
    """The MQTT 5.0 properties of a message, sent or received. On 3.1.1 they are not sent.

    Args:
        expiry_s: Message Expiry Interval in seconds, 1 to 4,294,967,295.
        text: Payload Format Indicator: True promises that the payload is UTF-8.
        content_type: MIME type of the payload.
        response_topic: Where an answer is expected; no wildcards.
        correlation_data: What the answer must carry.
        user_properties: Pairs of text; a name may occur several times.

    Spec: MQTT 5.0 section 3.3.2.3.
    """

    def __init__(
        self,
        *,
        expiry_s: int | None = None,
        text: bool | None = None,
        content_type: str | None = None,
        response_topic: str | None = None,
        correlation_data: bytes | None = None,
        user_properties: _UserProperties = (),
    ) -> None: ...
    @property
    def expiry_s(self) -> int | None: ...
    @property
    def text(self) -> bool | None: ...
    @property
    def content_type(self) -> str | None: ...
    @property
    def response_topic(self) -> str | None: ...
    @property
    def correlation_data(self) -> bytes | None: ...
    @property
    def user_properties(self) -> list[tuple[str, str]]: ...
    def __repr__(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]

@final
class Pattern:
    """A topic pattern with typed placeholders, without a client.

    Raises:
        bad_pattern: With a sentence that names the pattern, the place and the cure.
    """

    def __init__(self, text: str) -> None: ...
    @property
    def text(self) -> str:
        """As it was written."""
    @property
    def filter(self) -> str:
        """The topic filter to subscribe to, without the client's prefix."""
    @property
    def share_group(self) -> str:
        """The group of `$share/{group}/...`, empty when the pattern is not shared."""
    @property
    def placeholders(self) -> tuple[tuple[str, _Kind], ...]:
        """Name and kind of each placeholder, in the order of the pattern."""
    def match(self, topic: str) -> tuple[_Value, ...] | None:
        """The values of the placeholders, or None when the topic does not match."""
    def topic_for(self, values: Mapping[str, _Value]) -> str:
        """The topic with values in place of the placeholders, without the client's prefix.

        Raises:
            bad_value: A value is missing, superfluous, or does not fit its placeholder.
            bad_pattern: The pattern has "+" or "#".
        """

@final
class Route:
    """A pattern that was registered with a client. Two with the same `id` are the same route of a client."""

    @property
    def id(self) -> int:
        """Given out in order, from 1."""
    @property
    def pattern(self) -> str: ...
    @property
    def filter(self) -> str:
        """The topic filter, without the client's prefix."""
    @property
    def name(self) -> str: ...
    @property
    def qos(self) -> int: ...
    @property
    def placeholders(self) -> tuple[tuple[str, _Kind], ...]: ...

@final
class Receipt:
    """What became of one publish; it ends exactly once. All QoS 0 publishes share one that is done."""

    @property
    def done(self) -> bool: ...
    @property
    def failure(self) -> BaseException | None:
        """Why the publish failed, made by the exception factory at each call; None while it is not known."""
    @property
    def reason(self) -> int:
        """The broker's reason code of a publish that ended well, such as 0x10, no matching subscribers."""
    @property
    def key(self) -> int:
        """What `Delivery.receipt_key` says for this receipt; 0 for QoS 0. Unique while the receipt exists."""
    def wait(self, timeout_s: float | None = None) -> None:
        """Waits for the outcome with the interpreter unlocked; None waits as long as it takes.

        Raises:
            timed_out: The outcome is not known yet; the message is still on its way.
            other: Why the publish failed.
        """
    def watch(self) -> bool:
        """Asks for a delivery of kind `KIND_RECEIPT` when the receipt is done.

        Returns:
            True when the delivery will come, through `Client.take`; False when the receipt is done already.
            Keep the receipt until then, or its key may be given to another.
        """

class Message:
    """A received message, whose attributes are made when they are asked for.

    It may be kept as long as you like. May be subclassed, without `__init__` and with `__slots__ = ()`: see
    `message_type` of `Client`.

    Args:
        topic: The topic, prefix included.
        payload: The body.
        prefix: What `topic` leaves out, without the slash.

    Threads: any thread may read it.
    """

    def __init__(
        self,
        topic: str,
        payload: Buffer | str = b"",
        *,
        qos: int = 0,
        retain: bool = False,
        dup: bool = False,
        mid: int = 0,
        prefix: str = "",
        properties: Properties | None = None,
    ) -> None: ...
    @property
    def topic(self) -> str:
        """The topic without the client's prefix."""
    @property
    def absolute_topic(self) -> str:
        """The topic as the broker knows it."""
    @property
    def payload(self) -> bytes: ...
    @property
    def text(self) -> str:
        """The payload read as UTF-8.

        Raises:
            UnicodeDecodeError: It is not.
        """
    @property
    def qos(self) -> int: ...
    @property
    def retain(self) -> bool:
        """True for a message that the broker had kept and sent because of a new subscription."""
    @property
    def dup(self) -> bool:
        """True when the broker may have sent this message before."""
    @property
    def mid(self) -> int:
        """The packet identifier, 0 with QoS 0."""
    @property
    def properties(self) -> Properties | None:
        """The MQTT 5.0 properties; None when there are none, as always on 3.1.1."""
    def ack(self, reason: int = 0) -> None:
        """Acknowledges the message to the broker, for routes with `ack="manual"`; also after its handler.

        Later calls, and those on a message that was not received, do nothing.
        """
    def __repr__(self) -> str: ...

@final
class Delivery:
    """What a batch is at: one object a batch, which shows the next delivery after each step.

    Take what you need from it and do not keep it. `message` may be kept: it is copied when it is still
    referenced as the batch goes on, and used again when it is not, which is faster. So let no variable of
    the loop hold it. After the batch, every attribute raises `RuntimeError`.
    """

    @property
    def kind(self) -> int:
        """One of `KIND_MESSAGE`, ..."""
    @property
    def route_id(self) -> int:
        """The route of a message, 0 for other kinds."""
    @property
    def message(self) -> Message: ...
    @property
    def captures(self) -> tuple[_Value, ...]:
        """The values of the placeholders in the order of the pattern: `str`, `int`, `float` or `UUID`.

        Raises:
            ValueError: An integer has more digits than `sys.get_int_max_str_digits` allows.
        """
    @property
    def arguments(self) -> dict[str, _Value]:
        """The same by name, as a new dict, for `handler(client, message, **delivery.arguments)`."""
    def call(self, handler: Callable[..., object], client: object, /) -> object:
        """`handler(client, message, **arguments)`, without making a dict for it.

        Raises:
            RuntimeError: The delivery is over, or is not a message.
        """
    @property
    def failure(self) -> BaseException | None:
        """Why the connection ended, made by the exception factory; None for other kinds."""
    @property
    def level(self) -> int:
        """One of `LEVEL_INFO`, ..."""
    @property
    def text(self) -> str:
        """The line of a log delivery."""
    @property
    def receipt_key(self) -> int:
        """`Receipt.key` of the receipt that is done, 0 for other kinds."""

@final
class Batch:
    """Deliveries that one thread has taken.

    Each step of the iteration finishes the current delivery, which acknowledges a message of a route with
    `ack="success"`, and begins the next. Dropping the batch finishes the current one and gives those not
    begun back to the client. It keeps its client alive.
    """

    def __bool__(self) -> bool:
        """False when nothing was taken."""
    def __iter__(self) -> Iterator[Delivery]: ...
    def __next__(self) -> Delivery: ...
    def failed(self) -> None:
        """Tells that the handler of the current delivery failed; it is counted."""

class ConnectionFacts(TypedDict):
    """What client and broker have agreed on, with MQTT's defaults where the broker said nothing."""

    endpoint: str
    version: str
    client_id: str
    session_present: bool
    session_expiry_s: int
    keep_alive_s: int
    maximum_qos: int
    retain_available: bool
    receive_maximum: int
    packet_bytes_max: int
    topic_alias_maximum: int
    wildcard_subscriptions: bool
    subscription_identifiers: bool
    shared_subscriptions: bool

@final
class Client:
    """One MQTT connection and the thread that serves it.

    Making one opens nothing and starts nothing. Dropping one closes the connection in the background.
    Weak references are possible.

    Args:
        uri: Broker address. The other arguments are put over what it says.
        endpoints: Brokers, tried in turn.
        client_id: Empty: the broker (5.0) or the client (3.1.1) makes one up.
        prefix: Put before every topic, with a slash between.
        version: MQTT version; "auto" tries 5.0 and falls back to 3.1.1. 3, 4 and 5 are protocol levels.
        will_topic: Absolute topic of the will; None: no will, and the other `will_` arguments must be left.
        session_expiry_s: Whole seconds, as `keep_alive_s` and `will_delay_s`. 4,294,967,295: for ever.
        message_type: A subclass of `Message` whose instances `Delivery.message` gives.

    Arguments that are left out have the defaults of `multimqtt::Options`.

    Raises:
        bad_config: Naming the option, its value and what is allowed.
        bad_uri: See `parse_uri`.
        TypeError: An unknown argument, or one of a wrong type.
    """

    def __init__(
        self,
        *,
        uri: str = ...,
        endpoints: Sequence[Endpoint] = ...,
        username: str | None = None,
        password: str | None = None,
        prefix: str = "",
        client_id: str = "",
        version: Literal["auto", "3.1", "3.1.1", "5", 3, 4, 5] = "auto",
        connect_properties: _UserProperties = (),
        tls_ca_certs: str = "",
        tls_certfile: str = "",
        tls_keyfile: str = "",
        tls_key_password: str = "",
        tls_server_name: str = "",
        tls_min_version: Literal["1.2", "1.3"] = "1.2",
        tls_ciphers: str = "",
        tls_alpn: Sequence[str] = (),
        tls_insecure: bool = False,
        will_topic: str | None = None,
        will_payload: bytes | str = b"",
        will_qos: int = 0,
        will_retain: bool = False,
        will_delay_s: float = 0,
        will_content_type: str = "",
        will_user_properties: _UserProperties = (),
        clean_start: bool = True,
        session_expiry_s: float = 0,
        keep_alive_s: float = 60,
        connect_timeout_s: float = 5,
        receive_maximum: int = ...,
        inflight_max: int = ...,
        topic_alias_maximum: int = ...,
        topic_aliases_out_max: int = ...,
        packet_bytes_max: int = ...,
        reconnect_min_s: float = 0.5,
        reconnect_max_s: float = 30,
        lost_session: Literal["publish_again", "fail"] = "publish_again",
        outbox_bytes_max: int = ...,
        outbox_messages_max: int = ...,
        outbox_full: Literal["block", "raise", "drop_oldest"] = "block",
        outbox_block_timeout_s: float = 5,
        inbox_bytes_max: int = ...,
        inbox_messages_max: int = ...,
        quick_handler_us: int = ...,
        drain_s: float = 2.5,
        message_type: type[Message] = Message,
    ) -> None: ...
    @property
    def client_id(self) -> str:
        """As given in the options."""
    @property
    def prefix(self) -> str: ...
    @property
    def connected(self) -> bool: ...
    @property
    def state(self) -> _State: ...
    def connection(self) -> ConnectionFacts | None:
        """What holds on the connection of the moment; None while there is none."""
    def connect(self) -> None:
        """Starts the one connection; later calls find it there. Never waits for the broker.

        Raises:
            closed, inherited
        """
    def wait_connected(self, timeout_s: float | None = None) -> None:
        """Waits until the broker has accepted the connection.

        Raises:
            timed_out: With the reason of the last failed attempt.
            closed, inherited
        """
    def wait_subscribed(self, timeout_s: float | None = None) -> None:
        """Waits until the broker has answered every subscription of the routes known now.

        Raises:
            refused: Naming the filters.
            timed_out, closed, inherited
        """
    def close(self, drain_s: float | None = None) -> None:
        """Ends the connection: lets running handlers finish, sends what is accepted, says DISCONNECT.

        Wakes every thread that waits in the engine. Never raises because it was closed before.
        """
    def register_topic(
        self,
        pattern: str,
        *,
        qos: int = 0,
        no_local: bool = False,
        no_prefix: bool = False,
        name: str = "",
        ack: Literal["success", "receive", "manual"] = "success",
        retained: Literal["deliver", "ignore", "only"] = "deliver",
        ordered_by: str = "",
    ) -> Route:
        """Declares a subscription. The same pattern with the same options gives the same route.

        Raises:
            bad_pattern
            bad_config: The pattern is there with other options, or the name belongs to another pattern.
        """
    def topic_for(self, name: str, values: Mapping[str, _Value] = ..., *, absolute: bool = False) -> str:
        """The topic of a route, from the values of its placeholders.

        Raises:
            unknown_route, bad_value, bad_pattern
        """
    def publish(
        self,
        topic: str,
        payload: _Payload = None,
        qos: int = 0,
        retain: bool = False,
        *,
        no_prefix: bool = False,
        properties: Properties | None = None,
    ) -> Receipt:
        """Puts a message into the outbox. Keeps the interpreter locked unless it has to wait for room.

        A number is sent as `str` writes it, True and False as `true` and `false`, None as nothing. Other
        objects need the buffer protocol.

        Raises:
            bad_topic, bad_payload, payload_too_large, queue_full, would_block, closed, inherited: The
                message was refused at once. What happens later is in the receipt.
        """
    def publish_many(
        self,
        messages: Iterable[tuple[str, _Payload]],
        qos: int = 0,
        retain: bool = False,
        *,
        no_prefix: bool = False,
        properties: Properties | None = None,
    ) -> list[Receipt]:
        """Publishes each pair of topic and payload, in order.

        A message that is refused has a failed receipt and does not keep the next from being sent.

        Raises:
            TypeError: An item is not such a pair; nothing has been sent.
        """
    def take(self, messages_max: int = 64, timeout_s: float | None = None) -> Batch:
        """Takes 1 to 1,024 deliveries for this thread.

        Waits up to `timeout_s` seconds for the first, with None as long as it takes.

        Returns:
            A batch that is empty after the time, and at once when the client has stopped: look at `state`.
        """
    def fileno(self) -> int:
        """A descriptor that is readable while `take` has something, for `poll` and event loops.

        The client owns it.

        Raises:
            inherited, system
        """
    def statistics(self) -> dict[str, int]:
        """The counters and gauges of `multimqtt::Statistics`, by name."""

@final
class Dynsec:
    """The commands of Mosquitto's dynamic-security plugin, as the plugin knows them.

    It keeps its client. Making one is cheap, and so is making several of a client.

    Args:
        client: Whose connection the commands take; it needs the rights for `$CONTROL/dynamic-security/#`.
        timeout_s: For connecting, subscribing to the answers, and the answer, together.
        allow_plain_passwords: Whether passwords may travel unencrypted to a broker on another host.
    """

    def __init__(
        self, client: Client, *, timeout_s: float = 5, allow_plain_passwords: bool = False
    ) -> None: ...
    def execute(self, commands: Iterable[dict[str, object]]) -> list[dict[str, object]]:
        """Runs commands in order, as one request, and waits for the answers with the interpreter unlocked.

        Returns:
            The data of each answer, empty for most.

        Raises:
            dynsec:invalid_argument: Nothing has been sent. Besides what the plugin refuses, ACLs that do not
                say whether they allow, and those that the plugin would skip.
            dynsec:*: The first command that failed; those behind it have run all the same. The sentence
                begins with the name of the command.
            timed_out, not_connected, closed, inherited: The request could not be sent.
        """
