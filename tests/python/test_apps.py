"""Several applications, several MultiMQTTs, and applications made by a factory."""

from __future__ import annotations

import gc
import weakref

import pytest
from flask import Flask, current_app

from flask_multimqtt import MultiMQTT, message_failed, message_handled, published
from tests.python.conftest import DEADLINE_S, Arrivals


@pytest.mark.matrix
def test_routes_declared_before_init_app_hold_for_every_application(make_app, arrivals):
    mqtt = MultiMQTT()

    @mqtt.topic("factory/<word>")
    def handler(client, message, word):
        arrivals.append((current_app.name, word))

    apps = [make_app(name, MQTT_PREFIX=f"{name}/{id(arrivals)}") for name in ("first", "second")]
    for app in apps:
        mqtt.init_app(app)
    mqtt.topic("late/<word>", name="late")(handler)
    for app in apps:
        with app.app_context():
            mqtt.connect()
            mqtt.wait_connected(DEADLINE_S)
            mqtt.wait_subscribed(DEADLINE_S)
            mqtt.publish("factory/x", "")
            mqtt.publish("late/y", "")
    expected = [("first", "x"), ("first", "y"), ("second", "x"), ("second", "y")]
    assert sorted(arrivals.wait_for(4)) == expected


@pytest.mark.matrix
def test_in_an_app_context_the_calls_are_for_its_application(make_app, prefix):
    mqtt = MultiMQTT()
    apps = [make_app(name, MQTT_PREFIX=f"{prefix}/{name}") for name in ("first", "second")]
    for app in apps:
        mqtt.init_app(app)
    mqtt.register_topic("a", route_name="a")
    for app in apps:
        with app.app_context():
            assert mqtt.topic_for("a", absolute=True) == f"{prefix}/{app.name}/a"


@pytest.mark.matrix
def test_several_multimqtts_on_one_application_have_connections_of_their_own(app, arrivals):
    first, second = MultiMQTT(app), MultiMQTT(app)
    first.topic("a")(lambda client, message: arrivals.append(client))
    with first.running(), second.running():
        second.publish("a", "")
        assert arrivals.wait_for() == [first]
    assert set(app.extensions["multimqtt"]) == {first, second}


def test_an_application_and_its_connection_can_be_collected(broker):
    mqtt = MultiMQTT()
    app = Flask("short")
    app.config["MQTT_URI"] = broker.uri()
    mqtt.init_app(app)
    with mqtt.running():
        reference = weakref.ref(app)
        del app
    gc.collect()
    assert reference() is None


def test_in_the_shell_mqtt_is_there(app, mqtt):
    assert app.make_shell_context()["mqtt"] is mqtt


def test_published_is_sent_for_an_accepted_message(app, mqtt):
    found = Arrivals()

    def note(sender, **values):
        found.append((sender, values))

    with published.connected_to(note, app), mqtt.running():
        receipt = mqtt.publish("a", "x", 1, True)
        [(sender, values)] = found.wait_for()
        mqtt.publish("a", None, retain=True)
    assert sender is app
    assert values == {
        "mqtt": mqtt, "topic": "a", "payload": "x", "qos": 1, "retain": True, "receipt": receipt,
    }  # fmt: skip


def test_handled_and_failed_are_sent_with_message_and_route(app, mqtt):
    found = Arrivals()

    def note_handled(sender, **values):
        found.append(("handled", sender, values["message"].payload, values["topic"].name))

    def note_failed(sender, **values):
        found.append(("failed", sender, values["message"].payload, type(values["exception"])))

    mqtt.topic("signal/good")(lambda client, message: None)
    mqtt.topic("signal/bad", name="bad")(lambda client, message: 1 / 0)
    handled = message_handled.connected_to(note_handled, app)
    failed = message_failed.connected_to(note_failed, app)
    with handled, failed, mqtt.running():
        mqtt.publish("signal/good", "1")
        mqtt.publish("signal/bad", "2")
        assert sorted(found.wait_for(2), key=str) == [
            ("failed", app, b"2", ZeroDivisionError),
            ("handled", app, b"1", "signal/good"),
        ]
