"""What the tests of the Flask face share: a broker, applications on it, and lists that can be waited on."""

from __future__ import annotations

import threading
import time
import typing as t
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from flask_multimqtt import MultiMQTT
from flask_multimqtt.extension import connections_of
from tests.support.mosquitto import Listener, Mosquitto

DEADLINE_S = 10.0

_EVERY_LISTENER = (
    Listener.ANONYMOUS,
    Listener.PASSWORD,
    Listener.TLS,
    Listener.TLS_WRONG_HOST,
    Listener.MUTUAL_TLS,
    Listener.WEBSOCKET,
    Listener.SECURE_WEBSOCKET,
    Listener.UNIX,
)

MakeApp = Callable[..., Flask]


class Arrivals(list[t.Any]):
    """A list that other threads append to, and that can be waited on."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def append(self, item: t.Any) -> None:
        with self._changed:
            super().append(item)
            self._changed.notify_all()

    def wait_for(self, count: int = 1) -> list[t.Any]:
        """Returns a copy as soon as there are `count` items; fails after ten seconds."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self) >= count, DEADLINE_S)
            assert arrived, f"Only {len(self)} of {count} arrived: {list(self)}"
            return list(self)


@pytest.fixture(scope="session")
def broker() -> Iterator[Mosquitto]:
    """One Mosquitto for all tests that do not stop it; each test has topics of its own."""
    with Mosquitto(*_EVERY_LISTENER, users={"user": "p@ss/word"}) as running:
        yield running


@pytest.fixture
def own_broker() -> Iterator[Mosquitto]:
    """A Mosquitto that has its ports and does not run yet; sessions and kept messages survive restarts."""
    with Mosquitto(persistence=True) as running:
        yield running


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    return f"test-{abs(hash(request.node.nodeid))}-{time.monotonic_ns()}"


@pytest.fixture
def make_app(broker: Mosquitto, prefix: str) -> Iterator[MakeApp]:
    """Makes applications with a topic prefix of their own; their connections are closed afterwards."""
    made: list[Flask] = []

    def make(name: str = "demo", **config: t.Any) -> Flask:
        app = Flask(name)
        app.config.update(MQTT_URI=broker.uri(prefix=prefix), MQTT_RECONNECT_MIN=0.05, MQTT_RECONNECT_MAX=0.1)
        app.config.update(config)
        made.append(app)
        return app

    yield make
    for app in made:
        for connection in connections_of(app):
            connection.close(1.0)


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app()


@pytest.fixture
def mqtt(app: Flask) -> MultiMQTT:
    return MultiMQTT(app)


@pytest.fixture
def arrivals() -> Arrivals:
    return Arrivals()
