"""The commands of `flask mqtt`."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from flask_multimqtt import MultiMQTT
from flask_multimqtt.cli import mqtt_cli
from tests.support.mosquitto import Listener
from tests.support.mosquitto_clients import Subscriber, publish


@pytest.fixture
def run(app):
    # The entry point adds the group under `flask`; here it is added by hand.
    app.cli.add_command(mqtt_cli)
    runner = app.test_cli_runner()

    def invoke(*arguments, **options):
        return runner.invoke(args=["mqtt", *arguments], **options)

    return invoke


def handler(client, message, **placeholders):
    pass


def test_routes_lists_topics_and_handlers(run, mqtt, prefix):
    mqtt.topic("number/<int:number>", qos=1)(handler)
    text = run("routes")
    assert text.exit_code == 0
    assert "number/<int:number>" in text.output
    assert "\x1b" not in text.output
    [row] = json.loads(run("routes", "--json").output)
    assert row["filter"] == f"{prefix}/number/+"
    assert (row["qos"], row["names"]) == (1, ["handler"])
    assert row["handlers"][0].endswith("test_command_line.handler")


def test_routes_says_when_there_are_none(run, mqtt):
    assert "No topics are declared" in run("routes").output


@pytest.mark.parametrize("command", [["routes"], ["pub", "a", "b"], ["sub", "a"], ["status"]])
def test_without_a_multimqtt_every_command_says_what_to_do(run, command):
    result = run(*command)
    assert result.exit_code == 1
    assert "MultiMQTT(app)" in result.output


@pytest.mark.parametrize("qos", ["0", "1", "2"])
def test_pub_publishes(run, mqtt, broker, prefix, qos):
    with Subscriber(broker, f"{prefix}/a", qos=2) as subscriber:
        result = run("pub", "a", "é", "--qos", qos)
        assert (result.exit_code, result.output) == (0, "")
        message = subscriber.take()
    assert (message.payload, message.qos) == ("é".encode(), int(qos))


def test_pub_reads_standard_input_and_takes_absolute_topics(run, mqtt, broker, prefix):
    with Subscriber(broker, f"absolute/{prefix}") as subscriber:
        result = run("pub", f"absolute/{prefix}", "-", "--no-prefix", "--json", input=b"\0\xff")
        assert json.loads(result.output)["topic"] == f"absolute/{prefix}"
        assert subscriber.take().payload == b"\0\xff"


def test_pub_says_why_it_could_not(run, mqtt):
    result = run("pub", "a/#", "x")
    assert result.exit_code == 1
    assert "#" in result.output


@pytest.mark.parametrize("as_json", [False, True])
def test_sub_prints_messages_until_the_count(run, mqtt, broker, prefix, as_json):
    publish(broker, f"{prefix}/kept", "é", retain=True)
    result = run("sub", "<word>", "--count", "1", *(["--json"] if as_json else []))
    assert result.exit_code == 0
    if as_json:
        found = json.loads(result.stdout.splitlines()[-1])
        assert (found["topic"], found["payload"], found["retain"]) == ("kept", "é", True)
    else:
        assert "kept é" in result.output
    publish(broker, f"{prefix}/kept", retain=True)


def test_status_shows_connection_and_routes(run, mqtt):
    mqtt.topic("a/<b>")(handler)
    result = run("status", "--json")
    report = json.loads(result.output)
    assert result.exit_code == 0
    assert report["connected"] is True
    assert report["routes"] == [{"topic": "a/<b>", "granted": True}]
    assert "connected" in run("status").output


def test_status_fails_when_the_broker_refuses(broker):
    app = Flask("refused")
    app.config["MQTT_URI"] = broker.uri(Listener.PASSWORD)
    MultiMQTT(app)
    app.cli.add_command(mqtt_cli)
    result = app.test_cli_runner().invoke(args=["mqtt", "status", "--timeout", "1"])
    assert result.exit_code == 1
    assert "not connected" in result.output
