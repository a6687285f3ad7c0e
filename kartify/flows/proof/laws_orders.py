"""Laws 1 to 4 and 6 as queries: settlements, what processing stands on, delivery rows, receipts, conclusions."""

from __future__ import annotations

from sqlalchemy import and_, case, exists, func, not_, or_, select

from kartify.domain.cases import CaseType
from kartify.domain.delivery import FULFILMENT, Kind, State
from kartify.domain.status import Actor, Status
from kartify.flows.proof.laws_sql import COMPLETE, UNPAID, Truth, charges, enters, moves, net, orders
from kartify.models import Case, Delivery, Payment, Report, Settlement, table

settlements, outbox, cases = table(Settlement), table(Delivery), table(Case)
payments, reports = table(Payment), table(Report)
active = settlements.c.reversed_at.is_(None)
_ids = (orders.c.id, orders.c.number)

_TWICE_CHARGED = (
    select(settlements.c.charge_id.label("id"), func.count().label("settlements"))
    .group_by(settlements.c.charge_id)
    .having(func.count() > 1)
)
_TWICE_SETTLED = (
    select(*_ids, func.count().label("active_settlements"))
    .join_from(orders, settlements, settlements.c.order_id == orders.c.id)
    .where(active)
    .group_by(*_ids)
    .having(func.count() > 1)
)
_ELSEWHERE = select(
    charges.c.id, charges.c.gateway_payment_id, settlements.c.order_id, charges.c.order_id.label("charge_of")
).join_from(charges, settlements, settlements.c.charge_id == charges.c.id).where(
    charges.c.order_id.is_distinct_from(settlements.c.order_id)
)

# A settlement that the gateway's later figures made smaller stands with its exception (one a person may have closed).
_told = exists().where(
    cases.c.charge_id == settlements.c.charge_id,
    cases.c.type.in_([CaseType.UNDERPAID, CaseType.AUTHORIZATION_LOST]),
    or_(cases.c.closed_at.is_(None), cases.c.closed_by != "kartify"),
)
_matching = exists().where(
    settlements.c.order_id == orders.c.id,
    active,
    settlements.c.currency == orders.c.currency,
    or_(settlements.c.amount + settlements.c.discount + settlements.c.accepted == orders.c.due, _told),
)
_by_staff = and_(moves.c.order_id == orders.c.id, moves.c.target == Status.PROCESSING, moves.c.actor == Actor.STAFF)
_stands = case(
    (orders.c.basis == "settlement", _matching),
    (orders.c.basis == "cod", and_(orders.c.method == "cod", orders.c.placed_at.is_not(None))),
    (orders.c.basis == "nothing_due", orders.c.due == 0),
    (orders.c.basis == "manual", exists().where(_by_staff)),
    else_=False,
)
_GROUNDLESS = select(*_ids, orders.c.status, orders.c.basis, orders.c.due, orders.c.currency).where(
    orders.c.status.in_(COMPLETE), not_(_stands)
)
_UNREASONED = (
    select(*_ids, moves.c.by, moves.c.reason, moves.c.at)
    .join_from(orders, moves, _by_staff)
    .where(or_(func.trim(moves.c.by) == "", func.trim(moves.c.reason) == "", moves.c.evidence.is_(None)))
)
_UNCONVERTED = (
    select(*_ids, charges.c.gateway_payment_id, charges.c.captured)
    .join_from(orders, settlements, settlements.c.order_id == orders.c.id)
    .join(charges, charges.c.id == settlements.c.charge_id)
    .where(
        active,
        or_(
            and_(settlements.c.kind == "authorized", charges.c.captured > 0),
            and_(settlements.c.kind == "captured", charges.c.captured == 0),
        ),
    )
)

_fulfils = outbox.c.kind.in_(FULFILMENT)
# Joined and not asked for each order: no index finds every delivery row of one, and there may be a million.
_made = (
    select(outbox.c.order_id, outbox.c.created_at, func.count().label("rows"))
    .where(_fulfils)
    .group_by(outbox.c.order_id, outbox.c.created_at)
    .subquery("made")
)
_in_commit = func.coalesce(_made.c.rows, 0)
_UNDELIVERED = (
    select(*_ids, moves.c.at, _in_commit.label("delivery_rows"))
    .join_from(orders, moves, moves.c.order_id == orders.c.id)
    .outerjoin(_made, and_(_made.c.order_id == moves.c.order_id, _made.c.created_at == moves.c.at))
    .where(enters, _in_commit != 1)
)
_UNCAUSED = select(*_ids, outbox.c.id.label("delivery"), outbox.c.kind).join_from(
    orders, outbox, outbox.c.order_id == orders.c.id
).where(
    _fulfils, not_(exists().where(moves.c.order_id == outbox.c.order_id, moves.c.at == outbox.c.created_at, enters))
)
_UNMOVED = select(*_ids, orders.c.status).where(
    orders.c.status.in_(COMPLETE), not_(exists().where(moves.c.order_id == orders.c.id, enters))
)
_UNTIED = (
    select(*_ids, outbox.c.id.label("delivery"), outbox.c.settlement_id)
    .join_from(orders, outbox, outbox.c.order_id == orders.c.id)
    .where(
        orders.c.status.in_(COMPLETE),
        _fulfils,
        outbox.c.state != State.WITHDRAWN,
        exists().where(settlements.c.order_id == orders.c.id, active),
        not_(exists().where(settlements.c.order_id == orders.c.id, active, settlements.c.id == outbox.c.settlement_id)),
    )
)

