"""The world's certificate authority."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest

from rehearsal.dataplane.tls import Authority


def handshake(pem: Path, ca: Path, name: str) -> str:
    """The subject that a strict client sees of a server with this PEM."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(pem)
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=_serve, args=(server_context, theirs))
    thread.start()
    try:
        context = ssl.create_default_context(cafile=str(ca))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        with context.wrap_socket(ours, server_hostname=name) as client:
            certificate = client.getpeercert()
            assert certificate
            return str(certificate["subject"])
    finally:
        ours.close()
        thread.join()


def _serve(context: ssl.SSLContext, connection: socket.socket) -> None:
    try:
        context.wrap_socket(connection, server_side=True).close()
    except ssl.SSLError:
        connection.close()  # the client did not believe us, which is what it is asked about


@pytest.mark.parametrize("name", ["api.bond.example", "anything.bond.example", "127.0.0.1"])
def test_a_certificate_is_good_for_each_of_its_names(authority: Authority, name: str) -> None:
    pem = authority.issue(["api.bond.example", "*.bond.example", "127.0.0.1"])
    assert "commonName" in handshake(pem, authority.ca_path, name)


def test_a_certificate_is_good_for_no_other_name_and_under_no_other_ca(authority: Authority, tmp_path: Path) -> None:
    pem = authority.issue(["api.bond.example"])
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(pem, authority.ca_path, "other.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(pem, Authority(tmp_path).ca_path, "api.bond.example")


def test_the_same_names_give_the_same_file_that_only_its_owner_reads(authority: Authority) -> None:
    one = authority.issue(["b.example", "a.example"])
    assert one == authority.issue(["a.example", "b.example", "a.example"])
    assert one != authority.issue(["a.example"])
    assert one.stat().st_mode & 0o077 == 0


def test_a_certificate_needs_a_name(authority: Authority) -> None:
    with pytest.raises(ValueError) as failure:
        authority.issue([])
    assert "at least one name" in str(failure.value)
