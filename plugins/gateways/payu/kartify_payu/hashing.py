"""PayU's hashes: SHA-512 of values joined by pipes, with the salt at one end.

The join escapes nothing, so a pipe inside a value would move the borders between values: none is ever hashed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from typing import Final

HASH: Final = re.compile(r"[0-9a-f]{128}\Z")
UDFS: Final = ("udf1", "udf2", "udf3", "udf4", "udf5")
_ASKED: Final = ("key", "txnid", "amount", "productinfo", "firstname", "email", *UDFS)
# The answer names the same values from the last to the first, and the status before them.
_ANSWERED: Final = tuple(reversed(_ASKED))
# Once there were ten udf fields; the slots of the other five stay empty.
_EMPTY: Final = ("",) * 5
FEES: Final = ("additionalCharges", "additional_charges")
SPLIT: Final = "splitInfo"


class Pipe(ValueError):
    """A value holds a pipe."""


def _digest(*parts: str) -> str:
    return hashlib.sha512("|".join(parts).encode("utf-8", errors="surrogatepass")).hexdigest()


def _values(fields: Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    values = [fields.get(name, "") for name in names]
    if any("|" in value for value in values):
        raise Pipe("a value holds a pipe")
    return values


def of_request(fields: Mapping[str, str], salt: str) -> str:
    """What goes to the pay page. Raises ``Pipe``."""
    return _digest(*_values(fields, _ASKED), *_EMPTY, salt)


def of_command(key: str, command: str, first: str, salt: str) -> str:
    """What goes to the API: of its variables only the first is hashed, with the pipes between ids."""
    return _digest(key, command, first, salt)


def of_answer(fields: Mapping[str, str], salt: str, *, fee: str = "", split: str = "") -> str:
    """Of a return or a webhook. A fee stands before the salt, a split after the status. Raises ``Pipe``."""
    before, after = [fee] if fee else [], [split] if split else []
    if any("|" in one for one in before):
        raise Pipe("a value holds a pipe")
    status, rest = _values(fields, ("status",)), _values(fields, _ANSWERED)
    return _digest(*before, salt, *status, *after, *_EMPTY, *rest)


def is_genuine(fields: Mapping[str, str], salt: str) -> bool:
    """Whether the hash is one of those that PayU gives to these values. Each is reckoned, whichever fits."""
    given = fields.get("hash", "")
    if not HASH.match(given):
        return False
    try:
        found = [hmac.compare_digest(given, one) for one in _candidates(fields, salt)]
    except Pipe:
        return False
    return any(found)


def _candidates(fields: Mapping[str, str], salt: str) -> Iterator[str]:
    """``splitInfo`` comes with ordinary payments too, whose hash is without it; and a fee may be there or not."""
    fee = next((fields[name] for name in FEES if fields.get(name)), "")
    split = fields.get(SPLIT, "")
    for one_fee, one_split in dict.fromkeys([("", ""), (fee, ""), ("", split), (fee, split)]):
        yield of_answer(fields, salt, fee=one_fee, split=one_split)
