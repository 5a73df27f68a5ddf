"""Declaring topics, and building topics from routes."""

from __future__ import annotations

import enum
import functools
import uuid

import pytest

from flask_multimqtt import ConfigError, MultiMQTT, PatternError, TopicError

UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")


def ignore(client, message, **placeholders):
    pass


@pytest.mark.matrix
def test_the_same_topic_twice_gives_the_same_one(mqtt):
    topic = mqtt.register_topic("home/sensor/#", qos=1)
    assert mqtt.register_topic("home/sensor/#", qos=1) is topic
    assert mqtt.register_topic("home/sensor/#") is topic
    assert (topic.name, topic.qos) == ("home/sensor/#", 1)


def test_the_same_topic_with_other_options_is_refused(mqtt):
    mqtt.register_topic("a", qos=1)
    with pytest.raises(PatternError, match="other options"):
        mqtt.register_topic("a", qos=2)


@pytest.mark.parametrize(
    "pattern", ["", "a/#/b", "a/b+", "<a", "<int:a>b", "<what:a>", "<a>/<a>", "<path:a>/b"]
)
def test_a_wrong_pattern_is_refused(mqtt, pattern):
    with pytest.raises(PatternError):
        mqtt.register_topic(pattern)


@pytest.mark.parametrize(
    "options",
    [
        {"qos": 3},
        {"qos": 1.0},
        {"qos": True},
        {"nolocal": 1},
        {"no_prefix": "no"},
        {"ack": "never"},
        {"retained": "no"},
        {"ordered_by": "unknown"},
        {"ordered_by": ""},
    ],
)
def test_a_wrong_option_is_refused(mqtt, options):
    with pytest.raises(ConfigError):
        mqtt.register_topic("a/<b>", **options)


@pytest.mark.parametrize("option", ["retries", "dead_letter", "workers"])
def test_an_unknown_option_is_a_type_error(mqtt, option):
    with pytest.raises(TypeError):
        mqtt.topic("a", **{option: 1})


def test_an_option_may_be_an_enumerator(mqtt):
    qos = enum.IntEnum("Qos", {"ONCE": 1})
    mqtt.topic("enumerated", qos=qos.ONCE)(ignore)
    with mqtt.running():
        assert mqtt.stats()["subscriptions"] == 1


def test_a_handler_must_be_callable(mqtt):
    with pytest.raises(TypeError):
        mqtt.register_topic("a").on_message("function")


def takes_too_little(client):
    pass


def takes_no_quantity(client, message, bed):
    pass


def takes_another_name(client, message, bed, what):
    pass


def takes_one_more(client, message, bed, quantity, unit):
    pass


def takes_message_as_a_placeholder(client, message):
    pass


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("handler", "pattern"),
    [
        (takes_too_little, "a"),
        (takes_no_quantity, "<int:bed>/<quantity>"),
        (takes_another_name, "<int:bed>/<quantity>"),
        (takes_one_more, "<int:bed>/<quantity>"),
        (takes_message_as_a_placeholder, "<message>"),
    ],
)
def test_a_handler_that_does_not_fit_its_pattern_is_refused_at_once(mqtt, handler, pattern):
    with pytest.raises(TypeError) as refusal:
        mqtt.topic(pattern)(handler)
    text = str(refusal.value)
    assert handler.__name__ in text
    assert repr(pattern) in text
    assert "(client, message" in text


