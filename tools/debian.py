"""The system packages that the project needs, and how they get onto a Debian machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from tools.steps import StepFailedError, run_step, say

#: Package and what it is for.
BUILD_PACKAGES = {
    "g++": "the compiler",
    "cmake": "the build",
    "ninja-build": "the build",
    "ccache": "builds that do not compile the same twice",
    "libssl-dev": "TLS",
    "python3-dev": "the Python module",
    "python3-venv": "the Python environments",
}
TEST_PACKAGES = {
    "libgtest-dev": "the C++ tests",
    "libgmock-dev": "the C++ tests",
    "mosquitto": "the broker of tests and demo",
    "mosquitto-clients": "an independent peer in tests",
    "openssl": "the certificates of the TLS tests",
}
CHECK_PACKAGES = {"clang-format": "the C++ format", "clang-tidy": "the C++ checks"}
BENCH_PACKAGES = {
    "libmosquitto-dev": "the comparison with libmosquitto",
    "libpaho-mqtt-dev": "the comparison with Paho",
    "libbenchmark-dev": "the micro-benchmarks",
    "strace": "counting system calls",
}
FUZZ_PACKAGES = {"clang": "libFuzzer", "libclang-rt-14-dev": "libFuzzer and the sanitizers"}

_BOOST_MIN = (1, 81)
_BOOST_WHY = "sockets, WebSocket, URIs and JSON (Boost 1.81 or newer)"


def ensure_packages(*groups: dict[str, str]) -> None:
    """Installs what is missing of `groups` and of Boost.

    Nothing is asked or changed when all is there. `MULTIMQTT_APT=off` turns it off for machines that
    have these things from somewhere else.

    Raises:
        StepFailedError: Something is missing and cannot be installed; the reason has been printed.
    """
    if os.environ.get("MULTIMQTT_APT") == "off":
        return
    if shutil.which("dpkg-query") is None or shutil.which("apt-get") is None:
        say("- not a Debian machine: taking the compiler, Boost, OpenSSL and Mosquitto as they are")
        return
    installed = _installed_packages()
    wanted = {name: why for group in groups for name, why in group.items()}
    missing = {name: why for name, why in wanted.items() if name not in installed}
    missing.update(_missing_boost(installed))
    if missing:
        _install(missing)


def ensure_lists(package: str) -> None:
    """Updates apt's lists of packages when they do not know `package`, as on a fresh machine.

    Raises:
        StepFailedError: They cannot be updated.
    """
    shown = subprocess.run(["apt-cache", "show", package], capture_output=True)
    if shown.returncode != 0:
        prefix = [] if os.geteuid() == 0 else ["sudo"]
        run_step("apt-get update", [*prefix, "apt-get", "-o", "DPkg::Lock::Timeout=300", "update"])


def _installed_packages() -> set[str]:
    listing = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package} ${Provides}\n"],
        capture_output=True,
        text=True,
    ).stdout
    names: set[str] = set()
    for line in listing.splitlines():
        if line.startswith("ii"):
            # A provided name counts too; its version in brackets does not matter.
            names.update(re.sub(r"\([^)]*\)", "", line[3:]).replace(",", " ").split())
    return names


def _missing_boost(installed: set[str]) -> dict[str, str]:
    versions = []
    for name in installed:
        if match := re.fullmatch(r"libboost(\d+)\.(\d+)-dev", name):
            versions.append((int(match[1]), int(match[2])))
    enough = [version for version in versions if version >= _BOOST_MIN]
    if versions and not enough:
        _refuse_old_boost(max(versions))
    if enough:
        suffix = "{}.{}-dev".format(*max(enough))
    else:
        suffix = "1.81-dev" if _offered("libboost1.81-dev") else "-dev"
    names = [f"libboost{part}{suffix}" for part in ("", "-json", "-url")]
    return {name: _BOOST_WHY for name in names if name not in installed}


def _refuse_old_boost(version: tuple[int, int]) -> None:
    old = "libboost{}.{}-dev".format(*version)
    say(
        f"""\
  {old} is installed, and Debian does not allow it beside libboost1.81-dev, which this project needs.
  Removing a package that something else may use is left to you:
      {_as_root("apt-get remove " + old)}
  and then start this command again. If a newer Boost is installed elsewhere, set CMAKE_PREFIX_PATH to it
  and MULTIMQTT_APT=off."""
    )
    raise StepFailedError("Boost")


def _offered(package: str) -> bool:
    shown = subprocess.run(["apt-cache", "show", package], capture_output=True)
    # On a fresh machine the package lists are empty, and then nothing is known against it.
    lists_known = subprocess.run(["apt-cache", "show", "openssl"], capture_output=True).returncode == 0
    return shown.returncode == 0 or not lists_known


def _install(missing: dict[str, str]) -> None:
    say("- these system packages are missing:")
    for name, why in missing.items():
        say(f"    {name:24} {why}")
    command = "apt-get install " + " ".join(missing)
    if os.geteuid() != 0 and shutil.which("sudo") is None:
        say(f"  They need root and there is no sudo. As root:\n      {command}")
        raise StepFailedError("system packages")
    prefix = [] if os.geteuid() == 0 else ["sudo", "DEBIAN_FRONTEND=noninteractive"]
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    patience = ["-o", "DPkg::Lock::Timeout=300"]
    if prefix:
        # Asks for the password here, where a person can see it; the steps below write into a log.
        subprocess.run(["sudo", "-v"])
    run_step("apt-get update", [*prefix, "apt-get", *patience, "update"], environment=quiet)
    run_step(
        "apt-get install",
        [*prefix, "apt-get", *patience, "install", "--yes", "--no-install-recommends", *missing],
        environment=quiet,
    )


def _as_root(command: str) -> str:
    return command if os.geteuid() == 0 else f"sudo {command}"
