"""No password, key or token in anything that people or programs get to see."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path

import pytest
from flask import Flask

from flask_multimqtt import ConfigError, MultiMQTT, MultiMQTTError, Settings, _native
from flask_multimqtt.cli import mqtt_cli
from tests.support.mosquitto import Listener

SECRET = "s3cr3t-w0rd"


@pytest.fixture
def shown(caplog, capfd):
    """Everything that was logged, on every level, and written to standard output and error."""
    caplog.set_level(logging.DEBUG)

    def read() -> str:
        written = capfd.readouterr()
        return "\n".join([caplog.text, written.out, written.err])

    return read


def all_about(mqtt: MultiMQTT, app: Flask) -> str:
    """What the interface tells of a connection."""
    app.cli.add_command(mqtt_cli)
    runner = app.test_cli_runner()
    told = [repr(mqtt), str(mqtt), json.dumps(mqtt.health()), json.dumps(mqtt.stats()), repr(mqtt.topics)]
    settings = Settings.from_mapping(app.config)
    told += [repr(settings), str(settings), settings.address, repr(settings.endpoints)]
    for arguments in (["status", "--json"], ["status"], ["pub", "a", "x"], ["routes"]):
        told.append(runner.invoke(args=["mqtt", *arguments, *_time(arguments)]).output)
    return "\n".join(told)


def _time(arguments: list[str]) -> list[str]:
    return [] if arguments == ["routes"] else ["--timeout", "0.5"]


def test_a_password_that_is_right_is_not_shown(make_app, broker, shown):
    app = make_app(MQTT_URI=broker.uri(Listener.PASSWORD, user="user"), MQTT_STATUS_TOPIC="status")
    mqtt = MultiMQTT(app)
    mqtt.topic("fails")(lambda client, message: 1 / 0)
    with mqtt.running():
        mqtt.publish("fails", "x", qos=1).wait(10)
        told = all_about(mqtt, app)
    for form in ("p@ss/word", "p%40ss%2Fword"):
        assert form not in told + shown()


@pytest.mark.parametrize(
    "listener", [Listener.PASSWORD, Listener.TLS, Listener.WEBSOCKET], ids=lambda listener: listener.value
)
def test_a_password_that_does_not_work_is_not_shown(make_app, broker, shown, listener):
    uri = broker.uri(listener).replace("://", f"://someone:{SECRET}@")
    app = make_app(MQTT_URI=uri, MQTT_PROTOCOL_VERSION=5)
    assert_nothing_is_shown(app, shown, connects=listener is Listener.WEBSOCKET)


def test_nothing_is_shown_when_nobody_is_there(make_app, own_broker, shown):
    own_broker.stop()
    uri = own_broker.uri().replace("://", f"://someone:{SECRET}@")
    assert_nothing_is_shown(make_app(MQTT_URI=uri), shown, connects=False)


def test_nothing_is_shown_when_the_name_is_unknown(make_app, shown):
    app = make_app(MQTT_URI=f"mqtts://someone:{SECRET}@no-such-host.invalid")
    assert_nothing_is_shown(app, shown, connects=False)


def assert_nothing_is_shown(app: Flask, shown, *, connects: bool) -> None:
    mqtt = MultiMQTT(app)
    told = ""
    try:
        mqtt.wait_connected(1.0)
    except MultiMQTTError as error:
        assert not connects
        told += "".join(traceback.format_exception(error))
    told += repr(mqtt.publish("a", "x", qos=1))
    told += all_about(mqtt, app)
    mqtt.close(0)
    assert SECRET not in told + shown()


def test_the_passphrase_of_a_key_is_not_shown(make_app, broker, shown):
    certificates = broker.certificates
    mqtt = MultiMQTT(
        make_app(
            MQTT_URI=broker.uri(Listener.MUTUAL_TLS),
            MQTT_TLS_CA_CERTS=str(certificates.ca),
            MQTT_TLS_CERTFILE=str(certificates.client),
            MQTT_TLS_KEYFILE=str(certificates.encrypted_key),
            MQTT_TLS_KEY_PASSWORD=SECRET,
        )
    )
    told = ""
    try:
        mqtt.wait_connected(1.0)
    except MultiMQTTError as error:
        told = "".join(traceback.format_exception(error))
    assert "passphrase" in told or "key" in told
    assert SECRET not in told + shown()


@pytest.mark.parametrize(
    "options",
    [
        {"uri": f"mqtt://u:{SECRET}@h h"},
        {"uri": f"u:{SECRET}@h"},
        {"uri": f"mqtt://u:{SECRET}"},
        {"uri": f"mqtt://u:{SECRET}/x@h"},
        {"password": [SECRET]},
        {"password": SECRET, "receive_maximum": 0},
        {"tls_key_password": SECRET.encode()},
    ],
)
def test_the_engine_refuses_options_without_showing_a_password(options):
    with pytest.raises((ValueError, TypeError)) as refusal:
        _native.Client(**options)
    assert SECRET not in "".join(traceback.format_exception(refusal.value))


def test_a_wrong_address_is_not_shown_by_a_traceback_of_init_app():
    app = Flask("wrong")
    app.config["MQTT_URI"] = f"mqtt://u:{SECRET}@h:99999/x"
    with pytest.raises(ConfigError) as refusal:
        MultiMQTT(app)
    assert SECRET not in "".join(traceback.format_exception(refusal.value))


def test_the_page_of_the_demo_shows_no_password(broker, shown):
    import importlib.util

    path = Path(__file__).parents[2] / "examples" / "greenhouse" / "app.py"
    spec = importlib.util.spec_from_file_location("greenhouse", path)
    assert spec is not None
    assert spec.loader is not None
    greenhouse = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(greenhouse)
    uri = broker.uri(Listener.PASSWORD, user="user")
    app = greenhouse.create_app({"MQTT_URI": uri})
    with greenhouse.mqtt.running():
        client = app.test_client()
        told = client.get("/").text + client.get("/state").text
        answer = client.get("/events")
        told += next(iter(answer.response)).decode()
        answer.close()
    assert "127.0.0.1" in told
    for form in ("p@ss/word", "p%40ss%2Fword", "user:"):
        assert form not in told + shown()
