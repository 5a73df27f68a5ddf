"""Brokers are fetched when they are missing or wanted otherwise than they are, and only then."""

from __future__ import annotations

import dataclasses

import pytest

from tools import brokers


@pytest.fixture
def fetched(monkeypatch, tmp_path):
    """A broker whose folder is below `tmp_path`, and the list of the times that it was fetched."""
    times = []
    monkeypatch.setattr(brokers, "FOLDER", tmp_path)
    monkeypatch.delenv("MULTIMQTT_BROKERS", raising=False)
    return brokers.Broker("some", fetch=times.append, versions=("some==1",)), times


def test_a_broker_is_fetched_once(fetched):
    broker, times = fetched
    brokers.ensure(broker)
    brokers.ensure(broker)
    assert times == [broker.folder]


def test_another_version_is_fetched_into_an_empty_folder(fetched):
    broker, times = fetched
    brokers.ensure(broker)
    (broker.folder / "old").touch()
    brokers.ensure(dataclasses.replace(broker, versions=("some==2",)))
    assert len(times) == 2
    assert not (broker.folder / "old").exists()


def test_off_fetches_nothing_and_says_so(fetched, monkeypatch):
    broker, times = fetched
    monkeypatch.setenv("MULTIMQTT_BROKERS", "off")
    with pytest.raises(brokers.NotHereError, match="MULTIMQTT_BROKERS is off"):
        brokers.ensure(broker)
    assert times == []