_UNPROVED = select(outbox.c.id, outbox.c.order_id, outbox.c.kind, outbox.c.receipt, outbox.c.receipt_kind).where(
    outbox.c.state == State.DONE,
    outbox.c.kind != Kind.NONE,
    or_(
        outbox.c.receipt.is_(None), func.trim(outbox.c.receipt) == "", outbox.c.receipt_kind.is_(None),
        outbox.c.done_at.is_(None),
    ),
)
_names_order = and_(
    outbox.c.kind.in_([*FULFILMENT, Kind.PUSH_UNPAID]), outbox.c.receipt_kind == "id", outbox.c.receipt.is_not(None)
)
_TWO_IDS = (
    select(*_ids, outbox.c.account_id, func.min(outbox.c.receipt).label("one"), func.max(outbox.c.receipt).label("two"))
    .join_from(orders, outbox, outbox.c.order_id == orders.c.id)
    .where(_names_order)
    .group_by(*_ids, outbox.c.account_id)
    .having(func.count(outbox.c.receipt.distinct()) > 1)
)
_SHARED_ID = (
    select(func.min(outbox.c.receipt).label("id"), outbox.c.account_id, func.count(outbox.c.order_id.distinct()))
    .where(_names_order)
    .group_by(outbox.c.account_id, outbox.c.receipt)
    .having(func.count(outbox.c.order_id.distinct()) > 1)
)

_concluded = and_(
    moves.c.order_id == orders.c.id,
    moves.c.target == Status.CANCELLED,
    moves.c.source.in_(UNPAID),
    moves.c.actor.in_([Actor.CLOCK, Actor.STOREFRONT]),
)
_open_then = exists().where(
    payments.c.order_id == orders.c.id,
    payments.c.created_at < moves.c.at,
    or_(
        and_(payments.c.state != "over", payments.c.expires_at > moves.c.at),
        and_(payments.c.answer == "unknown", payments.c.asked_at < moves.c.at),
    ),
)
_cancelled = select(*_ids, moves.c.actor, moves.c.at).join_from(orders, moves, _concluded)
# Joined as well: neither the reports of a charge nor reversed settlements have an index of their own.
_CONCLUDED_SETTLED = _cancelled.join(settlements, settlements.c.order_id == orders.c.id).where(
    settlements.c.settled_at < moves.c.at,
    or_(settlements.c.reversed_at.is_(None), settlements.c.reversed_at > moves.c.at),
).distinct()
_CONCLUDED_CAPTURED = (
    _cancelled.join(charges, charges.c.order_id == orders.c.id)
    .join(reports, reports.c.charge_id == charges.c.id)
    .where(net > 0, reports.c.captured > 0, reports.c.seen_at < moves.c.at)
    .distinct()
)
_CONCLUDED_OPEN = _cancelled.where(_open_then)
_REFUND_FORGOTTEN = (
    select(*_ids, charges.c.gateway_payment_id, (net - charges.c.kept).label("held"))
    .join_from(orders, settlements, and_(settlements.c.order_id == orders.c.id, active))
    .join(charges, charges.c.id == settlements.c.charge_id)
    .where(
        orders.c.status == Status.CANCELLED,
        net - charges.c.kept > 0,
        not_(exists().where(cases.c.charge_id == charges.c.id, cases.c.type == CaseType.REFUND_DUE)),
    )
)

TRUTHS = (
    Truth(law=1, sentence="A charge has one settlement.", subject="charge", query=_TWICE_CHARGED),
    Truth(law=1, sentence="An order has one active settlement.", subject="order", query=_TWICE_SETTLED),
    Truth(law=1, sentence="A charge settles the order it was paid for.", subject="charge", query=_ELSEWHERE),
    Truth(law=2, sentence="What is complete stands on a matching settlement, COD, nothing due, or a person's word.",
          subject="order", query=_GROUNDLESS),
    Truth(law=2, sentence="A move to processing by hand has actor, reason and evidence.", subject="order",
          query=_UNREASONED),
    Truth(law=2, sentence="A settlement says whether its money is captured.", subject="order", query=_UNCONVERTED),
    Truth(law=3, sentence="Entering processing makes one delivery row in the same commit.", subject="order",
          query=_UNDELIVERED),
    Truth(law=3, sentence="A delivery row has a stay in processing that caused it.", subject="order", query=_UNCAUSED),
    Truth(law=3, sentence="An order in processing came there by a move.", subject="order", query=_UNMOVED),
    Truth(law=3, sentence="The delivery row refers to the settlement.", subject="order", query=_UNTIED),
    Truth(law=4, sentence="A delivered row carries the OMS's id or receipt.", subject="delivery", query=_UNPROVED),
    Truth(law=4, sentence="An order has one id at one OMS.", subject="order", query=_TWO_IDS),
    Truth(law=4, sentence="An id at an OMS is of one order.", subject="receipt", query=_SHARED_ID),
    Truth(law=6, sentence="No machine cancels what is settled.", subject="order", query=_CONCLUDED_SETTLED),
    Truth(law=6, sentence="No machine cancels what is paid.", subject="order", query=_CONCLUDED_CAPTURED),
    Truth(law=6, sentence="No machine cancels while an attempt is open or unknown.", subject="order",
          query=_CONCLUDED_OPEN),
    Truth(law=6, sentence="What is cancelled after it was paid is due to be refunded.", subject="order",
          query=_REFUND_FORGOTTEN),
)
