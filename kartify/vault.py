"""Secrets at rest: encrypted with the first key, readable with all of them (rotation)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from kartify.domain.errors import KartifyError


class SealedSecrets(KartifyError):
    """The stored secrets cannot be read with the keys we have."""


class Vault:
    """Seals and opens the secret settings of accounts."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._keys = tuple(keys)

    def signing_keys(self, purpose: str) -> list[str]:
        """Oldest first, the one to sign with last. What was signed with a key ends when that key is taken away."""
        return [hashlib.sha256(f"kartify {purpose} {key}".encode()).hexdigest() for key in reversed(self._keys)]

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
