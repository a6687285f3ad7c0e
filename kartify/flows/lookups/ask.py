"""Asking a gateway about payments: claim, commit, call, record. The lookup cron, the callback and people use it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, or_, select, update
from sqlalchemy.exc import IntegrityError

from kartify import clock, contain
from kartify.accounts import Loaded
from kartify.domain.conclude import Answer
from kartify.domain.errors import KartifyError, PartnerError, Permanent
from kartify.domain.reports import Channel
from kartify.flows.ground.locate import PaymentRow, payment_row
from kartify.flows.settling import settle
from kartify.house import House
from kartify.models import Charge, Payment, table
from kartify.plugin.gateway import Opened, PaymentAnswer, PaymentRequest

payments, charges = table(Payment), table(Charge)
MARGIN = timedelta(seconds=30)  # a lease outlives the call by this much, clocks differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, and by which channel the answer counts."""

    by: str
    channel: Channel = Channel.LOOKUP
    run_id: UUID | None = None
    dry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of asking about one payment. ``error`` tells why nothing is known."""

    payment_id: UUID
    answer: Answer
    word: str
    outcome: settle.Outcome | None = None
    error: KartifyError | None = None

    @property
    def recovered(self) -> bool:
        return self.outcome is not None and self.outcome.moved and bool(self.outcome.settled)


_CLAIM = (
    update(payments)
    .where(
        payments.c.id == bindparam("b_id"),
        or_(
            payments.c.lease_until.is_(None),
            payments.c.lease_until < bindparam("b_now", type_=payments.c.lease_until.type),
        ),
    )
    .values(
        lease_until=bindparam("b_until", type_=payments.c.lease_until.type), fence=payments.c.fence + 1
    )
    .returning(payments)
)
_KNOWN = select(charges.c.payment_id, charges.c.gateway_payment_id).where(
    charges.c.payment_id.in_(bindparam("b_ids", expanding=True))
)


def claim(house: House, ids: Sequence[UUID], *, seconds: float) -> list[PaymentRow]:
    """Takes the payments that nobody else is asking about."""
    at = clock.now()
    until = at + timedelta(seconds=seconds) + MARGIN

    def work(connection: Connection) -> list[PaymentRow]:
        rows = [
            row
            for one in sorted(ids)
            for row in connection.execute(_CLAIM, {"b_id": one, "b_now": at, "b_until": until}).mappings()
        ]
        known: dict[UUID, list[str]] = {}
        if rows:
            for charge in connection.execute(_KNOWN, {"b_ids": [row["id"] for row in rows]}):
                known.setdefault(charge.payment_id, []).append(charge.gateway_payment_id)
        return [payment_row(row, tuple(known.get(row["id"], ()))) for row in rows]

    return house.database.run(work)


def call(house: House, account: Loaded, payment: PaymentRow, *, seconds: float | None = None) -> PaymentAnswer:
    """The network part: outside any transaction. Raises ``PartnerError``."""
    gateway = account.gateway()
    limit = seconds if seconds is not None else gateway.deadline
    answer = contain.asking("ask", PaymentAnswer, lambda: gateway.ask(house.client, payment.ref), seconds=limit)
    return checked(answer)


def checked(answer: PaymentAnswer) -> PaymentAnswer:
    """Raises ``PluginFailure`` when a report in it cannot be true."""
    contain.true_reports("ask", answer.reports)
    return answer


def try_call(
    house: House, account: Loaded, payment: PaymentRow, *, seconds: float | None = None, dry: bool = False
) -> PaymentAnswer | PartnerError:
    """The answer, or why there is none. A session whose opening was never answered is looked for first, and kept
    unless the run is dry."""
    try:
        if payment.ref.gateway_order_id is None and account.gateway().can.find:
            return _find_then_call(house, account, payment, seconds=seconds, dry=dry)
        return call(house, account, payment, seconds=seconds)
    except PartnerError as problem:
        return problem


def _find_then_call(
    house: House, account: Loaded, payment: PaymentRow, *, seconds: float | None, dry: bool
) -> PaymentAnswer:
    gateway, ref = account.gateway(), payment.ref
    request = PaymentRequest(
        reference=ref.reference, order_number="", amount=ref.amount, customer={},
        callback_url=house.callback_url(account.id), webhook_url=house.webhook_url(account.id),
    )
    limit = seconds if seconds is not None else gateway.deadline
    begun = time.monotonic()
    opened: Opened | None = contain.asking(
        "find", (Opened, type(None)), lambda: gateway.find(house.client, request), seconds=limit
    )
    if opened is None:
        return PaymentAnswer(found=False)
    if not dry:
        _adopt(house, payment, opened)
    known = replace(payment, ref=replace(ref, gateway_order_id=opened.gateway_order_id))
    left = None if seconds is None else max(0.1, seconds - (time.monotonic() - begun))
    return call(house, account, known, seconds=left)


def _adopt(house: House, payment: PaymentRow, opened: Opened) -> None:
    """Raises ``Permanent`` where the session is known as another payment's: nothing of it is taken for this one."""
    adopt = (
        update(payments)
        .where(payments.c.id == payment.id, payments.c.fence == payment.fence)
        .values(
            gateway_order_id=opened.gateway_order_id, expires_at=opened.expires_at, state="open",
            next_step=opened.next.as_dict(),
        )
    )
    try:
        house.database.run(lambda connection: connection.execute(adopt))
    except IntegrityError:
        raise Permanent("the session that the gateway gave for this payment is another payment's") from None


def payments_of(connection: Connection, order_id: UUID) -> list[Any]:
    """(id, account_id) of every payment of an order: all attempts are asked, not only the newest."""
    found = select(payments.c.id, payments.c.account_id).where(payments.c.order_id == order_id)
    return list(connection.execute(found.order_by(payments.c.created_at)))
