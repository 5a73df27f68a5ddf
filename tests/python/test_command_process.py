"""The commands as a person or a program runs them: `flask mqtt ...` in a process of its own."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flask_multimqtt import MultiMQTT
from tests.python.program import Program
from tests.support.mosquitto import Listener, Mosquitto
from tests.support.mosquitto_clients import Subscriber, publish

APPLICATION = """
from flask import Flask

from flask_multimqtt import MultiMQTT

app = Flask(__name__)
app.config.from_prefixed_env()
mqtt = MultiMQTT(app)

@mqtt.topic("number/<int:number>", qos=1)
def number(client, message, number): ...

if app.config.get("SECOND"):
    app.config["MQTT_URI"] = app.config["SECOND"]
    MultiMQTT(app).register_topic("second")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APPLICATION)
    return tmp_path


@pytest.fixture
def flask(folder: Path, broker, prefix):
    """Runs `flask mqtt ...` to its end; the output is what a pipe gets."""

    def run(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flask", "mqtt", *arguments],
            cwd=folder,
            env={**os.environ, "FLASK_MQTT_URI": broker.uri(prefix=prefix), **environment},
            input=stdin.decode(),
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_routes(flask, prefix):
    [row] = json.loads(flask("routes", "--json").stdout)
    assert row == {
        "topic": "number/<int:number>",
        "filter": f"{prefix}/number/+",
        "qos": 1,
        "ack": "success",
        "names": ["number"],
        "handlers": ["app.number"],
    }
    shown = flask("routes")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert f"number/<int:number>  {prefix}/number/+  1    app.number" in shown.stdout


def test_pub_and_sub(flask, folder, broker, prefix):
    arguments = ["-m", "flask", "mqtt", "sub", "number/<int:number>", "--count", "2"]
    with Program(arguments, folder, FLASK_MQTT_URI=broker.uri(prefix=prefix)) as listening:
        broker.wait_for_log(f"{prefix}/number/+")
        sent = flask("pub", "number/7", "-", stdin="é".encode(), PYTHONIOENCODING="utf-8")
        assert (sent.returncode, sent.stdout, sent.stderr) == (0, "", "")
        assert flask("pub", "number/8", "x", "--json", "--qos", "2").returncode == 0
        assert listening.end() == 0
        assert listening.output == "number/7 é\nnumber/8 x\n"


def test_sub_ends_quietly_with_control_c(folder, broker, prefix):
    arguments = ["-m", "flask", "mqtt", "sub", "#"]
    with Program(arguments, folder, FLASK_MQTT_URI=broker.uri(prefix=prefix)) as listening:
        broker.wait_for_log(f"{prefix}/#")
        listening.signal(signal.SIGINT)
        assert listening.end() == 0
        assert listening.output == ""


def test_sub_gives_bytes_that_are_no_text_to_programs_unharmed(flask, broker, prefix):
    publish(broker, f"{prefix}/kept", b"\xff\0", retain=True)
    shown = json.loads(flask("sub", "kept", "--count", "1", "--json").stdout)
    assert shown["payload_base64"] == "/wA="
    assert "payload" not in shown
    publish(broker, f"{prefix}/kept", retain=True)


def test_status(flask):
    shown = flask("status")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert ": connected" in shown.stdout
    assert "number/<int:number>: granted" in shown.stdout
    assert "MQTT 5.0, client identifier app-cli-" in shown.stdout
    assert "publishes: up to QoS 2" in shown.stdout
    assert "shared subscriptions" in shown.stdout
    assert "\x1b" not in shown.stdout
    report = json.loads(flask("status", "--json", FLASK_MQTT_PROTOCOL_VERSION="4").stdout)
    assert report["routes"] == [{"topic": "number/<int:number>", "granted": True}]
    assert report["connection"]["version"] == "MQTT 3.1.1"
    assert report["connection"]["subscription_identifiers"] is False


def test_status_names_the_route_that_the_broker_refuses(flask, folder, make_app):
    text = f"{APPLICATION}\nmqtt.topic('allowed/<int:number>')(number)\nmqtt.register_topic('unused')\n"
    (folder / "app.py").write_text(text)
    with Mosquitto(Listener.DYNAMIC_SECURITY) as strict:
        admin = MultiMQTT(make_app(MQTT_URI=strict.uri(), MQTT_PREFIX=None))
        with admin.running():
            admin.dynsec_create_role("reader")
            admin.dynsec_add_role_acl("reader", "subscribePattern", "allowed/#", True)
            admin.dynsec_add_client("reader", "password", roles=["reader"])
        uri = f"mqtt://reader:password@127.0.0.1:{strict.port}"
        report = json.loads(flask("status", "--json", FLASK_MQTT_URI=uri).stdout)
        shown = flask("status", FLASK_MQTT_URI=uri)
    refused, granted = report["routes"]
    assert (granted["topic"], granted["granted"]) == ("allowed/<int:number>", True)
    assert (refused["topic"], refused["granted"]) == ("number/<int:number>", False)
    assert "not authorized" in refused["error"].lower()
    assert shown.returncode == 1
    assert f"number/<int:number>: {refused['error']}" in shown.stdout


def test_colours_are_for_a_person(folder, broker, prefix):
    publish(broker, f"{prefix}/kept", "\x1b[31mred", retain=True)
    terminal, inside = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "flask", "mqtt", "sub", "kept", "--count", "1"],
            cwd=folder,
            env={**os.environ, "FLASK_MQTT_URI": broker.uri(prefix=prefix), "TERM": "xterm"},
            stdin=subprocess.DEVNULL,
            stdout=inside,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )
        shown = os.read(terminal, 65_536).decode()
    finally:
        os.close(inside)
        os.close(terminal)
    assert done.returncode == 0
    assert "\x1b[36mkept" in shown
    assert "\\x1b[31mred" in shown, "what others have published does not steer the terminal"
    publish(broker, f"{prefix}/kept", retain=True)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("pub", "a/+", "x"), "+"),
        (("pub", "a", "x", "--qos", "3"), "--qos"),
        (("pub", "a", "x", "--connection", "2"), "There is no number 2"),
        (("sub", "a/#/b"), "#"),
        (("sub", "a", "--count", "0"), "--count"),
        (("sub", "a", "--timeout", "-1"), "--timeout"),
        (("sub",), "FILTER"),
    ],
)
def test_a_wrong_argument_is_one_line_and_a_code(flask, arguments, complaint):
    done = flask(*arguments)
    assert done.returncode in (1, 2)
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments", [("pub", "a", "x"), ("sub", "a"), ("status",)], ids=lambda arguments: arguments[0]
)
def test_without_a_broker_a_command_says_why_and_fails(flask, own_broker, arguments):
    own_broker.stop()
    done = flask(*arguments, "--timeout", "0.5", FLASK_MQTT_URI=own_broker.uri())
    assert done.returncode == 1
    assert "refused" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_certificate_that_cannot_be_read_is_one_line(flask, broker, tmp_path):
    (tmp_path / "broken.pem").write_text("no certificate")
    done = flask(
        "status",
        FLASK_MQTT_URI=broker.uri(Listener.TLS),
        FLASK_MQTT_TLS_CA_CERTS=str(tmp_path / "broken.pem"),
    )
    assert done.returncode == 1
    assert "broken.pem" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_another_connection_of_the_application_can_be_named(flask, broker, prefix):
    second = broker.uri(prefix=f"{prefix}-second")
    with Subscriber(broker, f"{prefix}-second/a", qos=1) as subscriber:
        assert flask("pub", "a", "x", "--connection", "2", FLASK_SECOND=second).returncode == 0
        assert subscriber.take().payload == b"x"
    [row] = json.loads(flask("routes", "--connection", "2", "--json", FLASK_SECOND=second).stdout)
    assert (row["topic"], row["handlers"]) == ("second", [])
