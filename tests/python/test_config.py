"""Reading the configuration: every key, every wrong value, and no password in any message."""

from __future__ import annotations

import json
import logging
import typing as t

import pytest
from flask import Flask

from flask_multimqtt import ConfigError, MultiMQTT, Settings
from flask_multimqtt.config import Endpoint, unknown_keys
from flask_multimqtt.config_keys import KEYS

SECRET = "t0p-secret"


def read(**config: t.Any) -> Settings:
    return Settings.from_mapping(config)


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("uri", "endpoint", "expected"),
    [
        ("mqtt://h", Endpoint("tcp", "h", 1883), {}),
        ("mqtt://h/", Endpoint("tcp", "h", 1883), {"prefix": ""}),
        ("mqtts://h", Endpoint("tls", "h", 8883), {}),
        ("ws://h", Endpoint("websocket", "h", 80), {}),
        ("wss://h", Endpoint("secure_websocket", "h", 443), {}),
        ("MQTT://h:77", Endpoint("tcp", "h", 77), {}),
        ("unix:///run/b.sock", Endpoint("unix_socket", "/run/b.sock", 0), {"prefix": ""}),
        ("unix://u:p@/run/b.sock", Endpoint("unix_socket", "/run/b.sock", 0), {"username": "u"}),
        ("mqtt://[::1]:5/p", Endpoint("tcp", "::1", 5), {"prefix": "p"}),
        ("mqtt://[fe80::1%25eth0]", Endpoint("tcp", "fe80::1%eth0", 1883), {}),
        (
            "mqtt://u:p@h/a/b/",
            Endpoint("tcp", "h", 1883),
            {"username": "u", "password": "p", "prefix": "a/b"},
        ),
        ("mqtt://u%3A:%40%2F%25@h", Endpoint("tcp", "h", 1883), {"username": "u:", "password": "@/%"}),
        ("mqtt://u:a:b@h", Endpoint("tcp", "h", 1883), {"username": "u", "password": "a:b"}),
        ("mqtt://h/%C3%A9", Endpoint("tcp", "h", 1883), {"prefix": "é"}),
        (
            "mqtt://h?keepalive=30&client_id=x",
            Endpoint("tcp", "h", 1883),
            {"keepalive": 30, "client_id": "x"},
        ),
        ("mqtt://h?transport=websockets", Endpoint("websocket", "h", 80), {}),
        ("mqtt://h?will_topic=a%26b", Endpoint("tcp", "h", 1883), {"will_topic": "a&b"}),
    ],
)
def test_an_address_gives_endpoint_and_settings(uri, endpoint, expected):
    settings = read(MQTT_URI=uri)
    assert settings.endpoints == (endpoint,)
    assert {name: getattr(settings, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("uri", "complaint"),
    [
        ("localhost", "must begin with mqtt://"),
        ("http://h", "must begin with mqtt://"),
        (f"u:{SECRET}@h", "must begin with mqtt://"),
        ("mqtt://", "the host is missing"),
        ("mqtt://:1883", "the host is missing"),
        ("mqtt://h:0", "from 1 to 65535"),
        ("mqtt://h:65536", "from 1 to 65535"),
        ("mqtt://h:abc", "from 1 to 65535"),
        (f"mqtt://u:{SECRET}", "from 1 to 65535"),
        ("mqtt://::1", "brackets"),
        ("mqtt://[::1", "brackets"),
        ("mqtt://[h:1]", "not an IPv6 address"),
        ("mqtt://h h", "characters that are not allowed"),
        (f"mqtt://u:{SECRET}#x@h", "%23"),
        (f"mqtt://u:{SECRET}/x@h", "%2F"),
        (f"mqtt://u:{SECRET}%zz@h", "%25"),
        (f"mqtt://u:{SECRET}%ff@h", "UTF-8"),
        ("mqtt://h/%00", "zero character"),
        ("mqtt://h/a+b", "without '+' and '#'"),
        ("unix://run/b.sock", "three slashes"),
        ("mqtt://h?keepalive=fast", "'keepalive' in the query"),
        ("mqtt://h?keep_alive=3", "Did you mean 'keepalive'"),
        ("mqtt://h?uri=x", "may not have"),
        (f"mqtt://h?keepalive=x&password={SECRET}", "'keepalive' in the query"),
        (f"mqtt://h?password={SECRET}%zz", "hexadecimal"),
        (5, "but must be a text such as"),
        ([], "an empty list"),
        (["mqtt://a", 5], "Address 2 of MQTT_URI"),
        (f"mqtt://a,mqtt://u:{SECRET}@b", "differ in password"),
        (["mqtt://a/x", "mqtt://b/y"], "differ in prefix"),
    ],
)
def test_a_wrong_address_is_refused_without_showing_its_password(uri, complaint):
    with pytest.raises(ConfigError) as refusal:
        read(MQTT_URI=uri)
    assert complaint in str(refusal.value)
    assert "MQTT_URI" in str(refusal.value)
    assert SECRET not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    ("uri", "hosts"),
    [
        (["mqtt://a", "mqtts://b:1"], ["mqtt://a:1883", "mqtts://b:1"]),
        ("mqtt://a, ws://b", ["mqtt://a:1883", "ws://b:80"]),
        (["mqtt://u:p@a/x", "mqtt://u:p@b/x"], ["mqtt://a:1883", "mqtt://b:1883"]),
    ],
)
def test_several_addresses_are_all_kept_in_order(uri, hosts):
    assert [str(endpoint) for endpoint in read(MQTT_URI=uri).endpoints] == hosts


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("config", "address"),
    [
        ({}, "mqtt://127.0.0.1:1883"),
        ({"MQTT_HOST": "h"}, "mqtt://h:1883"),
        ({"MQTT_HOST": "::1", "MQTT_PORT": "5"}, "mqtt://[::1]:5"),
        ({"MQTT_HOST": "[::1]"}, "mqtt://[::1]:1883"),
        ({"MQTT_URI": "mqtts://a:1/p", "MQTT_HOST": "b"}, "mqtts://b:1"),
        ({"MQTT_URI": ["mqtt://a", "mqtt://b"], "MQTT_PORT": 9}, "mqtt://a:9, mqtt://b:9"),
        ({"MQTT_URI": ["mqtt://a", "mqtt://b"], "MQTT_HOST": "c"}, "mqtt://c:1883"),
        ({"MQTT_HOST": "h", "MQTT_TRANSPORT": "websockets"}, "ws://h:80"),
        ({"MQTT_URI": "mqtts://h", "MQTT_TRANSPORT": "websockets"}, "wss://h:443"),
        ({"MQTT_URI": "wss://h", "MQTT_TRANSPORT": "TCP"}, "mqtts://h:8883"),
        ({"MQTT_HOST": "h", "MQTT_TLS_SERVER_NAME": "x"}, "mqtts://h:8883"),
    ],
)
def test_single_fields_are_put_over_the_address(config, address):
    assert read(**config).address == address


