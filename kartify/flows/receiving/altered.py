"""What happened to a body on its way: the ways in which proxies write messages anew, tried until one fits. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

DIGITS = 32


def digest(body: bytes) -> str:
    """As a refusal keeps it."""
    return hashlib.sha256(body).hexdigest()[:DIGITS]


def how(sent: bytes, arrived: Callable[[bytes], bool], size: int) -> str:
    """``arrived``: whether these are the bytes that came; of a refused message only their digest is known."""
    for words, candidate in _ways(sent):
        if candidate != sent and arrived(candidate):
            return words
    told = f"{len(sent)} bytes were sent and {size} arrived"
    return f"{told}, in a form that kartify does not recognise" if size else f"{told}: the body was thrown away"


def _ways(sent: bytes) -> Iterator[tuple[str, bytes]]:
    """(in words, what the bytes would be then)."""
    yield "the body was thrown away", b""
    yield "blanks or line ends were cut off its ends", sent.strip()
    for end in (b"\n", b"\r\n", b"\0", b" "):
        yield "something was added at its end", sent + end
    yield "the line ends were changed", sent.replace(b"\n", b"\r\n")
    text = sent.decode("utf-8", "replace")
    for name in ("latin-1", "cp1252", "ascii"):
        yield f"its charset was changed to {name}", text.encode(name, "replace")
    for name in ("latin-1", "cp1252"):
        yield f"it was read as {name} and written as UTF-8", sent.decode(name, "replace").encode()
    for name in ("utf-8-sig", "utf-16", "utf-16-le"):
        yield f"its charset was changed to {name}", text.encode(name)
    yield from _json(text)
    yield from _forms(text)


def _json(text: str) -> Iterator[tuple[str, bytes]]:
    for read in (json.loads, _as_browsers_do):
        try:
            told = read(text)
        except ValueError:
            return
        for order in (False, True):
            for escaped in (True, False):
                for blanks, separators in (("with", None), ("without", (",", ":"))):
                    written = json.dumps(told, sort_keys=order, ensure_ascii=escaped, separators=separators)
                    words = f"its JSON was read and written anew, {blanks} blanks{', names sorted' if order else ''}"
                    yield words, written.encode()
                    yield words, (written + "\n").encode()
        yield "its JSON was read and written anew, on several lines", json.dumps(told, indent=2).encode()


def _as_browsers_do(text: str) -> Any:
    """JavaScript has one kind of number: 170.00 comes out as 170."""
    return json.loads(text, parse_float=lambda number: int(number.partition(".")[0]) if _whole(number) else number)


def _whole(number: str) -> bool:
    return not number.partition(".")[2].strip("0")


def _forms(text: str) -> Iterator[tuple[str, bytes]]:
    pairs = parse_qsl(text, keep_blank_values=True)
    if not pairs or text.lstrip().startswith(("{", "[")):
        return
    yield "its form was read and written anew, blanks as %20", urlencode(pairs, quote_via=quote).encode()
    yield "its form was read and written anew, names sorted", urlencode(sorted(pairs)).encode()
    yield "its form was read and written anew in another charset", urlencode(pairs, encoding="latin-1",
                                                                             errors="replace").encode()
    yield "its form was decoded", "&".join(f"{name}={value}" for name, value in pairs).encode()
    yield "its form was turned into JSON", json.dumps(dict(pairs)).encode()
