"""Signals: who sends them, with what, and that a receiver that fails costs nothing but a line in the log."""

from __future__ import annotations

import pytest

from flask_multimqtt import (
    MultiMQTT,
    TimedOut,
    connected,
    disconnected,
    message_dropped,
    message_failed,
    message_handled,
    published,
)
from tests.python.conftest import DEADLINE_S, Arrivals


def fail(sender, **values):
    raise RuntimeError("a receiver that fails")


@pytest.mark.parametrize(
    "signal",
    [connected, disconnected, message_handled, message_failed, published],
    ids=lambda signal: signal.name,
)
def test_a_receiver_that_fails_costs_no_message(app, mqtt, arrivals, caplog, signal):
    connects = Arrivals()
    mqtt.on_connect(lambda: connects.append(1))

    @mqtt.topic("good/<int:number>", qos=1)
    def good(client, message, number):
        arrivals.append(number)

    @mqtt.topic("bad/<int:number>", qos=1)
    def bad(client, message, number):
        arrivals.append(number)
        raise ValueError(number)

    with signal.connected_to(fail, app), mqtt.running():
        connects.wait_for()
        names = ("good", "bad")
        receipts = mqtt.publish_many([(f"{names[n % 2]}/{n}", "") for n in range(100)], qos=1)
        receipts.append(mqtt.publish("good/100", "", qos=1))
        for receipt in receipts:
            receipt.wait(DEADLINE_S)
        assert sorted(arrivals.wait_for(101)) == list(range(101))
        assert mqtt.stats()["handlers_failed"] == 50
    assert "a receiver that fails" in caplog.text
    assert signal.name in caplog.text


def test_a_receiver_that_fails_does_not_keep_the_next_from_being_called(app, mqtt):
    called = Arrivals()

    def note(sender, **values):
        called.append(sender)

    with published.connected_to(fail, app), published.connected_to(note, app):
        mqtt.publish("a", "x")
    assert called == [app]


def test_published_is_sent_for_each_message_of_publish_many_that_was_accepted(app, mqtt):
    topics = []

    def note(sender, topic, **values):
        topics.append(topic)

    with published.connected_to(note, app):
        mqtt.publish_many([("a", 1), ("#", 2), ("b", 3)], qos=1)
    assert topics == ["a", "b"]


def test_dropped_tells_of_a_message_that_made_room_for_another(make_app):
    app = make_app(MQTT_OUTBOX_BYTES_MAX=4_096, MQTT_OUTBOX_FULL="drop_oldest")
    mqtt = MultiMQTT(app)
    dropped = Arrivals()

    def note(sender, **values):
        dropped.append((sender, values["mqtt"], values["topic"], values["receipt"]))

    with message_dropped.connected_to(note, app):
        receipts = [mqtt.publish(f"a/{number}", bytes(1_000), qos=1) for number in range(10)]
        sender, client, topic, receipt = dropped.wait_for()[0]
        assert (sender, client, topic, receipt) == (app, mqtt, "a/0", receipts[0])
        assert receipt.exception.code == "dropped"


def test_dropped_tells_of_a_message_that_expired_without_a_connection(make_app, own_broker):
    app = make_app(MQTT_URI=own_broker.uri(), MQTT_PROTOCOL_VERSION=5)
    mqtt = MultiMQTT(app)
    dropped = Arrivals()

    def note(sender, **values):
        dropped.append(values["receipt"].exception.code)

    own_broker.stop()
    with message_dropped.connected_to(note, app):
        mqtt.connect()
        receipt = mqtt.publish("a", "x", qos=1, expiry=1)
        with pytest.raises(TimedOut):
            receipt.wait(1.1)  # The time that it expires in.
        own_broker.start()
        assert dropped.wait_for() == ["expired"]
