"""Serves a WSGI application on loopback in a thread, for simulators in tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from werkzeug.serving import WSGIRequestHandler, make_server

from kartify.plugin.simulator import Simulator, SimulatorOptions

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_ANSWER: Final = "kartify.answer"


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Tests read what the application says, not the access log."""

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        """The server forgets to close an answer whose reader hung up in the middle."""
        close = getattr((environ or {}).get(_ANSWER), "close", None)
        if close is not None:
            close()


def _remembered(app: Any) -> Any:
    def call(environ: WSGIEnvironment, start_response: Any) -> Any:
        environ[_ANSWER] = app(environ, start_response)
        return environ[_ANSWER]

    return call


@contextmanager
def serving(app: Any, port: int = 0) -> Iterator[str]:
    """The base URL of ``app`` while it runs."""
    server = make_server("127.0.0.1", port, _remembered(app), threaded=True, request_handler=_Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()


class _Late:
    """A WSGI application that is set after the port is known."""

    app: Any = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.app(environ, start_response)


@contextmanager
def simulating(kind: type[Simulator], *, faults: int | None = None, port: int = 0) -> Iterator[tuple[str, Any]]:
    """A running simulator: its base URL and the object itself, for tests that look inside."""
    late = _Late()
    with serving(late, port) as url:
        simulator = kind(SimulatorOptions(base_url=url, faults=faults))
        late.app = simulator.app()
        yield url, simulator
