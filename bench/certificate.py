"""A certificate of 127.0.0.1 for the bench broker, made anew for each bench."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_OPENSSL = (
    *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
    *("-days", "2", "-subj", "/CN=bench broker", "-addext", "subjectAltName=IP:127.0.0.1"),
)


@dataclass(frozen=True)
class Certificate:
    """PEM files: what the broker shows, and what the drivers trust."""

    certificate: Path
    key: Path

    def for_broker(self) -> list[str]:
        return ["--certificate", str(self.certificate), "--key", str(self.key)]

    def for_driver(self) -> list[str]:
        return ["--ca", str(self.certificate)]


@contextlib.contextmanager
def certificate() -> Iterator[Certificate]:
    with tempfile.TemporaryDirectory(prefix="multimqtt-bench-") as folder:
        made = Certificate(Path(folder) / "certificate.pem", Path(folder) / "key.pem")
        command = [*_OPENSSL, "-out", str(made.certificate), "-keyout", str(made.key)]
        subprocess.run(command, check=True, capture_output=True)
        yield made
