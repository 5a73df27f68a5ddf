"""Which versions of the peers are measured."""

from __future__ import annotations

import subprocess
from importlib.metadata import PackageNotFoundError, version

PYTHON_PEERS = ("paho-mqtt", "Flask-MQTT", "gmqtt", "aiomqtt", "Flask")
DEBIAN_PEERS = {"libmosquitto": "libmosquitto1", "Paho C": "libpaho-mqtt1.3", "Mosquitto": "mosquitto"}


def peer_versions() -> dict[str, str]:
    """The installed versions of the Python peers and of Debian's C libraries."""
    versions = {}
    for name in PYTHON_PEERS:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    for name, package in DEBIAN_PEERS.items():
        if found := _debian_version(package):
            versions[name] = found
    return versions


def _debian_version(package: str) -> str:
    command = ["dpkg-query", "-W", "-f", "${Version}", package]
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:
        return ""
