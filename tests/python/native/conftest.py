"""What the tests of the native module share: a private broker, and clients that are closed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from flask_multimqtt import _native
from flask_multimqtt.errors import exception_for
from tests.support.mosquitto import Mosquitto

WAIT_S = 10.0


class EngineError(Exception):
    """A failure of the engine, with its three parts."""

    def __init__(self, name: str, message: str, reason: int) -> None:
        super().__init__(message)
        self.name = name
        self.reason = reason


@pytest.fixture(scope="module", autouse=True)
def _exceptions() -> Iterator[None]:
    """Failures as they come from the engine, without the kinds that the Flask face makes of them."""
    _native.set_exception_factory(EngineError)
    yield
    _native.set_exception_factory(exception_for)


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto]:
    with Mosquitto() as running:
        yield running


@pytest.fixture
def make_client() -> Iterator[Callable[..., _native.Client]]:
    clients: list[_native.Client] = []

    def make(**options: object) -> _native.Client:
        client = _native.Client(**options)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close(0)


@pytest.fixture
def client(broker: Mosquitto, make_client: Callable[..., _native.Client]) -> _native.Client:
    """Connected, with the prefix "pre"."""
    connected = make_client(uri=broker.uri(prefix="pre"))
    connected.connect()
    connected.wait_connected(WAIT_S)
    return connected


def messages(client: _native.Client, count: int) -> Iterator[_native.Delivery]:
    """Yields deliveries of messages, and passes over all others, until there were `count`.

    Raises:
        TimeoutError: Nothing came for a while.
    """
    while count > 0:
        batch = client.take(64, WAIT_S)
        if not batch:
            raise TimeoutError(f"{count} messages did not come within {WAIT_S} s each")
        for delivery in batch:
            if delivery.kind == _native.KIND_MESSAGE:
                count -= 1
                yield delivery
                if count == 0:
                    return  # The batch may hold more.
