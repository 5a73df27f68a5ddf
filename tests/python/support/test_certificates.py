"""The test authority makes certificates that OpenSSL judges as their names say."""

from __future__ import annotations

import ssl

import pytest

from tests.support.certificates import KEY_PASSWORD, Certificates
from tests.support.mosquitto import shared_certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates.create(tmp_path_factory.mktemp("authority"))


def handshake(
    certificates, *, server: str, client: str | None = None, trusted: str = "ca", name: str = "localhost"
):
    """Runs a TLS handshake in memory; raises what the side that refuses raises."""
    folder = certificates.folder
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.maximum_version = ssl.TLSVersion.TLSv1_2  # So that a refusal shows inside the handshake.
    server_side.load_cert_chain(folder / f"{server}.crt", folder / f"{server}.key")
    client_side = ssl.create_default_context(cafile=str(folder / f"{trusted}.crt"))
    if client:
        server_side.verify_mode = ssl.CERT_REQUIRED
        server_side.load_verify_locations(certificates.ca)
        client_side.load_cert_chain(folder / f"{client}.crt", folder / f"{client}.key")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client_side.wrap_bio(to_client, to_server, server_hostname=name),
        server_side.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(6):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return sides[0].getpeercert()


def test_server_and_client_accept_each_other(certificates):
    assert handshake(certificates, server="server", client="client")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"server": "expired"}, "certificate has expired"),
        ({"server": "wrong_host"}, "Hostname mismatch"),
        ({"server": "server", "trusted": "other_ca"}, "unable to get local issuer|self.signed"),
        ({"server": "server", "client": "foreign"}, "unable to get local issuer|unknown ca|self.signed"),
    ],
    ids=["expired", "wrong_host", "untrusted_authority", "foreign_client"],
)
def test_each_bad_certificate_is_refused_for_its_own_reason(certificates, options, reason):
    with pytest.raises(ssl.SSLError, match=reason):
        handshake(certificates, **options)


def test_the_encrypted_key_opens_with_its_password_only(certificates):
    context = ssl.create_default_context()
    context.load_cert_chain(certificates.client, certificates.encrypted_key, password=KEY_PASSWORD)
    with pytest.raises(ssl.SSLError):
        context.load_cert_chain(certificates.client, certificates.encrypted_key, password="wrong")


def test_one_process_shares_one_set():
    assert shared_certificates() is shared_certificates()