@pytest.mark.matrix
def test_single_fields_are_put_over_user_password_and_prefix_of_the_address():
    settings = read(MQTT_URI="mqtt://u:p@h/x", MQTT_USERNAME="v", MQTT_PASSWORD="q", MQTT_PREFIX="y/")
    assert (settings.username, settings.password, settings.prefix) == ("v", "q", "y")


# Each key with values that are accepted, given as they are and as the environment gives them.
ACCEPTED = [
    ("MQTT_USERNAME", "u", "u"),
    ("MQTT_PASSWORD", 12345, "12345"),
    ("MQTT_PREFIX", "a/b", "a/b"),
    ("MQTT_CLIENT_ID", "x", "x"),
    ("MQTT_PROTOCOL_VERSION", "auto", None),
    ("MQTT_PROTOCOL_VERSION", 3, 3),
    ("MQTT_PROTOCOL_VERSION", "4", 4),
    ("MQTT_PROTOCOL_VERSION", 5.0, 5),
    ("MQTT_WEBSOCKET_PATH", "/ws", "/ws"),
    ("MQTT_KEEPALIVE", "0", 0),
    ("MQTT_KEEPALIVE", 65_535, 65_535),
    ("MQTT_CONNECT_TIMEOUT", "2.5", 2.5),
    ("MQTT_CLEAN_START", "yes", True),
    ("MQTT_CLEAN_START", 0, False),
    ("MQTT_SESSION_EXPIRY", "3600", 3600),
    ("MQTT_RECONNECT_MIN", 1, 1.0),
    ("MQTT_RECONNECT_MAX", "60", 60.0),
    ("MQTT_AUTOSTART", "Never", "never"),
    ("MQTT_RUNNER", "threads", "threads"),
    ("MQTT_HANDLER_THREADS", "8", 8),
    ("MQTT_DRAIN_SECONDS", 0, 0.0),
    ("MQTT_CONSUME", "off", False),
    ("MQTT_OUTBOX_BYTES_MAX", "1_048_576", 1_048_576),
    ("MQTT_OUTBOX_FULL", "drop_oldest", "drop_oldest"),
    ("MQTT_INBOX_BYTES_MAX", 4096, 4096),
    ("MQTT_RECEIVE_MAXIMUM", 10, 10),
    ("MQTT_PACKET_BYTES_MAX", 2048, 2048),
    ("MQTT_WILL_TOPIC", "gone", "gone"),
    ("MQTT_STATUS_TOPIC", "status", "status"),
    ("MQTT_TLS_CA_CERTS", __file__, __file__),
    ("MQTT_TLS_CERTFILE", __file__, __file__),
    ("MQTT_TLS_SERVER_NAME", "broker.example", "broker.example"),
    ("MQTT_TLS_MIN_VERSION", 1.3, "1.3"),
    ("MQTT_TLS_ALPN", "mqtt, x", ("mqtt", "x")),
    ("MQTT_TLS_ALPN", ["mqtt"], ("mqtt",)),
    ("MQTT_TLS_CIPHERS", "HIGH", "HIGH"),
    ("MQTT_TLS_INSECURE", "true", True),
    ("MQTT_TLS_KEY_PASSWORD", "k", "k"),
]


