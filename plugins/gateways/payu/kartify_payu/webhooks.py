"""Webhooks: of payments with PayU's hash, of refunds and disputes without any. Each is only a reason to ask.

What is not hashed is taken only from the address that holds our own token, and only as a name to ask about.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final

from kartify.plugin import Inbound, NoSecret, Proof, Refused, Unreadable, Webhook, event_key
from kartify_payu import ids, inbound
from kartify_payu.settings import PayUSettings
from kartify_payu.wire import clean

TOKEN: Final = "token"
_ACTIONS: Final = frozenset({"refund", "cancel", "capture"})


def verify(message: Inbound, settings: PayUSettings) -> Proof:
    """Raises ``Refused``; ``NoSecret`` for unsigned news where no token is set. No moment is signed: replays die on
    the event key."""
    try:
        told = inbound.fields_of(message)
    except Unreadable as problem:
        raise Refused(f"the webhook cannot be read: {problem}") from None
    if told.get("hash"):
        return Proof(secret=inbound.check(told, settings))
    if told.get("key") != settings.key:
        raise Refused("neither a hash nor our key is in it")
    token = settings.secret("webhook_token")
    if token is None:
        raise NoSecret("PayU does not sign this kind of news: set webhook_token and append it to the webhook address")
    given = message.params().get(TOKEN, "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()):
        raise Refused("unsigned news, and the address does not hold our token")
    return Proof(secret="current")


def read_webhook(message: Inbound) -> Webhook:
    """Reads a verified webhook. Raises ``Unreadable``."""
    told = inbound.fields_of(message)
    name, mark = _event(told)
    key = event_key(clean(mark, 80), message.body)
    if name.startswith("dispute"):
        return Webhook(key=key, event=name, ignored="a dispute: PayU tells of it in its dashboard only")
    order = ids.txnid(inbound.txnid_in(told))
    if order is None:
        return Webhook(key=key, event=name, ignored="it names no payment to ask about")
    return Webhook(key=key, event=name, ask=(order,))


def _event(told: Mapping[str, str]) -> tuple[str, str]:
    """Its name, and what tells it from others: PayU gives neither."""
    status = told.get("status", "")
    # Its form is not published: whatever unsigned news has the word in it.
    if not told.get("hash") and any("dispute" in f"{name} {value}".lower() for name, value in told.items()):
        return clean(f"dispute {status}".strip(), 60), f"dispute:{told.get('mihpayid', '')}"
    action = told.get("action", "").lower()
    if action in _ACTIONS:
        return clean(f"{action} {status}".strip(), 60), f"{told.get('request_id', '')}:{status}"
    state = told.get("unmappedstatus", "")
    return clean(f"payment {status} {state}".strip(), 60), f"{told.get('mihpayid', '')}:{status}:{state}"
