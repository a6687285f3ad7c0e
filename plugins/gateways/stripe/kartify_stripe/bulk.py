"""Asking about many payments by listing sessions with their intents and charges.

The list is of *sessions*, by creation and newest first, with a cursor: rows that arrive while paging push none out of
sight. It starts at the newest payment that is wanted, and jumps over times in which none is. What a page does not
tell, or tells too little of, is asked one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kartify.plugin import PaymentAnswer, PaymentRef, Permanent
from kartify_stripe import ids
from kartify_stripe.api import Api
from kartify_stripe.lookup import MARGIN, SESSIONS, Lookup, readable, window
from kartify_stripe.settings import StripeSettings
from kartify_stripe.wire import Session


def ask_many(
    api: Api, settings: StripeSettings, payments: Sequence[PaymentRef]
) -> Iterator[tuple[str, PaymentAnswer]]:
    """At most as many calls as asking for each would be."""
    wanted = {name: one for one in payments if (name := one.gateway_order_id) and not ids.is_intent(name)}
    left, cursor = sorted(wanted.values(), key=lambda one: one.created_at, reverse=True), None
    begin = left[-1].created_at - MARGIN if left else None
    end = left[0].created_at + MARGIN if left else None
    for _ in range(len(wanted)):
        if not left or begin is None or end is None:
            return
        page = api.rows(SESSIONS, window(begin, end, limit=settings.page_size, after=cursor))
        sessions = list(readable(page))
        for session in sessions:
            payment = wanted.pop(session.id, None)
            if payment is not None and (answer := _answer(api, settings, payment, session)) is not None:
                yield payment.reference, answer
        made = [one.created for one in sessions if one.created is not None]
        if not page.has_more or not made or len(made) < len(page.data):
            return
        oldest, cursor = min(made), sessions[-1].id
        left = [one for one in left if one.gateway_order_id in wanted and one.created_at - MARGIN < oldest]
        if left and left[0].created_at + MARGIN < oldest:
            end, cursor = left[0].created_at + MARGIN, None


def _answer(api: Api, settings: StripeSettings, payment: PaymentRef, session: Session) -> PaymentAnswer | None:
    """None where it takes calls of its own to tell all."""
    charge = session.payment_intent.latest_charge if session.payment_intent else None
    if session.livemode not in (None, settings.livemode) or (charge is not None and charge.tells_more):
        return None
    try:
        return Lookup(api, settings, payment).answer(session)
    except Permanent:
        return None
