"""Asking about one payment: the session with its intent and last charge in one call; refunds and disputes only where
that charge speaks of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from kartify.plugin import ChargeState, PaymentAnswer, PaymentRef, Permanent, Report, Temporary, Unreadable
from kartify_stripe import ids, wire
from kartify_stripe.api import Api, UnknownId
from kartify_stripe.reports import Told, dispute_of, is_tried, refunded, report_of, unsure
from kartify_stripe.settings import StripeSettings
from kartify_stripe.wire import Intent, Refund, Session, read

SESSIONS: Final = "/v1/checkout/sessions"
INTENTS: Final = "/v1/payment_intents"
# A session without a name is looked for by its moment: our clock and Stripe's, and the time until it was opened.
MARGIN: Final = timedelta(minutes=2)
_LATER: Final = timedelta(hours=1)
_MOST_PAGES: Final = 10
NOT_KNOWN: Final = PaymentAnswer(found=False, word="unknown to Stripe")


class Lookup:
    """One payment of ours, one account's API."""

    def __init__(self, api: Api, settings: StripeSettings, payment: PaymentRef) -> None:
        self._api = api
        self._settings = settings
        self._ours = payment

    def ask(self) -> PaymentAnswer:
        """One call; one more each where refunds or disputes are. Raises ``PartnerError``."""
        try:
            found = self._found()
        except UnknownId:
            return self._missing()
        if found is None:
            return NOT_KNOWN
        return self._of_intent(found) if isinstance(found, Intent) else self.answer(found)

    def _found(self) -> Session | Intent | None:
        name = self._ours.gateway_order_id
        if name is None:
            return self._search()
        return fetch_intent(self._api, name) if ids.is_intent(name) else fetch(self._api, name)

    def answer(self, session: Session) -> PaymentAnswer:
        if session.reference not in (None, self._ours.reference):
            raise Permanent("this session was opened for another payment", field="gateway_order_id")
        reports = self._reports(session)
        busy = any(one.state not in (ChargeState.FAILED, ChargeState.VOIDED) for one in reports)
        word = ", ".join(filter(None, (session.status, session.payment_status))) or "no word"
        return PaymentAnswer(reports=reports, over=session.status == "expired" and not busy, word=word)

    def _reports(self, session: Session) -> tuple[Report, ...]:
        intent = session.payment_intent
        if intent is None or not intent.status:
            # Money without a name cannot be settled.
            why = "Stripe names no payment intent of this session"
            return (unsure(session, self._ours.reference, why),) if _is_ended(session) or intent else ()
        if session.payment_status == "paid" and not _may_be_paid(intent):
            why = f"the session says paid, its intent {intent.status}"
            return (unsure(session, self._ours.reference, why),)
        return (self._report(intent, session.id),) if is_tried(intent) else ()

    def _of_intent(self, intent: Intent) -> PaymentAnswer:
        reports = (self._report(intent, intent.id),) if is_tried(intent) else ()
        return PaymentAnswer(reports=reports, over=intent.status == "canceled", word=intent.status or "no word")

    def _report(self, intent: Intent, order_id: str) -> Report:
        charge = intent.latest_charge
        through, under_way = 0, 0
        if charge is not None and (charge.amount_refunded or charge.refunded):
            through, under_way = refunded(refunds_of(self._api, intent.id))
        disputes: list[wire.Dispute] = []
        if charge is not None and charge.disputed:
            disputes = self._api.all(wire.Dispute, "/v1/disputes", [("payment_intent", intent.id)])
        told = Told(
            order_id=order_id, reference=self._ours.reference, through=through, under_way=under_way,
            dispute=dispute_of(disputes), release_after=self._settings.release_after,
        )  # fmt: skip
        return report_of(intent, told)

    def _missing(self) -> PaymentAnswer:
        """A session that brought charges cannot be unknown: then the key is of another account."""
        if self._ours.gateway_payment_ids:
            raise Permanent("this key does not know a session that has payments", field="gateway_order_id")
        return NOT_KNOWN

    def _search(self) -> Session | None:
        """The session of an opening that was never answered, by our reference. Raises ``Temporary`` where the list is
        too long to say that there is none."""
        begin, end = self._ours.created_at - MARGIN, self._ours.created_at + _LATER
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = self._api.rows(SESSIONS, window(begin, end, limit=100, after=cursor))
            sessions = list(readable(page))
            found = next((one for one in sessions if one.reference == self._ours.reference), None)
            if found is not None or not page.has_more or not sessions:
                return found
            cursor = sessions[-1].id
        raise Temporary("too many sessions were opened at that time to look through for our reference")


def _may_be_paid(intent: Intent) -> bool:
    """Whether a session may rightly say paid. What is only held the intent tells better."""
    held = intent.capture_method == "manual" and intent.status in ("requires_capture", "canceled")
    return intent.status == "succeeded" or held


def _is_ended(session: Session) -> bool:
    return session.status not in ("open", "expired")


def fetch(api: Api, session_id: str) -> Session:
    """Raises ``UnknownId``, and ``Temporary`` where the answer is of something else."""
    path = f"{SESSIONS}/{ids.require(session_id, 'gateway_order_id')}"
    session = api.get(Session, path, [("expand[]", "payment_intent.latest_charge")])
    if session.id != session_id or session.object != "checkout.session":
        raise Temporary("Stripe answered with another session than the one that was asked for")
    return session


def fetch_intent(api: Api, intent_id: str) -> Intent:
    path = f"{INTENTS}/{ids.require(intent_id, 'gateway_payment_id')}"
    return same(api.get(Intent, path, [("expand[]", "latest_charge")]), intent_id)


def same(intent: Intent, intent_id: str) -> Intent:
    if intent.id != intent_id or intent.object != "payment_intent":
        raise Temporary("Stripe answered with another payment than the one that was asked for")
    return intent


def refunds_of(api: Api, intent_id: str) -> list[Refund]:
    return api.all(Refund, "/v1/refunds", [("payment_intent", intent_id)])


def window(begin: datetime, end: datetime, *, limit: int, after: str | None) -> list[tuple[str, str]]:
    """A page of sessions, newest first, by when they were made."""
    cursor = [("starting_after", after)] if after else []
    return [
        ("created[gte]", _seconds(begin)), ("created[lte]", _seconds(end)), ("limit", str(limit)),
        ("expand[]", "data.payment_intent.latest_charge"), *cursor,
    ]  # fmt: skip


def _seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def readable(page: wire.Rows) -> Iterator[Session]:
    """A row that cannot be read spoils no other."""
    for row in page.data:
        try:
            session = read(Session, row)
        except Unreadable:
            continue
        if session.id:
            yield session
