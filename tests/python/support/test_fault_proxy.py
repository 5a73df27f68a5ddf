"""The fault proxy forwards faithfully and breaks exactly as asked."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.scripted_broker import ScriptedBroker


@pytest.fixture
def broker():
    with ScriptedBroker() as listening:
        yield listening


@pytest.fixture
def proxy(broker):
    with FaultProxy("127.0.0.1", broker.port, seed=1) as running:
        yield running


def connect(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), 5)


def test_bytes_pass_unchanged_in_both_directions(broker, proxy):
    data = bytes(range(256)) * 2000
    with connect(proxy) as client:
        link = broker.accept()
        sender = threading.Thread(target=client.sendall, args=(data,))
        sender.start()
        assert link.receive(len(data)) == data
        sender.join()
        link.send(b"answer")
        assert client.recv(6) == b"answer"


def test_the_end_of_one_side_reaches_the_other(broker, proxy):
    with connect(proxy) as client:
        link = broker.accept()
        client.shutdown(socket.SHUT_WR)
        assert link.ended()
        link.send(b"still open")
        assert client.recv(10) == b"still open"


def test_cut_resets_both_sides(broker, proxy):
    with connect(proxy) as client:
        link = broker.accept()
        proxy.wait_for_links(1)
        proxy.cut()
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""
        assert link.ended()
        proxy.wait_for_links(0)


def test_cut_after_lets_a_number_of_bytes_in_the_range_pass(broker, proxy):
    proxy.cut_after(10, 20)
    with connect(proxy) as client:
        link = broker.accept()
        client.sendall(b"x" * 100)
        received = 0
        with contextlib.suppress(EOFError, ConnectionResetError):
            while link.receive(1):
                received += 1
        assert received <= 20
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""


def test_the_same_seed_gives_the_same_lengths(broker):
    lengths = []
    for _ in range(2):
        with FaultProxy("127.0.0.1", broker.port, seed=9) as proxy:
            proxy.cut_after(1, 1_000_000)
            with connect(proxy), connect(proxy):
                proxy.wait_for_links(2)
                lengths.append(sorted(link.bytes_left or 0 for link in proxy._links))
    assert lengths[0] == lengths[1]


def test_cut_never_spares_open_and_new_connections(broker, proxy):
    proxy.cut_after(1, 1)
    with connect(proxy) as client:
        link = broker.accept()
        proxy.wait_for_links(1)
        proxy.cut_never()
        client.sendall(b"long enough")
        assert link.receive(11) == b"long enough"


def test_a_black_hole_holds_bytes_until_it_forwards_again(broker, proxy):
    with connect(proxy) as client:
        link = broker.accept()
        proxy.black_hole()
        client.sendall(b"held")
        link._socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            link.receive(1)
        proxy.forward()
        link._socket.settimeout(5)
        assert link.receive(4) == b"held"


def test_half_close_ends_the_brokers_direction_only(broker, proxy):
    with connect(proxy) as client:
        link = broker.accept()
        link.send(b"x")
        assert client.recv(1) == b"x"
        proxy.half_close()
        assert client.recv(1) == b""
        client.sendall(b"heard")
        assert link.receive(5) == b"heard"


def test_refuse_and_accept_keep_the_port(broker, proxy):
    port = proxy.port
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.accept()
    with connect(proxy) as client:
        proxy.wait_for_links(1)
        assert client.getpeername()[1] == port
    assert proxy.connections == 1


def test_a_missing_broker_closes_the_connection(broker, proxy):
    broker.close()
    with connect(proxy) as client, contextlib.suppress(ConnectionResetError):
        assert client.recv(1) == b""


def test_closing_ends_every_thread(broker):
    with FaultProxy("127.0.0.1", broker.port) as running, connect(running):
        broker.accept()
        running.black_hole()
    assert not [thread for thread in threading.enumerate() if thread.name == "fault-proxy"]
