"""Which Debian packages are asked for, on which machine; no package is installed here."""

from __future__ import annotations

import pytest

from tools import debian
from tools.steps import StepFailedError


@pytest.fixture
def machine(monkeypatch):
    """Runs `ensure_packages` on a machine with the given packages; returns what it would install."""
    monkeypatch.delenv("MULTIMQTT_APT", raising=False)
    monkeypatch.setattr(debian.shutil, "which", lambda name: f"/usr/bin/{name}")

    def ensure(installed: set[str], *groups: dict[str, str], offers_181: bool = True) -> list[str]:
        asked: list[str] = []
        monkeypatch.setattr(debian, "_installed_packages", lambda: installed)
        monkeypatch.setattr(debian, "_offered", lambda package: offers_181)
        monkeypatch.setattr(debian, "_install", asked.extend)
        debian.ensure_packages(*groups)
        return asked

    return ensure


BOOST = {"libboost1.81-dev", "libboost-json1.81-dev", "libboost-url1.81-dev"}


def test_nothing_is_installed_when_all_is_there(machine):
    assert machine(BOOST | {"g++"}, {"g++": "the compiler"}) == []


def test_only_what_is_missing_is_asked_for(machine):
    assert machine(BOOST | {"g++"}, {"g++": "", "cmake": ""}) == ["cmake"]


@pytest.mark.parametrize(
    ("installed", "offers_181", "expected"),
    [
        (set(), True, sorted(BOOST)),
        (set(), False, ["libboost-dev", "libboost-json-dev", "libboost-url-dev"]),
        ({"libboost1.83-dev"}, False, ["libboost-json1.83-dev", "libboost-url1.83-dev"]),
    ],
    ids=["debian_12", "only_the_default", "a_newer_one_is_there"],
)
def test_boost_is_taken_in_a_version_that_is_new_enough(machine, installed, offers_181, expected):
    assert sorted(machine(installed, offers_181=offers_181)) == expected


def test_an_old_boost_stops_with_the_command_that_removes_it(machine, capsys):
    with pytest.raises(StepFailedError):
        machine({"libboost1.74-dev"})
    assert "apt-get remove libboost1.74-dev" in capsys.readouterr().out


def test_without_root_and_sudo_the_command_is_shown(monkeypatch, capsys):
    monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(debian.shutil, "which", lambda name: None)
    with pytest.raises(StepFailedError):
        debian._install({"cmake": "the build"})
    assert "apt-get install cmake" in capsys.readouterr().out
