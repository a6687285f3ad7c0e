"""Webhooks: a form or JSON, as the account was set up; both only a reason to ask.

Paytm's two sets of documents contradict each other about the form, and the checksum of a form does not say which field
holds what. So a webhook settles nothing: it names the order, and the order status tells the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

from kartify.plugin import Inbound, Proof, Refused, Unreadable, Webhook, event_key, read_json
from kartify_paytm import checksum, ids, raw
from kartify_paytm.settings import PaytmSettings
from kartify_paytm.wire import clean

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
_WORDS: Final = frozenset({"TXN_SUCCESS", "TXN_FAILURE", "PENDING"})
_KINDS: Final = frozenset({"SALE", "REFUND", "PREAUTH", "CAPTURE", "RELEASE"})
_MOST_FIELDS: Final = 200


def verify(message: Inbound, settings: PaytmSettings) -> Proof:
    """Raises ``Refused``. Nothing of the scheme is a signed moment: replays die on the event key. An account without
    a merchant key does not exist, so there is always one to check with."""
    return check_either(settings, lambda key: _check(message, key))


def check_either(settings: PaytmSettings, check: Callable[[str], None]) -> Proof:
    """By the current key, else by the retired one where there is one. Raises ``Refused``."""
    try:
        check(settings.key)
    except Refused:
        previous = settings.secret("merchant_key_previous")
        if previous is None:
            raise
        check(previous)
        return Proof(secret="previous")
    return Proof(secret="current")


def _check(message: Inbound, key: str) -> None:
    try:
        if _form_of(message) == "form":
            checksum.check_fields(form_fields(message), key)
            return
        parts = raw.members(message.body)
        head = read_json(parts.get("head", "null").encode())
    except Unreadable as problem:
        raise Refused(f"the webhook cannot be read: {problem}") from None
    signature = head.get("signature") if isinstance(head, Mapping) else None
    if not isinstance(signature, str) or not signature or "body" not in parts:
        raise Refused("there is no signature in the head, or no body that it is of")
    checksum.check(parts["body"], signature, key)


def _form_of(message: Inbound) -> Literal["form", "json"]:
    """By what it says it is; by its first character where it says nothing."""
    kind = message.header("content-type").partition(";")[0].strip().lower()
    if kind in (FORM, JSON):
        return "form" if kind == FORM else "json"
    return "json" if message.body.lstrip()[:1] == b"{" else "form"


def form_fields(message: Inbound) -> dict[str, str]:
    """Raises ``Unreadable``, for a field given twice too: which one was signed would be a guess."""
    try:
        pairs = parse_qsl(message.body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except (UnicodeDecodeError, ValueError):
        raise Unreadable("the form cannot be read") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Unreadable("a field of the form is given twice")
    return fields


def read_webhook(message: Inbound, settings: PaytmSettings) -> Webhook:
    """Reads a verified webhook. Raises ``Unreadable``."""
    told = _lowered(_told(message))
    kind, word = _kind(told), told.get("status") or told.get("resultstatus", "")
    order = ids.order_id(told.get("orderid"))
    name = clean(f"{kind} {word}".strip(), 80)
    mark = told.get("refid") or told.get("refundid") if kind == "REFUND" else told.get("txnid") or order
    key = event_key(clean(f"{mark or ''}:{word}"), message.body)
    if told.get("mid", settings.mid) != settings.mid:
        return Webhook(key=key, event=name, ignored="it is of another merchant")
    if kind not in _KINDS and word not in _WORDS:
        return Webhook(key=key, event=name, ignored=f"event '{name}' is not one that kartify acts on")
    if order is None:
        return Webhook(key=key, event=name, ignored="nothing to ask about: it names no order")
    return Webhook(key=key, event=name, ask=(order,))


def _told(message: Inbound) -> Mapping[str, Any]:
    if _form_of(message) == "form":
        return form_fields(message)
    data = read_json(message.body)
    body = data.get("body") if isinstance(data, Mapping) else None
    if not isinstance(body, Mapping):
        raise Unreadable("there is no body in the webhook")
    result = body.get("resultInfo")
    return {**(result if isinstance(result, Mapping) else {}), **body}


def _lowered(told: Mapping[str, Any]) -> dict[str, str]:
    """ORDERID and orderId are one name here: the two forms differ in nothing else."""
    return {str(name).lower(): str(value) for name, value in told.items() if clean(value)}


def _kind(told: Mapping[str, str]) -> str:
    """A payment, unless it says otherwise; a refund also by the reference that only refunds have."""
    return told.get("txntype") or ("REFUND" if told.get("refid") or told.get("refundid") else "SALE")