@pytest.mark.matrix
@pytest.mark.parametrize(("key", "value", "expected"), ACCEPTED)
def test_a_value_is_read_as_it_is_and_as_text(key, value, expected):
    assert getattr(read(**{key: value}), key.removeprefix("MQTT_").lower()) == expected


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("MQTT_HOST", "mqtt://h", "MQTT_URI"),
        ("MQTT_HOST", "h:1883", "not an IPv6 address"),
        ("MQTT_HOST", ["h"], "a text"),
        ("MQTT_PORT", 0, "from 1 to 65535"),
        ("MQTT_PORT", "abc", "from 1 to 65535"),
        ("MQTT_PORT", True, "from 1 to 65535"),
        ("MQTT_USERNAME", 1.5, "a text"),
        ("MQTT_USERNAME", "a\0", "zero character"),
        ("MQTT_USERNAME", "a" * 65_536, "65535 bytes"),
        ("MQTT_USERNAME", "\ud800", "UTF-8"),
        ("MQTT_PREFIX", "a/#", "without '+' and '#'"),
        ("MQTT_CLIENT_ID", False, "a text"),
        ("MQTT_PROTOCOL_VERSION", 6, "5, 4 (which is MQTT 3.1.1)"),
        ("MQTT_PROTOCOL_VERSION", "3.1.1", "5, 4 (which is MQTT 3.1.1)"),
        ("MQTT_TRANSPORT", "udp", "'tcp' or 'websockets'"),
        ("MQTT_KEEPALIVE", -1, "from 0 to 65535"),
        ("MQTT_KEEPALIVE", 65_536, "from 0 to 65535"),
        ("MQTT_KEEPALIVE", 1.5, "a whole number of seconds"),
        ("MQTT_CONNECT_TIMEOUT", 0, "seconds from"),
        ("MQTT_CONNECT_TIMEOUT", "soon", "seconds from"),
        ("MQTT_CONNECT_TIMEOUT", float("nan"), "seconds from"),
        ("MQTT_CONNECT_TIMEOUT", True, "seconds from"),
        ("MQTT_CLEAN_START", "maybe", "True or False"),
        ("MQTT_CLEAN_START", 2, "True or False"),
        ("MQTT_SESSION_EXPIRY", 2**32, "from 0 to 4294967295"),
        ("MQTT_AUTOSTART", "yes", "'auto', 'always' or 'never'"),
        ("MQTT_RUNNER", "gevent", "'auto' or 'threads'"),
        ("MQTT_HANDLER_THREADS", 0, "from 1 to 256"),
        ("MQTT_DRAIN_SECONDS", -1, "seconds from 0"),
        ("MQTT_CONSUME", "x", "True or False"),
        ("MQTT_OUTBOX_BYTES_MAX", "64M", "a whole number of bytes"),
        ("MQTT_OUTBOX_FULL", "wait", "'block', 'raise' or 'drop_oldest'"),
        ("MQTT_RECEIVE_MAXIMUM", 0, "from 1 to 65535"),
        ("MQTT_PACKET_BYTES_MAX", 1, "from 1024"),
        ("MQTT_WILL_TOPIC", "a/+", "without '+' and '#'"),
        ("MQTT_WILL_QOS", 3, "from 0 to 2"),
        ("MQTT_STATUS_TOPIC", "#", "without '+' and '#'"),
        ("MQTT_TLS_CA_CERTS", "/no/such/file", "PEM file"),
        ("MQTT_TLS_MIN_VERSION", "1.1", "'1.2' or '1.3'"),
        ("MQTT_TLS_ALPN", [1], "names"),
        ("MQTT_TLS_ALPN", ",", "1 to 255 bytes"),
        ("MQTT_TLS_INSECURE", "perhaps", "True or False"),
    ],
)
def test_a_wrong_value_is_refused_with_key_value_and_what_is_allowed(key, value, allowed):
    with pytest.raises(ConfigError) as refusal:
        read(**{key: value})
    assert str(refusal.value).startswith(f"{key} is {value!r}"[:100])
    assert allowed in str(refusal.value)


