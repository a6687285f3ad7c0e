"""Everything that the order page shows, read in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from kartify.domain.errors import NotFound
from kartify.models import (
    Account,
    Case,
    Charge,
    Delivery,
    DeliveryAttempt,
    InboxMessage,
    Operation,
    Order,
    OrderFee,
    OrderLine,
    OrderMove,
    OrderTender,
    Payment,
    Report,
    Settlement,
    Store,
    StoreAccount,
    TimelineEntry,
    deliveries_of,
)

MOST = 300  # rows of one kind: a page that stays readable


@dataclass(slots=True, kw_only=True)
class OrderData:
    order: Order
    store: Store
    lines: Sequence[OrderLine]
    fees: Sequence[OrderFee]
    tenders: Sequence[OrderTender]
    payments: Sequence[Payment]
    charges: Sequence[Charge]
    settlements: Sequence[Settlement]
    reports: Sequence[Report]
    moves: Sequence[OrderMove]
    deliveries: Sequence[Delivery]
    attempts: Sequence[DeliveryAttempt]
    entries: Sequence[TimelineEntry]
    messages: Mapping[UUID, InboxMessage]
    operations: Sequence[Operation]
    cases: Sequence[Case]
    accounts: Mapping[UUID, Account]
    oms_account: Account | None
    confirms: bool  # the OMS holds the order unpaid, and is told of the payment
    links: dict[str, str] = field(default_factory=dict)

    @property
    def settlement(self) -> Settlement | None:
        """The active one, else the last reversed."""
        active = [one for one in self.settlements if one.reversed_at is None]
        return next(reversed(active or list(self.settlements)), None)

    @property
    def settled_charge(self) -> Charge | None:
        bound = self.settlement
        return next((one for one in self.charges if bound and one.id == bound.charge_id), None)

    @property
    def delivery(self) -> Delivery | None:
        """What fulfils the order: the last row that was not withdrawn, and is neither a notice nor a cancel."""
        kinds = ("push", "confirm", "feed", "none")
        found = [one for one in self.deliveries if one.kind in kinds and one.state != "withdrawn"]
        return found[-1] if found else None

    @property
    def open_cases(self) -> list[Case]:
        return [one for one in self.cases if one.closed_at is None]

    def account_name(self, account_id: UUID | None) -> str:
        found = self.accounts.get(account_id) if account_id else None
        return found.label if found else "–"


def load(session: Session, order_id: UUID) -> OrderData:
    """Raises ``NotFound``."""
    order = session.get(Order, order_id)
    if order is None:
        raise NotFound(gettext("there is no such order"))

    def of(model: Any, *by: Any, where: Any = None) -> Sequence[Any]:
        where = where if where is not None else model.order_id == order_id
        return session.scalars(select(model).where(where).order_by(*by).limit(MOST)).all()

    reports = of(Report, Report.seen_at.desc(), Report.id.desc())
    payments, charges = of(Payment, Payment.created_at), of(Charge, Charge.first_seen_at)
    deliveries = of(Delivery, Delivery.created_at, Delivery.id, where=deliveries_of(order_id))
    oms_account, confirms = _oms_account(session, order.store_id)
    return OrderData(
        order=order, store=session.get_one(Store, order.store_id), lines=of(OrderLine, OrderLine.position),
        fees=of(OrderFee, OrderFee.position), tenders=of(OrderTender, OrderTender.position), payments=payments,
        charges=charges, settlements=of(Settlement, Settlement.settled_at, where=_bound(order_id)), reports=reports,
        moves=of(OrderMove, OrderMove.at, OrderMove.id), deliveries=deliveries,
        attempts=of(DeliveryAttempt, DeliveryAttempt.at.desc(), DeliveryAttempt.id.desc()),
        entries=of(TimelineEntry, TimelineEntry.at.desc(), TimelineEntry.id.desc()),
        messages=_messages(session, reports), operations=of(Operation, Operation.created_at),
        cases=of(Case, Case.opened_at.desc()), oms_account=oms_account,
        confirms=confirms, accounts=_accounts(session, [*payments, *charges, *deliveries, *reports], oms_account),
    )


def _bound(order_id: UUID) -> Any:
    """By the charges of the order: of a settlement that was reversed no index knows the order."""
    return Settlement.charge_id.in_(select(Charge.id).where(Charge.order_id == order_id))


def _messages(session: Session, reports: Sequence[Report]) -> dict[UUID, InboxMessage]:
    ids = {one.inbox_id for one in reports if one.inbox_id}
    bare = select(InboxMessage).options(defer(InboxMessage.body), defer(InboxMessage.headers))
    found = session.scalars(bare.where(InboxMessage.id.in_(ids))) if ids else ()
    return {one.id: one for one in found}


def _oms_account(session: Session, store_id: UUID) -> tuple[Account | None, bool]:
    link = session.scalars(
        select(StoreAccount).where(
            StoreAccount.store_id == store_id, StoreAccount.kind == "oms", StoreAccount.active
        )
    ).first()
    return (session.get(Account, link.account_id), link.delivery == "confirm") if link else (None, False)


def _accounts(session: Session, rows: Sequence[Any], oms: Account | None) -> dict[UUID, Account]:
    ids = {row.account_id for row in rows if row.account_id} | ({oms.id} if oms else set())
    return {one.id: one for one in session.scalars(select(Account).where(Account.id.in_(ids)))}
