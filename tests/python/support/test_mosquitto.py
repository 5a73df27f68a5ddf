"""The private Mosquitto of the tests really is what its listeners say."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from tests.support import mosquitto
from tests.support.mosquitto import Listener, Mosquitto
from tests.support.mosquitto_clients import Subscriber, publish

REACHED_BY_COMMAND = [
    Listener.ANONYMOUS,
    Listener.ANONYMOUS_IPV6,
    Listener.PASSWORD,
    Listener.TLS,
    Listener.MUTUAL_TLS,
    Listener.UNIX,
]
UPGRADE = (
    b"GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
)


def name_of(value: object) -> str:
    return value.value if isinstance(value, Listener) else ""


@pytest.fixture(scope="module")
def broker():
    with Mosquitto(*Listener) as running:
        yield running


def user_of(listener: Listener) -> str | None:
    return "username" if listener is Listener.PASSWORD else None


@pytest.mark.parametrize("listener", REACHED_BY_COMMAND, ids=name_of)
def test_a_message_passes_through_the_listener_unchanged(broker, listener):
    user = user_of(listener)
    payload = b"\x00binary\nlines\xff"
    with Subscriber(broker, "some/topic", listener=listener, user=user, qos=1) as subscriber:
        publish(broker, "some/topic", payload, listener=listener, user=user, qos=1)
        message = subscriber.take()
    assert (message.topic, message.payload, message.qos) == ("some/topic", payload, 1)


def test_dynamic_security_choices_its_administrator(broker):
    control = "$CONTROL/dynamic-security/v1"
    where = Listener.DYNAMIC_SECURITY
    with Subscriber(broker, f"{control}/response", listener=where) as subscriber:
        publish(broker, control, '{"commands":[{"command":"listClients"}]}', listener=where)
        assert b'"clients":["admin"]' in subscriber.take().payload


@pytest.mark.parametrize("listener", [Listener.PASSWORD, Listener.DYNAMIC_SECURITY], ids=name_of)
def test_a_wrong_password_is_refused(broker, listener):
    with pytest.raises(RuntimeError, match="not authori"):
        publish(broker, "topic", "x", "-u", "username", "-P", "wrong", listener=listener)


def test_mutual_tls_refuses_a_client_without_a_certificate(broker):
    context = ssl.create_default_context(cafile=str(broker.certificates.ca))
    address = ("127.0.0.1", broker.port_of(Listener.MUTUAL_TLS))
    with (
        socket.create_connection(address, 5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
        pytest.raises(OSError, match=r"certificate required|reset"),
    ):
        secured.recv(1)


@pytest.mark.parametrize(
    ("listener", "reason"),
    [
        (Listener.TLS_WRONG_HOST, "IP address mismatch"),
        (Listener.TLS_EXPIRED, "certificate has expired"),
    ],
    ids=name_of,
)
def test_a_bad_server_certificate_fails_verification_for_its_own_reason(broker, listener, reason):
    context = ssl.create_default_context(cafile=str(broker.certificates.ca))
    with (
        socket.create_connection(("127.0.0.1", broker.port_of(listener)), 5) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match=reason),
    ):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


@pytest.mark.parametrize("name", ["127.0.0.1", "::1", "localhost"])
def test_the_server_certificate_is_valid_for_every_loopback_name(broker, name):
    context = ssl.create_default_context(cafile=str(broker.certificates.ca))
    with (
        socket.create_connection(("127.0.0.1", broker.port_of(Listener.TLS)), 5) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        assert secured.version() is not None


@pytest.mark.parametrize("listener", [Listener.WEBSOCKET, Listener.SECURE_WEBSOCKET], ids=name_of)
def test_a_websocket_listener_accepts_the_upgrade(broker, listener):
    with socket.create_connection(("127.0.0.1", broker.port_of(listener)), 5) as link:
        if listener is Listener.SECURE_WEBSOCKET:
            context = ssl.create_default_context(cafile=str(broker.certificates.ca))
            secured = context.wrap_socket(link, server_hostname="127.0.0.1")
        else:
            secured = link
        with secured:
            secured.sendall(UPGRADE)
            assert secured.recv(1024).startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize(
    ("listener", "options", "expected"),
    [
        (Listener.ANONYMOUS, {"prefix": "home"}, "mqtt://127.0.0.1:{port}/home"),
        (Listener.PASSWORD, {"user": "user name"}, "mqtt://user%20name:p%40ss@127.0.0.1:{port}"),
        (Listener.ANONYMOUS_IPV6, {}, "mqtt://[::1]:{port}"),
        (Listener.TLS, {}, "mqtts://127.0.0.1:{port}"),
        (Listener.SECURE_WEBSOCKET, {}, "wss://127.0.0.1:{port}"),
    ],
    ids=name_of,
)
def test_the_uri_names_scheme_login_port_and_prefix(listener, options, expected):
    with Mosquitto(listener, users={"user name": "p@ss"}) as running:
        assert running.uri(**options) == expected.format(port=running.port)


@pytest.mark.parametrize("persistence", [True, False], ids=["kept", "lost"])
def test_a_restart_keeps_the_port_and_keeps_retained_messages_only_with_persistence(persistence):
    with Mosquitto(persistence=persistence) as running:
        port = running.port
        publish(running, "kept", "value", qos=1, retain=True)
        running.restart()
        assert running.port == port
        with Subscriber(running, "#") as subscriber:
            if persistence:
                assert subscriber.take().payload == b"value"
            else:
                publish(running, "marker")
                assert subscriber.take().topic == "marker"


def test_a_killed_broker_starts_again_on_its_port():
    with Mosquitto() as running:
        port = running.port
        running.kill()
        assert not running.running
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 1)
        running.start()
        publish(running, "topic", "x")
        assert running.port == port


def test_a_frozen_broker_choices_nothing_until_it_thaws():
    with Mosquitto() as running, socket.create_connection(("127.0.0.1", running.port), 5) as link:
        with running.frozen():
            link.sendall(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a")
            link.settimeout(0.05)
            with pytest.raises(TimeoutError):
                link.recv(4)
        link.settimeout(5)
        assert link.recv(4) == b"\x20\x02\x00\x00"


def test_settings_reach_the_broker():
    with Mosquitto(settings={"message_size_limit": 3}) as running, Subscriber(running, "#") as subscriber:
        publish(running, "too/long", "four")
        publish(running, "short", "abc")
        assert subscriber.take().topic == "short"


def test_a_wrong_setting_raises_with_the_log_of_the_broker():
    with pytest.raises(RuntimeError, match="no_such_setting"), Mosquitto(settings={"no_such_setting": 1}):
        pass


def test_a_taken_port_makes_the_broker_choose_another(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        choose = mosquitto._free_ports
        choices = iter([{Listener.ANONYMOUS: taken.getsockname()[1]}])
        monkeypatch.setattr(
            mosquitto, "_free_ports", lambda listeners: next(choices, None) or choose(listeners)
        )
        with Mosquitto() as running:
            assert running.port != taken.getsockname()[1]
            publish(running, "topic", "x")


def test_closing_leaves_no_process_and_no_file():
    with Mosquitto(persistence=True) as running:
        process_id, folder = running.process_id, running.unix_socket.parent
    assert not Path(f"/proc/{process_id}").exists()
    assert not folder.exists()
