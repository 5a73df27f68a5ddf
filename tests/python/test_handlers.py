"""Handlers: what they are called with, where they run, and what they may do."""

from __future__ import annotations

import functools
import logging
import sys
import threading
import uuid

import pytest
from flask import current_app, g

from flask_multimqtt import MultiMQTT
from tests.python.conftest import DEADLINE_S, Arrivals
from tests.support.mosquitto_clients import Subscriber, publish

# How many unacknowledged messages Mosquitto sends unless it is told otherwise.
BROKER_INFLIGHT_MAX = 20


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("pattern", "topic", "placeholders"),
    [
        ("plain", "plain", {}),
        ("home/sensor/#", "home/sensor/a/b", {}),
        ("home/+/x", "home/any/x", {}),
        ("number/<int:number>", "number/42", {"number": 42}),
        ("number/<int:number>", "number/-7", {"number": -7}),
        ("number/<int:number>", "number/1" + "0" * 30, {"number": 10**30}),
        ("number/<float:number>", "number/1.5e3", {"number": 1500.0}),
        ("<a>/<str:b>", "x/é", {"a": "x", "b": "é"}),
        (
            "dev/<uuid:dev>",
            "dev/12345678-1234-5678-1234-567812345678",
            {"dev": uuid.UUID("12345678-1234-5678-1234-567812345678")},
        ),
        ("logs/<path:rest>", "logs/a/b", {"rest": "a/b"}),
    ],
)
def test_a_handler_gets_client_message_and_placeholders(mqtt, prefix, arrivals, pattern, topic, placeholders):
    @mqtt.topic(pattern)
    def handler(client, message, **values):
        arrivals.append((client, message, values))

    with mqtt.running():
        mqtt.publish(topic, "é", qos=1)
        [(client, message, values)] = arrivals.wait_for()
    assert client is mqtt
    assert values == placeholders
    assert message.topic == topic
    assert message.absolute_topic == f"{prefix}/{topic}"
    assert message.payload == "é".encode()
    assert message.text == "é"
    assert (message.qos, message.retain, message.dup) == (0, False, False)


@pytest.mark.matrix
def test_a_value_that_does_not_convert_does_not_run_the_handler(mqtt, arrivals):
    mqtt.topic("number/<int:number>", name="number")(lambda client, message, number: arrivals.append(number))
    mqtt.topic("number/<text>", name="text")(lambda client, message, text: arrivals.append(text))
    with mqtt.running():
        mqtt.publish("number/abc", "", qos=1)
        mqtt.publish("number/5", "", qos=1)
        assert sorted(arrivals.wait_for(3), key=str) == [5, "5", "abc"]


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("route_qos", "qos", "expected"), [(0, 2, 0), (1, 2, 1), (2, 0, 0), (2, 1, 1), (2, 2, 2)]
)
def test_a_message_comes_with_the_lower_of_both_qos(mqtt, arrivals, route_qos, qos, expected):
    mqtt.register_topic("qos", qos=route_qos).on_message(lambda client, message: arrivals.append(message))
    with mqtt.running():
        mqtt.publish("qos", "x", qos=qos)
        message = arrivals.wait_for()[0]
    assert message.qos == expected
    assert (message.mid > 0) == (expected > 0)


@pytest.mark.matrix
def test_any_number_of_handlers_runs_for_a_topic_in_their_order(mqtt, arrivals):
    topic = mqtt.register_topic("several")
    topic.on_message(lambda client, message: arrivals.append("first"))
    topic.on_message(lambda client, message: arrivals.append("second"))
    with mqtt.running():
        mqtt.publish("several", "")
        assert arrivals.wait_for(2) == ["first", "second"]


@pytest.mark.matrix
def test_a_message_that_matches_several_routes_runs_each_once(mqtt, arrivals):
    mqtt.topic("over/<a>", name="one")(lambda client, message, a: arrivals.append("one"))
    mqtt.topic("over/#", name="all")(lambda client, message: arrivals.append("all"))
    mqtt.topic("over/lap", name="exact")(lambda client, message: arrivals.append("exact"))
    with mqtt.running():
        mqtt.publish("over/lap", "", qos=1)
        mqtt.publish("over/end/x", "", qos=1)
        assert sorted(arrivals.wait_for(4)) == ["all", "all", "exact", "one"]


