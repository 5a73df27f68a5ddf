"""Builds what the bench needs: the programs with CMake, the Python peers in an environment of their own."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from drivers import BENCH, PEERS_VENV, ROOT


def program_folder(directory: Path | None, *, build: bool) -> Path:
    """The folder of the bench programs.

    Args:
        directory: A build directory that is configured already; without one the release preset is used.
        build: Whether to bring the programs up to date first.
    """
    if build and directory is None:
        subprocess.run(["cmake", "--preset", "release"], cwd=ROOT, check=True, stdout=sys.stderr)
    directory = directory or ROOT / "build" / "release"
    if build:
        command = ["cmake", "--build", str(directory), "--target", "bench_programs"]
        subprocess.run(command, check=True, stdout=sys.stderr)
    return directory / "bench"


def install_peers() -> None:
    """Install the Python peers unless the same requirements are there already."""
    requirements = BENCH / "peers" / "requirements.txt"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    stamp = PEERS_VENV / "bench-requirements"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEERS_VENV)], check=True)
    pip = [str(PEERS_VENV / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-r", str(requirements)], check=True, stdout=sys.stderr)
    stamp.write_text(wanted, encoding="utf-8")


def peer_versions() -> dict[str, str]:
    """The installed versions of the Python peers and of Debian's C libraries."""
    python = PEERS_VENV / "bin" / "python"
    names = ["paho-mqtt", "Flask-MQTT", "gmqtt", "aiomqtt", "Flask"]
    code = f"from importlib.metadata import version\nfor name in {names}: print(name, version(name))"
    lines = _output([str(python), "-c", code]).splitlines()
    packages = {"libmosquitto": "libmosquitto1", "Paho C": "libpaho-mqtt1.3", "Mosquitto": "mosquitto"}
    for name, package in packages.items():
        version = _output(["dpkg-query", "-W", "-f", "${Version}", package])
        lines += [f"{name} {version}"] if version else []
    return dict(line.rsplit(" ", 1) for line in lines)


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        return ""