@pytest.mark.parametrize("key", [key.name for key in KEYS if key.secret and key.name != "MQTT_URI"])
def test_a_wrong_password_is_refused_without_showing_it(key):
    with pytest.raises(ConfigError) as refusal:
        read(**{key: [SECRET]})
    assert f"{key} is <hidden>" in str(refusal.value)
    assert SECRET not in str(refusal.value)


PEM_KEY = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("MQTT_HOST", f"mqtt://u:{SECRET}@h"),
        ("MQTT_HOST", f"u:{SECRET}@h"),
        ("MQTT_PORT", f"u:{SECRET}@h:1883"),
        ("MQTT_CLIENT_ID", [f"mqtt://u:{SECRET}@h"]),
        ("MQTT_URI", f"mqtt://u:{SECRET}@h".encode()),
        ("MQTT_URI", {"password": SECRET}),
        ("MQTT_URI", f"mqtt://u:1?{SECRET}@h"),
        ("MQTT_TLS_KEYFILE", PEM_KEY),
        ("MQTT_TLS_KEYFILE", PEM_KEY.encode()),
        ("MQTT_TLS_CA_CERTS", PEM_KEY),
    ],
)
def test_a_secret_in_a_wrong_place_is_not_shown(key, value):
    with pytest.raises(ConfigError, match=key) as refusal:
        read(**{key: value})
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({"MQTT_URI": "mqtt://h", "MQTT_TLS_CA_CERTS": __file__}, "does not use TLS"),
        ({"MQTT_URI": "mqtt://h", "MQTT_TLS_INSECURE": True}, "does not use TLS"),
        ({"MQTT_HOST": "h", "MQTT_TLS_ENABLED": True}, "MQTT_TLS_ENABLED"),
        ({"MQTT_TLS_KEYFILE": __file__}, "MQTT_TLS_CERTFILE is not"),
        ({"MQTT_RECONNECT_MIN": 5, "MQTT_RECONNECT_MAX": 1}, "at least MQTT_RECONNECT_MIN"),
        ({"MQTT_WILL_PAYLOAD": "x"}, "MQTT_WILL_TOPIC is not"),
        ({"MQTT_WILL_QOS": 1}, "MQTT_WILL_TOPIC is not"),
        ({"MQTT_WILL_TOPIC": "a", "MQTT_STATUS_TOPIC": "b"}, "both set"),
        ({"MQTT_URI": "unix:///b.sock", "MQTT_HOST": "h"}, "unix://"),
        ({"MQTT_PASSWORD": SECRET, "MQTT_PROTOCOL_VERSION": 4}, "MQTT_USERNAME is not"),
    ],
)
def test_values_that_contradict_each_other_are_refused(config, complaint):
    with pytest.raises(ConfigError, match=complaint) as refusal:
        read(**config)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("key", [key.name for key in KEYS])
def test_a_key_that_is_none_or_empty_counts_as_not_set(key, value):
    assert read(**{key: value}) == read()


