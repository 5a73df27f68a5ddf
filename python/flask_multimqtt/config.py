"""The configuration of one application's connection, read once from `app.config`."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from .broker_uri import BrokerUri, UriError, default_port, split_addresses
from .config_keys import BY_FIELD, BY_NAME, KEYS, Key, advice_on_unknown, nearest_field
from .config_values import HIDDEN, WrongValue
from .errors import ConfigError

_DEFAULT_URI = "mqtt://127.0.0.1"
_SHOWN_CHARACTERS_MAX = 100

# What a session is kept for when MQTT_CLEAN_START is False and MQTT_SESSION_EXPIRY is not set, in seconds:
# a day survives a night of maintenance and does not fill a broker for ever.
_SESSION_EXPIRY_S = 86_400

_SCHEME_LOGIN_HOST = re.compile(
    r"\s*([A-Za-z][A-Za-z0-9+.-]*)://([^@/?#]*@)?([\w.-]+|\[[\w:.]*\])?(?![\w.-])"
)
_WITH_TLS = {"tcp": "tls", "websocket": "secure_websocket"}
_ONTO_TRANSPORT = {
    ("tcp", "websockets"): "websocket",
    ("tls", "websockets"): "secure_websocket",
    ("websocket", "tcp"): "tcp",
    ("secure_websocket", "tcp"): "tls",
}


@dataclass(frozen=True)
class Endpoint:
    """One broker: a transport of the engine, a host or the path of a socket, and a port."""

    transport: str
    host: str
    port: int

    def __str__(self) -> str:
        scheme = {
            "tcp": "mqtt",
            "tls": "mqtts",
            "websocket": "ws",
            "secure_websocket": "wss",
            "unix_socket": "unix",
        }[self.transport]
        if self.transport == "unix_socket":
            return f"unix://{self.host}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


@dataclass(frozen=True)
class Settings:
    """Every setting of one connection, checked. The attributes are the configuration keys in lower case.

    Attributes:
        endpoints: From MQTT_URI, with MQTT_HOST, MQTT_PORT and MQTT_TRANSPORT put over it.
        protocol_version: None stands for "auto".
        autostart: "auto", "always" or "never".
    """

    endpoints: tuple[Endpoint, ...]
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    prefix: str = ""
    client_id: str | None = None
    protocol_version: int | None = None
    websocket_path: str = "/mqtt"
    keepalive: int = 60
    connect_timeout: float = 5.0
    clean_start: bool = True
    session_expiry: int = 0
    reconnect_min: float = 0.5
    reconnect_max: float = 30.0
    autostart: str = "auto"
    runner: str = "auto"
    handler_threads: int = 4
    drain_seconds: float = 2.5
    consume: bool = True
    outbox_bytes_max: int | None = None
    outbox_full: str = "block"
    inbox_bytes_max: int | None = None
    receive_maximum: int | None = None
    packet_bytes_max: int | None = None
    will_topic: str | None = None
    will_payload: bytes = b""
    will_qos: int = 0
    will_retain: bool = False
    will_delay: int = 0
    status_topic: str | None = None
    tls_ca_certs: str | None = None
    tls_certfile: str | None = None
    tls_keyfile: str | None = None
    tls_key_password: str | None = field(default=None, repr=False)
    tls_server_name: str | None = None
    tls_min_version: str = "1.2"
    tls_alpn: tuple[str, ...] = ()
    tls_ciphers: str | None = None
    tls_insecure: bool = False
    dynsec_plain_passwords: bool = False

    @classmethod
    def from_mapping(cls, config: Mapping[str, object], *, client_id: str | None = None) -> Settings:
        """Reads the `MQTT_*` keys of an application's configuration.

        A key that is None or an empty text counts as not set.

        Args:
            config: Usually `app.config`.
            client_id: Put over MQTT_CLIENT_ID.

        Raises:
            ConfigError: A value is not allowed; the message names the key, the value and what is allowed,
                and never shows a password.
        """
        found = _read_keys(config)
        if client_id is not None:
            found["client_id"] = _read(BY_NAME["MQTT_CLIENT_ID"], client_id)
        addresses = _addresses(config.get("MQTT_URI"))
        transport = t.cast("str | None", found.pop("transport", None))
        from_uri = _common_fields(addresses)
        transport = transport or t.cast("str | None", from_uri.pop("transport", None))
        found = from_uri | found
        host = t.cast("str | None", found.pop("host", None))
        port = t.cast("int | None", found.pop("port", None))
        with_tls = not config.get("MQTT_URI") and any(name.startswith("tls_") for name in found)
        endpoints = _endpoints(addresses, host, port, transport, with_tls=with_tls)
        if "clean_start" not in found and found.get("session_expiry"):
            found["clean_start"] = False
        if found.get("clean_start") is False:
            found.setdefault("session_expiry", _SESSION_EXPIRY_S)
        settings = cls(endpoints=endpoints, **t.cast("dict[str, t.Any]", found))
        _check_together(settings, found, config)
        return settings

    @property
    def will(self) -> Will | None:
        """The will to leave with the broker, its topic with the prefix."""
        if self.status_topic is not None:
            return Will(self.absolute(self.status_topic), b"offline", 1, True, 0)
        if self.will_topic is None:
            return None
        return Will(
            self.absolute(self.will_topic),
            self.will_payload,
            self.will_qos,
            self.will_retain,
            self.will_delay,
        )

    def absolute(self, topic: str) -> str:
        """The topic with the prefix."""
        return f"{self.prefix}/{topic}" if self.prefix else topic

    @property
    def address(self) -> str:
        """Where the brokers are, for messages; without user name and password."""
        return ", ".join(str(endpoint) for endpoint in self.endpoints)


class Will(t.NamedTuple):
    """The message that the broker publishes when this client is lost."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    delay: int


