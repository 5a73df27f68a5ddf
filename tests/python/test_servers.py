"""Which process connects: under Flask's servers, gunicorn, commands, and after a fork. No request is sent."""

from __future__ import annotations

import contextlib
import itertools
import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.python.program import Program
from tests.support.mosquitto_clients import Subscriber, publish

APPLICATION = """
import os

from flask import Flask

from flask_multimqtt import MultiMQTT

mqtt = MultiMQTT()

@mqtt.topic("question", qos=1)
def question(client, message):
    client.publish("answer", os.getpid(), qos=1)

@mqtt.on_connect
def here():
    mqtt.publish("here", os.getpid(), qos=1)

def create_app():
    app = Flask("served")
    app.config.from_prefixed_env()
    mqtt.init_app(app)

    @app.cli.command("send")
    def send():
        mqtt.publish("sent", os.getpid(), qos=1).wait(10)

    @app.cli.command("consume")
    def consume():
        mqtt.run_forever()

    return app

app = create_app()
EXPLICIT_CONNECT = os.environ.get("EXPLICIT_CONNECT")
if EXPLICIT_CONNECT:
    mqtt.connect()
if __name__ == "__main__":
    app.run(port=0, debug=os.environ.get("DEBUG") == "1")
"""

FLASK = ("-m", "flask", "--app", "served")
GUNICORN = ("-m", "gunicorn", "--bind", "127.0.0.1:0", "--worker-class", "gthread", "--graceful-timeout", "5")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "served.py").write_text(APPLICATION)
    return tmp_path


@pytest.fixture
def environment(broker, prefix):
    return {"FLASK_MQTT_URI": broker.uri(prefix=prefix)}


@pytest.fixture
def said(broker, prefix):
    """Everything that the programs publish."""
    with Subscriber(broker, f"{prefix}/+", qos=1) as subscriber:
        yield subscriber


def take(said, name):
    """The payload of the next message whose topic ends in `name`; questions are left out."""
    while True:
        message = said.take()
        if message.topic.endswith(name):
            return message.payload


def ask_twice(broker, prefix, said, processes):
    """Every one of the processes answers each question once, and nobody else does."""
    for _ in range(2):
        publish(broker, f"{prefix}/question", qos=1)
    answers = [take(said, "answer") for _ in range(2 * len(processes))]
    assert sorted(answers) == sorted(processes * 2)
    assert not [message for message in said.taken() if message.topic.endswith(("here", "answer"))]


@pytest.mark.parametrize("explicit", [{}, {"EXPLICIT_CONNECT": "1"}], ids=["by itself", "with connect()"])
@pytest.mark.parametrize(
    ("arguments", "debug"),
    [
        ((*FLASK, "run", "--port", "0"), {}),
        ((*FLASK, "run", "--port", "0", "--reload"), {}),
        ((*FLASK, "run", "--port", "0"), {"FLASK_DEBUG": "1"}),
        ((*FLASK, "--debug", "run", "--port", "0", "--no-reload"), {}),
        (("served.py",), {}),
    ],
    ids=["flask run", "flask run --reload", "FLASK_DEBUG", "--no-reload", "app.run"],
)
def test_exactly_the_serving_process_handles_messages(
    folder, environment, broker, prefix, said, arguments, debug, explicit
):
    with Program(arguments, folder, **environment, **debug, **explicit) as program:
        ask_twice(broker, prefix, said, [take(said, "here")])
        program.signal_group(signal.SIGINT)
        program.end()


def test_app_run_with_a_reloader_handles_messages_in_the_child_only(
    folder, environment, broker, prefix, said
):
    with Program(["served.py"], folder, **environment, DEBUG="1") as program:
        process = take(said, "here")
        assert int(process) != program.process.pid
        ask_twice(broker, prefix, said, [process])


def test_a_reload_leaves_one_connection(folder, environment, broker, prefix, said):
    with Program([*FLASK, "run", "--port", "0", "--reload"], folder, **environment):
        first = take(said, "here")
        # The reloader may not watch the file yet, so it is changed again until something happens.
        for change in itertools.count():
            (folder / "served.py").write_text(f"{APPLICATION}\n# Change {change}.\n")
            with contextlib.suppress(TimeoutError):
                second = said.take(3.0).payload
                break
        assert second != first
        ask_twice(broker, prefix, said, [second])


@pytest.mark.parametrize("explicit", [{}, {"EXPLICIT_CONNECT": "1"}], ids=["by itself", "with connect()"])
@pytest.mark.parametrize("options", [(), ("--preload",)], ids=["lazy", "preload"])
@pytest.mark.parametrize("workers", [1, 2])
def test_every_gunicorn_worker_handles_messages(
    folder, environment, broker, prefix, said, options, explicit, workers
):
    arguments = [*GUNICORN, "--workers", str(workers), *options, "served:app"]
    with Program(arguments, folder, **environment, **explicit) as program:
        processes = [take(said, "here") for _ in range(workers)]
        assert len(set(processes)) == workers
        assert str(program.process.pid).encode() not in processes
        ask_twice(broker, prefix, said, processes)
        program.signal(signal.SIGTERM)
        assert program.end() == 0


