"""A load generator that costs little: requests made before, sockets that never block, no parsing beyond a status."""

from __future__ import annotations

import multiprocessing
import selectors
import socket
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

CONNECTIONS = 32
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """``took``: seconds of each request, in the order they ended; ``cpu``: seconds of CPU of the generator."""

    seconds: float
    cpu: float
    took: tuple[float, ...]
    statuses: dict[int, int]

    @property
    def rate(self) -> float:
        return len(self.took) / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.took)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def drive(port: int, requests: Sequence[bytes], *, connections: int = CONNECTIONS) -> Driven:
    """In a process of its own, so that it does not wait for ours."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_drive, (port, list(requests), connections))


class _Line:
    """One kept-alive connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.begun = 0.0
        self.read = b""

    def send(self, request: bytes) -> None:
        self.begun = time.perf_counter()
        self.socket.sendall(request)

    def status(self) -> int | None:
        """The answer's status once all of it is here."""
        got = self.socket.recv(65536)
        if not got:
            raise ConnectionError("the server closed a connection that it should keep")
        self.read += got
        head, found, rest = self.read.partition(b"\r\n\r\n")
        if not found or len(rest) < _length(head):
            return None
        self.read = b""
        return int(head[9:12])


def _length(head: bytes) -> int:
    _, found, after = head.lower().partition(b"content-length:")
    return int(after.split(b"\r\n", 1)[0]) if found else 0


def _drive(port: int, requests: list[bytes], connections: int) -> Driven:
    waiting, took, statuses = iter(requests), [], Counter[int]()
    with selectors.DefaultSelector() as selector:
        lines = [_Line(port) for _ in range(connections)]
        begun, cpu, busy = time.perf_counter(), time.process_time(), 0
        for line, request in zip(lines, waiting, strict=False):
            selector.register(line.socket, selectors.EVENT_READ, line)
            line.send(request)
            busy += 1
        while busy:
            ready = selector.select(_PATIENCE)
            if not ready:
                raise TimeoutError("the server stopped answering")
            for found, _ in ready:
                line = found.data
                status = line.status()
                if status is None:
                    continue
                took.append(time.perf_counter() - line.begun)
                statuses[status] += 1
                if (following := next(waiting, None)) is None:
                    busy -= 1
                else:
                    line.send(following)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    for line in lines:
        line.socket.close()
    return Driven(seconds=seconds, cpu=cpu, took=tuple(took), statuses=dict(statuses))
