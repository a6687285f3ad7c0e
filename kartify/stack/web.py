"""The web server: granian, with workers that end with their main process."""

from __future__ import annotations

import gc
import importlib
import os
import socket
import sys
import time
from contextlib import closing
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from kartify.stack.watch import parenthood, watch_parent


def run_web(target: str, *, host: str, port: int, workers: int = 2, threads: int = 16) -> None:
    """Serves the WSGI application that the factory ``module:function`` makes in each worker, until SIGTERM.

    Ends the process with one sentence and code 1 when the port is taken.
    """
    if problem := port_problem(host, port, patience=2.0):
        sys.exit(problem)
    watch_parent()
    os.environ.update(parenthood())
    server = Server(
        target, address=host, port=port, interface=Interfaces.WSGI, http=HTTPModes.http1, workers=workers,
        blocking_threads=threads, respawn_failed_workers=True, respawn_interval=0.5, workers_kill_timeout=3,
        log_level=LogLevels.warning,
    )
    server.serve(target_loader=_load)


def port_problem(host: str, port: int, *, patience: float = 0.0) -> str | None:
    """A sentence why nothing can listen there; None when it can. ``patience`` is for a server that is just ending."""
    until = time.monotonic() + patience
    while True:
        try:
            _try_to_listen(host, port)
            return None
        except OSError as problem:
            reason = problem.strerror or str(problem)
        if time.monotonic() >= until:
            return f"Cannot listen on {host}:{port} ({reason}): stop what runs there, or set KARTIFY_PORT to another."
        time.sleep(0.1)


def _try_to_listen(host: str, port: int) -> None:
    # granian shares ports between servers (SO_REUSEPORT), so it would not notice another one.
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with closing(socket.socket(family, kind, protocol)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _load(target: str) -> Any:
    """Runs in each worker."""
    watch_parent()
    if os.getcwd() not in sys.path:  # a console script does not look in the current directory
        sys.path.insert(0, os.getcwd())
    module, _, factory = target.partition(":")
    application = getattr(importlib.import_module(module), factory)()
    _spare_the_collector()
    return application


def _spare_the_collector() -> None:
    """What the application is made of stays for good: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
