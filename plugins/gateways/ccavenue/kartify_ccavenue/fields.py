"""The plain text inside: ``name=value&name=value``, as the billing page takes it and gives it back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, unquote

# These mean the same whether the page decodes the text or not; the rest is written with percent signs.
_PLAIN: Final = " :/?@,.()'!*;~_-"
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}\Z")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MOST: Final = 200


class Unclear(Exception):
    """Not such a text, or one that says something twice."""


def join(values: Mapping[str, str]) -> str:
    return "&".join(f"{name}={quote(value, safe=_PLAIN)}" for name, value in values.items())


def parse(text: str) -> dict[str, str]:
    """Names and values; "null" is nothing. A part without "=" belongs to the value before it: the page echoes what
    customers typed. Raises ``Unclear``."""
    if _UNPRINTABLE.search(text):
        raise Unclear
    found: dict[str, str] = {}
    for name, value in _pairs(text):
        if name in found or not _NAME.match(name) or len(found) >= _MOST:
            raise Unclear
        found[name] = "" if value.strip().lower() == "null" else unquote(value)
    if any(_UNPRINTABLE.search(value) for value in found.values()):
        raise Unclear
    return found


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for part in text.strip("&\r\n ").split("&"):
        name, equals, value = part.partition("=")
        if equals:
            pairs.append((name, value))
        elif pairs:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]}&{part}")
        else:
            raise Unclear
    return pairs
