"""An independent MQTT peer for tests: the mosquitto_pub and mosquitto_sub commands."""

from __future__ import annotations

import queue
import subprocess
import threading
from dataclasses import dataclass
from types import TracebackType

from tests.support.certificates import Certificates
from tests.support.mosquitto import Listener, Mosquitto

_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Received:
    """One message that a `Subscriber` got."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


def address_arguments(
    broker: Mosquitto, listener: Listener | None = None, *, user: str | None = None
) -> list[str]:
    """The options that make a mosquitto command reach `listener` (not a WebSocket one) of `broker`."""
    listener = listener or broker.listeners[0]
    if listener is Listener.UNIX:
        return ["--unix", str(broker.unix_socket)]
    host = "::1" if listener is Listener.ANONYMOUS_IPV6 else "127.0.0.1"
    arguments = ["-h", host, "-p", str(broker.port_of(listener))]
    if listener is Listener.DYNAMIC_SECURITY:
        arguments += ["-u", broker.ADMIN[0], "-P", broker.ADMIN[1]]
    if user is not None:
        arguments += ["-u", user, "-P", broker.users[user]]
    return arguments + _tls_arguments(listener, broker.certificates if "TLS" in listener.name else None)


def _tls_arguments(listener: Listener, certificates: Certificates | None) -> list[str]:
    if certificates is None:
        return []
    arguments = ["--cafile", str(certificates.ca)]
    if listener is Listener.MUTUAL_TLS:
        arguments += ["--cert", str(certificates.client), "--key", str(certificates.client_key)]
    return arguments


def publish(
    broker: Mosquitto,
    topic: str,
    payload: bytes | str = b"",
    *options: str,
    listener: Listener | None = None,
    user: str | None = None,
    qos: int = 0,
    retain: bool = False,
) -> None:
    """Publishes with mosquitto_pub and returns when it is done; `options` are further ones of the command.

    Raises:
        RuntimeError: The broker refused; the message holds what the command printed.
    """
    data = payload.encode() if isinstance(payload, str) else payload
    command = ["mosquitto_pub", *address_arguments(broker, listener, user=user), "-t", topic]
    command += ["-q", str(qos), "-s" if data else "-n", *(["-r"] if retain else []), *options]
    done = subprocess.run(
        command,
        input=data,
        capture_output=True,
        timeout=_TIMEOUT_S,
    )
    # Some versions report a refused login on stderr and still return 0.
    if done.returncode != 0 or b"rror" in done.stderr:
        raise RuntimeError(f"mosquitto_pub failed: {done.stderr.decode(errors='replace')}")


class Subscriber:
    """A running mosquitto_sub; a context manager that is subscribed once it is entered.

        with Subscriber(broker, "home/#", qos=1) as subscriber:
            assert subscriber.take().payload == b"on"

    `take` raises TimeoutError when no message comes.
    """

    def __init__(
        self,
        broker: Mosquitto,
        topic: str,
        *options: str,
        listener: Listener | None = None,
        user: str | None = None,
        qos: int = 0,
    ) -> None:
        self._command = ["stdbuf", "-oL", "mosquitto_sub", *address_arguments(broker, listener, user=user)]
        self._command += ["-t", topic, "-q", str(qos), "-d", "-F", "message %q %r %x %t", *options]
        self._messages: queue.Queue[Received] = queue.Queue()
        self._subscribed = threading.Event()
        self._printed: list[str] = []

    def __enter__(self) -> Subscriber:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._subscribed.wait(_TIMEOUT_S) or self._process.poll() is not None:
            self.close()
            raise RuntimeError(f"mosquitto_sub did not subscribe:\n{''.join(self._printed)}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def take(self, timeout_s: float = _TIMEOUT_S) -> Received:
        """The next message."""
        try:
            return self._messages.get(timeout=timeout_s)
        except queue.Empty:
            raise TimeoutError(f"No message came in {timeout_s} s:\n{''.join(self._printed)}") from None

    def taken(self) -> list[Received]:
        """All messages that are here now, without waiting."""
        messages = []
        while not self._messages.empty():
            messages.append(self._messages.get())
        return messages

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._printed.append(line)
            if line.startswith("Subscribed"):
                self._subscribed.set()
            elif line.startswith("message "):
                _, qos, retain, payload, topic = line.rstrip("\n").split(" ", 4)
                self._messages.put(Received(topic, bytes.fromhex(payload), int(qos), retain == "1"))
        self._subscribed.set()  # The command ended; let `__enter__` see it.
