"""From an event's bytes to reports, or to a reason to ask.

An event is a snapshot of its moment, rendered in the endpoint's own API version. What it says of a session that is
paid, or of an intent that succeeded, failed or holds money, is whole; of everything else it is only a reason to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kartify.plugin import ChargeState, Inbound, Report, Unreadable, Webhook, event_key, read_json
from kartify_stripe import ids
from kartify_stripe.amounts import is_exact
from kartify_stripe.reports import Told, dispute_of, report_of
from kartify_stripe.settings import StripeSettings
from kartify_stripe.wire import Charge, Dispute, Event, Intent, Named, Session, read

Follow = Callable[[Event, StripeSettings], "tuple[tuple[Report, ...], tuple[str, ...]]"]
_NOTHING: Final[tuple[tuple[Report, ...], tuple[str, ...]]] = ((), ())
_MANUAL: Final = "manual"


def read_webhook(message: Inbound, settings: StripeSettings) -> Webhook:
    """Reads a verified webhook. Raises ``Unreadable``."""
    data = read_json(message.body)
    if not isinstance(data, Mapping) or data.get("object") != "event":
        raise Unreadable("a webhook is one of Stripe's events")
    event = read(Event, data)
    if not event.type or not event.id:
        raise Unreadable("the event names no type or no id")
    key = event_key(event.id, message.body)
    ignored = _ignored(event, settings)
    if ignored is not None:
        return Webhook(key=key, event=event.type, ignored=ignored)
    reports, ask = _FOLLOW[event.type](event, settings)
    if reports or ask:
        return Webhook(key=key, event=event.type, reports=reports, ask=ask)
    return Webhook(key=key, event=event.type, ignored="it names no payment of kartify's")


def _ignored(event: Event, settings: StripeSettings) -> str | None:
    if event.livemode is not settings.livemode:
        return "test and live are mixed: the event is of the other mode"
    if event.account is not None and event.account != settings.account_id:
        return "the event is of another account"
    return None if event.type in _FOLLOW else f"event '{event.type[:80]}' is not one that kartify acts on"


def _session(event: Event, settings: StripeSettings) -> tuple[tuple[Report, ...], tuple[str, ...]]:
    """A session that is paid proves its whole sum, unless its money is only held."""
    session = read(Session, event.data.object)
    if not session.id or (session.reference is None and settings.shared):
        return _NOTHING
    intent, manual = session.payment_intent, session.metadata.get(ids.CAPTURE) == _MANUAL
    proved = (
        session.mode == "payment" and session.status == "complete" and session.payment_status == "paid"
        and session.amount_total > 0 and session.currency is not None and is_exact(session.currency)
    )
    if not proved or manual or intent is None or not intent.id:
        return (), (session.id,)
    paid = Report(
        state=ChargeState.CAPTURED, word="complete, paid", gateway_order_id=session.id, gateway_payment_id=intent.id,
        reference=session.reference, currency=session.currency, captured=session.amount_total, at=event.created,
    )
    return (paid,), ()


def _intent(event: Event, settings: StripeSettings) -> tuple[tuple[Report, ...], tuple[str, ...]]:
    """An intent made by Checkout names no session: our reference stands in its metadata."""
    intent = read(Intent, event.data.object)
    if not intent.id or (intent.reference is None and settings.shared):
        return _NOTHING
    own = intent.id if intent.reference is None else None
    told = Told(order_id=own, reference=intent.reference, at=event.created, release_after=settings.release_after)
    report = report_of(intent, told)
    return ((), _names(intent, intent.id)) if report.state is ChargeState.UNKNOWN else ((report,), ())


def _ended(event: Event, settings: StripeSettings) -> tuple[tuple[Report, ...], tuple[str, ...]]:
    """A cancelled intent gave held money back, or nobody ever paid on it: its charge tells, and is not in the event."""
    intent = read(Intent, event.data.object)
    return (), _names(intent, intent.id) if intent.id and (intent.reference or not settings.shared) else ()


def _charge(event: Event, _settings: StripeSettings) -> tuple[tuple[Report, ...], tuple[str, ...]]:
    """A charge has the metadata of its intent."""
    charge = read(Charge, event.data.object)
    return (), _names(charge, charge.payment_intent.id if charge.payment_intent else "")


def _refund(event: Event, _settings: StripeSettings) -> tuple[tuple[Report, ...], tuple[str, ...]]:
    """One that somebody else made names only the intent; its charge is told of besides."""
    refund = read(Named, event.data.object)
    return (), (refund.reference,) if refund.reference else ()


def _dispute(event: Event, _settings: StripeSettings) -> tuple[tuple[Report, ...], tuple[str, ...]]:
    """It names the intent, by which a charge that we know is found."""
    dispute = read(Dispute, event.data.object)
    if dispute.payment_intent is None or not dispute.payment_intent.id or dispute.currency is None:
        return _NOTHING
    told = Report(
        state=ChargeState.DISPUTED, word=f"dispute {dispute.status}"[:200], currency=dispute.currency,
        gateway_payment_id=dispute.payment_intent.id, at=event.created, dispute=dispute_of([dispute]),
        detail=dispute.reason,
    )
    return (told,), ()


def _names(named: Named, intent_id: str) -> tuple[str, ...]:
    """Our reference, else the intent where the shop's own page made it."""
    if named.reference:
        return (named.reference,)
    return (intent_id,) if ids.is_id(intent_id) else ()


_FOLLOW: Final[Mapping[str, Follow]] = {
    **dict.fromkeys(
        ("checkout.session.completed", "checkout.session.async_payment_succeeded",
         "checkout.session.async_payment_failed", "checkout.session.expired"), _session,
    ),
    **dict.fromkeys(
        ("payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.processing",
         "payment_intent.requires_action", "payment_intent.amount_capturable_updated"), _intent,
    ),
    **dict.fromkeys(("payment_intent.canceled", "payment_intent.partially_funded"), _ended),
    **dict.fromkeys(
        ("charge.refunded", "charge.succeeded", "charge.failed", "charge.captured", "charge.expired"), _charge,
    ),
    **dict.fromkeys(("refund.created", "refund.updated", "refund.failed"), _refund),
    **dict.fromkeys(
        ("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
         "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated"), _dispute,
    ),
}  # fmt: skip
EVENTS: Final = frozenset(_FOLLOW)
