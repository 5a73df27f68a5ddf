"""Every exception of the package, and which of them a failure of the engine becomes."""

from __future__ import annotations


class MultiMQTTError(Exception):
    """The base of all exceptions of this package.

    Attributes:
        code: The engine's name of the failure, such as "queue_full"; empty when it does not come from there.
    """

    code: str = ""


class ConfigError(MultiMQTTError, ValueError):
    """A configuration value is not allowed; the message names the key, the value and what is allowed."""


class TopicError(MultiMQTTError, ValueError):
    """A topic cannot be published to, or cannot be built from a route's name and values."""


class PatternError(MultiMQTTError, ValueError):
    """A topic pattern cannot be a route, or contradicts a route that is there already."""


class QueueFull(MultiMQTTError):
    """The outbox had no room and `MQTT_OUTBOX_FULL` does not let the message wait any longer."""


class NotConnected(MultiMQTTError, ConnectionError):
    """The call needs a connection, and there is none or there will be none any more."""


class Inherited(NotConnected):
    """The client belongs to the parent of this forked process; the package makes a new one."""


class TimedOut(MultiMQTTError, TimeoutError):
    """The outcome was not known within the time allowed; what was waited for goes on."""


class PublishError(MultiMQTTError):
    """A message that was accepted has not reached the broker, or the broker refused it.

    Attributes:
        reason: The broker's MQTT reason code, 0x80 to 0xFF; 0 when the broker gave none.
        code: The engine's name of the failure: "refused", "expired", "dropped", "closed", ...
    """

    def __init__(self, message: str, reason: int = 0, code: str = "refused") -> None:
        super().__init__(message)
        self.reason = reason
        self.code = code

    def __reduce__(self) -> tuple[type[PublishError], tuple[str, int, str]]:
        return type(self), (str(self), self.reason, self.code)


class PayloadTooLarge(PublishError, ValueError):
    """The packet would exceed `MQTT_PACKET_BYTES_MAX` or the broker's limit."""


# The engine's failures (`multimqtt::Error`) by the exception that a user can act on.
_BY_CODE: dict[str, type[MultiMQTTError]] = {
    "bad_config": ConfigError,
    "bad_uri": ConfigError,
    "bad_topic": TopicError,
    "bad_value": TopicError,
    "unknown_route": TopicError,
    "bad_pattern": PatternError,
    "bad_payload": PublishError,
    "payload_too_large": PayloadTooLarge,
    "queue_full": QueueFull,
    "not_connected": NotConnected,
    "closed": NotConnected,
    "inherited": Inherited,
    "timed_out": TimedOut,
    "would_block": QueueFull,
}


def exception_for(code: str, message: str, reason: int = 0) -> MultiMQTTError:
    """Makes the exception for a failure of the engine.

    Args:
        code: The name of the failure, such as "queue_full" or "dynsec:role_not_found"; names that this
            module does not know, such as those of the operating system, become `PublishError`.
        message: What happened, where, and what to do.
        reason: The MQTT reason code that the broker gave, 0 where there is none.
    """
    if code.startswith("dynsec:"):
        from .dynsec_errors import dynsec_exception_for  # Its exceptions derive from one of these.

        return dynsec_exception_for(code.removeprefix("dynsec:"), message)
    kind = _BY_CODE.get(code, PublishError)
    if issubclass(kind, PublishError):
        return kind(message, reason, code)
    exception = kind(message)
    exception.code = code
    return exception