@pytest.mark.parametrize(
    ("config", "clean_start", "expiry"),
    [
        ({}, True, 0),
        ({"MQTT_SESSION_EXPIRY": 60}, False, 60),
        ({"MQTT_CLEAN_START": False}, False, 86_400),
        ({"MQTT_CLEAN_START": False, "MQTT_SESSION_EXPIRY": 0}, False, 0),
        ({"MQTT_CLEAN_START": True, "MQTT_SESSION_EXPIRY": 60}, True, 60),
    ],
)
def test_clean_start_and_session_expiry_fit_each_other(config, clean_start, expiry):
    settings = read(**config)
    assert (settings.clean_start, settings.session_expiry) == (clean_start, expiry)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [("x", b"x"), (b"\0", b"\0"), (1.5, b"1.5"), (True, b"true"), ({"a": 1}, b'{"a": 1}')],
)
def test_the_will_gets_the_prefix_and_its_payload_as_bytes(payload, expected):
    settings = read(MQTT_PREFIX="p", MQTT_WILL_TOPIC="gone", MQTT_WILL_PAYLOAD=payload, MQTT_WILL_QOS="1")
    assert settings.will == ("p/gone", expected, 1, False, 0)


def test_the_status_topic_sets_the_will():
    assert read(MQTT_PREFIX="p", MQTT_STATUS_TOPIC="up").will == ("p/up", b"offline", 1, True, 0)


def test_no_representation_shows_a_password(mqtt_with_secret):
    settings, mqtt = mqtt_with_secret
    assert SECRET not in repr(settings)
    assert SECRET not in repr(mqtt)


@pytest.fixture
def mqtt_with_secret():
    app = Flask("demo")
    app.config["MQTT_URI"] = f"mqtts://u:{SECRET}@h"
    app.config["MQTT_TLS_KEY_PASSWORD"] = SECRET
    return Settings.from_mapping(app.config), MultiMQTT(app)


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("MQTT_KEEPALIV", "Did you mean MQTT_KEEPALIVE?"),
        ("MQTT_PASWORD", "Did you mean MQTT_PASSWORD?"),
        ("MQTT_BROKER_URL", "a key of Flask-MQTT; use MQTT_HOST"),
        ("MQTT_REFRESH_TIME", "a key of Flask-MQTT; remove it"),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest_known_one(key, advice):
    assert advice in unknown_keys({key: 1, "SECRET_KEY": "x"})[0]


def test_unknown_keys_are_logged_once_an_application(caplog):
    app = Flask("demo")
    app.config["MQTT_KEEPALIV"] = 5
    with caplog.at_level(logging.WARNING, "flask_multimqtt"):
        MultiMQTT(app)
        MultiMQTT(app)
    assert len([record for record in caplog.records if "MQTT_KEEPALIV " in record.getMessage()]) == 1


@pytest.mark.matrix
@pytest.mark.parametrize(("key", "value", "expected"), ACCEPTED)
def test_every_value_can_come_from_the_environment(monkeypatch, key, value, expected):
    monkeypatch.setenv(f"FLASK_{key}", json.dumps(value) if isinstance(value, list) else str(value))
    app = Flask("demo")
    app.config.from_prefixed_env()
    settings = Settings.from_mapping(app.config)
    assert getattr(settings, key.removeprefix("MQTT_").lower()) == expected


@pytest.mark.parametrize("value", ['["mqtt://a", "mqtt://b"]', "mqtt://a, mqtt://b"])
def test_several_addresses_can_come_from_the_environment(monkeypatch, value):
    monkeypatch.setenv("FLASK_MQTT_URI", value)
    app = Flask("demo")
    app.config.from_prefixed_env()
    assert Settings.from_mapping(app.config).address == "mqtt://a:1883, mqtt://b:1883"


@pytest.mark.parametrize(
    ("text", "expected"), [("12345", "12345"), ('"1.50"', "1.50"), ("pass word", "pass word")]
)
def test_a_password_of_digits_can_come_from_the_environment(monkeypatch, text, expected):
    monkeypatch.setenv("FLASK_MQTT_PASSWORD", text)
    app = Flask("demo")
    app.config.from_prefixed_env()
    assert Settings.from_mapping(app.config).password == expected


@pytest.mark.matrix
def test_the_environment_configures_through_from_prefixed_env(monkeypatch):
    monkeypatch.setenv("FLASK_MQTT_URI", "mqtt://u@h/p")
    monkeypatch.setenv("FLASK_MQTT_PASSWORD", "12345")
    monkeypatch.setenv("FLASK_MQTT_KEEPALIVE", "30")
    monkeypatch.setenv("FLASK_MQTT_TLS_MIN_VERSION", "1.3")
    app = Flask("demo")
    app.config.from_prefixed_env()
    app.config["MQTT_URI"] = "mqtts://u@h/p"
    settings = Settings.from_mapping(app.config)
    assert (settings.password, settings.keepalive, settings.tls_min_version) == ("12345", 30, "1.3")
