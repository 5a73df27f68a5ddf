"""How one configuration value is read: as a number, a choice, a text; also when it comes as text."""

from __future__ import annotations

import json
import math
import os
import typing as t
from dataclasses import dataclass

HIDDEN = "<hidden>"
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


class WrongValue(Exception):
    """A value cannot be used; the argument says what is allowed."""


@dataclass(frozen=True)
class Integer:
    """A whole number from `least` to `most`."""

    least: int
    most: int
    unit: str = ""

    def __call__(self, value: object) -> int:
        """Reads the number."""
        if isinstance(value, str):
            try:
                value = int(value.strip().replace("_", ""))
            except ValueError:
                raise WrongValue(self._allowed) from None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not self.least <= value <= self.most:
            raise WrongValue(self._allowed)
        return value

    @property
    def _allowed(self) -> str:
        unit = f" of {self.unit}" if self.unit else ""
        return f"a whole number{unit} from {self.least} to {self.most}"


@dataclass(frozen=True)
class Seconds:
    """A number of seconds from `least` to `most`, with or without a fraction."""

    least: float
    most: float

    def __call__(self, value: object) -> float:
        """Reads the number."""
        if isinstance(value, str):
            try:
                value = float(value.strip())
            except ValueError:
                raise WrongValue(self._allowed) from None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise WrongValue(self._allowed)
        if not math.isfinite(value) or not self.least <= value <= self.most:
            raise WrongValue(self._allowed)
        return float(value)

    @property
    def _allowed(self) -> str:
        return f"seconds from {self.least:g} to {self.most:.15g}"


@dataclass(frozen=True)
class Choice:
    """One of a few words, in either case."""

    words: tuple[str, ...]

    def __call__(self, value: object) -> str:
        """Reads the word."""
        word = value.strip().lower() if isinstance(value, str) else value
        if word not in self.words:
            raise WrongValue(_alternatives([repr(word) for word in self.words]))
        return str(word)


def boolean(value: object) -> bool:
    """True or False, also as "true", "yes", "on", "1" and their opposites."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, (str, int)) else ""
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise WrongValue("True or False")


def protocol_version(value: object) -> int | None:
    """3, 4 or 5; nothing stands for "auto"."""
    if isinstance(value, str) and value.strip().lower() == "auto":
        return None
    try:
        return Integer(3, 5)(value)
    except WrongValue:
        raise WrongValue("5, 4 (which is MQTT 3.1.1), 3 (which is MQTT 3.1) or 'auto'") from None


def text(value: object) -> str:
    """A text; an integer becomes its digits, because the environment gives "12345" as a number."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise WrongValue("a text; in the environment, put a text that looks like JSON into double quotes")
    found = str(value)
    if "\0" in found:
        raise WrongValue("a text without a zero character")
    try:
        found.encode()
    except UnicodeEncodeError:
        raise WrongValue("a text that can be written as UTF-8") from None
    if len(found.encode()) > 65_535:
        raise WrongValue("a text of at most 65535 bytes")
    return found


def topic(value: object) -> str:
    """A topic without wildcards."""
    found = text(value)
    if not found or "+" in found or "#" in found:
        raise WrongValue("a topic without '+' and '#'")
    return found


def prefix(value: object) -> str:
    """A topic prefix, without the slash at its end."""
    found = text(value)
    if "+" in found or "#" in found:
        raise WrongValue("a topic prefix without '+' and '#'")
    return found.rstrip("/")


def file(value: object) -> str:
    """The path of a file that exists."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str) or not os.path.isfile(value):
        raise WrongValue("the path of a PEM file that exists")
    return value


def payload(value: object) -> bytes:
    """A message body: bytes, text, a number, or a list or dict, which becomes JSON."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, (list, dict, bool)):
        return json.dumps(value).encode()
    if isinstance(value, (str, int, float)):
        return str(value).encode()
    raise WrongValue("bytes, a text, a number, a list or a dict")


def words(value: object) -> tuple[str, ...]:
    """Names, as a list or as a text with commas between them."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
        raise WrongValue("names, as a list or with commas between them")
    found = tuple(part.strip() for part in parts)
    if not all(0 < len(part.encode()) < 256 for part in found):
        raise WrongValue("names of 1 to 255 bytes")
    return found


def tls_version(value: object) -> str:
    """The text "1.2" or "1.3"; the environment gives them as numbers."""
    return Choice(("1.2", "1.3"))(str(value))


def host(value: object) -> str:
    """A host name or an IP address, with or without brackets."""
    from .broker_uri import UriError, checked_host

    found = text(value)
    if "://" in found:
        raise WrongValue("a host name or an IP address; a whole address belongs into MQTT_URI")
    try:
        return checked_host(found)
    except UriError as error:
        raise WrongValue(f"a host name or an IP address ({error})") from None


def _alternatives(words: t.Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
