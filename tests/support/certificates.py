"""Certificates of a private test authority, made with the openssl command.

Run as a program, `python3 certificates.py FOLDER`, it writes every file into FOLDER; the C++ tests use it so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

#: The password of `encrypted.key`.
KEY_PASSWORD = "correct horse"

_LOOPBACK_NAMES = "IP:127.0.0.1,IP:::1,DNS:localhost"
_LEAF_DAYS = 30

_CONFIGURATION = """\
[req]
distinguished_name = name
prompt = no
[name]
CN = MultiMQTT test authority
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[ca]
default_ca = store
[store]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = anything
unique_subject = no
[anything]
commonName = supplied
"""


class Certificates:
    """The files of one private authority; each property names a PEM file in `folder`.

    `ca` signed everything except `other_ca` and `foreign`. A certificate `x.crt` has its key in `x.key`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = folder / "ca.crt"
        #: An authority that signed nothing the broker shows.
        self.other_ca = folder / "other_ca.crt"
        #: The broker's: valid for 127.0.0.1, ::1 and localhost.
        self.server = folder / "server.crt"
        self.server_key = folder / "server.key"
        #: The broker's, but valid for broker.example only.
        self.wrong_host = folder / "wrong_host.crt"
        self.wrong_host_key = folder / "wrong_host.key"
        #: The broker's, but its time is over.
        self.expired = folder / "expired.crt"
        self.expired_key = folder / "expired.key"
        #: A client's; `encrypted_key` is the same key under `KEY_PASSWORD`.
        self.client = folder / "client.crt"
        self.client_key = folder / "client.key"
        self.encrypted_key = folder / "encrypted.key"
        #: A client's that `other_ca` signed, so that the broker refuses it.
        self.foreign = folder / "foreign.crt"
        self.foreign_key = folder / "foreign.key"

    @classmethod
    def create(cls, folder: Path) -> Certificates:
        """Writes all files into `folder`, which is made when it is not there.

        Raises:
            RuntimeError: openssl is not installed or refused; the message holds what it printed.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="multimqtt-authority-") as scratch:
            authority = _Authority(Path(scratch), folder)
            authority.make_root("ca")
            authority.make_root("other_ca")
            authority.sign("server", "localhost", _LOOPBACK_NAMES)
            authority.sign("wrong_host", "broker.example", "DNS:broker.example")
            authority.sign(
                "expired", "localhost", _LOOPBACK_NAMES, validity=("200101000000Z", "210101000000Z")
            )
            authority.sign("client", "test client", usage="clientAuth")
            authority.sign("foreign", "foreign client", usage="clientAuth", root="other_ca")
            authority.encrypt("client", "encrypted")
        return cls(folder)


class _Authority:
    """Calls openssl; everything that is not a certificate or a key stays in `scratch`."""

    def __init__(self, scratch: Path, folder: Path) -> None:
        self._scratch = scratch
        self._folder = folder.resolve()
        (scratch / "openssl.cnf").write_text(_CONFIGURATION)
        (scratch / "index.txt").write_text("")

    def make_root(self, name: str) -> None:
        self._make_key(name)
        self._openssl(
            "req", "-x509", "-new", "-config", "openssl.cnf", "-extensions", "authority", "-sha256",
            "-days", str(_LEAF_DAYS), "-key", self._file(name, "key"), "-out", self._file(name, "crt"),
        )  # fmt: skip

    def sign(
        self,
        name: str,
        common_name: str,
        alternative_names: str = "",
        *,
        usage: str = "serverAuth",
        root: str = "ca",
        validity: tuple[str, str] | None = None,
    ) -> None:
        """Makes a key and a certificate signed by `root`; `validity` is (from, to) as YYMMDDHHMMSSZ."""
        self._make_key(name)
        request = str(self._scratch / f"{name}.csr")
        extensions = [f"extendedKeyUsage = {usage}", "basicConstraints = CA:FALSE"]
        if alternative_names:
            extensions.append(f"subjectAltName = {alternative_names}")
        (self._scratch / "leaf.cnf").write_text("\n".join(extensions))
        self._openssl(
            "req", "-new", "-config", "openssl.cnf", "-subj", f"/CN={common_name}",
            "-key", self._file(name, "key"), "-out", request,
        )  # fmt: skip
        times: tuple[str, ...] = ("-days", str(_LEAF_DAYS))
        if validity:
            times = ("-startdate", validity[0], "-enddate", validity[1])
        self._openssl(
            "ca", "-batch", "-notext", "-config", "openssl.cnf", "-extfile", "leaf.cnf", *times,
            "-cert", self._file(root, "crt"), "-keyfile", self._file(root, "key"),
            "-in", request, "-out", self._file(name, "crt"),
        )  # fmt: skip

    def encrypt(self, name: str, encrypted_name: str) -> None:
        self._openssl(
            "pkcs8", "-topk8", "-in", self._file(name, "key"), "-out", self._file(encrypted_name, "key"),
            "-passout", f"pass:{KEY_PASSWORD}",
        )  # fmt: skip

    def _make_key(self, name: str) -> None:
        self._openssl(
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
            self._file(name, "key"),
        )
        # A broker that changes its user still has to read the key.
        Path(self._file(name, "key")).chmod(0o644)

    def _file(self, name: str, suffix: str) -> str:
        return str(self._folder / f"{name}.{suffix}")

    def _openssl(self, *arguments: str) -> None:
        program = shutil.which("openssl")
        if program is None:
            raise RuntimeError("The openssl command is not installed; `apt-get install openssl` brings it.")
        done = subprocess.run([program, *arguments], cwd=self._scratch, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    Certificates.create(Path(sys.argv[1]))
