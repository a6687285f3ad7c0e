"""Tokens as PhonePe gives them out: several at a time, each with its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from kartify.simulation import ApiError


class Tokens:
    """``seconds``: how long a new one is good. ``revoked``: they were taken back before their end."""

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self._credentials = dict(credentials)
        self._ends: dict[str, datetime] = {}
        self.seconds = 3600

    def issue(self, form: Mapping[str, str], text: str, now: datetime) -> dict[str, object]:
        """Raises ``ApiError`` for other credentials than ours."""
        if {**form} != {**self._credentials, "grant_type": "client_credentials"}:
            raise ApiError(400, {
                "success": False, "code": "INVALID_CLIENT", "errorCode": "OIM000",
                "message": "Bad Request: Invalid Client",
                "context": {"error_description": "Client authentication failure"},
            })
        self._ends[text] = now + timedelta(seconds=self.seconds)
        issued = int(now.timestamp())
        return {
            "access_token": text, "encrypted_access_token": text, "expires_in": None, "issued_at": issued,
            "expires_at": issued + self.seconds, "session_expires_at": issued + self.seconds, "token_type": "O-Bearer",
        }

    def check(self, header: str, now: datetime) -> None:
        """Raises ``ApiError``."""
        kind, _, text = header.partition(" ")
        ends = self._ends.get(text)
        if kind != "O-Bearer" or ends is None or now >= ends:
            raise ApiError(401, {"success": False, "code": "AUTHORIZATION_FAILED", "message": "Unauthorized request"})

    def revoke(self) -> None:
        self._ends.clear()
