"""CCAvenue's encryption: AES-128-CBC under the MD5 of the working key's text, a fixed IV, PKCS7, written as hex.

It hides, and proves nothing: there is no MAC, so pieces of genuine messages can be joined into another one that still
decrypts. Whoever reads such a text may ask because of it, and must not believe it.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

_IV: Final = bytes(range(16))
_BLOCK: Final = 128
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{32})+\Z")


class Undecipherable(Exception):
    """It does not decrypt to text. Never says why: that would tell a caller of the padding."""


def _cipher(key: str) -> Cipher[modes.CBC]:
    # MD5 is what the gateway's scheme says; nothing here rests on its strength.
    return Cipher(algorithms.AES(hashlib.md5(key.encode(), usedforsecurity=False).digest()), modes.CBC(_IV))


def encrypt(text: str, key: str) -> str:
    """Hex in small letters. The bytes are padded, not the characters: names need not be ASCII."""
    padder, encryptor = PKCS7(_BLOCK).padder(), _cipher(key).encryptor()
    padded = padder.update(text.encode()) + padder.finalize()
    return (encryptor.update(padded) + encryptor.finalize()).hex()


def decrypt(text: str, key: str) -> str:
    """Raises ``Undecipherable``. The same work is done for every wrong text that has the form of one."""
    if not _HEX.match(text):
        raise Undecipherable
    decryptor, unpadder = _cipher(key).decryptor(), PKCS7(_BLOCK).unpadder()
    padded = decryptor.update(bytes.fromhex(text)) + decryptor.finalize()
    good = True
    try:
        plain = unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        plain, good = padded, False
    found = plain.decode("utf-8", errors="replace")
    if not good or "\ufffd" in found:
        raise Undecipherable
    return found
