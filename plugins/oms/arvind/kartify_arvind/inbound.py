"""Who calls us: the proof of their news and of their calls of the feed. Pure but for the clock."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote, urlencode

from kartify.plugin import Inbound, NoSecret, Refused
from kartify_arvind.settings import ArvindSettings
from kartify_arvind.signing import Signed, body_signature, check_fresh, check_signature, same


def own_path(message: Inbound) -> str:
    """The path as the partner sees it after the account's prefix."""
    return message.path.partition("/partners/")[2].partition("/")[2] or message.path.strip("/")


def authenticate(settings: ArvindSettings, message: Inbound, now: datetime) -> None:
    """Raises ``Refused``, and ``NoSecret`` where none is set."""
    match settings.contract.inbound_auth:
        case "api_key":
            _check_key(settings, message)
        case "hmac_body":
            given = message.header(f"{settings.contract.hmac_header_prefix}Signature").removeprefix("sha256=")
            check_signature(given, [body_signature(one, message.body) for one in _secrets(settings, now)])
        case _:
            _check_whole(settings, message, now)


def _check_key(settings: ArvindSettings, message: Inbound) -> None:
    key = settings.secret("inbound_api_key")
    if key is None:
        raise NoSecret("no inbound_api_key is set for this account")
    if not same(message.header(settings.contract.api_key_header), key):
        raise Refused("the API key is not right")


def _check_whole(settings: ArvindSettings, message: Inbound, now: datetime) -> None:
    known = _secrets(settings, now)
    prefix = settings.contract.hmac_header_prefix
    timestamp, nonce = message.header(f"{prefix}Timestamp"), message.header(f"{prefix}Nonce")
    right = [
        Signed(method=message.method, target=target, body=message.body, timestamp=timestamp, nonce=nonce).by(secret)
        for secret in known for target in _targets(message)
    ]
    check_signature(message.header(f"{prefix}Signature"), right)
    check_fresh(timestamp, now.timestamp())


def _targets(message: Inbound) -> list[str]:
    """Path and query as they were sent; the path with or without the account's prefix."""
    query = message.query_string or urlencode(list(message.query), quote_via=quote)
    tail = f"?{query}" if query else ""
    return [f"/{own_path(message)}{tail}", f"{message.path}{tail}"]


def _secrets(settings: ArvindSettings, now: datetime) -> list[str]:
    """The secret, and the retired one while it counts. Raises ``NoSecret``."""
    current, previous = settings.secret("inbound_secret"), settings.secret("inbound_secret_previous")
    if current is None:
        raise NoSecret("no inbound_secret is set for this account")
    until = settings.webhook_secret_previous_until
    if previous is None or (until is not None and until <= now):
        return [current]
    return [current, previous]
