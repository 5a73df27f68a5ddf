"""The scripted broker reads whole packets and breaks off as told."""

from __future__ import annotations

import socket

import pytest

from tests.support.scripted_broker import ScriptedBroker


@pytest.fixture
def broker():
    with ScriptedBroker() as listening:
        yield listening


@pytest.fixture
def client(broker):
    with socket.create_connection(("127.0.0.1", broker.port), 5) as connected:
        yield connected


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_384], ids=lambda size: f"{size}_bytes")
def test_it_reads_one_packet_at_a_time(broker, client, size):
    length = bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7 & 0x7F])
    if size >= 16_384:
        length = b"\x80\x80\x01"
    packet = b"\x30" + length + b"x" * size
    client.sendall(packet + b"\xc0\x00")
    link = broker.accept()
    assert link.receive_packet() == packet
    assert link.receive_packet() == b"\xc0\x00"


def test_a_packet_that_ends_early_raises(broker, client):
    client.sendall(b"\x30\x05ab")
    client.close()
    with pytest.raises(EOFError, match="ab"):
        broker.accept().receive_packet()


def test_it_answers_with_any_bytes(broker, client):
    broker.accept().send(b"\xff\xfe")
    assert client.recv(2) == b"\xff\xfe"


def test_it_closes_at_once(broker, client):
    broker.accept().close()
    assert client.recv(1) == b""


def test_it_resets(broker, client):
    broker.accept().reset()
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_half_close_leaves_the_other_direction_open(broker, client):
    link = broker.accept()
    link.end_sending()
    assert client.recv(1) == b""
    client.sendall(b"x")
    assert link.receive(1) == b"x"


def test_no_connection_raises(broker):
    with pytest.raises(TimeoutError):
        broker.accept(timeout_s=0.01)
