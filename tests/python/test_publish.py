"""Publishing: payloads, prefix, QoS, retain, properties, and what becomes of each message."""

from __future__ import annotations

import asyncio
import threading

import pytest
from flask import Flask
from flask.json.provider import DefaultJSONProvider

from flask_multimqtt import (
    ConfigError,
    MultiMQTT,
    NotConnected,
    PayloadTooLarge,
    PublishError,
    QueueFull,
    TimedOut,
    TopicError,
)
from tests.python.conftest import DEADLINE_S, Arrivals
from tests.support.mosquitto_clients import Subscriber


@pytest.fixture
def subscriber(broker, prefix):
    with Subscriber(broker, f"{prefix}/#", qos=2) as running:
        yield running


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"\0\xff", b"\0\xff"),
        (bytearray(b"x"), b"x"),
        (memoryview(b"xy")[1:], b"y"),
        ("é", "é".encode()),
        ("", b""),
        (42, b"42"),
        (-1.5, b"-1.5"),
        (10**30, b"1" + b"0" * 30),
        (True, b"true"),
        (None, b""),
        ({"hello": "world"}, b'{"hello": "world"}'),
        ([1, None], b"[1, null]"),
    ],
)
def test_a_payload_arrives_as_bytes(mqtt, subscriber, payload, expected):
    mqtt.connect()
    mqtt.publish("example", payload, qos=1)
    assert subscriber.take().payload == expected


@pytest.mark.parametrize("payload", [object(), {1, 2}, (1, 2)])
def test_a_payload_of_another_type_is_a_type_error(mqtt, payload):
    with pytest.raises(TypeError, match=f"bytes-like, str, int.*list or dict.*not {type(payload).__name__}"):
        mqtt.publish("example", payload)


def test_text_that_cannot_be_utf8_is_refused(mqtt):
    with pytest.raises(UnicodeEncodeError):
        mqtt.publish("example", "\ud800")


@pytest.mark.parametrize("qos", [-1, 3, 2**70])
def test_a_qos_that_does_not_exist_is_refused(mqtt, qos):
    with pytest.raises(ConfigError, match=r"qos is .*; allowed: 0, 1 or 2"):
        mqtt.publish("example", "x", qos=qos)


@pytest.mark.matrix
@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("retain", [False, True])
def test_the_message_arrives_with_its_topic_and_qos(mqtt, subscriber, prefix, qos, retain):
    mqtt.connect()
    receipt = mqtt.publish("a/b", "x", qos, retain)
    message = subscriber.take()
    assert (message.topic, message.qos) == (f"{prefix}/a/b", qos)
    receipt.wait(DEADLINE_S)
    assert receipt.done
    assert receipt.exception is None


@pytest.mark.matrix
def test_a_retained_message_is_kept_by_the_broker(mqtt, broker, prefix):
    mqtt.connect()
    mqtt.publish("kept", "x", qos=1, retain=True).wait(DEADLINE_S)
    with Subscriber(broker, f"{prefix}/kept") as late:
        message = late.take()
        assert (message.payload, message.retain) == (b"x", True)
    mqtt.publish("kept", None, qos=1, retain=True).wait(DEADLINE_S)


@pytest.mark.matrix
def test_no_prefix_takes_the_topic_as_it_is(mqtt, broker, prefix):
    mqtt.connect()
    with Subscriber(broker, f"other/{prefix}") as other:
        mqtt.publish(f"other/{prefix}", "x", no_prefix=True)
        assert other.take().payload == b"x"


def test_json_goes_through_the_provider_of_the_application(app, mqtt, subscriber):
    class Provider(DefaultJSONProvider):
        def dumps(self, obj, **options):
            return "by the provider"

    app.json = Provider(app)
    mqtt.connect()
    mqtt.publish("example", {"a": 1}, qos=1)
    assert subscriber.take().payload == b"by the provider"


def test_properties_reach_the_handler(mqtt, arrivals):
    mqtt.topic("with-properties")(lambda client, message: arrivals.append(message))
    with mqtt.running():
        mqtt.publish(
            "with-properties",
            "{}",
            qos=1,
            expiry=60,
            user_properties={"a": "b"},
            content_type="application/json",
            response_topic="answers",
            correlation_data=b"\1",
        )
        properties = arrivals.wait_for()[0].properties
    assert 0 < properties.expiry_s <= 60
    assert properties.user_properties == [("a", "b")]
    assert properties.content_type == "application/json"
    assert properties.response_topic == "answers"
    assert properties.correlation_data == b"\1"


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0", "a" * 65_536, "\ud800"])
def test_a_topic_that_mqtt_does_not_allow_is_refused(mqtt, topic):
    with pytest.raises(TopicError):
        mqtt.publish(topic, "x")


def test_a_payload_above_the_packet_limit_is_refused(make_app):
    mqtt = MultiMQTT(make_app(MQTT_PACKET_BYTES_MAX=1_024))
    with pytest.raises(PayloadTooLarge):
        mqtt.publish("a", bytes(2_000))


