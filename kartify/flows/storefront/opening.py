"""Opens a payment at its gateway: claim, commit, call, record. A lost answer is looked for before any repetition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from kartify import clock, contain
from kartify.accounts import Broken, Loaded
from kartify.domain.errors import KartifyError, PartnerError, Permanent, Temporary
from kartify.domain.money import Money
from kartify.flows.lookups import health
from kartify.flows.storefront.gateways import plan_of
from kartify.house import House
from kartify.models import Order, Payment, TimelineEntry, new_id, table
from kartify.plugin.gateway import Gateway, Opened, PaymentRequest

log = structlog.get_logger()
payments, orders, timeline = table(Payment), table(Order), table(TimelineEntry)
SECONDS = 10.0
# The lease outlives the look-up and the call.
LEASE = timedelta(seconds=2 * SECONDS + 5)
_LONGEST_ID = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A payment in our hands until the lease ends, by its fence."""

    payment_id: UUID
    order_id: UUID
    account_id: UUID
    fence: int
    created_at: datetime
    request: PaymentRequest


_CLAIM = (
    update(payments)
    .where(
        payments.c.id == bindparam("b_id"),
        payments.c.state.in_(["opening", "unknown"]),
        payments.c.gateway_order_id.is_(None),
        or_(payments.c.lease_until.is_(None),
            payments.c.lease_until < bindparam("b_now", type_=payments.c.lease_until.type)),
    )
    .values(fence=payments.c.fence + 1, lease_until=bindparam("b_until", type_=payments.c.lease_until.type))
    .returning(payments.c.id)
)
_CLAIMED = (
    select(payments, orders.c.number, orders.c.customer)
    .select_from(payments.join(orders, orders.c.id == payments.c.order_id))
    .where(payments.c.id == bindparam("b_id"))
)


def open_new(house: House, payment_id: UUID) -> None:
    """Opens a payment whose lease was taken with its row: nobody can have opened it before."""
    with house.database.read() as connection:
        held = _held(house, connection, payment_id)
    _work(house, held, look_first=False)


def complete(house: House, payment_id: UUID) -> bool:
    """Looks the payment up and opens it where the gateway does not have it. False while someone else is at it."""
    at = clock.now()
    values = {"b_id": payment_id, "b_now": at, "b_until": at + LEASE}

    def claim(connection: Connection) -> Claim | None:
        taken = connection.execute(_CLAIM, values).first()
        return _held(house, connection, payment_id) if taken else None

    held = house.database.run(claim)
    if held is None:
        return False
    _work(house, held, look_first=True)
    return True


def _held(house: House, connection: Connection, payment_id: UUID) -> Claim:
    row = connection.execute(_CLAIMED, {"b_id": payment_id}).mappings().one()
    return Claim(
        payment_id=payment_id,
        order_id=row["order_id"],
        account_id=row["account_id"],
        fence=row["fence"],
        created_at=row["created_at"],
        request=PaymentRequest(
            reference=row["reference"],
            order_number=row["number"],
            amount=Money(row["amount"], row["currency"]),
            customer={name: value for name, value in row["customer"].items() if isinstance(value, str)},
            callback_url=house.callback_url(row["account_id"]),
            webhook_url=house.webhook_url(row["account_id"]),
            description=f"Order {row['number']}",
        ),
    )


def _work(house: House, held: Claim, *, look_first: bool) -> None:
    loaded = house.accounts.get(held.account_id)
    error: KartifyError | None = None
    try:
        opened = _ask(house, loaded, held, look_first=look_first)
    except (PartnerError, Broken) as problem:
        error = problem
        _record(house, held, **_unopened(problem))
    else:
        _record_opened(house, held, opened, plan_at=plan_of(loaded).first_ask(clock.now()))
    health.note(house, loaded, [error])


def _ask(house: House, loaded: Loaded, held: Claim, *, look_first: bool) -> Opened:
    """Raises ``PartnerError``, ``Broken``."""
    gateway = loaded.gateway()
    if not health.may_call(loaded, clock.now()):
        raise Temporary("the account rests for a moment", sent=False)
    opened = _find(house, gateway, held) if look_first and gateway.can.find else None
    if opened is None:
        opened = contain.asking("open", Opened, lambda: gateway.open(house.client, held.request), seconds=SECONDS)
    if not opened.gateway_order_id or len(opened.gateway_order_id) > _LONGEST_ID:
        raise contain.PluginFailure("the plugin gave a session without a usable id", sent=True)
    return opened


def _find(house: House, gateway: Gateway, held: Claim) -> Opened | None:
    return contain.asking(
        "find", (Opened, type(None)), lambda: gateway.find(house.client, held.request), seconds=SECONDS
    )


def _unopened(problem: KartifyError) -> dict[str, Any]:
    """A refusal ends this payment; anything else leaves it unknown: it may be open at the gateway."""
    if isinstance(problem, Permanent):
        return {"state": "over", "reason": f"the gateway refused it: {problem}", "next_ask_at": None}
    return {"state": "unknown", "reason": f"the gateway did not answer: {problem}"}


def _record_opened(house: House, held: Claim, opened: Opened, *, plan_at: datetime) -> None:
    # A session found that can no longer be paid may have been paid: it is asked about at once.
    ended = opened.next.type == "none"
    values: dict[str, Any] = {
        "state": "open", "reason": None, "gateway_order_id": opened.gateway_order_id, "expires_at": opened.expires_at,
        "next_step": opened.next.as_dict(), "next_ask_at": clock.now() if ended else plan_at,
    }
    try:
        _record(house, held, **values)
    except IntegrityError:
        reason = "the gateway answered with the session of another payment"
        log.error("payment not opened", payment=str(held.payment_id), reason=reason)
        _record(house, held, state="unknown", reason=reason)


_MINE = (payments.c.id == bindparam("b_id"), payments.c.fence == bindparam("b_fence"))


def _record(house: House, held: Claim, *, state: str, reason: str | None, **more: Any) -> None:
    """A slower opener's write is rejected: its fence is old."""
    statement = update(payments).where(*_MINE).values(state=state, state_reason=reason, lease_until=None, **more)
    note = {
        "id": new_id(), "order_id": held.order_id, "at": clock.now(), "kind": "payment", "by": "kartify",
        "text": reason or f"payment opened at the gateway ({more['gateway_order_id']})",
        "data": {"payment_id": str(held.payment_id), "state": state},
    }

    def work(connection: Connection) -> None:
        mine = {"b_id": held.payment_id, "b_fence": held.fence}
        if connection.execute(statement, mine).rowcount:
            connection.execute(insert(timeline).values(note))

    house.database.run(work)
