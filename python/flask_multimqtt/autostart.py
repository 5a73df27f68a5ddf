"""What starts a connection without a call of `connect`: the server's hooks, `app.run`, the first request."""

from __future__ import annotations

import _thread
import functools
import os
import threading
import time
import typing as t
import weakref

from flask import Flask
from flask.helpers import get_debug_flag

from . import roles
from .connection import Connection
from .roles import Role

_ARMED_KEY = "multimqtt.armed"

# How often the helper thread looks whether the application is served, and for how long, in seconds.
_LOOK_EVERY_S = 0.02
_LOOK_FOR_S = 120.0


def arm(connection: Connection, connections: t.Callable[[Flask], t.Iterable[Connection]]) -> None:
    """Has the connection started when its application is served.

    Args:
        connection: One that was just made.
        connections: Every connection of an application.
    """
    app = connection.app
    if _ARMED_KEY not in app.extensions:
        app.extensions[_ARMED_KEY] = True
        _start_at_first_request(app, connections)
        _start_at_app_run(app, connections)
    if connection.settings.autostart == "never":
        return
    configuration = roles.gunicorn_configuration()
    if configuration is not None:
        _start_in_gunicorn_worker(connection, configuration)
    elif connection.role is Role.FLASK_RUN:
        _start_when(roles.thread_is_serving, connection)
    elif connection.settings.autostart == "always" and not connection.role.never_connects:
        _start_when(lambda thread: not roles.thread_is_importing(thread), connection)
    elif connection.role is Role.PLAIN and roles.server_may_come() and connection.starts_by_itself():
        _start_when(lambda _: roles.server_runs(), connection)


def _start_at_first_request(app: Flask, connections: t.Callable[[Flask], t.Iterable[Connection]]) -> None:
    reference = weakref.ref(app)

    def start_mqtt() -> None:
        served = reference()
        for connection in connections(served) if served is not None else ():
            if connection.client is None:
                connection.autostart()

    # First of all, so that the functions of the application find it started.
    app.before_request_funcs.setdefault(None, []).insert(0, start_mqtt)


def _start_at_app_run(app: Flask, connections: t.Callable[[Flask], t.Iterable[Connection]]) -> None:
    original = app.run  # Of the class, or of another extension that has put its own before it.

    @functools.wraps(original)
    def run(
        host: str | None = None,
        port: int | None = None,
        debug: bool | None = None,
        load_dotenv: bool = True,
        **options: t.Any,
    ) -> None:
        if os.environ.get("FLASK_RUN_FROM_CLI") != "true":
            watches = _will_reload(app, debug, options) and not roles.is_reloader_child()
            for connection in connections(app):
                if watches:
                    connection.leave_to_reloader_child()
                else:
                    connection.autostart()
        original(host, port, debug, load_dotenv, **options)

    app.run = run  # type: ignore[method-assign]


def _will_reload(app: Flask, debug: bool | None, options: dict[str, t.Any]) -> bool:
    """What `Flask.run` will decide."""
    if debug is None:
        debug = get_debug_flag() if "FLASK_DEBUG" in os.environ else app.debug
    return bool(options.get("use_reloader", debug))


def _start_in_gunicorn_worker(connection: Connection, configuration: t.Any) -> None:
    original = configuration.post_worker_init
    reference = weakref.ref(connection)

    def post_worker_init(worker: t.Any) -> None:
        original(worker)
        found = reference()
        if found is not None:
            found.check_process()
            found.role = Role.GUNICORN_WORKER
            if worker.cfg.workers > 1:
                found.client_id_suffix = f"-{os.getpid()}"
            found.autostart()

    configuration.set("post_worker_init", post_worker_init)


def _start_when(ready: t.Callable[[int], bool], connection: Connection) -> None:
    """Starts the connection when `ready`, asked for the calling thread, says so.

    The helper is a bare thread: an object of `threading.Thread` that lives across a later monkey patch would
    fail when it ends.
    """
    thread = threading.get_ident()
    reference = weakref.ref(connection)

    def look() -> None:
        process_id = os.getpid()
        deadline = time.monotonic() + _LOOK_FOR_S
        while time.monotonic() < deadline and os.getpid() == process_id:
            if ready(thread):
                found = reference()
                if found is not None:
                    found.autostart()
                return
            time.sleep(_LOOK_EVERY_S)

    _thread.start_new_thread(look, ())
