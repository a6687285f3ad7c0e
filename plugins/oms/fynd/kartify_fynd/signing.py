"""FYND's request signature v1.1: a checksum with a public key, not a secret."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

# The same constant stands in FYND's own published clients.
PUBLIC_KEY: Final = b"1234567"
_UNESCAPED: Final = "!'()*~"  # what JavaScript's encodeURIComponent leaves as it is, besides letters, digits and -_.
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def signed(method: str, url: str, *, body: bytes, when: datetime, headers: Mapping[str, str]) -> dict[str, str]:
    """``headers`` with the two of the signature; ``when`` is an aware moment."""
    dated = {**headers, "x-fp-date": when.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")}
    return {**dated, "x-fp-signature": signature(method, url, body=body, headers=dated)}


def signature(method: str, url: str, *, body: bytes, headers: Mapping[str, str]) -> str:
    """The signature of a request whose ``headers`` hold ``x-fp-date`` already."""
    given = {name.lower(): value for name, value in headers.items()}
    hashed = hashlib.sha256(canonical(method, url, body=body, headers=given).encode()).hexdigest()
    text = f"{given['x-fp-date']}\n{hashed}"
    return f"v1.1:{hmac.new(PUBLIC_KEY, text.encode(), hashlib.sha256).hexdigest()}"


def canonical(method: str, url: str, *, body: bytes, headers: Mapping[str, str]) -> str:
    """The canonical request; ``headers`` have lower-case names."""
    parts = urlsplit(url)
    kept = {"host": host_of(parts), **{name: value for name, value in headers.items() if _is_signed(name)}}
    lines = [f"{name}:{' '.join(kept[name].split())}\n" for name in sorted(kept)]
    return "\n".join(
        [method, _path(parts.path), _query(parts.query), "".join(lines), ";".join(sorted(kept)),
         hashlib.sha256(body).hexdigest()]
    )


def host_of(parts: SplitResult) -> str:
    """The Host header: with the port only where it is not the scheme's own."""
    name = (parts.hostname or "") if ":" not in (parts.hostname or "") else f"[{parts.hostname}]"
    return name if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f"{name}:{parts.port}"


def _is_signed(name: str) -> bool:
    return name.startswith("x-fp-") and name != "x-fp-signature"


def _path(path: str) -> str:
    pieces: list[str] = []
    for piece in _collapsed(path.split("/")):
        if piece == "..":
            del pieces[-1:]
        elif piece != ".":
            pieces.append(quote(unquote(piece), safe=_UNESCAPED))
    joined = "/".join(pieces)
    return joined if joined.startswith("/") else f"/{joined}"


def _collapsed(pieces: list[str]) -> Iterable[str]:
    """Without the empty pieces that double slashes make; the first and the last may be empty."""
    last = len(pieces) - 1
    return (piece for place, piece in enumerate(pieces) if piece or place in (0, last))


def _query(query: str) -> str:
    """Pairs by key, then by value, decoded. (Decoded, so that two queries can look the same: it is FYND's own way.)"""
    return "&".join(f"{key}={value}" for key, value in sorted(parse_qsl(query, keep_blank_values=True)) if key)
