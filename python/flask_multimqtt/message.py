"""A received message as a handler sees it."""

from __future__ import annotations

import json as standard_json
import typing as t

from flask import current_app, has_app_context

from . import _native


class Message(_native.Message):
    """One received message: `topic`, `payload`, `qos`, `retain`, `dup`, `mid`, `properties` and more.

    It may be kept after the handler has returned, and read from any thread.
    """

    __slots__ = ()

    @property
    def json(self) -> t.Any:
        """The payload parsed as JSON, in an app context by the application's JSON provider.

        Raises:
            ValueError: The payload is not JSON.
        """
        if has_app_context():
            return current_app.json.loads(self.payload)
        return standard_json.loads(self.payload)
