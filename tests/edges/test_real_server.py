"""The doors behind the web server that serves them: chunked bodies, big bodies, headers sent twice, a dead parent."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3
from cryptography.fernet import Fernet

from kartify.database import Database, make_engine
from kartify.flows.people import stores
from kartify.house import build
from kartify.http import HttpClient
from kartify.migrations.run import upgrade
from kartify.registry import load
from kartify.vault import Vault

pytestmark = pytest.mark.slow
SECRET = "sandbox-webhook-secret"
BIG = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    account: str
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        assert parts.hostname
        assert parts.port
        return parts.hostname, parts.port

    def say(self, *lines: str, body: bytes = b"") -> bytes:
        """Bytes as they are, and what comes back until the server closes or is silent."""
        with socket.create_connection(self.address, timeout=10) as sock:
            with suppress(OSError):  # it has heard enough
                sock.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode() + body)
            answer = b""
            with suppress(OSError):
                while part := sock.recv(65536):
                    answer += part
            return answer

    def post(self, *headers: str, body: bytes = b"") -> int:
        host = "{}:{}".format(*self.address)
        answer = self.say(f"POST /webhooks/{self.account} HTTP/1.1", f"Host: {host}", *headers, body=body)
        return int(answer.split(b" ", 2)[1]) if answer else 0


def signature(body: bytes) -> str:
    moment = int(time.time())
    digest = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def chunked(body: bytes, size: int = 65536) -> bytes:
    parts = [body[start:start + size] for start in range(0, len(body), size)]
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts) + b"0\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    key, url = Fernet.generate_key().decode(), f"sqlite:///{folder}/kartify.db"
    account = _prepare(url, key)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "KARTIFY_DATABASE_URL": url, "KARTIFY_REDIS_URL": "redis://127.0.0.1:1/0",
           "KARTIFY_SECRET_KEYS": key, "KARTIFY_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    code = ("from kartify.stack.web import run_web; "
            f"run_web('kartify.app:from_environment', host='127.0.0.1', port={port}, workers=1, threads=2)")
    process = subprocess.Popen([sys.executable, "-c", code], env=env, cwd=folder)
    made = Server(f"http://127.0.0.1:{port}", account, process)
    try:
        _wait(made)
        yield made
    finally:
        process.terminate()
        process.wait(10)


def _prepare(url: str, key: str) -> str:
    engine = make_engine(url)
    upgrade(engine)
    house = build(Database(engine), load(), Vault([key]), client=HttpClient(), public_url="http://x")
    stores.create_store(house, "demo", name="Demo")
    values = {"api_base": "http://127.0.0.1:1", "merchant": "m", "key_secret": "k", "webhook_secret": SECRET}
    account = str(stores.add_account(house, "demo", "sandbox", values))
    engine.dispose()
    return account


def _wait(server: Server) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if urllib3.request("GET", f"{server.url}/readyz", retries=False, timeout=5).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        assert server.process.poll() is None, "the server ended"
        time.sleep(0.1)
    pytest.fail("the server did not come up")


def unknown_event(name: str) -> bytes:
    return json.dumps({"id": f"evt_{name}", "type": "shop.painted", "created": int(time.time()), "data": {}}).encode()


def test_chunked_body_is_taken_whole(server: Server) -> None:
    body = unknown_event("chunked0001")
    headers = (f"Sandbox-Signature: {signature(body)}", "Content-Type: application/json", "Transfer-Encoding: chunked")
    good = server.post(*headers, body=chunked(body, 10))
    wrong = server.post(*headers, body=chunked(body + b" ", 10))
    assert wrong == 401
    assert good != 401, "the signature over the exact bytes must hold"


def test_sc_13_chunked_5_mb_is_413(server: Server) -> None:
    assert server.post("Content-Type: application/json", "Transfer-Encoding: chunked",
                       body=chunked(b"x" * BIG)) == 413


def test_chunked_body_of_one_byte_too_many_is_413_not_cut(server: Server) -> None:
    body = b"x" * (1024 * 1024)
    assert server.post("Transfer-Encoding: chunked", body=chunked(body)) == 401
    assert server.post("Transfer-Encoding: chunked", body=chunked(body + b"x")) == 413


def test_sc_13_announced_5_mb_is_413(server: Server) -> None:
    assert server.post(f"Content-Length: {BIG}", body=b"x" * BIG) == 413


def test_header_sent_twice_proves_nothing(server: Server) -> None:
    body = unknown_event("twice00001")
    one = f"Sandbox-Signature: {signature(body)}"
    length = f"Content-Length: {len(body)}"
    kind = "Content-Type: application/json"
    single = server.post(one, length, kind, body=body)
    forged = "Sandbox-Signature: t=1,v1=" + "0" * 64
    assert single != 401
    assert server.post(forged, one, length, kind, body=body) == 401
    assert server.post(one, forged, length, kind, body=body) == 401


def test_orders_are_limited_too(server: Server) -> None:
    big = urllib3.request("POST", f"{server.url}/api/v1/orders", body=b"{}", retries=False)
    assert big.status == 401


def test_big_bodies_leave_the_server_small(server: Server) -> None:
    for _ in range(5):
        server.post("Transfer-Encoding: chunked", body=chunked(b"x" * BIG))
    assert urllib3.request("GET", f"{server.url}/healthz", retries=False).status == 200
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    workers = children.read_text().split() if children.exists() else []
    peaks = [line for worker in workers for line in Path(f"/proc/{worker}/status").read_text().splitlines()
             if line.startswith("VmHWM")]
    assert all(int(peak.split()[1]) < 400_000 for peak in peaks)
