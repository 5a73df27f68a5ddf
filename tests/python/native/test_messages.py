"""Publishing and receiving through a real broker."""

import gc
import threading
import uuid
import weakref

import pytest

from flask_multimqtt import _native
from tests.python.native.conftest import WAIT_S, EngineError, messages


class Message(_native.Message):
    __slots__ = ()


class MessageWithState(_native.Message):
    pass


@pytest.mark.parametrize(
    ("payload", "sent"),
    [
        (b"\x00\xff", b"\x00\xff"),
        (bytearray(b"array"), b"array"),
        (memoryview(b"view"), b"view"),
        ("ä€😀", "ä€😀".encode()),
        (42, b"42"),
        (-(10**40), str(-(10**40)).encode()),
        (21.5, b"21.5"),
        (1e16, b"1e+16"),
        (True, b"true"),
        (None, b""),
        (b"x" * 1_000_000, b"x" * 1_000_000),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_payloads_arrive_as_bytes(client, payload, sent):
    client.register_topic("payload")
    client.wait_subscribed(WAIT_S)
    client.publish("payload", payload)
    [received] = [delivery.message.payload for delivery in messages(client, 1)]
    assert received == sent


def test_a_message_shows_what_was_sent(client):
    identity = uuid.uuid4()
    route = client.register_topic("dev/<uuid:dev>/<int:number>/<path:rest>", qos=1, name="up")
    client.wait_subscribed(WAIT_S)
    topic = client.topic_for("up", {"dev": identity, "number": 10**30, "rest": "a/b"})
    properties = _native.Properties(content_type="text/plain", user_properties=[("a", "b")])
    receipt = client.publish(topic, "text", qos=1, properties=properties)
    receipt.wait(WAIT_S)
    for delivery in messages(client, 1):
        message = delivery.message
        assert delivery.route_id == route.id
        assert delivery.captures == (identity, 10**30, "a/b")
        assert delivery.arguments == {"dev": identity, "number": 10**30, "rest": "a/b"}
        assert (message.topic, message.absolute_topic) == (topic, f"pre/{topic}")
        assert (message.text, message.qos, message.retain, message.dup) == ("text", 1, False, False)
        assert message.mid > 0
        assert message.properties == properties


@pytest.mark.parametrize("message_type", [_native.Message, Message, MessageWithState])
@pytest.mark.parametrize("qos", [0, 1])
def test_kept_messages_keep_their_contents(broker, make_client, message_type, qos):
    client = make_client(uri=broker.uri(), message_type=message_type)
    client.register_topic("kept/<number>", qos=qos)
    client.connect()
    client.wait_subscribed(WAIT_S)
    for number in range(100):
        client.publish(f"kept/{number}", number, qos=qos)
    kept = [delivery.message for delivery in messages(client, 100)]
    assert [(type(message), message.topic, message.payload) for message in kept] == [
        (message_type, f"kept/{number}", str(number).encode()) for number in range(100)
    ]
    del client
    assert kept[0].text == "0"


def test_a_message_with_state_of_its_own_is_never_used_again(broker, make_client):
    client = make_client(uri=broker.uri(), message_type=MessageWithState)
    client.register_topic("state")
    client.connect()
    client.wait_subscribed(WAIT_S)
    for _ in range(10):
        client.publish("state")
    for delivery in messages(client, 10):
        assert not hasattr(delivery.message, "seen")
        delivery.message.seen = True


@pytest.mark.parametrize(
    "levels",
    [
        ["plain"],
        ["<text>"],
        ["<int:number>", "<float:part>", "<path:rest>"],
        [f"<int:number{index}>" for index in range(16)],
        [f"<int:number{index}>" for index in range(17)],
    ],
    ids=len,
)
def test_a_delivery_calls_a_handler_with_its_arguments(client, levels):
    client.register_topic("/".join(["call", *levels]))
    client.wait_subscribed(WAIT_S)
    client.publish("/".join(["call", *("plain" if level == "plain" else "7" for level in levels)]))
    for delivery in messages(client, 1):
        called = delivery.call(lambda *positional, **named: (positional, named), "client")
        assert called == (("client", delivery.message), delivery.arguments)


def test_what_a_called_handler_raises_is_raised(client):
    client.register_topic("call/<int:number>")
    client.wait_subscribed(WAIT_S)
    client.publish("call/0")
    for delivery in messages(client, 1):
        with pytest.raises(ZeroDivisionError):
            delivery.call(lambda client, message, number: 1 / number, None)
        with pytest.raises(TypeError):
            delivery.call(lambda client, message: None, None)
        with pytest.raises(TypeError, match="takes a handler and a client"):
            delivery.call(print)


def test_only_a_message_calls_a_handler(client):
    [delivery] = [found for found in client.take(1, WAIT_S) if found.kind != _native.KIND_MESSAGE]
    with pytest.raises(RuntimeError, match="this delivery is over"):
        delivery.call(print, client)
    for found in client.take(1, WAIT_S):
        with pytest.raises(RuntimeError, match="not a message"):
            found.call(print, client)


def test_a_delivery_that_is_over_says_so(client):
    client.register_topic("over")
    client.wait_subscribed(WAIT_S)
    client.publish("over")
    [delivery] = messages(client, 1)
    with pytest.raises(RuntimeError, match="this delivery is over"):
        _ = delivery.message


def test_a_kept_message_can_be_acknowledged_by_hand(broker, make_client):
    client = make_client(uri=broker.uri(), client_id="by-hand", clean_start=False, session_expiry_s=60)
    client.register_topic("by-hand", qos=1, ack="manual")
    client.connect()
    client.wait_subscribed(WAIT_S)
    for number in range(3):
        client.publish("by-hand", number, qos=1).wait(WAIT_S)
    kept = [delivery.message for delivery in messages(client, 3)]
    kept[0].ack()
    kept[0].ack()
    kept[2].ack()
    client.close()
    again = make_client(uri=broker.uri(), client_id="by-hand", clean_start=False, session_expiry_s=0)
    again.register_topic("by-hand", qos=1)
    again.connect()
    redelivered = [(delivery.message.text, delivery.message.dup) for delivery in messages(again, 1)]
    assert redelivered == [("1", True)]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("a/\ud800", "x"), EngineError),
        (("a", "\ud800"), UnicodeEncodeError),
        (("a", {}), TypeError),
        (("a", [1]), TypeError),
        ((b"a", "x"), TypeError),
        ((), TypeError),
        (("a", "x", "1"), TypeError),
        (("a", "x", 0, False, False), TypeError),
        (("a/#", "x"), EngineError),
        (("", "x"), EngineError),
        (("a", "x", 3), EngineError),
        (("a", "x", 2**70), EngineError),
    ],
    ids=repr,
)
def test_wrong_publishes_are_refused_before_anything_is_queued(make_client, arguments, error):
    client = make_client()
    with pytest.raises(error):
        client.publish(*arguments)
    assert client.statistics()["publishes_accepted"] == 0


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"qoss": 1}, "unexpected argument 'qoss'"),
        ({"topic": "b"}, "argument 'topic' twice"),
        ({"properties": {}}, "properties must be Properties or None"),
    ],
    ids=str,
)
def test_wrong_keywords_of_publish_are_type_errors(make_client, keywords, said):
    with pytest.raises(TypeError, match=said):
        make_client().publish("a", "x", **keywords)


