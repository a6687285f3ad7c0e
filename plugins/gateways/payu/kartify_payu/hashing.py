"""PayU's hashes: SHA-512 over values joined by "|", with the salt at one end. Nothing is escaped in the join, so a
value that holds "|" is never signed by us.

Source: PayU's own pages on request and reverse hashes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Final

_ASKED: Final = ("key", "txnid", "amount", "productinfo", "firstname", "email", "udf1", "udf2", "udf3", "udf4", "udf5")
_SIZE: Final = 128
FEE_NAMES: Final = ("additionalCharges", "additional_charges")


def request_hash(values: Mapping[str, str], salt: str) -> str:
    """Of a payment form: five empty slots stand between ``udf5`` and the salt."""
    return _digest([*(values.get(name, "") for name in _ASKED), "", "", "", "", "", salt])


def command_hash(key: str, command: str, var1: str, salt: str) -> str:
    """Of a postservice call."""
    return _digest([key, command, var1, salt])


def answer_hash(values: Mapping[str, str], salt: str) -> str:
    """Of a return or a webhook without fee and split: the order is reversed."""
    return next(answer_hashes({**values, "splitInfo": "", **dict.fromkeys(FEE_NAMES, "")}, salt))


def is_signed(values: Mapping[str, str], salt: str) -> bool:
    """Whether the hash is one of those that PayU makes; all are compared, each in constant time."""
    given = values.get("hash", "").encode("utf-8", "surrogatepass")
    found = [hmac.compare_digest(one.encode(), given) for one in answer_hashes(values, salt)]
    return len(given) == _SIZE and any(found)


def answer_hashes(values: Mapping[str, str], salt: str) -> Iterator[str]:
    """The regular one first: ``splitInfo`` is there on ordinary payments too, and not hashed then."""
    rest = ["", "", "", "", "", *(values.get(name, "") for name in reversed(_ASKED))]
    status, split = values.get("status", ""), values.get("splitInfo", "")
    fees = [values[name] for name in FEE_NAMES if values.get(name)]
    yield _digest([salt, status, *rest])
    if split:
        yield _digest([salt, status, split, *rest])
    for fee in fees:
        yield _digest([fee, salt, status, *rest])
        if split:
            yield _digest([fee, salt, status, split, *rest])


def _digest(parts: list[str]) -> str:
    return hashlib.sha512("|".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
