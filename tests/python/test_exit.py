"""The end of a process: code 0 and silence, whatever its threads are doing, and nothing accepted is lost."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.python.program import Program
from tests.support.mosquitto_clients import Subscriber, publish

BEGINNING = """
import os
import threading

from flask import Flask

from flask_multimqtt import MultiMQTT, MultiMQTTError

app = Flask("script")
app.config.from_prefixed_env()
app.config["MQTT_DRAIN_SECONDS"] = 1
mqtt = MultiMQTT(app)
entered = threading.Event()

def until_closed(call, *arguments):
    entered.set()
    try:
        while True:
            call(*arguments)
    except MultiMQTTError:
        pass

"""

# What handler threads do at the moment when the interpreter exits.
BUSY = {
    "nothing": "entered.set()",
    "waits for ever": "entered.set(); threading.Event().wait()",
    "spins": "entered.set()\n    while True: pass",
    "publishes on and on": "until_closed(client.publish, 'noise', 'x')",
    "waits for receipts": "until_closed(lambda: client.publish('noise', 'x', 1).wait())",
    "waits for the connection": "until_closed(client.wait_connected, 60)",
}

HANDLER = """
@mqtt.topic("work/<int:number>", qos=1)
def work(client, message, number):
    {busy}

with app.app_context():
    mqtt.wait_connected(10)
    mqtt.wait_subscribed(10)
    for number in range(4):
        mqtt.publish(f"work/{{number}}", "", qos=1)
assert entered.wait(10)
"""


@pytest.fixture
def environment(broker, prefix):
    return {"FLASK_MQTT_URI": broker.uri(prefix=prefix)}


@pytest.fixture
def script(tmp_path: Path, environment):
    def start(text: str, **more: str) -> Program:
        (tmp_path / "script.py").write_text(BEGINNING + text)
        return Program(["-W", "error", "script.py"], tmp_path, **{**environment, **more})

    return start


@pytest.mark.matrix
@pytest.mark.parametrize("busy", BUSY, ids=list(BUSY))
def test_exit_is_silent_whatever_the_handlers_do(script, busy):
    with script(HANDLER.format(busy=BUSY[busy])) as program:
        assert program.end() == 0
        assert program.output == ""


@pytest.mark.matrix
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_script_that_only_publishes_delivers_before_it_ends(script, broker, prefix, qos):
    with Subscriber(broker, f"{prefix}/last", qos=2) as subscriber:
        with script(f"mqtt.publish('last', 'words', qos={qos})") as program:
            assert program.end() == 0
            assert program.output == ""
        assert subscriber.take().payload == b"words"


def test_a_publish_of_an_exit_hook_is_delivered(script, broker, prefix):
    with Subscriber(broker, f"{prefix}/last", qos=1) as subscriber:
        text = (
            "import atexit\natexit.register(lambda: mqtt.publish('last', 'words', qos=1))\nmqtt.connect()\n"
        )
        with script(text) as program:
            assert program.end() == 0
        assert subscriber.take().payload == b"words"


@pytest.mark.matrix
def test_the_first_publish_may_come_from_an_exit_hook(script, broker, prefix):
    with Subscriber(broker, f"{prefix}/last", qos=1) as subscriber:
        text = "import atexit\natexit.register(lambda: mqtt.publish('last', 'words', qos=1))\n"
        with script(text) as program:
            assert program.end() == 0
            assert program.output == ""
        assert subscriber.take().payload == b"words"


def test_without_a_broker_a_script_ends_within_its_drain_time(script, own_broker):
    own_broker.stop()
    with script("mqtt.publish('a', 'x', qos=1)", FLASK_MQTT_URI=own_broker.uri()) as program:
        assert program.end() == 0


def test_a_broker_that_is_away_costs_another_nothing_at_the_end(script, broker, prefix, own_broker):
    """Each of many connections has the whole time, whichever is closed first."""
    own_broker.stop()
    text = f"""
away = []
for number in range(8):
    other = Flask(f"away{{number}}")
    other.config.update(MQTT_URI="{own_broker.uri()}", MQTT_DRAIN_SECONDS=1)
    away.append(MultiMQTT(other))
    away[-1].publish("a", "x", qos=1)
mqtt.publish('last', 'words', qos=1)
"""
    with Subscriber(broker, f"{prefix}/last", qos=1) as subscriber:
        with script(text) as program:
            assert program.end() == 0
        assert subscriber.take().payload == b"words"


def test_an_unused_multimqtt_leaves_no_trace(script):
    with script("") as program:
        assert program.end() == 0
        assert program.output == ""


def test_an_exception_of_the_main_thread_keeps_its_exit_code(script):
    with script("mqtt.connect()\nraise SystemExit(7)") as program:
        assert program.end() == 7


FOREVER = """
@mqtt.topic("work", qos=1)
def work(client, message):
    client.publish("done", message.payload, qos=1)

@mqtt.on_connect
def ready():
    client = mqtt
    client.wait_subscribed(10)
    client.publish("ready", "", qos=1)

mqtt.run_forever()
print("returned")
"""


@pytest.mark.matrix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_forever_handles_messages_until_a_signal(script, broker, prefix, number):
    with Subscriber(broker, f"{prefix}/+", qos=1) as subscriber, script(FOREVER) as program:
        assert subscriber.take().topic.endswith("ready")
        publish(broker, f"{prefix}/work", "x", qos=1)
        while not subscriber.take().topic.endswith("done"):
            pass
        program.signal(number)
        assert program.end() == 0
        assert program.output == "returned\n"


def test_with_a_status_topic_the_end_is_announced(script, broker, prefix):
    with Subscriber(broker, f"{prefix}/status", qos=1) as subscriber:
        text = "mqtt.on_connect(entered.set)\nmqtt.connect()\nentered.wait(10)"
        with script(text, FLASK_MQTT_STATUS_TOPIC="status") as program:
            assert program.end() == 0
        assert [subscriber.take().payload for _ in range(2)] == [b"online", b"offline"]


def test_after_a_kill_the_broker_publishes_the_will(script, broker, prefix):
    text = "mqtt.wait_connected(10)\nentered.wait()"
    with Subscriber(broker, f"{prefix}/status", qos=1) as subscriber:
        with script(text, FLASK_MQTT_STATUS_TOPIC="status") as program:
            assert subscriber.take().payload == b"online"
            program.signal(signal.SIGKILL)
            program.process.wait(10)
        assert subscriber.take().payload == b"offline"


def test_no_secret_is_printed(script, broker):
    text = (
        "import logging\nlogging.basicConfig(level=logging.DEBUG)\nmqtt.publish('a', 'x', qos=1)\nprint(mqtt)"
    )
    with script(text, FLASK_MQTT_URI=f"mqtt://user:s3cret@127.0.0.1:{broker.port}") as program:
        assert program.end() == 0
        assert "s3cret" not in program.output
