"""The browser's return: what it proves is settled, what it only hints at has the gateway asked, for 3 s at most."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import bindparam, select

from kartify import clock, contain
from kartify.accounts import Loaded
from kartify.domain.errors import KartifyError, NotFound, Refused, Unreadable
from kartify.domain.reports import Channel, Report
from kartify.flows.ground import locate
from kartify.flows.lookups import asking
from kartify.flows.receiving import inbox, receive
from kartify.flows.receiving.refusals import count_refusal
from kartify.flows.receiving.wait import ASK_AT_MOST_EVERY
from kartify.house import House
from kartify.models import Order, table
from kartify.plugin.gateway import Callback, CallbackKey, Webhook
from kartify.plugin.partner import Inbound, event_key

log = structlog.get_logger()
orders = table(Order)
PATIENCE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """Where the customer stands: the order as it is now. ``checking``: we are still asking."""

    order_id: UUID
    number: str
    status: str
    return_url: str | None
    outcome: str

    @property
    def checking(self) -> bool:
        return self.status in ("missing", "failed") and self.outcome != "cancelled"


def callback(house: House, account_id: UUID, message: Inbound) -> Returned:
    """Raises ``NotFound`` when it names no payment of this account, ``Unreadable``, ``Broken``.

    A wrong signature settles nothing and is counted; the customer sees that we are checking, and we are.
    """
    account = house.accounts.get(account_id)
    gateway = account.gateway()
    try:
        key = contain.pure("callback_key", CallbackKey, lambda: gateway.callback_key(message))
    except contain.PluginFailure as problem:
        raise Unreadable(str(problem)) from None
    payment = _payment(house, account, key)
    news = _read(house, account, message, payment)
    if news is not None and news.proved and news.reports:
        _settle(house, account, message, payment, news)
    elif news is None or news.outcome != "cancelled":
        _ask(house, payment, proved=news is not None and news.proved)
    return _returned(house, payment, news)


def _payment(house: House, account: Loaded, key: CallbackKey) -> locate.PaymentRow:
    with house.database.read() as connection:
        found = None
        if key.gateway_order_id or key.reference:
            found = locate.by_name(connection, account.id, key.gateway_order_id, key.reference)
        row = locate.find_payment(connection, found.payment_id) if found else None
    if row is None:
        raise NotFound("this return belongs to no payment of ours")
    return row


def _read(house: House, account: Loaded, message: Inbound, payment: locate.PaymentRow) -> Callback | None:
    """None where the signature is wrong: a security event, and a reason to ask."""
    gateway = account.gateway()
    try:
        return contain.pure("read_callback", Callback, lambda: gateway.read_callback(message, payment.ref))
    except Refused as problem:
        count_refusal(house, account.id, message, reason=f"callback: {problem}", at=clock.now())
        log.warning("forged callback", account=str(account.id), payment=payment.ref.reference)
    except KartifyError as problem:
        log.warning("callback not read", account=str(account.id), error=str(problem))
    return None


def _settle(
    house: House, account: Loaded, message: Inbound, payment: locate.PaymentRow, news: Callback
) -> None:
    told = message.body + repr(sorted(message.query)).encode()
    values = inbox.message_values(
        message, account_id=account.id, key=event_key("callback", told), event=f"callback {news.outcome}",
        channel=Channel.CALLBACK, secret="current", at=clock.now(),
    )
    reports = tuple(_bound_to(report, payment) for report in news.reports)
    read = Webhook(key=values["m_event_key"], event=values["m_event"], reports=reports)
    receive.store_and_settle(house, account, values, read, channel=Channel.CALLBACK)


def read_again(house: House, account: Loaded, message: Inbound) -> Webhook:
    """A stored, proved return read once more. Raises ``NotFound`` while its payment is not there."""
    gateway = account.gateway()
    key = contain.pure("callback_key", CallbackKey, lambda: gateway.callback_key(message))
    payment = _payment(house, account, key)
    news = contain.pure("read_callback", Callback, lambda: gateway.read_callback(message, payment.ref))
    reports = tuple(_bound_to(report, payment) for report in news.reports)
    return Webhook(key="callback", event=f"callback {news.outcome}", reports=reports)


def _bound_to(report: Report, payment: locate.PaymentRow) -> Report:
    """A proved callback speaks of this payment and of no other."""
    named = report.gateway_order_id
    if named is not None and named != payment.ref.gateway_order_id:
        raise NotFound("this return speaks of another payment")
    return replace(report, gateway_order_id=payment.ref.gateway_order_id)


def _ask(house: House, payment: locate.PaymentRow, *, proved: bool) -> None:
    """In the request, outside any transaction, at most once in 10 s for a payment."""
    asked = payment.asked_at
    if asked is not None and clock.now() - asked < ASK_AT_MOST_EVERY and not proved:
        return
    if asked is not None and clock.now() - asked < timedelta(seconds=2):
        return
    channel = Channel.CALLBACK if proved else Channel.LOOKUP
    by = "callback" if proved else "order lookup after an unproved return"
    try:
        asking.check_order(house, payment.order_id, by=by, channel=channel, seconds=PATIENCE)
    except KartifyError as problem:
        log.warning("asking after a return failed", error=str(problem))


_ORDER = select(orders.c.number, orders.c.status, orders.c.return_url).where(orders.c.id == bindparam("order_id"))


def _returned(house: House, payment: locate.PaymentRow, news: Callback | None) -> Returned:
    with house.database.read() as connection:
        row = connection.execute(_ORDER, {"order_id": payment.order_id}).one()
    return Returned(
        order_id=payment.order_id, number=row.number, status=row.status, return_url=row.return_url,
        outcome=news.outcome if news else "unknown",
    )