@pytest.mark.matrix
@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_a_topic_can_be_registered_at_any_time(mqtt, arrivals, when):
    def register():
        mqtt.topic("late")(lambda client, message: arrivals.append(message.payload))

    if when == "before":
        register()
    mqtt.connect()
    if when == "during":
        register()
    mqtt.wait_connected(DEADLINE_S)
    if when == "after":
        register()
    mqtt.wait_subscribed(DEADLINE_S)
    mqtt.publish("late", "x")
    assert arrivals.wait_for() == [b"x"]


@pytest.mark.matrix
def test_a_retained_message_reaches_a_handler_that_comes_late(mqtt, broker, prefix, arrivals):
    publish(broker, f"{prefix}/kept", "x", retain=True)
    with mqtt.running():
        topic = mqtt.register_topic("kept")
        topic.on_message(lambda client, message: arrivals.append((message.payload, message.retain)))
        assert arrivals.wait_for() == [(b"x", True)]
    publish(broker, f"{prefix}/kept", retain=True)


@pytest.mark.parametrize(
    ("retained", "expected"), [("deliver", [b"old", b"new"]), ("ignore", [b"new"]), ("only", [b"old"])]
)
def test_a_route_takes_the_retained_messages_it_asks_for(mqtt, broker, prefix, arrivals, retained, expected):
    publish(broker, f"{prefix}/kept", "old", retain=True)
    mqtt.topic("kept", retained=retained)(lambda client, message: arrivals.append(message.payload))
    mqtt.topic("end")(lambda client, message: arrivals.append(b"end"))
    with mqtt.running():
        mqtt.publish("kept", "new", qos=1).wait(DEADLINE_S)
        mqtt.publish("end", "", qos=1)
        assert sorted(arrivals.wait_for(len(expected) + 1)) == sorted([*expected, b"end"])
    publish(broker, f"{prefix}/kept", retain=True)


def test_nolocal_keeps_own_messages_away(mqtt, broker, prefix, arrivals):
    mqtt.topic("local", nolocal=True)(lambda client, message: arrivals.append(message.payload))
    with mqtt.running():
        mqtt.publish("local", "own", qos=1).wait(DEADLINE_S)
        publish(broker, f"{prefix}/local", "foreign")
        assert arrivals.wait_for() == [b"foreign"]


def test_a_route_without_prefix_sees_topics_of_others(mqtt, broker, arrivals):
    mqtt.topic("$SYS/broker/version", no_prefix=True)(lambda client, message: arrivals.append(message.text))
    with mqtt.running():
        assert arrivals.wait_for()[0].startswith("mosquitto")


@pytest.mark.matrix
def test_a_handler_runs_in_an_app_context_of_its_own(app, mqtt, arrivals):
    seen = []

    @app.teardown_appcontext
    def tear_down(error):
        arrivals.append(("teardown", error))

    def handler(client, message):
        seen.append(hasattr(g, "value"))
        g.value = 1
        arrivals.append(("handled", current_app._get_current_object() is app))

    topic = mqtt.register_topic("context")
    topic.on_message(handler)
    topic.on_message(handler)
    with mqtt.running():
        mqtt.publish("context", "")
        assert arrivals.wait_for(4) == [("handled", True), ("teardown", None)] * 2
    assert seen == [False, False]


@pytest.mark.matrix
def test_a_failing_handler_is_logged_and_stops_nothing(app, mqtt, arrivals, caplog):
    torn_down = Arrivals()
    app.teardown_appcontext(torn_down.append)
    topic = mqtt.register_topic("fail/<int:number>", qos=1)

    @topic.on_message
    def failing(client, message, number):
        raise SystemExit("as bad as it gets") if number else ZeroDivisionError("division")

    topic.on_message(lambda client, message, number: arrivals.append(number))
    with mqtt.running():
        mqtt.publish("fail/0", "", qos=1)
        mqtt.publish("fail/1", "", qos=1)
        assert sorted(arrivals.wait_for(2)) == [0, 1]
        assert mqtt.stats()["handlers_failed"] == 2
    assert "'fail/<int:number>' failed on a message of topic 'fail/0'" in caplog.text
    assert "ZeroDivisionError: division" in caplog.text
    assert "as bad as it gets" in caplog.text
    assert any(isinstance(error, ZeroDivisionError) for error in torn_down)


