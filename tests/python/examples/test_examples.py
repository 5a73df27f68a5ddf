"""The examples of the documents and of examples/ do what they say."""

from __future__ import annotations

import os
import subprocess
import sys
import types
import typing as t
from pathlib import Path

import pytest
from flask import Flask

from flask_multimqtt import MultiMQTT
from tests.support.mosquitto import Mosquitto
from tests.support.mosquitto_clients import Subscriber, publish

ROOT = Path(__file__).parents[3]
URI_OF_THE_TEXT = "mqtt://127.0.0.1/myprefix"


def load(path: Path, broker: Mosquitto) -> types.ModuleType:
    """Runs an example with this broker in place of the one that its text names."""
    text = path.read_text()
    assert URI_OF_THE_TEXT in text
    module = types.ModuleType(path.stem)
    exec(
        compile(text.replace(URI_OF_THE_TEXT, broker.uri(prefix="myprefix")), str(path), "exec"), vars(module)
    )
    return module


def test_the_readme_example_publishes_and_handles(
    broker: Mosquitto, capsys: pytest.CaptureFixture[str], arrivals: t.Any
) -> None:
    example = load(ROOT / "examples/readme/app.py", broker)
    example.mqtt.register_topic("number/<int:number>", qos=1).on_message(
        lambda client, message, number: arrivals.append(number)
    )
    with example.mqtt.running():
        answer = example.app.test_client().post("/number/41")
        assert (answer.status_code, answer.text) == (200, "The broker has it.\n")
        assert arrivals.wait_for(1) == [41]
    assert "number/41: 42, {'hello': 'world'}" in capsys.readouterr().out


def test_the_calls_of_the_first_versions_work_as_they_did(broker: Mosquitto, arrivals: t.Any) -> None:
    app = Flask("calls")
    app.config["MQTT_URI"] = broker.uri(prefix="calls")
    mqtt = MultiMQTT(app)
    first: list[bytes] = []

    topic = mqtt.register_topic("home/sensor/#", qos=0)
    topic.on_message(lambda client, message: first.append(message.payload))
    topic.on_message(lambda client, message: arrivals.append((message.topic, message.payload)))

    @mqtt.topic("number/<int:number>")
    def number_topic(client: MultiMQTT, message: t.Any, number: int) -> None:
        arrivals.append((client is mqtt, number, message.payload))

    assert mqtt.topic_for("number_topic", number=42) == "number/42"
    assert mqtt.topic_for("number_topic", absolute=True, number=42) == "calls/number/42"
    with (
        mqtt.running(),
        Subscriber(broker, "calls/example") as subscriber,
        Subscriber(broker, "free") as free,
    ):
        mqtt.publish("example", {"hello": "world"})
        assert subscriber.take().payload in (b'{"hello": "world"}', b'{"hello":"world"}')
        mqtt.publish("free", "of the prefix", no_prefix=True)
        assert free.take().payload == b"of the prefix"
        publish(broker, "calls/home/sensor/1", "21")
        publish(broker, "calls/number/7", "x")
        assert sorted(arrivals.wait_for(2), key=repr) == sorted(
            [("home/sensor/1", b"21"), (True, 7, b"x")], key=repr
        )
    assert first == [b"21"]


@pytest.mark.timeout(120)
def test_the_demo_shows_readings_and_switches_a_pump() -> None:
    demo = [sys.executable, str(ROOT / "examples/greenhouse/demo.py"), "--check"]
    run = subprocess.run(demo, capture_output=True, text=True, timeout=110)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "the pump of bed 2 is on" in run.stdout
    assert "the pump of bed 2 is off" in run.stdout
    assert "everything it started has ended" in run.stdout


@pytest.fixture
def readme_folder(monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = ROOT / "examples" / "readme"
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_the_tests_that_the_guide_shows_pass(readme_folder: Path, broker: Mosquitto, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        f"import pytest\n\n@pytest.fixture\ndef broker():\n    return {broker.uri(prefix='heating')!r}\n"
    )
    (tmp_path / "test_heating.py").write_text((readme_folder / "test_heating.py").read_text())
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(readme_folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "2 passed" in run.stdout


def test_the_heating_of_the_guide_answers_requests(
    readme_folder: Path, broker: Mosquitto, own_broker: Mosquitto
) -> None:
    heating = types.ModuleType("heating")
    exec(compile((readme_folder / "heating.py").read_text(), "heating.py", "exec"), vars(heating))
    app = heating.create_app({"MQTT_URI": broker.uri(prefix="requests")})
    client = app.test_client()
    with heating.mqtt.running(), Subscriber(broker, "requests/room/hall/heating", qos=1) as subscriber:
        assert client.put("/rooms/hall/heating/on").status_code == 200
        assert subscriber.take().payload == b'{"on": true}'
        assert client.get("/health").status_code == 200
    assert client.get("/health").status_code == 503
    own_broker.stop()
    away = heating.create_app({"MQTT_URI": own_broker.uri(), "MQTT_DRAIN_SECONDS": 0})
    with away.app_context():
        heating.mqtt.connect()
    assert away.test_client().put("/rooms/hall/heating/off").status_code == 202
    with away.app_context():
        heating.mqtt.close(0)


def test_an_alarm_is_forwarded_from_one_broker_to_another(
    readme_folder: Path, broker: Mosquitto, own_broker: Mosquitto
) -> None:
    text = (readme_folder / "two_brokers.py").read_text()
    example = types.ModuleType("two_brokers")
    text = text.replace("mqtt://127.0.0.1/plant", broker.uri(prefix="plant"))
    text = text.replace("mqtt://127.0.0.1/office", own_broker.uri(prefix="office"))
    exec(compile(text, "two_brokers.py", "exec"), vars(example))
    with (
        example.plant.running(),
        example.office.running(),
        Subscriber(own_broker, "office/alarm/#", qos=1) as subscriber,
    ):
        publish(broker, "plant/alarm/boiler", "hot", qos=1)
        message = subscriber.take()
    assert (message.topic, message.payload) == ("office/alarm/boiler", b"hot")
