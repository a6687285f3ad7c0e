"""JSON messages whose checksum is over the exact text of one member: that text, untouched."""

from __future__ import annotations

import json
import re
from typing import Final

from kartify.plugin import Unreadable

_DECODER: Final = json.JSONDecoder()
_BLANK: Final = re.compile(r"[ \t\n\r]*")


def members(message: bytes) -> dict[str, str]:
    """The text of each member of a JSON object, byte for byte. Raises ``Unreadable``, for a name given twice too."""
    try:
        return _members(message.decode("utf-8"))
    except (ValueError, RecursionError, IndexError):
        raise Unreadable("not a JSON object in UTF-8") from None


def _members(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = _after(text, _skip(text, 0), "{")
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        start = _skip(text, _after(text, _skip(text, at), ":"))
        _, end = _DECODER.raw_decode(text, start)
        if not isinstance(name, str) or name in found:
            raise ValueError("a name that is no text, or given twice")
        found[name] = text[start:end]
        at = _skip(text, end)
        if text[at] == "," and text[_skip(text, at + 1)] == '"':
            at = _skip(text, at + 1)
        elif text[at] != "}":
            raise ValueError("expected a comma or the end")
    if _skip(text, at + 1) != len(text):
        raise ValueError("something stands behind the object")
    return found


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _after(text: str, at: int, sign: str) -> int:
    """Behind the sign and the blanks that follow it."""
    if text[at] != sign:
        raise ValueError(f"expected {sign}")
    return _skip(text, at + 1)