def test_a_full_outbox_raises_when_it_is_told_to(make_app):
    mqtt = MultiMQTT(make_app(MQTT_OUTBOX_BYTES_MAX=4_096, MQTT_OUTBOX_FULL="raise"))

    def publish_ten():
        for _ in range(10):
            mqtt.publish("a", bytes(1_000), qos=1)

    with pytest.raises(QueueFull):
        publish_ten()


def test_without_a_connection_messages_wait_for_it(mqtt, subscriber):
    receipt = mqtt.publish("early", "x", qos=1)
    assert not receipt.done
    with pytest.raises(TimedOut):
        receipt.wait(0)
    mqtt.connect()
    receipt.wait(DEADLINE_S)
    assert subscriber.take().payload == b"x"


def test_a_message_that_is_given_up_at_close_fails(make_app, own_broker):
    own_broker.stop()
    mqtt = MultiMQTT(make_app(MQTT_URI=own_broker.uri()))
    mqtt.connect()
    receipt = mqtt.publish("a", "x", qos=1)
    mqtt.close(drain=0)
    with pytest.raises(PublishError) as failure:
        receipt.wait(DEADLINE_S)
    assert failure.value.code == "closed"
    assert receipt.exception is not None


@pytest.mark.matrix
def test_after_close_publish_raises_and_connect_opens_again(mqtt, subscriber):
    with mqtt.running():
        pass
    with pytest.raises(NotConnected):
        mqtt.publish("a", "x")
    with mqtt.running():
        mqtt.publish("a", "x", qos=1).wait(DEADLINE_S)
    assert subscriber.take().payload == b"x"


def test_publish_many_keeps_the_order_and_reports_each(mqtt, subscriber):
    messages = [("many", number) for number in range(50)] + [("bad/#", 0), ("many", {"last": True})]
    with mqtt.running():
        receipts = mqtt.publish_many(messages, qos=1)
        assert len(receipts) == len(messages)
        for receipt in receipts[:-2] + receipts[-1:]:
            receipt.wait(DEADLINE_S)
        with pytest.raises(PublishError) as refusal:
            receipts[-2].wait(0)
        assert refusal.value.code == "bad_topic"
    payloads = [subscriber.take().payload for _ in range(51)]
    assert payloads == [str(number).encode() for number in range(50)] + [b'{"last": true}']


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_done_callback_gets_the_receipt(mqtt, qos):
    called = Arrivals()
    with mqtt.running():
        receipt = mqtt.publish("a", "x", qos)
        receipt.add_done_callback(called.append)
        assert called.wait_for()[0] is receipt
        receipt.add_done_callback(called.append)
        assert len(called) == 2


def test_a_failing_done_callback_does_not_keep_the_next_from_running(mqtt, caplog):
    called = Arrivals()
    receipt = mqtt.publish("a", "x", qos=1)
    receipt.add_done_callback(lambda _: 1 / 0)
    receipt.add_done_callback(called.append)
    with mqtt.running():
        called.wait_for()
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_receipt_can_be_awaited(mqtt, qos):
    async def publish_several():
        await asyncio.gather(*(_awaited(mqtt.publish("a", "x", qos)) for _ in range(20)))

    with mqtt.running():
        asyncio.run(publish_several())


def test_an_awaited_receipt_raises_why_it_failed(mqtt):
    async def publish_and_close():
        receipt = mqtt.publish("a", "x", qos=1)
        threading.Thread(target=mqtt.close, args=(0,)).start()
        await receipt

    with pytest.raises(PublishError):
        asyncio.run(publish_and_close())


async def _awaited(receipt):
    await receipt


@pytest.mark.matrix
def test_publishing_works_from_many_threads_without_an_app_context(mqtt, subscriber):
    def publish_ten():
        for _ in range(10):
            mqtt.publish("threads", "x", qos=1).wait(DEADLINE_S)

    with mqtt.running():
        threads = [threading.Thread(target=publish_ten) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE_S)
    assert [subscriber.take().payload for _ in range(80)] == [b"x"] * 80


def test_publish_without_an_application_says_what_to_do():
    with pytest.raises(RuntimeError, match="init_app"):
        MultiMQTT().publish("a", "x")


def test_publish_with_several_applications_says_what_to_do(make_app):
    mqtt = MultiMQTT()
    apps = [make_app("first"), make_app("second")]
    for app in apps:
        mqtt.init_app(app)
    with pytest.raises(RuntimeError, match="app_context"):
        mqtt.publish("a", "x")


def test_an_application_that_is_gone_does_not_count(broker, prefix):
    mqtt = MultiMQTT()
    for name in ("first", "second"):
        app = Flask(name)
        app.config["MQTT_URI"] = broker.uri(prefix=prefix)
        mqtt.init_app(app)
    assert mqtt.publish("a", "x").done
