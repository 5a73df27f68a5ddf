"""What this process is: the one that serves, a command beside it, the parent of a reloader, a master.

All guesses about the surroundings are made here. MQTT_AUTOSTART overrules what follows from them.
"""

from __future__ import annotations

import enum
import os
import sys
import threading
import typing as t
from types import FrameType

# The module that is there once a server may be used, and the module and function of its loop.
_SERVER_LOOPS = {
    "waitress.server": ("waitress.server", "run"),
    "wsgiref.simple_server": ("socketserver", "serve_forever"),
}


class Role(enum.Enum):
    """What a process is for. `consumes`: handlers run in it; `served`: a server runs the application."""

    PLAIN = "plain"
    FLASK_RUN = "flask run"
    FLASK_COMMAND = "flask command"
    RELOADER_PARENT = "reloader parent"
    GUNICORN_MASTER = "gunicorn master"
    GUNICORN_WORKER = "gunicorn worker"
    UWSGI_MASTER = "uwsgi master"
    UWSGI_WORKER = "uwsgi worker"

    @property
    def never_connects(self) -> bool:
        """True for a process that only watches others."""
        return self in (Role.RELOADER_PARENT, Role.GUNICORN_MASTER, Role.UWSGI_MASTER)


def detect() -> Role:
    """The role of this process, as far as the calling thread can tell.

    Under `flask` only the thread that loads the application can tell.
    """
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is not None and hasattr(uwsgi, "worker_id"):
        return Role.UWSGI_WORKER if uwsgi.worker_id() > 0 or not uwsgi.masterpid() else Role.UWSGI_MASTER
    if "gunicorn.arbiter" in sys.modules:
        gunicorn = _gunicorn_role()
        if gunicorn is not None:
            return gunicorn
    command = _flask_command()
    if command is None:
        return Role.PLAIN
    if command != "run":
        return Role.FLASK_COMMAND
    return Role.RELOADER_PARENT if _run_command_will_reload() else Role.FLASK_RUN


def runs_under_pytest() -> bool:
    """True inside of a pytest run, where nothing may start by itself."""
    return "_pytest.config" in sys.modules


def is_reloader_child() -> bool:
    """True in the process that a reloader's parent started to serve."""
    return os.environ.get("WERKZEUG_RUN_MAIN") == "true"


def app_is_loading() -> bool:
    """True while this thread runs the import that Flask's command line does to find the application."""
    return any(frame.f_code.co_name == "load_app" and _module(frame) == "flask.cli" for frame in _stack())


def thread_is_serving(identifier: int) -> bool:
    """True when the thread is inside of Werkzeug's `run_simple`."""
    frame = sys._current_frames().get(identifier)
    return any(
        found.f_code.co_name == "run_simple" and _module(found) == "werkzeug.serving"
        for found in _stack_of(frame)
    )


def server_may_come() -> bool:
    """True when a server is imported whose start nobody is told of, such as waitress."""
    return any(module in sys.modules for module in _SERVER_LOOPS)


def server_runs() -> bool:
    """True when any thread is inside of the loop of such a server."""
    loops = set(_SERVER_LOOPS.values())
    return any(
        (_module(found), found.f_code.co_name) in loops
        for frame in sys._current_frames().values()
        for found in _stack_of(frame)
    )


def thread_is_importing(identifier: int) -> bool:
    """True while the thread runs an import, `__main__` not counted."""
    frame = sys._current_frames().get(identifier)
    return any(_module(found).startswith("importlib.") for found in _stack_of(frame))


def gunicorn_configuration() -> t.Any | None:
    """The configuration of the gunicorn whose master or worker loads the application in this thread."""
    for frame in _stack():
        if _module(frame) in ("gunicorn.arbiter", "gunicorn.workers.base"):
            found = getattr(frame.f_locals.get("self"), "cfg", None)
            if found is not None:
                return found
    return None


def _gunicorn_role() -> Role | None:
    master = False
    for frame in _stack_of(_main_thread_frame()):
        module, name = _module(frame), frame.f_code.co_name
        if module == "gunicorn.arbiter":
            if name == "spawn_worker":
                return Role.GUNICORN_WORKER
            master = True
    return Role.GUNICORN_MASTER if master else None


def _main_thread_frame() -> FrameType | None:
    return sys._current_frames().get(t.cast(int, threading.main_thread().ident))


def _flask_command() -> str | None:
    """The name of the command that `flask` runs in this thread; an empty text while it is not known yet."""
    import click
    from flask.cli import FlaskGroup

    context = click.get_current_context(silent=True)
    if context is None or not isinstance(context.find_root().command, FlaskGroup):
        return None
    name = ""
    while context.parent is not None:
        name = context.info_name or ""
        context = context.parent
    return name


def _run_command_will_reload() -> bool:
    import click
    from flask.helpers import get_debug_flag

    if is_reloader_child():
        return False
    reload = click.get_current_context().params.get("reload")
    return get_debug_flag() if reload is None else bool(reload)


def _stack() -> t.Iterator[FrameType]:
    return _stack_of(sys._getframe(1))


def _stack_of(frame: FrameType | None) -> t.Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
