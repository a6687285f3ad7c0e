"""Checkout: the row is committed first, then the gateway is asked. A repetition finds what is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.exc import IntegrityError

from kartify import clock
from kartify.domain.errors import Conflict, NotFound
from kartify.domain.status import Actor, Status
from kartify.flows.ground.writes import execute
from kartify.flows.people.keys import Caller
from kartify.flows.settling import facts, moves
from kartify.flows.settling.facts import Snapshot
from kartify.flows.storefront import attempts, gateways, opening, order_rows
from kartify.flows.storefront.attempts import NewPayment
from kartify.flows.storefront.order_body import Attempt, OrderBody
from kartify.house import House
from kartify.models import Order, table

orders = table(Order)
UNPAID = (Status.MISSING, Status.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    order_id: UUID
    new: bool


_KNOWN = select(orders.c.id, orders.c.body_hash).where(
    orders.c.store_id == bindparam("b_store_id"), orders.c.number == bindparam("b_number")
)


def confirm(house: House, caller: Caller, body: OrderBody) -> Confirmed:
    """Confirm Order. Raises ``Invalid`` naming the field, ``Conflict`` for another body under a known number."""
    body.check()
    with house.database.read() as connection:
        known = _known(connection, caller, body.number)
        front = gateways.shopfront(connection, caller.store_id)
    if known is not None:
        return _repeated(house, known, body)
    prepaid = body.payment.method == "prepaid" and body.due > 0
    account = gateways.choose(front, body.payment.gateway) if prepaid else None
    gateways.check_return_url(front, body.return_url, account)
    if account is not None and body.payment.gateway_order_id is not None:
        gateways.check_adoptable(house, account.id)
    try:
        order_id = _create(house, caller, body, account)
    except IntegrityError:
        return _lost_race(house, caller, body)
    return Confirmed(order_id=order_id, new=True)


def _known(connection: Connection, caller: Caller, number: str) -> Any:
    return connection.execute(_KNOWN, {"b_store_id": caller.store_id, "b_number": number}).first()


def _create(house: House, caller: Caller, body: OrderBody, account: Any) -> UUID:
    at = clock.now()
    plan = gateways.plan_of(house.accounts.get(account.id)) if account is not None else None

    def work(connection: Connection) -> tuple[UUID, UUID | None, UUID | None]:
        order_id = order_rows.insert_order(connection, caller.store_id, body, by=caller.name, at=at)
        payment_id = None
        if plan is not None:
            new = NewPayment(
                order_id=order_id, account_id=account.id, amount=body.due, currency=body.currency, plan=plan, at=at,
                lease_until=at + opening.LEASE, adopted=body.payment.gateway_order_id,
            )
            payment_id = attempts.insert_payment(connection, new)
        pushed = None
        if body.oms_order_id is None:
            pushed = order_rows.push_unpaid(connection, caller.store_id, order_id, by=caller.name, at=at)
        return order_id, payment_id, pushed

    order_id, payment_id, pushed = house.database.run(work)
    if pushed is not None:
        house.waker.wake("deliver", str(pushed))
    if payment_id is not None and body.payment.gateway_order_id is None:
        opening.open_new(house, payment_id)
    return order_id


def _lost_race(house: House, caller: Caller, body: OrderBody) -> Confirmed:
    """Two at once: the other one has the number, or its payment the session that we were to adopt."""
    with house.database.read() as connection:
        known = _known(connection, caller, body.number)
    if known is None:
        raise Conflict("another payment has this gateway_order_id already")
    return _repeated(house, known, body)


def _repeated(house: House, known: Any, body: OrderBody) -> Confirmed:
    if known.body_hash != body.digest:
        raise Conflict(f"order {body.number} was confirmed before with another body")
    with house.database.read() as connection:
        order = _order(connection, known.id)
        payment = attempts.latest(connection, known.id)
    if order.status in UNPAID and order.cancel_requested_at is None and payment is not None:
        _go_on(house, known.id, payment)
    return Confirmed(order_id=known.id, new=False)


def _order(connection: Connection, order_id: UUID) -> Any:
    return connection.execute(
        select(orders.c.status, orders.c.cancel_requested_at).where(orders.c.id == order_id)
    ).one()


def _go_on(house: House, order_id: UUID, payment: Any) -> None:
    """Makes the payment usable: looked up and opened where nobody knows, a new attempt where it is over."""
    if attempts.undecided(payment):
        opening.complete(house, payment["id"])
    elif not attempts.usable(payment, clock.now()):
        _open_another(house, order_id, payment["account_id"], adopted=None)


def another_payment(house: House, caller: Caller, number: str, wish: Attempt) -> UUID:
    """Another attempt: the usable open session of that account, else a new one. Raises ``NotFound``, ``Invalid``, and
    ``Conflict`` where there is nothing to pay any more."""
    with house.database.read() as connection:
        known = _known(connection, caller, number)
        if known is None:
            raise NotFound(f"there is no order {number}")
        front = gateways.shopfront(connection, caller.store_id)
        account = gateways.choose(front, wish.gateway, "gateway")
        payment = attempts.latest(connection, known.id, account.id)
        _may_pay(facts.load(connection, known.id), number)
    if wish.gateway_order_id is not None:
        gateways.check_adoptable(house, account.id, "gateway_order_id")
        if payment is None or payment["gateway_order_id"] != wish.gateway_order_id:
            _open_another(house, known.id, account.id, adopted=wish.gateway_order_id)
    elif payment is None:
        _open_another(house, known.id, account.id, adopted=None)
    else:
        _go_on(house, known.id, payment)
    return known.id


def _may_pay(snapshot: Snapshot, number: str) -> None:
    status, view = snapshot.view.status, snapshot.view
    if status not in UNPAID:
        raise Conflict(f"order {number} is {status}: there is nothing to pay")
    if view.cancel_requested:
        raise Conflict(f"order {number} is to be cancelled")
    if view.due == 0:
        raise Conflict(f"nothing is due for order {number}: place it")


def _open_another(house: House, order_id: UUID, account_id: UUID, *, adopted: str | None) -> None:
    """A new payment row; a failed order is missing again in the same commit. Two at once make one."""
    plan, at = gateways.plan_of(house.accounts.get(account_id)), clock.now()

    def work(connection: Connection) -> UUID | None:
        snapshot = facts.locked(connection, order_id)
        _may_pay(snapshot, snapshot.number)
        execute(connection, _missing_again(snapshot, at))
        newest = attempts.latest(connection, order_id, account_id)
        if adopted is None and newest is not None and attempts.usable(newest, at):
            return None
        connection.execute(orders.update().where(orders.c.id == order_id).values(method="prepaid", clock_at=at))
        view = snapshot.view
        new = NewPayment(
            order_id=order_id, account_id=account_id, amount=view.due, currency=view.currency, plan=plan, at=at,
            lease_until=at + opening.LEASE, adopted=adopted,
        )
        return attempts.insert_payment(connection, new)

    try:
        payment_id = house.database.run(work)
    except IntegrityError:
        raise Conflict("another payment has this gateway_order_id already") from None
    if payment_id is not None and adopted is None:
        opening.open_new(house, payment_id)


def _missing_again(snapshot: Snapshot, at: datetime) -> list[Any]:
    if snapshot.view.status is not Status.FAILED:
        return []
    move = moves.Move(
        target=Status.MISSING, actor=Actor.STOREFRONT, by="storefront", reason="the customer tries again", at=at
    )
    return moves.writes(snapshot, move)


