"""Who calls our doors: SAP, or what stands before it, with a user name and a password."""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime

from kartify.plugin import Inbound, NoSecret, Refused
from kartify_sap.settings import SapSettings


def prove(settings: SapSettings, message: Inbound, *, now: datetime) -> None:
    """Raises ``Refused`` unless user and password are ours, ``NoSecret`` where no password is set."""
    accepted = [settings.secret("inbound_password")]
    until = settings.webhook_secret_previous_until
    if until is not None and now <= until:
        accepted.append(settings.secret("inbound_password_previous"))
    if accepted[0] is None:
        raise NoSecret("inbound_password is not set, so nothing of SAP's can be taken")
    given = _given(message.header("authorization"))
    if given is None:
        raise Refused("the call brings no user and password (Basic authentication)")
    # Every comparison is made, whatever the others say.
    right = [hmac.compare_digest(given, f"{settings.inbound_user}:{one}".encode()) for one in accepted if one]
    if not any(right):
        raise Refused("user or password are not those of the account's settings")


def _given(header: str) -> bytes | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value.strip().encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