def test_publishing_with_qos_0_gives_the_one_receipt_that_is_done(client):
    first = client.publish("a", 1)
    assert first is client.publish("b", 2)
    assert first.done
    assert first.failure is None
    assert first.key == 0
    assert not first.watch()
    first.wait()


def test_a_watched_receipt_comes_as_a_delivery(client):
    client.publish("watched", qos=1).wait(WAIT_S)
    # One of many is surely not done when it is watched: all of them share one connection.
    receipts = client.publish_many([("watched", 1)] * 1000, qos=2)
    waiting = {receipt.key: receipt for receipt in receipts if receipt.watch()}
    assert waiting
    while waiting:
        batch = client.take(64, WAIT_S)
        assert batch
        for delivery in batch:
            if delivery.kind == _native.KIND_RECEIPT:
                done = waiting.pop(delivery.receipt_key)
                assert done.done
                assert done.failure is None
                assert not done.watch()


def test_waiting_for_a_receipt_ends_with_the_time(make_client):
    client = make_client()
    receipt = client.publish("never", qos=1)
    with pytest.raises(EngineError) as caught:
        receipt.wait(0.01)
    assert caught.value.name == "timed_out"
    assert not receipt.done
    client.close(0)
    with pytest.raises(EngineError) as caught:
        receipt.wait(WAIT_S)
    assert caught.value.name == "closed"
    assert receipt.failure.name == "closed"


def test_publish_many_gives_a_receipt_for_each(client):
    receipts = client.publish_many([("a", 1), ("#", 2), ["b", "3"]], qos=1)
    receipts[0].wait(WAIT_S)
    receipts[2].wait(WAIT_S)
    assert [receipt.failure is None for receipt in receipts] == [True, False, True]


def test_publish_many_reports_a_topic_that_cannot_be_utf8_in_its_receipt(client):
    good, bad = client.publish_many([("a", 1), ("\ud800", 2)], qos=1)
    good.wait(WAIT_S)
    assert bad.failure.name == "bad_topic"