def test_what_a_decorator_adds_is_its_own_affair(mqtt):
    def with_database(handler):
        @functools.wraps(handler)
        def call(*arguments, **placeholders):
            return handler("database", *arguments, **placeholders)

        return call

    @mqtt.topic("<int:bed>")
    @with_database
    def store(database, client, message, bed):
        pass

    partly = functools.partial(store.__wrapped__, "database")
    mqtt.register_topic("<int:bed>").on_message(partly)
    assert len(mqtt.topics[0].handlers) == 2


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("pattern", "values", "expected"),
    [
        ("plain", {}, "plain"),
        ("number/<int:number>", {"number": 42}, "number/42"),
        ("number/<int:number>", {"number": "-7"}, "number/-7"),
        ("number/<int:number>", {"number": 10**30}, "number/1" + "0" * 30),
        ("number/<float:number>", {"number": 1.5}, "number/1.5"),
        ("<a>/<str:b>", {"a": "x", "b": "y z"}, "x/y z"),
        ("dev/<uuid:dev>", {"dev": UUID}, f"dev/{UUID}"),
        ("logs/<path:rest>", {"rest": "a/b"}, "logs/a/b"),
    ],
)
def test_topic_for_fills_in_the_values(mqtt, prefix, pattern, values, expected):
    mqtt.topic(pattern, name="route")(ignore)
    assert mqtt.topic_for("route", **values) == expected
    assert mqtt.topic_for("route", absolute=True, **values) == f"{prefix}/{expected}"
    assert mqtt.register_topic(pattern).topic_for(**values) == expected
    assert mqtt.register_topic(pattern).topic_for(True, **values) == f"{prefix}/{expected}"


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("pattern", "values", "complaint"),
    [
        ("number/<int:number>", {}, "number"),
        ("number/<int:number>", {"number": 1, "other": 2}, "other"),
        ("number/<int:number>", {"number": "abc"}, "number"),
        ("<a>", {"a": "x/y"}, "/"),
        ("<a>", {"a": "+"}, r"\+"),
        ("<a>", {"a": "#"}, "#"),
        ("<a>", {"a": ""}, "a"),
        ("logs/<path:rest>", {"rest": "a/#"}, "#"),
        ("dev/<uuid:dev>", {"dev": "x"}, "dev"),
    ],
)
def test_topic_for_refuses_values_that_do_not_fit(mqtt, pattern, values, complaint):
    topic = mqtt.register_topic(pattern)
    with pytest.raises(TopicError, match=complaint):
        topic.topic_for(**values)


@pytest.mark.matrix
@pytest.mark.parametrize("placeholder", ["name", "topic", "self", "values", "route"])
def test_topic_for_takes_placeholders_that_are_called_like_its_parameters(mqtt, placeholder):
    topic = mqtt.topic(f"device/<{placeholder}>", name="device")(ignore)
    assert mqtt.topic_for("device", **{placeholder: "x"}) == "device/x"
    assert mqtt.register_topic(f"device/<{placeholder}>").topic_for(**{placeholder: "x"}) == "device/x"
    assert topic is ignore


def test_topic_for_takes_the_name_of_the_route_by_keyword(mqtt):
    mqtt.topic("number/<int:number>", name="route")(ignore)
    assert mqtt.topic_for(name="route", absolute=False, number=4) == "number/4"
    with pytest.raises(TypeError, match="name of the route"):
        mqtt.topic_for(number=4)


@pytest.mark.matrix
def test_a_route_is_named_after_its_function(mqtt):
    @mqtt.topic("number/<int:number>")
    def number_topic(client, message, number):
        pass

    assert mqtt.topic_for("number_topic", number=42) == "number/42"


def test_an_unknown_route_is_refused_with_the_nearest_name(mqtt):
    mqtt.topic("a", name="number_topic")(ignore)
    with pytest.raises(TopicError, match="Did you mean 'number_topic'"):
        mqtt.topic_for("numbertopic")


def test_two_functions_on_one_topic_both_name_it(mqtt):
    mqtt.topic("a/<b>", name="first")(ignore)
    mqtt.topic("a/<b>", name="second")(ignore)
    assert mqtt.topic_for("first", b=1) == mqtt.topic_for("second", b=1) == "a/1"
    assert len(mqtt.topics) == 1


def test_a_given_name_cannot_belong_to_two_topics(mqtt):
    mqtt.register_topic("a", route_name="same")
    with pytest.raises(PatternError, match="'same' belongs to the topic 'a'"):
        mqtt.register_topic("b", route_name="same")


def test_functions_with_one_name_are_told_apart_when_the_name_is_used(mqtt):
    mqtt.topic("a")(ignore)
    mqtt.topic("b")(ignore)
    with pytest.raises(TopicError, match="name="):
        mqtt.topic_for("ignore")
    assert mqtt.topic_for("b") == "b"


def test_a_topic_without_prefix_stays_absolute(mqtt):
    topic = mqtt.register_topic("$SYS/<a>", no_prefix=True)
    assert topic.topic_for(absolute=True, a="x") == "$SYS/x"


def test_topic_for_without_prefix_needs_no_application():
    mqtt = MultiMQTT()
    mqtt.topic("a/<b>", name="route")(ignore)
    assert mqtt.topic_for("route", b=1) == "a/1"
