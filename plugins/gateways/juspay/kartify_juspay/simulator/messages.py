"""What Juspay tells: webhooks with Basic auth, and the browser's signed return."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from kartify.simulation import Charge, Refund, Told
from kartify_juspay.simulator.entities import word_of

_OF_ORDER: Final = {"captured": "ORDER_SUCCEEDED", "failed": "ORDER_FAILED"}
_OF_TXN: Final = {"pending": "TXN_CREATED", "authorized": "TXN_CREATED", "voided": "TXN_FAILED"}
_OF_REFUND: Final = {
    "pending": "REFUND_INITIATED", "processed": "ORDER_REFUNDED", "failed": "ORDER_REFUND_FAILED"
}  # fmt: skip


def event_of(charge: Charge, refund: Refund | None) -> tuple[str, str]:
    """(event, what its content is about)."""
    if refund is not None:
        return _OF_REFUND[refund.state], "order"
    if charge.state in _OF_ORDER:
        return _OF_ORDER[charge.state], "order"
    return _OF_TXN[charge.state], "txn"


def webhook(event: str, content: Mapping[str, Any], *, number: str, at: str, user: str, password: str) -> Told:
    body = {"id": f"evt_V2_{number}", "event_name": event, "date_created": at, "content": content}
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {token}"}
    return Told(body=json.dumps(body).encode(), headers=headers)


def returned(charge: Charge, order_id: str, key: str) -> dict[str, str]:
    """Parameters of the return; the signature is encoded once more than the rest, as Juspay's samples show it."""
    word, number = word_of(charge)
    fields = {"order_id": order_id, "status": word, "status_id": str(number)}
    return {**fields, "signature": quote(_signed(fields, key), safe=""), "signature_algorithm": "HMAC-SHA256"}


def _signed(fields: Mapping[str, str], key: str) -> str:
    pairs = sorted(f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in fields.items())
    digest = hmac.new(key.encode(), quote("&".join(pairs), safe="").encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
