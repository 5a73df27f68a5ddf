"""MultiMQTT for Flask: one MQTT connection a process, topics routed to functions."""

from __future__ import annotations

from .config import Settings
from .dynsec import Dynsec
from .dynsec_errors import (
    DynsecAlreadyExists,
    DynsecError,
    DynsecForbidden,
    DynsecInsecure,
    DynsecInternalError,
    DynsecInterrupted,
    DynsecInvalidArgument,
    DynsecNotAuthorized,
    DynsecNotFound,
    DynsecTimeout,
    DynsecUnavailable,
    DynsecUnknownCommand,
)
from .errors import (
    ConfigError,
    MultiMQTTError,
    NotConnected,
    PatternError,
    PayloadTooLarge,
    PublishError,
    QueueFull,
    TimedOut,
    TopicError,
)
from .extension import MultiMQTT
from .message import Message
from .receipt import Receipt
from .signals import connected, disconnected, message_dropped, message_failed, message_handled, published
from .topic import Topic

__all__ = [
    "ConfigError",
    "Dynsec",
    "DynsecAlreadyExists",
    "DynsecError",
    "DynsecForbidden",
    "DynsecInsecure",
    "DynsecInternalError",
    "DynsecInterrupted",
    "DynsecInvalidArgument",
    "DynsecNotAuthorized",
    "DynsecNotFound",
    "DynsecTimeout",
    "DynsecUnavailable",
    "DynsecUnknownCommand",
    "Message",
    "MultiMQTT",
    "MultiMQTTError",
    "NotConnected",
    "PatternError",
    "PayloadTooLarge",
    "PublishError",
    "QueueFull",
    "Receipt",
    "Settings",
    "TimedOut",
    "Topic",
    "TopicError",
    "connected",
    "disconnected",
    "message_dropped",
    "message_failed",
    "message_handled",
    "published",
]
