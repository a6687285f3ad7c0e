"""From an event's bytes to reports, or to a reason to ask.

The signature covers the whole body, so what it says is proved; but an event is a snapshot of its moment, and some say
too little: a session that may hold money only, a refund (it names neither the payment's sum nor the other refunds).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from kartify.plugin import ChargeState, Dispute, Inbound, Report, Unreadable, Webhook, event_key, read_json
from kartify_stripe import ids, wire
from kartify_stripe.amounts import is_exact
from kartify_stripe.reports import Told, dispute_of, report_of
from kartify_stripe.settings import StripeSettings
from kartify_stripe.wire import Charge, Event, Intent, Refund, Session, clean, read

# Which status each event's intent must have; another is a reason to ask.
INTENTS: Final = {
    "payment_intent.succeeded": "succeeded",
    "payment_intent.payment_failed": "requires_payment_method",
    "payment_intent.canceled": "canceled",
    "payment_intent.amount_capturable_updated": "requires_capture",
}
_PAID: Final = frozenset({"checkout.session.completed", "checkout.session.async_payment_succeeded"})
_UNPAID: Final = "checkout.session.async_payment_failed"
SESSIONS: Final = _PAID | {_UNPAID, "checkout.session.expired"}
CHARGES: Final = frozenset({"charge.refunded"})
REFUNDS: Final = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
DISPUTES: Final = "charge.dispute."


def read_webhook(message: Inbound, settings: StripeSettings) -> Webhook:
    """Reads a verified webhook. Raises ``Unreadable``."""
    data = read_json(message.body)
    if not isinstance(data, Mapping):
        raise Unreadable("a webhook is a JSON object")
    name = clean(data.get("type"), 80)
    if not name:
        raise Unreadable("the event names no type")
    key = event_key(clean(data.get("id")) or "", message.body)
    webhook, follow = Webhook(key=key, event=name), _follower(name)
    if follow is None:
        return replace(webhook, ignored=f"event '{name}' is not one that kartify acts on")
    event = read(Event, data)
    other = _foreign(event, settings)
    return replace(webhook, ignored=other) if other else follow(webhook, event, settings)


def _follower(name: str) -> Callable[[Webhook, Event, StripeSettings], Webhook] | None:
    if name in INTENTS:
        return _intent
    if name in SESSIONS:
        return _session
    if name in CHARGES or name in REFUNDS:
        return _returned
    return _disputed if name.startswith(DISPUTES) else None


def _foreign(event: Event, settings: StripeSettings) -> str | None:
    if event.livemode is not settings.livemode:
        return "it is of the other mode: live and test are not mixed"
    if event.account not in (None, settings.account_id):
        return "it is of another account"
    return None


def _intent(webhook: Webhook, event: Event, settings: StripeSettings) -> Webhook:
    intent = read(Intent, event.data.object)
    if not intent.id:
        return replace(webhook, ignored="it names no payment")
    if intent.status != INTENTS[event.type] or _is_strange(intent, settings):
        return _ask(webhook, intent.reference or intent.id)
    # An intent without our reference can only be one that the shop's own page made: it is called by its own id.
    own = None if intent.reference else intent.id
    told = Told(order_id=own, reference=intent.reference, at=event.created, release_after=settings.release_after)
    return replace(webhook, reports=(report_of(intent, told),))


def _session(webhook: Webhook, event: Event, settings: StripeSettings) -> Webhook:
    session = read(Session, event.data.object)
    if not session.id or session.mode not in ("", "payment"):
        return replace(webhook, ignored="it names no session of a single payment")
    intent = session.payment_intent
    if intent is None or _is_strange(session, settings) or session.currency is None:
        return _ask(webhook, session.id)
    base = Report(
        state=ChargeState.FAILED, word=session.payment_status, gateway_order_id=session.id,
        gateway_payment_id=intent.id, reference=session.reference, currency=session.currency, at=event.created,
    )  # fmt: skip
    if event.type == _UNPAID and session.payment_status == "unpaid":
        return replace(webhook, reports=(base,))
    if event.type in _PAID and _is_paid(session):
        return replace(webhook, reports=(replace(base, state=ChargeState.CAPTURED, captured=session.amount_total),))
    return _ask(webhook, session.id)


def _is_paid(session: Session) -> bool:
    """Only of a session that we opened is it known that its money is not merely held."""
    ours = session.reference is not None and session.metadata.get(ids.CAPTURE) == "automatic"
    exact = session.amount_total > 0 and is_exact(session.currency or "")
    return ours and exact and session.payment_status == "paid" and session.status == "complete"


def _is_strange(entity: wire.Named, settings: StripeSettings) -> bool:
    """On an account that others use too, what is not marked as ours is asked about, so that it never is an orphan."""
    return settings.shared and entity.reference is None


def _returned(webhook: Webhook, event: Event, _settings: StripeSettings) -> Webhook:
    kind = Charge if event.type in CHARGES else Refund
    entity: Charge | Refund = read(kind, event.data.object)
    named = entity.reference or (entity.payment_intent.id if entity.payment_intent else "")
    return _ask(webhook, named)


def _disputed(webhook: Webhook, event: Event, _settings: StripeSettings) -> Webhook:
    """It names the intent and nothing of ours: it counts for a charge that is known by then."""
    told = read(wire.Dispute, event.data.object)
    dispute: Dispute | None = dispute_of([told])
    intent = told.payment_intent
    if intent is None or not intent.id or told.currency is None or dispute is None or not told.status:
        return replace(webhook, ignored="it names no payment that is disputed")
    report = Report(
        state=ChargeState.DISPUTED, word=f"dispute {told.status}", gateway_payment_id=intent.id,
        currency=told.currency, at=event.created, detail=told.reason, dispute=dispute,
    )  # fmt: skip
    return replace(webhook, reports=(report,))


def _ask(webhook: Webhook, name: str) -> Webhook:
    return replace(webhook, ask=(name,)) if name else replace(webhook, ignored="it names nothing to ask about")
