"""TLS is verified: authority, name, and nothing sent before."""

import datetime
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kartify.domain.errors import Temporary


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for localhost that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secure(misbehaving, certificate):
    """A TLS server; ``heard`` is what reached it decrypted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    heard: list[bytes] = []

    def begin(answer):
        def behave(peer: socket.socket) -> None:
            with context.wrap_socket(peer, server_side=True) as wrapped:
                while said := wrapped.recv(65_536):
                    heard.append(said)
                    answer(wrapped)

        return misbehaving(behave)

    begin.heard = heard
    return begin


def ok(peer) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")


def test_an_unknown_authority_is_refused_and_nothing_is_sent(clients, secure):
    server = secure(ok)
    with clients() as http, pytest.raises(Temporary) as caught:
        http.request("GET", f"https://localhost:{server.port}/?key=hush")
    assert not caught.value.sent
    assert "certificate was refused" in str(caught.value)
    assert secure.heard == []


def test_another_name_is_refused(clients, secure, certificate):
    server = secure(ok)
    with clients(ca_file=str(certificate)) as http, pytest.raises(Temporary) as caught:
        http.request("GET", f"https://127.0.0.1:{server.port}/")
    assert not caught.value.sent
    assert "certificate was refused" in str(caught.value)


def test_a_trusted_authority_is_taken_and_the_connection_kept(clients, secure, certificate):
    server = secure(ok)
    with clients(ca_file=str(certificate)) as http:
        answers = [http.request("GET", f"https://localhost:{server.port}/").status for _ in range(3)]
    assert answers == [200, 200, 200]
    assert server.connections == 1


def test_dripping_over_tls_is_left_at_the_deadline(clients, secure, certificate):
    def drip(peer) -> None:
        for _ in range(200):
            peer.sendall(b"x")
            time.sleep(0.05)

    server = secure(drip)
    begun = time.monotonic()
    with clients(ca_file=str(certificate)) as http, pytest.raises(Temporary) as caught:
        http.request("GET", f"https://localhost:{server.port}/", timeout=0.5)
    assert caught.value.sent
    assert 0.5 <= time.monotonic() - begun < 3


def test_a_handshake_that_never_ends_did_nothing(clients, misbehaving):
    done = threading.Event()

    def drip(peer) -> None:
        peer.sendall(b"\x16\x03\x03\x40\x00")
        for _ in range(100):
            if done.wait(0.05):
                return
            peer.sendall(b"\x00")

    server = misbehaving(drip)
    begun = time.monotonic()
    with clients() as http, pytest.raises(Temporary) as caught:
        http.request("GET", f"https://127.0.0.1:{server.port}/", timeout=0.5)
    done.set()
    assert not caught.value.sent
    assert time.monotonic() - begun < 3


def test_a_server_that_speaks_no_tls_did_nothing(clients, misbehaving):
    server = misbehaving(lambda peer: peer.sendall(b"HTTP/1.1 400 No\r\n\r\n"))
    with clients() as http, pytest.raises(Temporary) as caught:
        http.request("GET", f"https://127.0.0.1:{server.port}/", timeout=2)
    assert not caught.value.sent
