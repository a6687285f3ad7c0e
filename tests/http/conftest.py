"""Real servers on loopback that behave badly in one way each."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from kartify.http import HttpClient

Behave = Callable[[socket.socket], None]


class Misbehaving:
    """Accepts connections and hands each to ``behave`` in a thread; remembers what it was sent."""

    def __init__(self, behave: Behave) -> None:
        self.behave = behave
        self.connections = 0
        self.stop = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.threads: list[threading.Thread] = []
        self.open: list[socket.socket] = []
        self.threads.append(threading.Thread(target=self._accept, daemon=True))
        self.threads[0].start()

    def _accept(self) -> None:
        while not self.stop.is_set():
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(peer)
            thread = threading.Thread(target=self._serve, args=(peer,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self.behave(peer)

    def close(self) -> None:
        self.stop.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in self.open:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
            peer.close()
        for thread in self.threads:
            thread.join(timeout=5)


@pytest.fixture
def misbehaving() -> Iterator[Callable[[Behave], Misbehaving]]:
    servers: list[Misbehaving] = []

    def begin(behave: Behave) -> Misbehaving:
        servers.append(Misbehaving(behave))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


@pytest.fixture
def client() -> Iterator[HttpClient]:
    made = HttpClient(deadline=5.0, max_body=100_000)
    yield made
    made.close()


@contextmanager
def connecting(**options: object) -> Iterator[HttpClient]:
    made = HttpClient(**options)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def clients() -> Callable[..., contextlib.AbstractContextManager[HttpClient]]:
    return connecting
