"""Connections whose every socket operation ends at the deadline of the call that the thread is in.

urllib3's own time-outs are for each operation, so a server that drips a byte a second is never timed out.
"""

from __future__ import annotations

import socket
import ssl
import time
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


@dataclass(slots=True)
class Call:
    """What the sockets know of the call that the thread is in."""

    deadline: float
    sent: bool = False

    def left(self) -> float:
        """Seconds left. Raises ``TimeoutError`` when there are none."""
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the deadline has passed")
        return seconds


current: ContextVar[Call] = ContextVar("current")


class _Socket(socket.socket):
    """A socket whose every operation ends at the deadline of the call."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(current.get().left())
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        call = current.get()
        self.settimeout(call.left())
        call.sent = True
        super().sendall(*args, **kwargs)


class _TlsSocket(ssl.SSLSocket):
    """The same over TLS. The handshake is not the request: it does not pass here and keeps its own deadline."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(current.get().left())
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        call = current.get()
        self.settimeout(call.left())
        call.sent = True
        return super().send(*args, **kwargs)


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _TlsConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def _connect(connection: HTTPConnection) -> socket.socket:
    """The first address that answers; each gets a fair part of what is left of the deadline."""
    addresses = socket.getaddrinfo(connection.host, connection.port, type=socket.SOCK_STREAM)
    problem: OSError = TimeoutError("no address")
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = _Socket(family, kind, protocol)
        try:
            sock.settimeout(current.get().left() / (len(addresses) - index))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
            sock.settimeout(current.get().left())
            return sock
        except OSError as refused:
            sock.close()
            problem = refused
    raise problem


def pools(*, hosts: int, maxsize: int, ca_file: str | None) -> urllib3.PoolManager:
    """Kept-alive connections, without retries. ``ca_file`` names certificates to trust besides the system's."""
    made = urllib3.PoolManager(hosts, retries=False, maxsize=maxsize, block=False, ssl_context=_context(ca_file))
    made.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return made


def _context(ca_file: str | None) -> ssl.SSLContext:
    if ca_file is None:
        return _system_context()
    context = _new_context()
    context.load_verify_locations(ca_file)
    return context


@lru_cache(maxsize=1)
def _system_context() -> ssl.SSLContext:
    """One for all: to read the system's certificates takes some 25 ms."""
    return _new_context()


def _new_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.sslsocket_class = _TlsSocket
    return context
