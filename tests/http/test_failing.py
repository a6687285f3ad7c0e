"""What the client says when a partner's server fails, and how long it takes to say so."""

import gc
import socket
import struct
import time

import pytest

from kartify.domain.errors import Permanent, Temporary

SECRET = "top-secret"  # stands in queries, headers and bodies, and must stand in no text


def heard(peer: socket.socket) -> bytes:
    return peer.recv(65_536)


def fails(client, url, **call):
    begun = time.monotonic()
    with pytest.raises(Temporary) as caught:
        client.request("POST", f"{url}/pay?key={SECRET}", headers={"x-key": SECRET}, json={"k": SECRET}, **call)
    assert SECRET not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value, time.monotonic() - begun


def test_a_server_dripping_headers_is_left_at_the_deadline(client, misbehaving):
    def drip(peer):
        heard(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(200):
            peer.sendall(b"x-%d: 1\r\n" % number)
            time.sleep(0.05)

    problem, took = fails(client, misbehaving(drip).url, timeout=0.4)
    assert problem.sent
    assert 0.4 <= took < 3


def test_a_server_dripping_one_header_line_is_left_at_the_deadline(client, misbehaving):
    def drip(peer):
        heard(peer)
        for byte in b"HTTP/1.1 200 " + b"O" * 500:
            peer.sendall(bytes([byte]))
            time.sleep(0.02)

    _, took = fails(client, misbehaving(drip).url, timeout=0.4)
    assert 0.4 <= took < 3


@pytest.mark.parametrize("head", [b"content-length: 5000", b"transfer-encoding: chunked", b"connection: close"])
def test_a_server_dripping_its_body_is_left_at_the_deadline(client, misbehaving, head):
    def drip(peer):
        heard(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
        for _ in range(200):
            peer.sendall(b"1\r\nx\r\n" if b"chunked" in head else b"x")
            time.sleep(0.05)

    problem, took = fails(client, misbehaving(drip).url, timeout=0.4)
    assert problem.sent
    assert 0.4 <= took < 3


def test_a_server_that_never_answers_may_have_acted(client, misbehaving):
    server = misbehaving(lambda peer: time.sleep(1))
    problem, took = fails(client, server.url, timeout=0.3)
    assert problem.sent
    assert 0.3 <= took < 3


def test_a_server_that_reads_nothing_is_left_at_the_deadline(client, misbehaving):
    server = misbehaving(lambda peer: time.sleep(1))
    begun = time.monotonic()
    with pytest.raises(Temporary) as caught:
        client.request("POST", server.url, body=b"x" * 30_000_000, timeout=0.4)
    assert caught.value.sent
    assert time.monotonic() - begun < 3


def test_a_refused_connection_did_nothing(client):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    problem, _ = fails(client, f"http://127.0.0.1:{port}")
    assert not problem.sent
    assert "refused" in str(problem)


def test_a_name_that_does_not_exist_did_nothing(client):
    with pytest.raises(Temporary) as caught:
        client.request("GET", "http://no-such-host.invalid/x?key=" + SECRET, timeout=5)
    assert not caught.value.sent
    assert str(caught.value) == "no-such-host.invalid: its name cannot be resolved"


def test_a_connection_that_is_never_taken_did_nothing(client):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:  # fill the backlog, so that the next connect gets no answer
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        problem, took = fails(client, f"http://127.0.0.1:{port}", timeout=0.4)
        for sock in waiting:
            sock.close()
    assert not problem.sent
    assert took < 3


def test_a_reset_after_the_request_may_have_acted(client, misbehaving):
    def reset(peer):
        heard(peer)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()

    assert fails(client, misbehaving(reset).url)[0].sent


def test_a_connection_closed_without_an_answer_may_have_acted(client, misbehaving):
    def close(peer):
        heard(peer)
        peer.close()

    problem, _ = fails(client, misbehaving(close).url)
    assert problem.sent
    assert "lost" in str(problem)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhalf",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nhalf",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=["length", "chunk", "chunk-size", "gzip", "garbage", "many-headers", "long-header"],
)
def test_an_answer_that_cannot_be_read_whole_may_have_acted(client, misbehaving, answer):
    def say(peer):
        heard(peer)
        peer.sendall(answer)
        peer.close()

    assert fails(client, misbehaving(say).url)[0].sent


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_answer_of_two_lengths_is_not_believed(client, misbehaving):
    def say(peer):
        heard(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 4, 5\r\n\r\nhalf")

    assert fails(client, misbehaving(say).url)[0].sent
    gc.collect()  # urllib3 leaves this one answer's socket to the collector


@pytest.mark.parametrize("head", [b"content-length: 9000000", b"connection: close"])
def test_a_body_over_the_limit_is_not_read_on(client, misbehaving, head):
    sent = []

    def flood(peer):
        heard(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
        for _ in range(900):
            peer.sendall(b"x" * 10_000)
            sent.append(10_000)

    problem, _ = fails(client, misbehaving(flood).url)
    assert problem.sent
    assert "too big" in str(problem)
    assert sum(sent) < 9_000_000


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("ftp://127.0.0.1/x", {}),
        ("127.0.0.1/x", {}),
        ("http://", {}),
        ("http://127.0.0.1:99999/", {}),
        ("http://127.0.0.1:1/", {"x-key": f"{SECRET}\r\nx: 1"}),
        ("http://127.0.0.1:1/", {"x-key": f"{SECRET}\u2713"}),
    ],
)
def test_a_call_that_cannot_be_made_is_permanent(client, misbehaving, url, headers):
    taking = misbehaving(lambda peer: time.sleep(0.2))
    with pytest.raises(Permanent) as caught:
        client.request("GET", url.replace(":1/", f":{taking.port}/"), headers=headers)
    assert SECRET not in str(caught.value)