def test_the_users_own_gunicorn_hook_still_runs(folder, environment, said):
    (folder / "gunicorn.conf.py").write_text("def post_worker_init(worker):\n    print('own hook')\n")
    with Program([*GUNICORN, "served:app"], folder, **environment) as program:
        take(said, "here")
        assert "own hook" in program.output


def test_gunicorn_workers_do_not_share_a_configured_client_id(folder, environment, broker, prefix, said):
    environment["FLASK_MQTT_CLIENT_ID"] = prefix
    with Program([*GUNICORN, "--workers", "2", "served:app"], folder, **environment):
        ask_twice(broker, prefix, said, [take(said, "here"), take(said, "here")])


@pytest.mark.parametrize("explicit", [{}, {"EXPLICIT_CONNECT": "1"}], ids=["by itself", "with connect()"])
def test_another_flask_command_does_not_connect(folder, environment, broker, prefix, explicit):
    environment["FLASK_MQTT_CLIENT_ID"] = prefix
    with Program([*FLASK, "routes"], folder, **environment, **explicit) as program:
        assert program.end() == 0
    assert prefix not in broker.log


def test_another_flask_command_can_publish(folder, environment, said):
    with Program([*FLASK, "send"], folder, **environment) as program:
        assert take(said, "sent") == str(program.process.pid).encode()
        assert program.end() == 0
    assert not said.taken()


def test_a_flask_command_that_asks_for_messages_gets_them(folder, environment, broker, prefix, said):
    with Program([*FLASK, "consume"], folder, **environment) as program:
        ask_twice(broker, prefix, said, [take(said, "here")])
        program.signal(signal.SIGTERM)
        assert program.end() == 0


# Servers that tell nobody when they begin; `serve` is the last thing that a script does.
SCRIPTS = {
    "waitress": """
from waitress import serve
from served import app
serve(app, host="127.0.0.1", port=0)
""",
    "wsgiref": """
from wsgiref.simple_server import make_server
from served import app
make_server("127.0.0.1", 0, app).serve_forever()
""",
}


@pytest.mark.parametrize("explicit", [{}, {"EXPLICIT_CONNECT": "1"}], ids=["by itself", "with connect()"])
@pytest.mark.parametrize("server", ["waitress", "wsgiref"])
def test_a_server_that_tells_nobody_is_noticed(folder, environment, broker, prefix, said, server, explicit):
    (folder / "server.py").write_text(SCRIPTS[server])
    with Program(["server.py"], folder, **environment, **explicit) as program:
        ask_twice(broker, prefix, said, [take(said, "here")])
        program.signal(signal.SIGINT)
        program.process.wait(10)


def test_waitress_serve_handles_messages(folder, environment, broker, prefix, said):
    with Program(["-m", "waitress", "--listen=127.0.0.1:0", "served:app"], folder, **environment):
        ask_twice(broker, prefix, said, [take(said, "here")])


@pytest.mark.parametrize("imported", ["waitress", "wsgiref.simple_server", "json"])
def test_a_process_that_only_imports_does_not_connect(folder, environment, broker, prefix, imported):
    environment["FLASK_MQTT_CLIENT_ID"] = prefix
    # Longer than the look for a server takes; nothing that could be waited for is to happen.
    (folder / "importing.py").write_text(f"import {imported}, time\nimport served\ntime.sleep(0.5)\n")
    with Program(["importing.py"], folder, **environment) as program:
        assert program.end() == 0
        assert program.output == ""
    assert prefix not in broker.log


FIRST_REQUEST = """
import os
import sys
from threading import Event

from werkzeug.serving import make_server

from served import app, mqtt

server = make_server("127.0.0.1", 0, app)
print(server.port, flush=True)
server.serve_forever()
"""


def test_under_an_unknown_server_the_first_request_starts_it(folder, environment, said):
    (folder / "server.py").write_text(FIRST_REQUEST)
    with Program(["server.py"], folder, **environment) as program:
        while not program.output.strip():
            assert program.process.poll() is None, program.output
        port = int(program.output.split()[0])
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/nothing-here")
        assert take(said, "here") == str(program.process.pid).encode()


FORK = """
import os
import sys

from served import app, mqtt

mqtt.wait_connected(10)
mqtt.wait_subscribed(10)
child = os.fork()
if child == 0:
    mqtt.publish("from-child", "x", qos=1).wait(10)
    assert mqtt.health()["state"] == "running"
    mqtt.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert mqtt.connected
assert mqtt.stats()["disconnects"] == 0
mqtt.publish("from-parent", "x", qos=1).wait(10)
"""


def test_a_forked_child_publishes_over_a_connection_of_its_own(folder, environment, prefix, broker, said):
    environment["FLASK_MQTT_CLIENT_ID"] = prefix
    (folder / "fork.py").write_text(FORK)
    with Program(["-W", "ignore::DeprecationWarning", "fork.py"], folder, **environment) as program:
        assert take(said, "from-child") == b"x"
        assert take(said, "from-parent") == b"x"
        assert program.end() == 0
    assert f"as {prefix}-publisher-" in broker.log