def unknown_keys(config: Mapping[str, object]) -> list[str]:
    """A sentence on each `MQTT_*` key that means nothing here."""
    unknown = (name for name in config if name.startswith("MQTT_") and name not in BY_NAME)
    return [advice_on_unknown(name) for name in sorted(unknown)]


def _read_keys(config: Mapping[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key in KEYS:
        value = config.get(key.name)
        if key.name != "MQTT_URI" and _is_set(value):
            found[key.field] = _read(key, value)
    return found


def _is_set(value: object) -> bool:
    return value is not None and not (isinstance(value, str) and not value)


def _read(key: Key, value: object, *, name: str = "") -> object:
    try:
        return key.read(value)
    except WrongValue as wrong:
        shown = HIDDEN if key.secret else _shown(value)
        raise ConfigError(f"{name or key.name} is {shown}, but must be {wrong}.") from None


def _shown(value: object) -> str:
    """The value as a message may show it, also when somebody put an address or a key in a wrong place."""
    text = repr(value)
    if "-----BEGIN" in text:
        return HIDDEN
    _, at, host = text.rpartition("@")
    if at:
        text = f"{HIDDEN}@{host}"
    return text if len(text) <= _SHOWN_CHARACTERS_MAX else f"{text[:_SHOWN_CHARACTERS_MAX]}..."


def _addresses(value: object) -> list[BrokerUri]:
    if not _is_set(value):
        value = _DEFAULT_URI
    texts: list[object] = []
    for part in value if isinstance(value, (list, tuple)) else [value]:
        texts.extend(split_addresses(part) if isinstance(part, str) else [part])
    if not texts:
        raise ConfigError("MQTT_URI is an empty list, but must be an address or a list of addresses.")
    return [_address(text, index, len(texts)) for index, text in enumerate(texts)]


def _address(text: object, index: int, count: int) -> BrokerUri:
    which = "MQTT_URI" if count == 1 else f"Address {index + 1} of MQTT_URI"
    if not isinstance(text, str):
        raise ConfigError(
            f"{which} is a value of the type {type(text).__name__}, but must be a text such as "
            "'mqtt://user:password@host/prefix'."
        )
    try:
        return BrokerUri.parse(text)
    except UriError as error:
        shown = _shown_address(text)
        raise ConfigError(f"{which} is {shown}, but cannot be used: {error}.") from None


def _shown_address(text: str) -> str:
    """The scheme and the host, when it is certain that neither is a part of a password."""
    found = _SCHEME_LOGIN_HOST.match(text)
    if not found or "@" in text[found.end() :]:
        return HIDDEN
    scheme, login, host = found.groups()
    return _shown(f"{scheme}://{HIDDEN + '@' if login else ''}{host or ''}...")


def _common_fields(addresses: t.Sequence[BrokerUri]) -> dict[str, object]:
    """What the addresses say beside hosts and ports; all of them must say the same."""
    each = [_fields_of(address) for address in addresses]
    for index, other in enumerate(each[1:], start=2):
        for name in sorted(each[0].keys() | other.keys()):
            if each[0].get(name) != other.get(name):
                raise ConfigError(
                    f"The addresses 1 and {index} of MQTT_URI differ in {name}, but must agree in everything "
                    "except host, port and scheme."
                )
    return each[0]


def _fields_of(address: BrokerUri) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in address.query:
        key = BY_FIELD.get(name)
        if key is None or not key.in_query:
            raise ConfigError(
                f"The query of MQTT_URI has {_shown(name)}, which it may not have. "
                f"Did you mean {nearest_field(name)!r}?"
            )
        if value:
            found[key.field] = _read(key, value, name=f"{key.field!r} in the query of MQTT_URI")
    for name in ("username", "password", "prefix"):
        value_of_part = getattr(address, name)
        if value_of_part is not None:
            found[name] = _read(BY_FIELD[name], value_of_part, name=f"The {name} in MQTT_URI")
    return found


def _endpoints(
    addresses: t.Sequence[BrokerUri],
    host: str | None,
    port: int | None,
    transport: str | None,
    *,
    with_tls: bool,
) -> tuple[Endpoint, ...]:
    if host is not None:
        addresses = addresses[:1]
    return tuple(_endpoint(address, host, port, transport, with_tls=with_tls) for address in addresses)


def _endpoint(
    address: BrokerUri, host: str | None, port: int | None, transport: str | None, *, with_tls: bool
) -> Endpoint:
    way = address.transport
    if way == "unix_socket":
        if host is not None or port is not None:
            raise ConfigError("MQTT_HOST and MQTT_PORT cannot be put over a unix:// address in MQTT_URI.")
        return Endpoint(way, address.host, 0)
    if transport is not None:
        way = _ONTO_TRANSPORT.get((way, transport), way)
    if with_tls:
        way = _WITH_TLS.get(way, way)
    return Endpoint(way, host or address.host, port or address.port or default_port(way))


def _check_together(settings: Settings, found: t.Container[str], config: Mapping[str, object]) -> None:
    encrypted = all(endpoint.transport in ("tls", "secure_websocket") for endpoint in settings.endpoints)
    if not encrypted:
        for name in (key.name for key in KEYS if key.field.startswith("tls_") and key.field in found):
            raise ConfigError(
                f"{name} is set, but {settings.address} does not use TLS: write mqtts:// or wss:// in "
                f"MQTT_URI, or remove {name}."
            )
        if config.get("MQTT_TLS_ENABLED") in (True, "True", "true", "1", 1):
            raise ConfigError(
                f"MQTT_TLS_ENABLED is set, but {settings.address} does not use TLS: write mqtts:// or "
                "wss:// in MQTT_URI instead."
            )
    if settings.tls_keyfile is not None and settings.tls_certfile is None:
        raise ConfigError("MQTT_TLS_KEYFILE is set, but MQTT_TLS_CERTFILE is not: a key needs a certificate.")
    if settings.reconnect_max < settings.reconnect_min:
        raise ConfigError(
            f"MQTT_RECONNECT_MAX is {settings.reconnect_max:g}, but must be at least MQTT_RECONNECT_MIN, "
            f"which is {settings.reconnect_min:g}."
        )
    if settings.password is not None and settings.username is None and settings.protocol_version in (3, 4):
        raise ConfigError(
            "MQTT_PASSWORD is set, but MQTT_USERNAME is not: only MQTT 5 allows a password without user name."
        )
    _check_will(settings, found)


def _check_will(settings: Settings, found: t.Container[str]) -> None:
    if settings.status_topic is not None and settings.will_topic is not None:
        raise ConfigError(
            "MQTT_STATUS_TOPIC and MQTT_WILL_TOPIC are both set, but a client has one will: remove one."
        )
    if settings.will_topic is None:
        for name in (key.name for key in KEYS if key.field.startswith("will_") and key.field in found):
            raise ConfigError(f"{name} is set, but MQTT_WILL_TOPIC is not: a will needs a topic.")


# `Settings` must have an attribute for every key that is not part of its endpoints.
assert {key.field for key in KEYS} - {"uri", "host", "port", "transport"} == {
    found.name for found in fields(Settings) if found.name != "endpoints"
}
