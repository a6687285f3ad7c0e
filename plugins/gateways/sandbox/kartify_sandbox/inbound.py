"""Webhooks and browser returns of the sandbox: proved and read. Pure."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from kartify.plugin import (
    Callback,
    CallbackKey,
    ChargeState,
    Inbound,
    NoSecret,
    PaymentRef,
    Proof,
    Refused,
    Report,
    Unreadable,
    Webhook,
    event_key,
    read_json,
)
from kartify_sandbox import wire
from kartify_sandbox.settings import SandboxSettings
from kartify_sandbox.signing import (
    AMOUNTLESS_FIELDS,
    CALLBACK_FIELDS,
    WEBHOOK_HEADER,
    callback_digest,
    webhook_digest,
)

Secret = Literal["current", "previous"]
CHARGE_EVENTS = frozenset(
    {
        "charge.authorized", "charge.captured", "charge.failed", "charge.pending", "charge.voided",
        "refund.processed", "dispute.opened", "dispute.won", "dispute.lost",
    }
)  # fmt: skip
SESSION_EVENTS = frozenset({"session.expired"})
# Exactly one moment and one signature: a header sent twice arrives joined and does not match.
_HEADER = re.compile(r"t=([0-9]{9,10}),v1=([0-9a-f]{64})\Z", re.ASCII)
_REFERENCE = re.compile(r"[A-Za-z0-9]{1,40}\Z", re.ASCII)
_AMOUNT = re.compile(r"[1-9][0-9]{0,15}\Z", re.ASCII)


def verify(settings: SandboxSettings, message: Inbound) -> Proof:
    current = settings.secret("webhook_secret")
    if current is None:
        raise NoSecret("this sandbox account has no webhook secret")
    found = _HEADER.match(message.header(WEBHOOK_HEADER))
    if not found:
        raise Refused("the signature header is missing or malformed")
    moment, given = found.groups()
    used: Secret | None = None
    if _same(webhook_digest(current, moment, message.body), given):
        used = "current"
    elif (previous := settings.secret("webhook_secret_previous")) is not None:
        used = "previous" if _same(webhook_digest(previous, moment, message.body), given) else None
    if used is None:
        raise Refused("the signature is not of this account's secret")
    return Proof(secret=used, signed_at=datetime.fromtimestamp(int(moment), UTC))


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode(errors="surrogatepass"))


def read_webhook(settings: SandboxSettings, message: Inbound) -> Webhook:
    """The key takes the id of the signed body: the id in the header is unsigned."""
    event = wire.mapping(read_json(message.body), "event")
    key = event_key(wire.text(event, "id"), message.body)
    kind = wire.text(event, "type")[:80]
    foreign = _foreign(settings, event)
    if foreign:
        return Webhook(key=key, event=kind, ignored=foreign)
    if kind in SESSION_EVENTS:
        session = wire.mapping(_data(event).get("session"), "session")
        return Webhook(key=key, event=kind, ask=(wire.matching(session, "id", wire.SESSION_ID),))
    if kind not in CHARGE_EVENTS:
        return Webhook(key=key, event=kind, ignored=f"nothing follows from events of type {kind}")
    report = wire.read_charge(wire.mapping(_data(event).get("charge"), "charge"))
    if report.state is ChargeState.UNKNOWN:
        return Webhook(key=key, event=kind, ask=(str(report.gateway_order_id),))
    return Webhook(key=key, event=kind, reports=(report,))


def _data(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return wire.mapping(event.get("data"), "data")


def _foreign(settings: SandboxSettings, event: Mapping[str, Any]) -> str | None:
    if wire.text(event, "merchant") != settings.merchant:
        return "the event is of another merchant"
    if wire.text(event, "mode") != settings.mode():
        return "test and live are mixed: the event is of the other mode"
    return None


def callback_key(message: Inbound) -> CallbackKey:
    fields = _fields(message)
    session, reference = fields.get("session", ""), fields.get("reference", "")
    key = CallbackKey(
        gateway_order_id=session if wire.SESSION_ID.match(session) else None,
        reference=reference if _REFERENCE.match(reference) else None,
    )
    if key == CallbackKey():
        raise Unreadable("the browser return names no payment")
    return key


def read_callback(settings: SandboxSettings, message: Inbound, payment: PaymentRef) -> Callback:
    """The session signed must be the one that *we* opened for this payment; without one of ours nothing is proved."""
    fields = _fields(message)
    if "signature" not in fields:
        return Callback(proved=False, outcome=_unproved(fields.get("status", "")))
    _check_signature(settings, fields)
    if payment.gateway_order_id is None:
        return Callback(proved=False, outcome="unknown")
    if fields["session"] != payment.gateway_order_id:
        raise Refused("the browser return is signed for another payment")
    if "amount" not in fields:
        return Callback(proved=True, outcome="success", gateway_payment_id=fields["charge"])
    report = _report(fields, payment)
    return Callback(
        proved=True,
        outcome="success" if report else "unknown",
        reports=(report,) if report else (),
        gateway_payment_id=fields["charge"],
    )


def _fields(message: Inbound) -> dict[str, str]:
    return message.form() if message.method == "POST" else message.params()


def _unproved(status: str) -> Literal["failure", "cancelled", "unknown"]:
    match status:
        case "failed":
            return "failure"
        case "cancelled":
            return "cancelled"
        case _:
            return "unknown"


def _check_signature(settings: SandboxSettings, fields: Mapping[str, str]) -> None:
    """A return that names status, amount or currency must have them all signed."""
    full = any(name in fields for name in CALLBACK_FIELDS[2:])
    names = CALLBACK_FIELDS if full else AMOUNTLESS_FIELDS
    values = [fields.get(name, "") for name in names]
    # Ids without "|" keep the two forms apart: neither can be read as the other.
    if not wire.SESSION_ID.match(values[0]) or not wire.CHARGE_ID.match(values[1]):
        raise Refused("the browser return does not name what it signs")
    secret = settings.secret("key_secret")
    if secret is None:
        raise NoSecret("this sandbox account has no API key")
    if not _same(callback_digest(secret, *values), fields["signature"]):
        raise Refused("the signature of the browser return is wrong")


def _report(fields: Mapping[str, str], payment: PaymentRef) -> Report | None:
    """A signed return proves state, amount and currency of a captured or authorised charge, and of no other."""
    word = fields["status"]
    if word not in ("captured", "authorized"):
        return None
    if not _AMOUNT.match(fields["amount"]):
        raise Unreadable("the amount of the browser return is not a whole number")
    amount = int(fields["amount"])
    return Report(
        state=wire.STATES[word],
        word=word,
        gateway_order_id=payment.gateway_order_id,
        gateway_payment_id=fields["charge"],
        reference=payment.reference,
        currency=wire.currency(fields),
        authorized=amount,
        captured=amount if word == "captured" else 0,
    )