def test_an_async_handler_runs(mqtt, arrivals):
    pytest.importorskip("asgiref")

    @mqtt.topic("async/<int:number>")
    async def handler(client, message, number):
        await client.publish("async", "", qos=1)
        arrivals.append((number, current_app.name))

    with mqtt.running():
        for number in range(8):
            mqtt.publish(f"async/{number}", "", qos=1)
        assert sorted(arrivals.wait_for(8)) == [(number, "demo") for number in range(8)]


class Counter:
    """Handlers as an application may have them: methods, and an object that is called."""

    def __init__(self, arrivals):
        self.arrivals = arrivals

    def method(self, client, message, number):
        self.arrivals.append(("method", number))

    @classmethod
    def of_class(cls, client, message, number, *, arrivals):
        arrivals.append(("class method", number))

    def __call__(self, client, message, number):
        self.arrivals.append(("object", number))


class AsyncCounter(Counter):
    async def __call__(self, client, message, number):
        self.arrivals.append(("async object", number))


def test_any_callable_can_be_a_handler(mqtt, arrivals):
    pytest.importorskip("asgiref")
    topic = mqtt.register_topic("callable/<int:number>")
    for handler in (
        Counter(arrivals).method,
        Counter(arrivals),
        AsyncCounter(arrivals),
        functools.partial(Counter.of_class, arrivals=arrivals),
        functools.partial(AsyncCounter.__call__, AsyncCounter(arrivals)),
    ):
        assert topic.on_message(handler) is handler
    with mqtt.running():
        mqtt.publish("callable/7", "", qos=1)
        kinds = ["method", "object", "async object", "class method", "async object"]
        assert arrivals.wait_for(5) == [(kind, 7) for kind in kinds]


def test_a_partial_can_be_decorated_into_a_route(mqtt, arrivals):
    handler = mqtt.topic("partial")(
        functools.partial(lambda found, client, message: found.append(1), arrivals)
    )
    assert handler.func is not None
    with mqtt.running():
        mqtt.publish("partial", "", qos=1)
        arrivals.wait_for()
    assert mqtt.topic_for("partial") == "partial"


def test_a_teardown_function_that_fails_is_logged_and_stops_nothing(app, mqtt, arrivals, caplog):
    app.teardown_appcontext(lambda error: 1 / 0)
    mqtt.topic("teardown", qos=1)(lambda client, message: arrivals.append(message.payload))
    with mqtt.running():
        mqtt.publish("teardown", "1", qos=1)
        mqtt.publish("teardown", "2", qos=1)
        assert arrivals.wait_for(2) == [b"1", b"2"]
    assert "ZeroDivisionError" in caplog.text


# What a handler may do without harm to the others and to the connection. `held` is an event that stays unset
# while the others are looked at.
MISDEEDS = {
    "raises": lambda client, held: 1 / 0,
    "raises SystemExit": lambda client, held: sys.exit(3),
    "blocks": lambda client, held: held.wait(DEADLINE_S),
    "publishes": lambda client, held: client.publish("noise", "x", qos=1),
    "waits for a receipt": lambda client, held: client.publish("noise", "x", qos=2).wait(DEADLINE_S),
    "waits for a subscription": lambda client, held: client.wait_subscribed(DEADLINE_S),
    "registers a route": lambda client, held: client.topic("noise/<int:n>")(lambda client, message, n: None),
    "connects": lambda client, held: client.connect(),
}


