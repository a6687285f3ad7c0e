"""The server in which tests run simulators and the application."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

from kartify.testing.serve import serving


class Answer:
    """One that ends after its reader has hung up."""

    def __init__(self) -> None:
        self.begun, self.hung_up, self.closed = (threading.Event() for _ in range(3))

    def __iter__(self) -> Iterator[bytes]:
        yield b"begun"
        self.begun.set()
        self.hung_up.wait(5)

    def close(self) -> None:
        self.closed.set()


def test_an_answer_whose_reader_hangs_up_is_closed_all_the_same():
    answer = Answer()

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "5")])
        return answer

    with serving(app) as url:
        reader = socket.create_connection((urlsplit(url).hostname, urlsplit(url).port))
        reader.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert answer.begun.wait(5)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        reader.close()
        answer.hung_up.set()
        assert answer.closed.wait(5)
