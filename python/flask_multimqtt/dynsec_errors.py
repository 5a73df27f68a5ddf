"""What the dynamic-security plugin can answer instead of doing what was asked."""

from __future__ import annotations

from .errors import MultiMQTTError


class DynsecError(MultiMQTTError):
    """A command of the dynamic-security plugin failed.

    Attributes:
        command: The command that failed, such as "createClient".
    """

    def __init__(self, message: str, command: str = "") -> None:
        super().__init__(message)
        self.command = command

    def __reduce__(self) -> tuple[type[DynsecError], tuple[str, str]]:
        return type(self), (str(self), self.command)


class DynsecNotFound(DynsecError):
    """The client, group, role or ACL that the command names does not exist."""


class DynsecAlreadyExists(DynsecError):
    """The client, group, role or ACL that the command would make exists already."""


class DynsecInvalidArgument(DynsecError):
    """An argument is missing, malformed or not allowed by the plugin."""


class DynsecForbidden(DynsecError):
    """The plugin never allows this, such as deleting the group of anonymous clients."""


class DynsecNotAuthorized(DynsecError):
    """The broker does not let this client administer the plugin."""


class DynsecUnavailable(DynsecError):
    """The broker has no dynamic-security plugin."""


class DynsecUnknownCommand(DynsecError):
    """The plugin is too old for this command."""


class DynsecTimeout(DynsecError, TimeoutError):
    """The plugin did not answer; on MQTT 3.1.1 a missing permission looks the same."""


class DynsecInterrupted(DynsecError, ConnectionError):
    """The connection ended before the answer came, so that the command may have been carried out.

    The plugin disconnects the clients whose rights a command changes, the one that asked for it too.
    """


class DynsecInsecure(DynsecError):
    """A password would travel unencrypted; use TLS, or set `MQTT_DYNSEC_PLAIN_PASSWORDS`."""


class DynsecInternalError(DynsecError):
    """The plugin reported an internal error."""


_BY_KIND: dict[str, type[DynsecError]] = {
    "client_not_found": DynsecNotFound,
    "group_not_found": DynsecNotFound,
    "role_not_found": DynsecNotFound,
    "acl_not_found": DynsecNotFound,
    "already_exists": DynsecAlreadyExists,
    "invalid_argument": DynsecInvalidArgument,
    "forbidden": DynsecForbidden,
    "not_authorized": DynsecNotAuthorized,
    "endpoint_unavailable": DynsecUnavailable,
    "unknown_command": DynsecUnknownCommand,
    "timed_out": DynsecTimeout,
    "interrupted": DynsecInterrupted,
    "insecure": DynsecInsecure,
    "internal": DynsecInternalError,
}


def dynsec_exception_for(kind: str, message: str) -> DynsecError:
    """Makes the exception for a failed command.

    Args:
        kind: The engine's name of the failure, such as "client_not_found".
        message: Begins with the name of the command.
    """
    command = message.split(maxsplit=1)[0].rstrip(":") if message else ""
    return _BY_KIND.get(kind, DynsecError)(message, command)
