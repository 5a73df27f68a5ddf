"""A private Mosquitto on free loopback ports, with every kind of listener that the tests need."""

from __future__ import annotations

import contextlib
import enum
import functools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from tests.support.certificates import Certificates

_START_ATTEMPTS = 5
_DEADLINE_S = 10.0
_POLL_S = 0.005
_PORT_TAKEN_MESSAGES = ("Address already in use", "Unable to create websockets listener")
_PLUGIN_FOLDERS = ("/usr/lib", "/usr/local/lib", "/opt/homebrew/lib")


class Listener(enum.Enum):
    """One way into the broker. A broker has at most one listener of each kind."""

    ANONYMOUS = "anonymous"
    ANONYMOUS_IPV6 = "anonymous_ipv6"
    PASSWORD = "password"
    TLS = "tls"
    TLS_WRONG_HOST = "tls_wrong_host"
    TLS_EXPIRED = "tls_expired"
    MUTUAL_TLS = "mutual_tls"
    WEBSOCKET = "websocket"
    SECURE_WEBSOCKET = "secure_websocket"
    UNIX = "unix"
    DYNAMIC_SECURITY = "dynamic_security"


_TLS_CERTIFICATE = {
    Listener.TLS: "server",
    Listener.TLS_WRONG_HOST: "wrong_host",
    Listener.TLS_EXPIRED: "expired",
    Listener.MUTUAL_TLS: "server",
    Listener.SECURE_WEBSOCKET: "server",
}
_WEBSOCKETS = (Listener.WEBSOCKET, Listener.SECURE_WEBSOCKET)
_SCHEME = {
    Listener.TLS: "mqtts",
    Listener.TLS_WRONG_HOST: "mqtts",
    Listener.TLS_EXPIRED: "mqtts",
    Listener.MUTUAL_TLS: "mqtts",
    Listener.WEBSOCKET: "ws",
    Listener.SECURE_WEBSOCKET: "wss",
}


