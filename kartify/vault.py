"""Secrets at rest: encrypted with the first key, readable with all of them (rotation)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kartify.domain.errors import KartifyError


class SealedSecrets(KartifyError):
    """The stored secrets cannot be read with the keys we have."""


class Vault:
    """Seals and opens the secret settings of accounts."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._keys = tuple(base64.urlsafe_b64decode(key) for key in keys)

    def seal(self, secrets: Mapping[str, str]) -> bytes:
        return self._fernet.encrypt(json.dumps(dict(secrets)).encode())

    def open(self, sealed: bytes) -> dict[str, str]:
        """Raises ``SealedSecrets`` when no key fits."""
        try:
            return json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise SealedSecrets("no key of KARTIFY_SECRET_KEYS opens this account's secrets") from None

    def reseal(self, sealed: bytes) -> bytes:
        """The same secrets under the first key."""
        return self._fernet.rotate(sealed)

    def derived(self, purpose: str) -> tuple[bytes, ...]:
        """A key for another purpose from each of ours, in their order: the first writes, all are known."""
        return tuple(HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(key) for key in self._keys)
