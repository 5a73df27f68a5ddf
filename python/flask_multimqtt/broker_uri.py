"""The address of a broker as people write it: "mqtts://user:password@host:8883/prefix?keepalive=30"."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from urllib.parse import unquote

_DEFAULT_PORTS = {"tcp": 1883, "tls": 8883, "websocket": 80, "secure_websocket": 443, "unix_socket": 0}
_SCHEMES = {
    "mqtt": "tcp",
    "mqtts": "tls",
    "ws": "websocket",
    "wss": "secure_websocket",
    "unix": "unix_socket",
}
_SCHEMES_TEXT = "mqtt://, mqtts://, ws://, wss:// or unix://"
_BETWEEN_ADDRESSES = re.compile(r"\s*,\s*(?=[a-z]+://)", re.IGNORECASE)
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST_FORBIDDEN = re.compile(r"[\s/?#@\[\]<>\"\\^`{|}]")


class UriError(ValueError):
    """An address cannot be used. The message says which part is wrong and never holds the password."""


def default_port(transport: str) -> int:
    """The port of a transport ("tcp", "tls", ...) when none is given."""
    return _DEFAULT_PORTS[transport]


def split_addresses(text: str) -> list[str]:
    """The addresses of a comma-separated list; a comma inside of an address does not separate."""
    return [part for part in _BETWEEN_ADDRESSES.split(text.strip()) if part]


@dataclass(frozen=True, repr=False)
class BrokerUri:
    """One parsed address.

    Attributes:
        transport: "tcp", "tls", "websocket", "secure_websocket" or "unix_socket".
        host: Host name or address without brackets; the path of the socket for "unix_socket".
        port: Nothing when the address has none.
        query: The pairs behind the question mark, decoded, in their order.
    """

    transport: str
    host: str
    port: int | None = None
    username: str | None = None
    password: str | None = None
    prefix: str | None = None
    query: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> BrokerUri:
        """Parses one address.

        Raises:
            UriError: The address cannot be used.
        """
        scheme, separator, rest = text.strip().partition("://")
        transport = _SCHEMES.get(scheme.lower())
        if not separator or transport is None:
            # Without a scheme the text may be "user:password@host", so nothing of it is shown.
            raise UriError(f"the address must begin with {_SCHEMES_TEXT}")
        if "#" in rest:
            raise UriError("a '#' must be written as %23")
        rest, _, query = rest.partition("?")
        authority, slash, path = rest.partition("/")
        login, _, place = authority.rpartition("@")
        if "@" in path:
            raise UriError("the user name and password may not have a '/'; write it as %2F")
        username, password = _login(login)
        pairs = tuple(_pairs(query))
        if transport == "unix_socket":
            if place or not path:
                raise UriError(
                    "the path of the socket must follow three slashes, as in unix:///run/broker.sock"
                )
            return cls(transport, "/" + _decoded(path, "path"), None, username, password, None, pairs)
        host, port = _host_and_port(place)
        prefix = _decoded(path, "prefix").rstrip("/") if slash else None
        return cls(transport, host, port, username, password, prefix or None, pairs)


def checked_host(text: str) -> str:
    """A host without brackets.

    Raises:
        UriError: It is empty, or has characters that no host has.
    """
    host = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if not host:
        raise UriError("the host is missing")
    if _HOST_FORBIDDEN.search(host):
        raise UriError("the host has characters that are not allowed")
    if ":" in host and not re.fullmatch(r"[0-9A-Fa-f:.]+(%[\w.-]+)?", host):
        raise UriError("the host has a ':' but is not an IPv6 address")
    return host


def _login(text: str) -> tuple[str | None, str | None]:
    username, colon, password = text.partition(":")
    decoded_name = _decoded(username, "user name") if username else None
    return decoded_name, _decoded(password, "password") if colon and password else None


def _host_and_port(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, bracket, behind = text[1:].partition("]")
        if not bracket or (behind and not behind.startswith(":")):
            raise UriError("an IPv6 address must stand in brackets, as in mqtt://[::1]:1883")
        port = behind[1:]
        return checked_host(_decoded(host, "host")), _port(port) if port else None
    host, colon, port = text.partition(":")
    if ":" in port:
        raise UriError("an IPv6 address must stand in brackets, as in mqtt://[::1]:1883")
    return checked_host(_decoded(host, "host")), _port(port) if colon and port else None


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65_535:
        raise UriError("the port must be a number from 1 to 65535")
    return int(text)


def _pairs(query: str) -> t.Iterator[tuple[str, str]]:
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        yield _decoded(name, "query"), _decoded(value, "query")


def _decoded(text: str, part: str) -> str:
    if _BAD_PERCENT.search(text):
        raise UriError(f"the {part} has a '%' without two hexadecimal digits; write '%' as %25")
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise UriError(f"the {part} is not UTF-8 after percent-decoding") from None
    if "\0" in decoded:
        raise UriError(f"the {part} has a zero character")
    return decoded
