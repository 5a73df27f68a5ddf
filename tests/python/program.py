"""A program of its own process, such as a server or a script, whose output and end a test looks at."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

_DEADLINE_S = 30.0

# What an interpreter, or the C++ library, prints when its end went wrong.
FATAL_WORDS = ("Traceback", "Fatal", "FATAL", "terminate called", "leaked", "core dumped")


class Program:
    """Runs `python ARGUMENTS` in a process group of its own; a context manager that leaves nothing behind."""

    def __init__(self, arguments: Sequence[str], folder: Path, **environment: str) -> None:
        self._log = folder / "output.txt"
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("FLASK_", "WERKZEUG_"))
        }
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=folder,
                env={**kept, "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1", **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """All that it has written until now."""
        return self._log.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the process alone."""
        self.process.send_signal(number)

    def signal_group(self, number: signal.Signals) -> None:
        """Sends a signal to the process and its children, as Ctrl-C on a terminal does."""
        os.killpg(self.process.pid, number)

    def end(self) -> int:
        """Waits for the end and gives the exit code; fails when something fatal was printed."""
        try:
            code = self.process.wait(_DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"The program did not end:\n{self.output}") from None
        for word in FATAL_WORDS:
            assert word not in self.output, self.output
        return code

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
