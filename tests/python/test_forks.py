"""A forked child: no lock of the parent holds it up, and it never touches the parent's connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.python.program import Program
from tests.support.mosquitto_clients import Subscriber

BEGINNING = """
import os
import signal
import sys
import threading
from contextlib import ExitStack

from flask import Flask

from flask_multimqtt import MultiMQTT, MultiMQTTError, NotConnected, PublishError
from flask_multimqtt.extension import connections_of

app = Flask("forking")
app.config.from_prefixed_env()
mqtt = MultiMQTT(app)

@mqtt.topic("number/<int:number>", qos=1)
def handler(client, message, number):
    pass

def in_child(function):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        code = 1
        try:
            function()
            code = 0
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0, "the child failed"

mqtt.wait_connected(10)
mqtt.wait_subscribed(10)
"""

LOCKED = """
[connection] = connections_of(app)
held, release = threading.Event(), threading.Event()

def hold():
    with ExitStack() as locks:
        for lock in (mqtt._lock, mqtt._table._lock, mqtt.topics[0]._lock, connection._lock):
            locks.enter_context(lock)
        locks.enter_context(connection.watch._changed)
        held.set()
        release.wait()

threading.Thread(target=hold, daemon=True).start()
held.wait()
called = []

def child():
    {call}

in_child(child)
release.set()
"""

# What a child may do at once, whatever the parent's threads were doing.
CALLS = {
    "topic_for": "assert mqtt.topic_for('handler', number=1, absolute=True).endswith('number/1')",
    "on_connect": "mqtt.on_connect(print); mqtt.on_connect(print, remove=True)",
    "register_topic": "mqtt.register_topic('other')",
    "on_message": "mqtt.topic('other')(print)",
    "init_app": "mqtt.init_app(Flask('another'))",
    "connected": "assert mqtt.connected is False",
    "stats": "assert mqtt.stats() == {}",
    "health": "assert mqtt.health()['state'] == 'inherited'",
    "repr": "assert 'inherited' in repr(mqtt)",
    "close": "mqtt.close()",
    "publish": "mqtt.publish('a', 'x', qos=1).wait(10)",
    "publish_many": "mqtt.publish_many([('a', 'x')], qos=1)[0].wait(10)",
    "callback": "mqtt.publish('a', 'x', qos=1).add_done_callback(called.append)\n    while not called: pass",
    "connect": "mqtt.wait_connected(10); mqtt.wait_subscribed(10)",
}


@pytest.fixture
def script(tmp_path: Path, broker, prefix):
    def start(text: str, **environment: str) -> Program:
        (tmp_path / "script.py").write_text(BEGINNING + text)
        arguments = ["-W", "ignore::DeprecationWarning", "script.py"]
        return Program(arguments, tmp_path, FLASK_MQTT_URI=broker.uri(prefix=prefix), **environment)

    return start


@pytest.mark.matrix
@pytest.mark.parametrize("call", CALLS)
def test_a_child_is_not_held_up_by_locks_of_its_parent(script, call):
    with script(LOCKED.format(call=CALLS[call])) as program:
        assert program.end() == 0


def test_many_threads_of_a_child_share_one_connection(script, broker, prefix):
    text = """
def child():
    begin = threading.Barrier(8)

    def publish(number):
        begin.wait()
        mqtt.publish(f"from/{number}", "x", qos=1).wait(10)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mqtt.stats()["publishes_done"] == 8

in_child(child)
"""
    with Subscriber(broker, f"{prefix}/from/+", qos=1) as subscriber, script(text) as program:
        assert program.end() == 0
        assert len({subscriber.take().topic for _ in range(8)}) == 8


def test_a_child_that_connects_does_not_throw_its_parent_out(script, broker, prefix):
    text = """
def child():
    mqtt.wait_connected(10)
    mqtt.wait_subscribed(10)

in_child(child)
assert mqtt.connected
assert mqtt.stats()["disconnects"] == 0
"""
    with script(text, FLASK_MQTT_CLIENT_ID=f"{prefix}-configured") as program:
        assert program.end() == 0


def test_a_child_hears_that_the_end_of_its_parents_publishes_stays_unknown(script, own_broker):
    text = """
mqtt.close()
app.config["MQTT_URI"] = "mqtt://127.0.0.1:{port}"
away = MultiMQTT(app)
away.connect()
receipt = away.publish("a", "x", qos=1)

def child():
    for call in (receipt.wait, lambda: receipt.add_done_callback(print)):
        try:
            call()
        except PublishError as error:
            assert "parent" in str(error)
            assert error.code == "inherited"
        else:
            raise AssertionError(call)

in_child(child)
away.close(0)
"""
    own_broker.stop()
    with script(text.format(port=own_broker.port)) as program:
        assert program.end() == 0