@pytest.mark.parametrize(
    "messages", [5, [5], [("a",)], [("a", 1, 2)], [(1, 2)], [("a", {})], [("a", "\ud800")]], ids=repr
)
def test_publish_many_sends_nothing_when_an_item_cannot_be_a_message(make_client, messages):
    client = make_client()
    items = [("before", "x"), *messages] if isinstance(messages, list) else messages
    with pytest.raises((TypeError, UnicodeEncodeError)):
        client.publish_many(items, qos=1)
    assert client.statistics()["publishes_accepted"] == 0


def test_publish_waits_for_room_with_the_interpreter_unlocked(make_client):
    client = make_client(outbox_messages_max=1, outbox_block_timeout_s=30)
    client.publish("a", qos=1)
    failures = []

    def publish():
        with pytest.raises(EngineError) as caught:
            client.publish("b", qos=1)
        failures.append(caught.value.name)

    thread = threading.Thread(target=publish)
    thread.start()
    client.close(0)
    thread.join(WAIT_S)
    assert failures == ["closed"]


def test_publish_fails_at_once_when_the_policy_says_so(make_client):
    client = make_client(outbox_messages_max=1, outbox_full="raise")
    client.publish("a", qos=1)
    with pytest.raises(EngineError) as caught:
        client.publish("b", qos=1)
    assert caught.value.name == "queue_full"


def test_take_is_woken_by_close(client):
    taken = []

    def take():
        while client.state != "stopped":
            taken.append(bool(client.take(1, None)))

    thread = threading.Thread(target=take)
    thread.start()
    client.close()
    thread.join(WAIT_S)
    assert not thread.is_alive()
    assert client.state == "stopped"
    assert not client.take(1, None)


def test_take_gives_an_empty_batch_after_the_time(make_client):
    batch = make_client().take(timeout_s=0.01)
    assert not batch
    assert list(batch) == []


@pytest.mark.parametrize("messages_max", [0, 1025])
def test_take_refuses_sizes_that_are_not_allowed(make_client, messages_max):
    with pytest.raises(EngineError, match="allowed: 1 to 1024"):
        make_client().take(messages_max, 0)


def test_connections_come_as_deliveries(client):
    kinds = [delivery.kind for delivery in client.take(64, WAIT_S)]
    assert _native.KIND_CONNECTED in kinds


def test_the_descriptor_becomes_readable_with_a_message(client):
    import select

    descriptor = client.fileno()
    client.register_topic("readable")
    client.wait_subscribed(WAIT_S)
    while list(client.take(64, 0)):
        pass
    client.publish("readable")
    readable, _, _ = select.select([descriptor], [], [], WAIT_S)
    assert readable == [descriptor]
    assert sum(1 for _ in messages(client, 1)) == 1


def test_failed_handlers_are_counted(client):
    client.register_topic("failing")
    client.wait_subscribed(WAIT_S)
    client.publish("failing")
    counted = False
    while not counted:
        batch = client.take(1, WAIT_S)
        assert batch
        for delivery in batch:
            if delivery.kind == _native.KIND_MESSAGE:
                batch.failed()
                counted = True
    assert client.statistics()["handlers_failed"] == 1


def test_a_made_up_message_shows_its_parts():
    message = _native.Message("pre/a/b", "text", qos=2, retain=True, dup=True, mid=7, prefix="pre")
    assert (message.topic, message.absolute_topic, message.text) == ("a/b", "pre/a/b", "text")
    assert (message.payload, message.qos, message.mid) == (b"text", 2, 7)
    assert message.retain
    assert message.dup
    assert message.properties is None
    message.ack()
    with pytest.raises(UnicodeDecodeError):
        _ = _native.Message("a", b"\xff").text


def test_a_topic_outside_the_prefix_makes_no_message():
    with pytest.raises(EngineError) as caught:
        _native.Message("other/a", prefix="pre")
    assert caught.value.name == "bad_topic"


@pytest.mark.parametrize("type_", [_native.Receipt, _native.Batch, _native.Delivery, _native.Route])
def test_what_the_engine_makes_cannot_be_made_by_hand(type_):
    with pytest.raises(TypeError):
        type_()


@pytest.mark.parametrize(
    ("type_", "attribute"),
    [
        (_native.Message, "topic"),
        (_native.Receipt, "done"),
        (_native.Delivery, "kind"),
    ],
)
def test_an_object_without_its_constructor_is_refused(type_, attribute):
    with pytest.raises(RuntimeError, match="__init__ was not called"):
        getattr(type_.__new__(type_), attribute)


def test_a_dropped_client_goes_away(broker):
    client = _native.Client(uri=broker.uri())
    client.connect()
    client.wait_connected(WAIT_S)
    reference = weakref.ref(client)
    del client
    gc.collect()
    assert reference() is None


def test_without_a_factory_for_them_failures_still_have_their_words():
    _native.set_exception_factory(lambda name, message, reason: name)
    try:
        with pytest.raises(TypeError, match="is no exception"):
            _native.Pattern("a/<b")
    finally:
        _native.set_exception_factory(EngineError)