@pytest.mark.matrix
@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_what_a_handler_does_harms_no_other(mqtt, arrivals, misdeed):
    held = threading.Event()
    began = Arrivals()

    @mqtt.topic("misdeed/<int:number>", qos=1)
    def misdo(client, message, number):
        began.append(number)
        MISDEEDS[misdeed](client, held)

    @mqtt.topic("other/<int:number>", qos=1)
    def other(client, message, number):
        arrivals.append(number)

    with mqtt.running():
        # Fewer than there are handler threads, or those that block would leave nobody.
        mqtt.publish_many([(f"misdeed/{number}", "") for number in range(3)], qos=1)
        began.wait_for(3)
        mqtt.publish_many([(f"other/{number}", "") for number in range(10)], qos=1)
        assert sorted(arrivals.wait_for(10)) == list(range(10))
        assert mqtt.connected
        held.set()
    assert sorted(began) == [0, 1, 2]


def test_a_handler_that_closes_the_client_lets_the_others_finish(mqtt, arrivals):
    entered = threading.Event()

    @mqtt.topic("work", qos=1)
    def work(client, message):
        entered.set()
        while client.health()["state"] == "running":
            pass
        arrivals.append("worked")

    @mqtt.topic("close", qos=1)
    def close(client, message):
        client.close()
        arrivals.append("closed")

    mqtt.connect()
    mqtt.wait_subscribed(DEADLINE_S)
    mqtt.publish("work", "", qos=1)
    assert entered.wait(DEADLINE_S)
    mqtt.publish("close", "", qos=1)
    assert sorted(arrivals.wait_for(2)) == ["closed", "worked"]
    with mqtt.running():
        assert mqtt.connected


def test_a_blocking_handler_does_not_hold_up_other_topics(mqtt, arrivals):
    release = threading.Event()

    @mqtt.topic("slow")
    def slow(client, message):
        release.wait(DEADLINE_S)
        arrivals.append("slow")

    mqtt.topic("fast")(lambda client, message: arrivals.append("fast"))
    with mqtt.running():
        mqtt.publish("slow", "", qos=1)
        mqtt.publish("fast", "", qos=1)
        assert arrivals.wait_for() == ["fast"]
        release.set()
        assert arrivals.wait_for(2) == ["fast", "slow"]


def test_a_handler_may_publish_and_wait_for_the_receipt(mqtt, arrivals):
    @mqtt.topic("question/<int:number>", qos=1)
    def answer(client, message, number):
        client.publish("answer", number, qos=2).wait(DEADLINE_S)
        arrivals.append(number)

    with mqtt.running():
        for number in range(20):
            mqtt.publish(f"question/{number}", "", qos=1)
        assert sorted(arrivals.wait_for(20)) == list(range(20))


def test_a_handler_may_register_a_route(mqtt, arrivals):
    @mqtt.topic("register")
    def register(client, message):
        client.topic("registered")(lambda client, message: arrivals.append("registered"))
        client.wait_subscribed(DEADLINE_S)
        client.publish("registered", "")

    with mqtt.running():
        mqtt.publish("register", "")
        assert arrivals.wait_for() == ["registered"]


def test_a_handler_may_close_the_client(mqtt, arrivals):
    @mqtt.topic("close")
    def close(client, message):
        client.close()
        arrivals.append(client.connected)

    mqtt.connect()
    mqtt.wait_subscribed(DEADLINE_S)
    mqtt.publish("close", "")
    assert arrivals.wait_for() == [False]


@pytest.mark.matrix
def test_messages_of_one_topic_stay_in_order(mqtt, arrivals):
    mqtt.topic("order/<int:topic>", qos=1)(
        lambda client, message, topic: arrivals.append((topic, int(message.payload)))
    )
    with mqtt.running():
        mqtt.publish_many([(f"order/{number % 3}", number) for number in range(300)], qos=1)
        found = arrivals.wait_for(300)
    for topic in range(3):
        assert [number for kind, number in found if kind == topic] == list(range(topic, 300, 3))


def test_ordered_by_keeps_the_messages_of_one_value_in_order(mqtt, arrivals):
    mqtt.topic("by/<dev>/<int:number>", qos=1, ordered_by="dev")(
        lambda client, message, dev, number: arrivals.append((dev, number))
    )
    with mqtt.running():
        mqtt.publish_many([(f"by/{'ab'[number % 2]}/{number}", "") for number in range(200)], qos=1)
        found = arrivals.wait_for(200)
    for parity, dev in enumerate("ab"):
        assert [number for kind, number in found if kind == dev] == list(range(parity, 200, 2))


