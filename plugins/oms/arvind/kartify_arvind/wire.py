"""JSON that we write: decimals with exactly their digits. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson

from kartify.plugin import Permanent


def dump(value: Any) -> bytes:
    """Raises ``Permanent`` for what JSON cannot say."""
    try:
        return orjson.dumps(value, default=_plain)
    except (TypeError, ValueError):
        raise Permanent("the order holds a value that JSON cannot say", field="metadata") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(format(value, "f"))
    raise TypeError
