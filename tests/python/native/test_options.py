"""Keyword arguments of the native client, endpoints and properties."""

import pytest

from flask_multimqtt import _native
from tests.python.native.conftest import EngineError


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({"kep_alive_s": 1}, "unexpected argument 'kep_alive_s'", id="unknown"),
        pytest.param(
            {"keep_alive_s": "60"}, "keep_alive_s must be a number of seconds", id="text for seconds"
        ),
        pytest.param(
            {"keep_alive_s": True}, "keep_alive_s must be a number of seconds", id="bool for seconds"
        ),
        pytest.param({"clean_start": 1}, "clean_start must be a bool", id="int for bool"),
        pytest.param({"prefix": b"x"}, "prefix must be a str", id="bytes for text"),
        pytest.param({"receive_maximum": 1.0}, "receive_maximum must be an int", id="float for int"),
        pytest.param({"endpoints": ["mqtt://x"]}, "sequence of Endpoint", id="text for endpoint"),
        pytest.param({"tls_alpn": "mqtt"}, "tls_alpn must be a sequence of str", id="text for texts"),
        pytest.param({"connect_properties": [1]}, "pairs of str", id="int for pair"),
        pytest.param({"connect_properties": [("a",)]}, "pairs of str", id="single for pair"),
        pytest.param({"message_type": int}, "subclass of Message", id="foreign message type"),
        pytest.param({"message_type": 5}, "subclass of Message", id="int for message type"),
    ],
)
def test_unknown_or_ill_typed_options_are_type_errors(options, said):
    with pytest.raises(TypeError, match=said):
        _native.Client(**options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"receive_maximum": 65536}, "receive_maximum is 65536; allowed: 0 to 65535"),
        ({"receive_maximum": -1}, "receive_maximum is -1"),
        ({"keep_alive_s": -1}, "keep_alive_s is -1"),
        ({"keep_alive_s": float("nan")}, "keep_alive_s is nan"),
        ({"connect_timeout_s": float("inf")}, "connect_timeout_s is inf"),
        ({"version": "6"}, 'version is "6"'),
        ({"version": 6}, "version is 6"),
        ({"outbox_full": "wait"}, 'outbox_full is "wait"'),
        ({"lost_session": "ignore"}, 'lost_session is "ignore"'),
        ({"will_topic": "gone", "will_qos": 3}, "will_qos is 3"),
        ({"will_qos": 1}, "a will needs will_topic"),
        ({"tls_min_version": "1.0"}, "1.0"),
    ],
    ids=str,
)
def test_values_that_are_not_allowed_name_the_option(options, said):
    with pytest.raises(EngineError, match=said) as caught:
        _native.Client(**options)
    assert caught.value.name == "bad_config"


def test_lone_surrogates_in_an_option_are_refused():
    with pytest.raises(UnicodeEncodeError):
        _native.Client(prefix="\ud800")


def test_every_option_is_taken():
    client = _native.Client(
        endpoints=[_native.Endpoint("tls", "broker.example", 8883), _native.Endpoint()],
        username="user",
        password="password",
        prefix="pre",
        client_id="me",
        version="5",
        connect_properties={"a": "b"},
        tls_server_name="broker.example",
        tls_min_version="1.3",
        tls_alpn=["mqtt"],
        will_topic="gone",
        will_payload=b"\x00",
        will_qos=1,
        will_retain=True,
        will_delay_s=3,
        will_content_type="text/plain",
        will_user_properties=[("a", "b"), ("a", "c")],
        clean_start=False,
        session_expiry_s=60,
        keep_alive_s=30,
        connect_timeout_s=1.5,
        receive_maximum=10,
        inflight_max=10,
        topic_alias_maximum=0,
        topic_aliases_out_max=0,
        packet_bytes_max=1 << 20,
        reconnect_min_s=0.1,
        reconnect_max_s=1,
        lost_session="fail",
        outbox_bytes_max=1 << 20,
        outbox_messages_max=100,
        outbox_full="raise",
        outbox_block_timeout_s=0,
        inbox_bytes_max=1 << 20,
        inbox_messages_max=100,
        quick_handler_us=100,
        drain_s=0,
    )
    assert (client.client_id, client.prefix, client.state, client.connected) == ("me", "pre", "armed", False)


def test_single_options_go_over_the_address_in_any_order():
    client = _native.Client(prefix="mine", uri="mqtt://127.0.0.1/theirs")
    assert client.prefix == "mine"


def test_an_address_is_read_into_options():
    fields = _native.parse_uri("mqtts://us%65r:p%40ss@broker.example/pre")
    assert fields == {
        "endpoints": [_native.Endpoint("tls", "broker.example", 8883)],
        "username": "user",
        "password": "p@ss",
        "prefix": "pre",
    }
    assert _native.Client(**fields).prefix == "pre"


def test_a_wrong_address_is_a_failure_without_the_password():
    with pytest.raises(EngineError) as caught:
        _native.parse_uri("mqtt://user:secret@host:port")
    assert caught.value.name == "bad_uri"
    assert "secret" not in str(caught.value)


def test_endpoints_are_values():
    endpoint = _native.Endpoint("secure_websocket", "::1", 443, "/socket")
    same = _native.Endpoint("secure_websocket", "::1", 443, "/socket")
    assert endpoint == same
    assert hash(endpoint) == hash(same)
    assert endpoint != _native.Endpoint()
    assert endpoint != "wss://[::1]:443/socket"
    assert (endpoint.transport, endpoint.host, endpoint.port, endpoint.path) == (
        "secure_websocket",
        "::1",
        443,
        "/socket",
    )


def test_properties_are_values():
    properties = _native.Properties(
        expiry_s=4294967295,
        text=True,
        content_type="text/plain",
        response_topic="answer",
        correlation_data=b"\x00",
        user_properties=[("a", "1"), ("a", "2")],
    )
    assert (properties.expiry_s, properties.text, properties.content_type) == (4294967295, True, "text/plain")
    assert (properties.response_topic, properties.correlation_data) == ("answer", b"\x00")
    assert properties.user_properties == [("a", "1"), ("a", "2")]
    assert properties != _native.Properties()
    assert repr(_native.Properties(expiry_s=1)) == "Properties(expiry_s=1)"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"expiry_s": 1 << 32}, EngineError),
        ({"expiry_s": "1"}, TypeError),
        ({"text": 1}, TypeError),
        ({"content_type": b"x"}, TypeError),
        ({"correlation_data": "x"}, TypeError),
        ({"user_properties": {"a": 1}}, TypeError),
    ],
    ids=str,
)
def test_wrong_properties_are_refused(arguments, error):
    with pytest.raises(error):
        _native.Properties(**arguments)