def test_a_message_is_acknowledged_after_its_handler(make_app, own_broker, arrivals):
    """A second process of the same client takes over the session while the handler runs."""
    config = {
        "MQTT_URI": own_broker.uri(),
        "MQTT_CLIENT_ID": "acknowledging",
        "MQTT_SESSION_EXPIRY": 60,
    }
    release, entered = threading.Event(), threading.Event()
    first = MultiMQTT(make_app(**config))

    @first.topic("job", qos=1)
    def hold(client, message):
        entered.set()
        release.wait(DEADLINE_S)

    first.connect()
    first.wait_subscribed(DEADLINE_S)
    publish(own_broker, "job", "x", qos=1)
    assert entered.wait(DEADLINE_S)
    second = MultiMQTT(make_app(**config))
    second.topic("job", qos=1)(lambda client, message: arrivals.append((message.payload, message.dup)))
    first.close(drain=0)
    second.connect()
    assert arrivals.wait_for() == [(b"x", True)]
    release.set()


@pytest.mark.parametrize("ack", ["success", "receive", "manual"])
def test_each_way_of_acknowledging_goes_on_beyond_what_may_be_in_flight(make_app, arrivals, ack):
    mqtt = MultiMQTT(make_app(MQTT_PROTOCOL_VERSION=4))

    @mqtt.topic("ack", qos=1, ack=ack)
    def handler(client, message):
        arrivals.append(message.payload)
        if ack == "manual":
            message.ack()

    with mqtt.running():
        mqtt.publish_many([("ack", number) for number in range(5 * BROKER_INFLIGHT_MAX)], qos=1)
        arrivals.wait_for(5 * BROKER_INFLIGHT_MAX)


def test_a_manual_route_goes_on_when_its_messages_are_acknowledged_later(make_app, arrivals):
    mqtt = MultiMQTT(make_app(MQTT_PROTOCOL_VERSION=4))
    mqtt.topic("ack", qos=1, ack="manual")(lambda client, message: arrivals.append(message))
    ended = Arrivals()
    mqtt.topic("end")(lambda client, message: ended.append("end"))
    with mqtt.running():
        mqtt.publish_many([("ack", number) for number in range(BROKER_INFLIGHT_MAX + 5)], qos=1)
        mqtt.publish("end", "")
        ended.wait_for()
        held = arrivals.wait_for(BROKER_INFLIGHT_MAX)
        assert len(held) == BROKER_INFLIGHT_MAX
        for message in held:
            message.ack()
        arrivals.wait_for(BROKER_INFLIGHT_MAX + 5)


def test_json_is_parsed_by_the_provider_of_the_application(mqtt, arrivals):
    mqtt.topic("json")(lambda client, message: arrivals.append(message))
    with mqtt.running():
        mqtt.publish("json", {"a": [1, None]})
        mqtt.publish("json", "{")
        good, bad = arrivals.wait_for(2)
    assert good.json == {"a": [1, None]}
    with pytest.raises(ValueError, match="Expecting"):
        bad.json  # noqa: B018


def test_handlers_are_not_run_when_the_process_does_not_consume(make_app, broker, prefix, arrivals):
    mqtt = MultiMQTT(make_app(MQTT_CONSUME=False))
    mqtt.topic("a")(lambda client, message: arrivals.append(message))
    with mqtt.running(), Subscriber(broker, f"{prefix}/a") as subscriber:
        mqtt.publish("a", "x", qos=1).wait(DEADLINE_S)
        assert subscriber.take().payload == b"x"
        assert mqtt.stats()["subscriptions"] == 0


def test_the_package_logs_its_connections(mqtt, caplog):
    with caplog.at_level(logging.INFO, "flask_multimqtt"), mqtt.running():
        pass
    assert any(record.name == "flask_multimqtt" for record in caplog.records)
