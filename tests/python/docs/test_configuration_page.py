"""The page of the configuration keys names every key, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from flask_multimqtt.config_keys import KEYS

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_page_names_every_key_and_no_other() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `MQTT_")]
    named = [key for row in rows for key in re.findall(r"`(MQTT_[A-Z_]+)`", row.split("|")[1])]
    assert sorted(named) == sorted(key.name for key in KEYS)
