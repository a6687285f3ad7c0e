"""Paytm's checksum: AES-CBC of a salted SHA-256, and what it is made over.

Of a JSON message it covers the exact text of ``body``. Of a form it covers the values alone, sorted by their names and
joined with "|": names are not in it and nothing is escaped, so other fields can give the same text. Such a checksum
proves that Paytm said *something*, never which field said it: a reason to ask, never to settle.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from kartify.plugin import Refused

FIELD: Final = "CHECKSUMHASH"
KEY_SIZES: Final = (16, 24, 32)
_VECTOR: Final = b"@@@@&&&&####$$$$"
_BLOCK: Final = 16
_SALT: Final = 4
_SALTS: Final = string.ascii_letters + string.digits
# 64 hex digits, then the salt.
_INNER: Final = re.compile(rb"[0-9a-f]{64}[A-Za-z0-9]{4}\Z")


def sign(text: str, key: str) -> str:
    """The checksum of a text, with a new salt."""
    return _sealed(_inner(text, "".join(secrets.choice(_SALTS) for _ in range(_SALT))), key)


def sign_fields(fields: Mapping[str, str], key: str) -> str:
    return sign(joined(fields), key)


def check(text: str, checksum: str, key: str) -> None:
    """Raises ``Refused`` unless ``checksum`` is one of ``text``, whatever its salt."""
    inner = _opened(checksum, key)
    if not _INNER.match(inner):
        raise Refused("the checksum was not made with this merchant key")
    if not hmac.compare_digest(_inner(text, inner[-_SALT:].decode()), inner):
        raise Refused("the checksum is not that of these values")


def check_fields(fields: Mapping[str, str], key: str) -> None:
    """Raises ``Refused`` unless the checksum among the fields is that of all the others.

    A "|" inside a value is refused: with it, the joined text could be cut into fields in another way.
    """
    checksum = fields.get(FIELD, "")
    if not checksum:
        raise Refused("there is no checksum")
    if any("|" in value for name, value in fields.items() if name != FIELD):
        raise Refused('a value holds "|", so the checksum does not say where it ends')
    check(joined(fields), checksum, key)


def joined(fields: Mapping[str, str]) -> str:
    """The word null, in any case, counts as empty; the checksum itself is left out."""
    values = (fields[name] for name in sorted(fields) if name != FIELD)
    return "|".join("" if value.lower() == "null" else value for value in values)


def _inner(text: str, salt: str) -> bytes:
    digest = hashlib.sha256(f"{text}|{salt}".encode("utf-8", "replace")).hexdigest()
    return (digest + salt).encode()


def _cipher(key: str) -> Cipher[CBC]:
    return Cipher(AES(key.encode()), CBC(_VECTOR))


def _sealed(inner: bytes, key: str) -> str:
    fill = _BLOCK - len(inner) % _BLOCK
    encryptor = _cipher(key).encryptor()
    return base64.b64encode(encryptor.update(inner + bytes([fill]) * fill) + encryptor.finalize()).decode()


def _opened(checksum: str, key: str) -> bytes:
    """What the checksum holds, without its filling. Raises ``Refused`` for what is no checksum at all."""
    try:
        sealed = base64.b64decode(checksum, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("the checksum is not base64") from None
    if not sealed or len(sealed) % _BLOCK:
        raise Refused("the checksum has not the length of one")
    decryptor = _cipher(key).decryptor()
    plain = decryptor.update(sealed) + decryptor.finalize()
    fill = plain[-1]
    if not 1 <= fill <= _BLOCK or plain[-fill:] != bytes([fill]) * fill:
        raise Refused("the checksum was not made with this merchant key")
    return plain[:-fill]