class Mosquitto:
    """Runs one Mosquitto; a context manager that starts it and leaves nothing behind.

        with Mosquitto(Listener.ANONYMOUS, Listener.TLS) as broker:
            broker.uri()                    # mqtt://127.0.0.1:40321
            broker.uri(Listener.TLS)        # mqtts://127.0.0.1:40322
            broker.restart()                # same ports

    Args:
        listeners: What to listen on; one anonymous listener when nothing is given.
        users: Name and password of each user of the PASSWORD listener.
        persistence: Whether sessions and retained messages survive `restart`.
        settings: Further lines of mosquitto.conf, such as `{"max_inflight_messages": 1}`. They stand
            before the listeners, so they hold for the whole broker.
        certificates: The files of the TLS listeners; one set a process when not given.

    Threads: one thread at a time.
    """

    #: The administrator of the DYNAMIC_SECURITY listener.
    ADMIN = ("admin", "admin password")

    def __init__(
        self,
        *listeners: Listener,
        users: Mapping[str, str] | None = None,
        persistence: bool = False,
        settings: Mapping[str, object] | None = None,
        certificates: Certificates | None = None,
    ) -> None:
        self.listeners: Sequence[Listener] = listeners or (Listener.ANONYMOUS,)
        self.users = dict(users or {"username": "password"})
        self._persistence = persistence
        self._settings = dict(settings or {})
        self._certificates = certificates
        self._ports: dict[Listener, int] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="multimqtt-broker-"))
        self._removal = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._write_secrets()

    def __enter__(self) -> Mosquitto:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Where it is.

    @property
    def port(self) -> int:
        """The port of the first listener that has one."""
        return next(self._ports[listener] for listener in self.listeners if listener in self._ports)

    def port_of(self, listener: Listener) -> int:
        return self._ports[listener]

    @property
    def unix_socket(self) -> Path:
        return self._folder / "broker.sock"

    @property
    def certificates(self) -> Certificates:
        if self._certificates is None:
            self._certificates = shared_certificates()
        return self._certificates

    def uri(self, listener: Listener | None = None, *, user: str | None = None, prefix: str = "") -> str:
        """The address in the form that `MQTT_URI` takes.

        Args:
            listener: The first listener when not given.
            user: Whose name and password to put into the address; needs the PASSWORD listener's `users`.
            prefix: The topic prefix, put after the host as the path.
        """
        listener = listener or self.listeners[0]
        if listener is Listener.UNIX:
            return f"unix://{self.unix_socket}"
        login = ""
        if user is not None:
            login = f"{quote(user, safe='')}:{quote(self.users[user], safe='')}@"
        elif listener is Listener.DYNAMIC_SECURITY:
            login = f"{self.ADMIN[0]}:{quote(self.ADMIN[1])}@"
        host = "[::1]" if listener is Listener.ANONYMOUS_IPV6 else "127.0.0.1"
        path = f"/{quote(prefix)}" if prefix else ""
        return f"{_SCHEME.get(listener, 'mqtt')}://{login}{host}:{self._ports[listener]}{path}"

    # Life and death.

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def process_id(self) -> int:
        assert self._process is not None, "The broker is not running."
        return self._process.pid

    def start(self) -> None:
        """Starts the broker and returns when it listens; the first start chooses the ports.

        Raises:
            RuntimeError: Mosquitto is not installed or ended at once; the message holds its log.
        """
        if self.running:
            return
        if self._ports:
            self._launch_on_known_ports()
            return
        for attempt in range(_START_ATTEMPTS):
            self._ports = _free_ports(self.listeners)
            try:
                self._launch()
                return
            except _PortTaken:
                self._ports = {}
                if attempt == _START_ATTEMPTS - 1:
                    raise

    def stop(self) -> None:
        """Ends the broker in order (SIGTERM), so that it writes its persistent state."""
        self._signal_and_wait(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the broker at once (SIGKILL); what was not yet written is lost."""
        self._signal_and_wait(signal.SIGKILL)

    def restart(self) -> None:
        """Stops and starts again on the same ports."""
        self.stop()
        self.start()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Keeps the broker from running (SIGSTOP): connections stay open and nothing answers."""
        os.kill(self.process_id, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process_id, signal.SIGCONT)

    def close(self) -> None:
        """Stops the broker and removes its folder."""
        self.stop()
        self._removal()

    # What it says.

    @property
    def log(self) -> str:
        """Everything the broker has logged since its first start."""
        path = self._folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for_log(self, text: str, *, count: int = 1, timeout_s: float = _DEADLINE_S) -> None:
        """Returns when `text` stands `count` times in the log.

        Raises:
            TimeoutError: It did not within `timeout_s` seconds.
        """
        deadline = time.monotonic() + timeout_s
        while self.log.count(text) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{text!r} is not {count} times in the broker's log:\n{self.log}")
            time.sleep(_POLL_S)

    # The rest is private.

    def _write_secrets(self) -> None:
        if Listener.PASSWORD in self.listeners:
            for name, password in self.users.items():
                path = self._folder / "passwords"
                flags = ["-b"] if path.exists() else ["-c", "-b"]
                _call(_program("mosquitto_passwd"), *flags, str(path), name, password)
        if Listener.DYNAMIC_SECURITY in self.listeners:
            _call(
                _program("mosquitto_ctrl"), "dynsec", "init", str(self._folder / "security.json"), *self.ADMIN
            )

    def _launch_on_known_ports(self) -> None:
        deadline = time.monotonic() + _DEADLINE_S
        while True:
            try:
                self._launch()
                return
            except _PortTaken:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_S)

    def _launch(self) -> None:
        configuration = self._folder / "mosquitto.conf"
        configuration.write_text("\n".join(self._configuration()) + "\n")
        logged_before = len(self.log)
        command = [_program("mosquitto"), "-c", str(configuration)]
        # The kernel sends the signal when the thread that started the broker ends, so only the main
        # thread may ask for it. It makes the broker go even when the test run is killed.
        setpriv = shutil.which("setpriv")
        if setpriv and threading.current_thread() is threading.main_thread():
            command = [setpriv, "--pdeathsig", "TERM", "--", *command]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._wait_until_listening(logged_before)

    def _wait_until_listening(self, logged_before: int) -> None:
        deadline = time.monotonic() + _DEADLINE_S
        while True:
            ended = not self.running
            log = self.log[logged_before:]
            if ended:
                taken = any(text in log for text in _PORT_TAKEN_MESSAGES)
                kind = _PortTaken if taken else RuntimeError
                raise kind(f"Mosquitto ended at once:\n{log}")
            # Mosquitto logs this line after it has opened all listeners.
            if " running\n" in log:
                return
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"Mosquitto does not listen after {_DEADLINE_S:.0f} s:\n{log}")
            time.sleep(_POLL_S)

    def _signal_and_wait(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            self._process.wait(_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _configuration(self) -> Iterator[str]:
        yield "per_listener_settings true"
        yield "log_dest stderr"
        yield "log_type all"
        yield "connection_messages true"
        if os.geteuid() == 0:
            yield "user root"  # Else it becomes the user mosquitto, which cannot read our folder.
        if self._persistence:
            yield "persistence true"
            yield f"persistence_location {self._folder}/"
            yield "autosave_interval 1"
        for key, value in self._settings.items():
            yield f"{key} {str(value).lower() if isinstance(value, bool) else value}"
        for listener in self.listeners:
            yield from self._listener_lines(listener)
        if all(listener in _WEBSOCKETS for listener in self.listeners):
            # Mosquitto 2.0 does not start with WebSocket listeners alone.
            yield f"listener 0 {self._folder / 'unused.sock'}"

    def _listener_lines(self, listener: Listener) -> Iterator[str]:
        if listener is Listener.UNIX:
            yield f"listener 0 {self.unix_socket}"
        else:
            host = "::1" if listener is Listener.ANONYMOUS_IPV6 else "127.0.0.1"
            yield f"listener {self._ports[listener]} {host}"
        if listener in _WEBSOCKETS:
            yield "protocol websockets"
        if listener in _TLS_CERTIFICATE:
            name = _TLS_CERTIFICATE[listener]
            yield f"cafile {self.certificates.ca}"
            yield f"certfile {self.certificates.folder / name}.crt"
            yield f"keyfile {self.certificates.folder / name}.key"
        if listener is Listener.MUTUAL_TLS:
            yield "require_certificate true"
            yield "use_identity_as_username true"
        if listener is Listener.DYNAMIC_SECURITY:
            yield f"plugin {_dynamic_security_plugin()}"
            yield f"plugin_opt_config_file {self._folder / 'security.json'}"
        if listener is Listener.PASSWORD:
            yield f"password_file {self._folder / 'passwords'}"
        secured = listener in (Listener.PASSWORD, Listener.DYNAMIC_SECURITY)
        yield f"allow_anonymous {'false' if secured else 'true'}"


@functools.cache
def shared_certificates() -> Certificates:
    """The certificates that all brokers of this process share; removed when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="multimqtt-certificates-"))
    certificates = Certificates.create(folder)
    weakref.finalize(certificates, shutil.rmtree, folder, ignore_errors=True)
    return certificates


class _PortTaken(RuntimeError):
    """Another process took the port between our look and Mosquitto's bind."""


def _free_ports(listeners: Sequence[Listener]) -> dict[Listener, int]:
    with contextlib.ExitStack() as sockets:
        ports: dict[Listener, int] = {}
        for listener in listeners:
            if listener is Listener.UNIX:
                continue
            ipv6 = listener is Listener.ANONYMOUS_IPV6
            probe = sockets.enter_context(socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET))
            probe.bind(("::1" if ipv6 else "127.0.0.1", 0))
            ports[listener] = int(probe.getsockname()[1])
        return ports


def _program(name: str) -> str:
    # Debian puts the broker into /usr/sbin, which is not on every user's PATH.
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if path is None:
        raise RuntimeError(f"{name} is not installed; `./run test` installs it on Debian.")
    return path


def _dynamic_security_plugin() -> Path:
    for folder in _PLUGIN_FOLDERS:
        for path in Path(folder).glob("**/mosquitto_dynamic_security.so"):
            return path
    raise RuntimeError(f"mosquitto_dynamic_security.so is not under {', '.join(_PLUGIN_FOLDERS)}.")


def _call(*command: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
