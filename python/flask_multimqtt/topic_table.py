"""The topics that a `MultiMQTT` has declared, and the names that its routes go by."""

from __future__ import annotations

import difflib
import typing as t

from .errors import PatternError, TopicError
from .process_lock import ProcessLock
from .topic import Topic, TopicOptions

if t.TYPE_CHECKING:
    from .extension import MultiMQTT


class TopicTable:
    """Finds topics by pattern and by name. Threads: any thread, at any time."""

    def __init__(self, mqtt: MultiMQTT) -> None:
        self._mqtt = mqtt
        self._lock = ProcessLock()
        self._by_pattern: dict[str, Topic] = {}
        self._by_name: dict[str, Topic | None] = {}

    def topics(self) -> list[Topic]:
        """The topics in the order in which they were declared."""
        with self._lock:
            return list(self._by_pattern.values())

    def declare(
        self,
        pattern: str,
        options: TopicOptions,
        *,
        given_name: str | None = None,
        implied_name: str | None = None,
    ) -> Topic:
        """The topic of a pattern, made when it is not there; it also goes by its pattern's text.

        Args:
            pattern: As it was written.
            options: Those of the first declaration hold; defaults do not contradict them.
            given_name: A name that must belong to this topic alone.
            implied_name: What names the topic when `given_name` is not there, such as a function's name.

        Raises:
            PatternError: The pattern is wrong or is there with other options, or the name is taken.
            ConfigError: An option has a value that is not allowed.
        """
        with self._lock:
            topic = self._by_pattern.get(pattern)
            if topic is None:
                topic = Topic(self._mqtt, pattern, options)
            elif options not in (topic.options, TopicOptions()):
                raise PatternError(
                    f"The topic {pattern!r} is there with other options: {topic.options}, now {options}."
                )
            self._check_name(topic, given_name)
            self._by_pattern[pattern] = topic
            self._by_name.setdefault(pattern, topic)
            if given_name is not None:
                self._name(topic, given_name, ambiguous=False)
            elif implied_name is not None:
                # Two functions with one name are no fault until somebody asks for the topic of that name.
                self._name(topic, implied_name, ambiguous=self._by_name.get(implied_name, topic) is not topic)
        return topic

    def named(self, name: str) -> Topic:
        """The topic of a route.

        Raises:
            TopicError: No route has this name, or several have it.
        """
        with self._lock:
            topic = self._by_name.get(name)
            known = list(self._by_name)
        if topic is not None:
            return topic
        if name in known:
            raise TopicError(
                f"Several functions that are called {name!r} handle different topics; give them names, as in "
                "@mqtt.topic(..., name=...)."
            )
        near = difflib.get_close_matches(name, known, n=1)
        raise TopicError(
            f"There is no route with the name {name!r}." + (f" Did you mean {near[0]!r}?" if near else "")
        )

    def _check_name(self, topic: Topic, name: str | None) -> None:
        known = self._by_name.get(name) if name is not None else None
        if known is not None and known is not topic:
            raise PatternError(
                f"The route's name {name!r} belongs to the topic {known.name!r} already; choose another name."
            )

    def _name(self, topic: Topic, name: str, *, ambiguous: bool) -> None:
        self._by_name[name] = None if ambiguous else topic
        if name not in topic.route_names:
            topic.route_names.append(name)
