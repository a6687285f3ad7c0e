"""The one way out: every call to a partner goes through ``HttpClient``.

urllib3 rather than httpx: for small answers over kept-alive connections on loopback it did 1.5 to 1.9 times the calls
from one thread, and 2.2 to 2.6 times from 32 threads (a lookup run is 100,000 such calls).

TLS is always verified; there is no way to switch it off. A call has one deadline from the first connect to the last
byte: every single socket operation gets what is left of it, so a server that drips bytes gains nothing. Only the
resolving of a name is the system's own business and may take longer.
"""

from __future__ import annotations

import base64
import logging
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import orjson
import structlog
import urllib3
from urllib3 import exceptions as broken

from kartify.deadline import Call, current, pools
from kartify.domain.errors import Permanent, Temporary
from kartify.plugin.partner import Headers, HttpAnswer

DEADLINE: Final = 10.0
MAX_BODY: Final = 2 * 1024 * 1024
_CHUNK: Final = 65_536
_HOSTS: Final = 64
_MALFORMED: Final = "the address or a header of the call is malformed"

log = structlog.get_logger(__name__)


class HttpClient:
    """``kartify.plugin.Client`` on kept-alive connections; one object for the process, used by many threads.

    ``ca_file`` names certificates to trust besides the system's (a company's own authority).
    """

    def __init__(
        self, *, maxsize: int = 32, deadline: float = DEADLINE, max_body: int = MAX_BODY, ca_file: str | None = None
    ) -> None:
        # urllib3 writes whole addresses, query and all, at level DEBUG: that must reach no log.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.WARNING)
        self._deadline = deadline
        self._max_body = max_body
        self._pools = pools(hosts=_HOSTS, maxsize=maxsize, ca_file=ca_file)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Headers | None = None,
        params: Sequence[tuple[str, str]] | Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
    ) -> HttpAnswer:
        """Every status is an answer, a redirect too. Raises ``Temporary``; and ``Permanent`` where no request can be
        made of what was given (an address that is none, a line break in a header)."""
        target = _address(url, params)
        if sum(part is not None for part in (json, form, body)) > 1:
            raise Permanent("a call has one body: json, form or body")
        kind, payload = _payload(json, form, body)
        sending = {**kind, **_basic(auth), **{name.lower(): value for name, value in (headers or {}).items()}}
        call = Call(time.monotonic() + (self._deadline if timeout is None else timeout))
        return self._logged(call, method.upper(), target, (sending, payload))

    def close(self) -> None:
        """Closes the idle connections. The client can be used again."""
        self._pools.clear()

    def _logged(
        self, call: Call, method: str, url: str, sending: tuple[dict[str, str], bytes | None]
    ) -> HttpAnswer:
        """One line a call: never a query, a header or a body."""
        parts = urlsplit(url)
        where = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
        begun = time.monotonic()
        outcome: dict[str, Any] = {}
        token = current.set(call)
        try:
            answer = self._exchange(method, url, *sending)
            outcome = {"status": answer.status}
            return answer
        except (broken.HTTPError, HTTPException, OSError, ValueError) as problem:
            reason = _reason(problem, call.sent)
            outcome = {"failed": reason, "sent": call.sent}
            # From None: the texts of the libraries hold whole addresses and header values.
            if reason == _MALFORMED:
                raise Permanent(f"{where}: {reason}") from None
            raise Temporary(f"{where}: {reason}", sent=call.sent) from None
        finally:
            current.reset(token)
            milliseconds = round((time.monotonic() - begun) * 1000)
            log.debug("http.call", method=method, host=where, path=parts.path or "/", ms=milliseconds, **outcome)

    def _exchange(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> HttpAnswer:
        timeout = urllib3.Timeout(total=current.get().left())
        response = self._pools.urlopen(
            method, url, body=body, headers=headers, redirect=False, preload_content=False, timeout=timeout
        )
        try:
            content = self._read(response)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return HttpAnswer(status=response.status, headers=_lowered(response.headers), body=content)

    def _read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        content = bytearray()
        for chunk in response.stream(_CHUNK, decode_content=True):
            content += chunk
            if len(content) > self._max_body:
                raise _TooBig
        return bytes(content)


class _TooBig(broken.HTTPError):
    """The answer is longer than we read."""


def _address(url: str, params: Sequence[tuple[str, str]] | Mapping[str, str] | None) -> str:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        known = False
    if not known:
        raise Permanent("the address of the call is not an http or https address")
    pairs = list(params.items() if isinstance(params, Mapping) else params or ())
    query = "&".join(part for part in (parts.query, urlencode(pairs)) if part)
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, ""))


def _payload(
    json: Any, form: Mapping[str, str] | None, body: bytes | None
) -> tuple[dict[str, str], bytes | None]:
    if json is not None:
        return {"content-type": "application/json"}, dump_json(json)
    if form is not None:
        return {"content-type": "application/x-www-form-urlencoded"}, urlencode(list(form.items())).encode()
    return {}, body


def dump_json(value: Any) -> bytes:
    """Compact JSON in UTF-8: integers exactly, ``Decimal`` as a number with exactly its digits. Raises ``Permanent``
    for what JSON cannot say."""
    try:
        return orjson.dumps(value, default=_plain)
    except (TypeError, ValueError):
        raise Permanent("the call holds a value that JSON cannot say") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(format(value, "f"))
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


def _basic(auth: tuple[str, str] | None) -> dict[str, str]:
    if auth is None:
        return {}
    return {"authorization": "Basic " + base64.b64encode(":".join(auth).encode()).decode()}


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    # urllib3's mapping joins a doubled header by ", " already.
    return {name.lower(): headers[name] for name in headers}


def _reason(problem: Exception, sent: bool) -> str:
    """Why, in our own words: those of the libraries may hold the query."""
    cause = _cause(problem)
    if not sent and _is_malformed(problem):
        return _MALFORMED
    if isinstance(cause, _TooBig):
        return "the answer is too big"
    if isinstance(cause, socket.gaierror):
        return "its name cannot be resolved"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate was refused ({cause.verify_message})"
    if isinstance(cause, (TimeoutError, broken.TimeoutError)):
        return "no whole answer in time" if sent else "no connection in time"
    if isinstance(cause, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(cause, (ssl.SSLError, broken.SSLError)):
        return "the TLS connection failed"
    return "the connection was lost before the whole answer came" if sent else "no connection could be made"


def _is_malformed(problem: Exception) -> bool:
    # Some errors of the network are ValueErrors as well.
    known = isinstance(problem, (broken.HTTPError, OSError)) and not isinstance(problem, broken.LocationValueError)
    return not known and isinstance(problem, ValueError)


def _cause(problem: BaseException) -> BaseException:
    """The innermost exception: urllib3 wraps the system's own."""
    seen = problem
    while (inner := seen.__cause__ or next((a for a in seen.args if isinstance(a, BaseException)), None)) is not None:
        seen = inner
    return seen
