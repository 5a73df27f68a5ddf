"""A TCP proxy between a client and its broker that breaks the connection as a test asks for."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from types import TracebackType

_CHUNK_BYTES = 64 * 1024
_CONNECT_TIMEOUT_S = 5.0
#: SO_LINGER with no time: close sends a reset instead of an orderly end.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class FaultProxy:
    """Listens on a free loopback port and forwards each connection to `host`:`port`, with faults.

        with FaultProxy("127.0.0.1", broker.port, seed=7) as proxy:
            proxy.cut_after(200, 4000)      # every new connection dies after 200 to 4000 forwarded bytes
            proxy.delay_s = 0.05            # each piece waits this long
            proxy.black_hole()              # nothing passes, nothing closes; `forward()` ends it
            proxy.cut()                     # reset all connections now
            proxy.refuse()                  # connections are refused; `accept()` ends it, on the same port

    The same seed gives the same lengths to the same sequence of connections.

    Threads: any thread may control it.
    """

    def __init__(self, host: str, port: int, *, seed: int = 0) -> None:
        self._target = (host, port)
        self._random = random.Random(seed)
        self._lock = threading.Condition()
        self._links: set[_Link] = set()
        self._threads: list[threading.Thread] = []
        self._cut_range: tuple[int, int] | None = None
        self._listener: socket.socket | None = None
        self._closing = threading.Event()
        self._open_gate = threading.Event()
        self._open_gate.set()
        self.delay_s = 0.0
        #: How many connections were taken since the start.
        self.connections = 0
        #: The port to connect to; it stays the same while the proxy lives.
        self.port = 0

    def __enter__(self) -> FaultProxy:
        self.accept()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def open_links(self) -> int:
        """How many connections are open now."""
        with self._lock:
            return len(self._links)

    def wait_for_links(self, count: int, timeout_s: float = 10.0) -> None:
        """Returns when exactly `count` connections are open; raises TimeoutError if that fails."""
        with self._lock:
            if not self._lock.wait_for(lambda: len(self._links) == count, timeout_s):
                raise TimeoutError(f"{len(self._links)} connections are open, not {count}.")

    def accept(self) -> None:
        """Listens; the port is chosen the first time."""
        if self._listener is not None:
            return
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = int(listener.getsockname()[1])
        self._listener = listener
        self._run(self._take_connections, listener)

    def refuse(self) -> None:
        """Closes the listening socket, so that new connections are refused; open ones stay."""
        listener, self._listener = self._listener, None
        if listener is not None:
            # Closing alone would leave the accepting thread waiting.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def cut(self) -> None:
        """Resets every open connection, on both sides."""
        with self._lock:
            links = list(self._links)
        for link in links:
            link.cut()

    def cut_after(self, bytes_min: int, bytes_max: int) -> None:
        """Resets each new connection after a random number of forwarded bytes, from min to max."""
        with self._lock:
            self._cut_range = (bytes_min, bytes_max)

    def cut_never(self) -> None:
        """Ends `cut_after`, for new connections and for the open ones."""
        with self._lock:
            self._cut_range = None
            for link in self._links:
                link.bytes_left = None

    def black_hole(self) -> None:
        """Lets nothing pass in either direction and closes nothing. Bytes wait until `forward`."""
        self._open_gate.clear()

    def forward(self) -> None:
        """Ends `black_hole`."""
        self._open_gate.set()

    def half_close(self) -> None:
        """Ends the broker's direction of every connection: the client reads an end, but can still write."""
        with self._lock:
            for link in self._links:
                with contextlib.suppress(OSError):
                    link.client.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Stops listening, resets all connections and waits for the proxy's threads."""
        self._closing.set()
        self._open_gate.set()
        self.refuse()
        self.cut()
        for thread in self._threads:
            thread.join()

    def _run(self, function: object, *arguments: object) -> None:
        assert callable(function)
        thread = threading.Thread(target=function, args=arguments, daemon=True, name="fault-proxy")
        self._threads.append(thread)
        thread.start()

    def _take_connections(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection(self._target, _CONNECT_TIMEOUT_S)
            except OSError:
                client.close()
                continue
            broker.settimeout(None)
            with self._lock:
                self.connections += 1
                link = _Link(client, broker)
                if self._cut_range is not None:
                    link.bytes_left = self._random.randint(*self._cut_range)
                self._links.add(link)
                self._lock.notify_all()
            if self._closing.is_set():
                link.cut()
            self._run(self._pump, link, client, broker)
            self._run(self._pump, link, broker, client)

    def _pump(self, link: _Link, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(_CHUNK_BYTES):
                self._closing.wait(self.delay_s)
                self._open_gate.wait()
                allowed = link.take(len(data))
                target.sendall(data[:allowed])
                if allowed < len(data):
                    link.cut()
                    break
            else:
                target.shutdown(socket.SHUT_WR)
        except OSError:
            link.cut()
        if link.ended():
            with self._lock:
                self._links.discard(link)
                self._lock.notify_all()
            link.close()


class _Link:
    """One connection: the client's socket, the broker's, and how many bytes may still pass."""

    def __init__(self, client: socket.socket, broker: socket.socket) -> None:
        self.client = client
        self.broker = broker
        self.bytes_left: int | None = None
        self._lock = threading.Lock()
        self._pumps = 2

    def take(self, wanted: int) -> int:
        """How many of `wanted` bytes may pass; fewer means that the connection ends here."""
        with self._lock:
            if self.bytes_left is None:
                return wanted
            allowed = min(wanted, self.bytes_left)
            self.bytes_left -= allowed
            return allowed

    def ended(self) -> bool:
        """Called once by each of the two pumps; true for the last one."""
        with self._lock:
            self._pumps -= 1
            return self._pumps == 0

    def cut(self) -> None:
        # The shutdown wakes the pumps; the last one closes the sockets, which sends the resets.
        for side in (self.client, self.broker):
            with contextlib.suppress(OSError):
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                side.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.client.close()
        self.broker.close()
