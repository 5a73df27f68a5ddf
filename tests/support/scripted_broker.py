"""A listening socket that a test answers by hand, for brokers that speak nonsense or nothing."""

from __future__ import annotations

import contextlib
import socket
import struct
from types import TracebackType

_TIMEOUT_S = 10.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

# : CONNACK that accepts, without a stored session.
CONNACK_V3 = b"\x20\x02\x00\x00"
CONNACK_V5 = b"\x20\x03\x00\x00\x00"


class ScriptedBroker:
    r"""Listens on a free loopback port; the test plays the broker.

        with ScriptedBroker() as broker:
            client.connect(broker.port)
            link = broker.accept()
            assert link.receive_packet()[0] == 0x10     # CONNECT
            link.send(b"\xff\xff\xff\xff")              # nonsense
            assert link.ended()

    A broker that never answers is one whose test does not call `accept`: the kernel completes the
    connection. One that closes at once is `broker.accept().close()`.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_TIMEOUT_S)
        self._links: list[ScriptedLink] = []
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> ScriptedBroker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def accept(self, timeout_s: float = _TIMEOUT_S) -> ScriptedLink:
        """The next connection; raises TimeoutError when none comes."""
        self._listener.settimeout(timeout_s)
        connected, _ = self._listener.accept()
        link = ScriptedLink(connected)
        self._links.append(link)
        return link

    def close(self) -> None:
        self._listener.close()
        for link in self._links:
            link.close()


class ScriptedLink:
    """One accepted connection. Every call waits at most ten seconds and then raises TimeoutError."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._socket.settimeout(_TIMEOUT_S)

    def receive(self, size: int) -> bytes:
        """Exactly `size` bytes; raises EOFError when the client ends the connection before."""
        data = b""
        while len(data) < size:
            piece = self._socket.recv(size - len(data))
            if not piece:
                raise EOFError(f"The client closed the connection after {data!r}.")
            data += piece
        return data

    def receive_packet(self) -> bytes:
        """One whole MQTT packet, with its fixed header."""
        header = self.receive(1)
        length = shift = 0
        while True:
            byte = self.receive(1)
            header += byte
            length |= (byte[0] & 0x7F) << shift
            shift += 7
            if byte[0] < 0x80:
                return header + self.receive(length)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def ended(self) -> bool:
        """Reads to the end of the connection and returns true; raises TimeoutError if it stays open."""
        try:
            while self._socket.recv(4096):
                pass
        except ConnectionResetError:
            pass
        return True

    def end_sending(self) -> None:
        """Half-close: the client reads the end, but can still write."""
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Closes with a TCP reset."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.close()

    def close(self) -> None:
        self._socket.close()
