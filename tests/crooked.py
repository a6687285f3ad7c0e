"""A proxy before kartify that does what proxies do: real HTTP over loopback, each fault as in the field."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit


@dataclass
class Way:
    """``body``, ``headers``: what becomes of a request; ``instead``: an answer of its own (status, headers, body);
    ``spoil``: the status that an answer of kartify is given; ``delay``: seconds that it holds a request."""

    target: str = ""
    body: Callable[[bytes], bytes] = bytes
    headers: Callable[[dict[str, str]], dict[str, str]] = dict
    instead: tuple[int, dict[str, str], bytes] | None = None
    spoil: int | None = None
    delay: float = 0.0
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


def drop(*names: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda headers: {name: value for name, value in headers.items() if name.lower() not in names}


def compact(body: bytes) -> bytes:
    return json.dumps(json.loads(body), separators=(",", ":")).encode()


def like_javascript(body: bytes) -> bytes:
    told = json.loads(body, parse_float=lambda text: int(text.partition(".")[0]))
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def latin(body: bytes) -> bytes:
    return body.decode().encode("latin-1", "replace")


def percent_blanks(body: bytes) -> bytes:
    return urlencode(parse_qsl(body.decode(), keep_blank_values=True), quote_via=quote).encode()


class _Handler(BaseHTTPRequestHandler):
    way: Way
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        way = self.way
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        way.seen.append((self.path, dict(self.headers.items()), body))
        time.sleep(way.delay)
        if way.instead is not None:
            self._answer(*way.instead)
            return
        status, headers, answer = self._passed_on(way.body(body), way.headers(dict(self.headers.items())))
        self._answer(way.spoil or status, headers, answer)

    do_GET = do_POST

    def _passed_on(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(self.way.target)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        try:
            kept = drop("content-length", "connection", "host")(headers)
            connection.request(self.command, self.path, body=body, headers=kept)
            answer = connection.getresponse()
            content = answer.read()
            kind = answer.headers.get("content-type", "text/plain")
            return answer.status, {"content-type": kind}, content
        finally:
            connection.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def proxy() -> Iterator[tuple[str, Way]]:
    """Its address, and what it does; ``way.target`` is to be set."""
    way = Way()
    handler = type("Handler", (_Handler,), {"way": way})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", way
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
