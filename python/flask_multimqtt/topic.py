"""A declared topic: its pattern, how it is subscribed to, and the functions that handle its messages."""

from __future__ import annotations

import inspect
import typing as t

from . import _native
from .errors import ConfigError
from .process_lock import ProcessLock

if t.TYPE_CHECKING:
    from .extension import MultiMQTT

Handler = t.Callable[..., t.Any]
HandlerT = t.TypeVar("HandlerT", bound=Handler)
Ack = t.Literal["success", "receive", "manual"]
Retained = t.Literal["deliver", "ignore", "only"]


class TopicOptions(t.NamedTuple):
    """How a topic is subscribed to, and how its messages are handled."""

    qos: int = 0
    nolocal: bool = False
    ack: Ack = "success"
    retained: Retained = "deliver"
    ordered_by: str | None = None
    no_prefix: bool = False

    def check(self) -> None:
        """Checks each option by itself.

        Raises:
            ConfigError: One has a value that is not allowed.
        """
        for name, value, allowed in (
            ("qos", self.qos, (0, 1, 2)),
            ("nolocal", self.nolocal, (False, True)),
            ("ack", self.ack, t.get_args(Ack)),
            ("retained", self.retained, t.get_args(Retained)),
            ("no_prefix", self.no_prefix, (False, True)),
        ):
            kind = type(allowed[0])
            # The type too, because 1.0 and True equal 1; an `IntEnum` is an int.
            fits = isinstance(value, kind) and isinstance(value, bool) == (kind is bool)
            if not fits or value not in allowed:
                words = ", ".join(repr(word) for word in allowed)
                raise ConfigError(f"{name} is {value!r}, but must be one of {words}.")


class Topic:
    """One declared topic of a `MultiMQTT`; made by `MultiMQTT.register_topic`.

    Attributes:
        name: The pattern as it was written, such as "number/<int:number>".
        qos: The QoS that is asked of the broker, 0 to 2.
    """

    def __init__(self, mqtt: MultiMQTT, pattern: str, options: TopicOptions) -> None:
        options.check()
        self._mqtt = mqtt
        self._pattern = _native.Pattern(pattern)
        self._placeholders = [name for name, _ in self._pattern.placeholders]
        if options.ordered_by is not None and options.ordered_by not in self._placeholders:
            known = ", ".join(self._placeholders) or "none"
            raise ConfigError(
                f"ordered_by is {options.ordered_by!r}, which is no placeholder of {pattern!r} "
                f"(it has: {known})."
            )
        self.options = options
        self.route_names: list[str] = []
        self._lock = ProcessLock()
        self._handlers: tuple[Handler, ...] = ()

    @property
    def name(self) -> str:  # noqa: D102 - described by the class.
        return self._pattern.text

    @property
    def qos(self) -> int:  # noqa: D102 - described by the class.
        return self.options.qos

    @property
    def filter(self) -> str:
        """The topic filter, without the prefix, with "+" and "#" in place of the placeholders."""
        return self._pattern.filter

    @property
    def shared(self) -> bool:
        """True for "$share/{group}/..."."""
        return bool(self._pattern.share_group)

    @property
    def handlers(self) -> tuple[Handler, ...]:
        """The functions that handle the messages, in the order in which they run."""
        return self._handlers

    def on_message(self, handler: HandlerT) -> HandlerT:
        """Adds a handler; all of them run, one after the other, each in an app context of its own.

        The broker is asked for the topic's messages from the first handler on.

        Args:
            handler: Called as `handler(client, message, **placeholders)`, where `client` is the `MultiMQTT`.

        Returns:
            The handler, so that this can be a decorator.

        Raises:
            TypeError: The handler cannot be called like that.
        """
        if not callable(handler):
            raise TypeError(f"A handler must be callable, not {handler!r}.")
        self._check_parameters(handler)
        with self._lock:
            self._handlers = (*self._handlers, handler)
        self._mqtt._topic_changed(self)
        return handler

    def _check_parameters(self, handler: Handler) -> None:
        try:
            # A decorator may add arguments for what it wraps, so that only its own parameters count.
            signature = inspect.signature(handler, follow_wrapped=False)
        except (TypeError, ValueError):
            return  # Some callables that are written in C do not tell.
        try:
            signature.bind(self._mqtt, None, **dict.fromkeys(self._placeholders))
        except TypeError as error:
            name = getattr(handler, "__qualname__", type(handler).__name__)
            placeholders = "".join(f", {name}=..." for name in self._placeholders)
            raise TypeError(
                f"The handler {name}{signature} does not fit the topic {self.name!r} ({error}). "
                f"It is called as {name}(client, message{placeholders})."
            ) from None

    def topic_for(self, /, absolute: bool = False, **values: t.Any) -> str:
        """The topic with `values` in place of the placeholders.

        Args:
            absolute: Put the prefix before it.
            **values: One value for each placeholder.

        Raises:
            TopicError: A value is missing, superfluous, or does not fit its placeholder.
            PatternError: The pattern has "+" or "#", for which there is no value.
        """
        topic = self._pattern.topic_for(values)
        return self._mqtt._absolute(topic) if absolute and not self.options.no_prefix else topic

    def __repr__(self) -> str:
        return f"<Topic {self.name!r} qos={self.qos}>"
