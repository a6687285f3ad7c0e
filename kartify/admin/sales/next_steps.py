"""What can be done with an order now, what cannot and why, and which one thing is the safest to do next. Pure but for
the plugins' capabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from flask_babel import gettext, lazy_gettext

from kartify.admin.frame.look import money, words
from kartify.admin.frame.permissions import Permission, who_may
from kartify.admin.sales.order_data import OrderData
from kartify.domain.cases import CaseType
from kartify.domain.delivery import FULFILMENT, Hold, hold_of
from kartify.domain.errors import KartifyError
from kartify.flows.operating import by_hand
from kartify.flows.people import edit
from kartify.house import House
from kartify.languages import translated
from kartify.models import Case, Charge, Delivery
from kartify.plugin.oms import Oms

UNPAID: Final = ("missing", "failed")
_WAITING: Final = ("due", "claimed", "unknown", "pending")
_NAMES: Final = {"capture": lazy_gettext("Capture"), "void": lazy_gettext("Void")}
# Exceptions whose next safe action is a refund of their charge.
_REFUNDS: Final = frozenset({
    CaseType.REFUND_DUE, CaseType.SECOND_PAYMENT, CaseType.PAID_AFTER_CANCEL, CaseType.PAID_AND_COD,
})
# Those whose next safe action is to let go of an authorised charge.
_VOIDS: Final = frozenset({CaseType.DO_NOT_CAPTURE, CaseType.AUTHORIZED_AFTER_CANCEL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An exception whose difference a person may accept, with what follows in words."""

    case: Case
    consequence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """``first``: the name of the safest action; its button is the only one that stands out. ``closed``: what cannot
    be done now, each with the reason. ``refund_first``: the charge whose money an exception says must go back."""

    first: str = ""
    accepts: Sequence[Difference] = ()
    captures: Sequence[Charge] = ()
    voids: Sequence[Charge] = ()
    refund_first: UUID | None = None
    hold: str = ""
    dead: Sequence[Delivery] = ()
    mends: frozenset[UUID] = frozenset()
    closed: Sequence[tuple[str, str]] = field(default=())


def steps_of(
    house: House, data: OrderData, *, may: Callable[[Permission], bool], refunds: Mapping[UUID, object], confirms: bool
) -> Steps:
    """``refunds``: charges that can be refunded; ``confirms``: the OMS waits for a confirmation."""
    accepts = _accepts(data)
    captures, voids = _authorized(house, data)
    hold, why_not = _hold(house, data)
    dead = [one for one in data.deliveries if one.state == "dead"]
    mends = frozenset(one.id for one in dead if one.kind in ("push", "push_unpaid") and data.order.status in edit.UNTIL)
    money_work = [name for name, there in (
        (gettext("Accept difference"), accepts), (gettext("Capture"), captures), (gettext("Void"), voids),
        (gettext("Refund"), refunds)) if there]
    closed = [*why_not, *_closed(data, may, money_work, refunds=bool(refunds), voids=bool(voids))]
    back = next((one.charge_id for one in data.open_cases if one.type in _REFUNDS and one.charge_id in refunds), None)
    found = Steps(accepts=accepts, captures=captures, voids=voids, refund_first=back, hold=hold, dead=dead, mends=mends,
                  closed=closed)
    return replace(found, first=_first(data, may, found, confirms))


def _first(data: OrderData, may: Callable[[Permission], bool], steps: Steps, confirms: bool) -> str:
    """The safest thing: what asks before what tells, what tells before what moves money; nothing where all is well."""
    work, cases = may(Permission.WORK), may(Permission.CASES)
    if data.order.status in UNPAID and work and data.payments and not steps.captures:
        return "check"
    if work and steps.dead:
        return "dead"
    if work and confirms and data.order.status == "processing":
        return "confirm"
    if cases and steps.captures:
        return "capture"
    if cases and steps.voids:
        return "void"
    if cases and steps.refund_first is not None:
        return "refund"
    return "check" if work and data.order.status in UNPAID and data.payments else ""


def _accepts(data: OrderData) -> list[Difference]:
    charges = {one.id: one for one in data.charges}
    found = []
    for case in data.open_cases:
        charge = charges.get(case.charge_id) if case.charge_id else None
        if charge is None or charge.kept or charge.currency != data.order.currency:
            continue
        if case.type == CaseType.UNDERPAID and charge.ours <= charge.refunded + charge.lost:
            found.append(Difference(case=case, consequence=_less(data, case)))
        elif case.type == CaseType.SURPLUS and data.order.status in UNPAID:
            found.append(Difference(case=case, consequence=gettext(
                "The gateway is asked once more. Then %(due)s settles the order and it goes out; the %(more)s beyond "
                "it stays an exception until somebody refunds or keeps it.",
                due=money(data.order.due, data.order.currency), more=money(case.difference, case.currency))))
    return found


def _less(data: OrderData, case: Case) -> str:
    short = money(-case.difference, case.currency)
    if data.order.status in UNPAID:
        return gettext("The gateway is asked once more. Then the order counts as paid with %(short)s less than was "
                       "due, and goes out. The shop bears the difference.", short=short)
    return gettext("The order stays where it is and counts as paid with %(short)s less than was due. The shop bears "
                   "the difference.", short=short)


def _authorized(house: House, data: OrderData) -> tuple[list[Charge], list[Charge]]:
    """Which to capture and which to void."""
    held = [one for one in data.charges if one.state == "authorized"]
    ways = by_hand.open_to(house, data.order.id) if held else {}
    return [one for one in held if ways.get(one.id) == "capture"], [one for one in held if ways.get(one.id) == "void"]


def _hold(house: House, data: OrderData) -> tuple[str, list[tuple[str, str]]]:
    """"hold", "let go" or nothing; and why neither."""
    if data.order.status != "processing":
        return "", []
    row = next((one for one in data.deliveries if one.kind in FULFILMENT and one.state != "withdrawn"), None)
    if row is None or row.account_id is None:
        return "", []
    name, now = data.account_name(row.account_id), hold_of((one.kind, one.state) for one in data.deliveries)
    oms = _oms(house, row.account_id)
    if oms is None or not (oms.can.hold or oms.can.unhold):
        return "", []
    if row.state != "done":
        return "", [(gettext("Hold"), gettext("%(name)s does not have the order yet.", name=name))]
    match now:
        case Hold.FREE if oms.can.hold:
            return "hold", []
        case Hold.HELD if oms.can.unhold:
            return "let go", []
        case Hold.HELD:
            why = gettext("%(name)s takes that from nobody else: let it go there.", name=name)
            return "", [(gettext("Let go"), why)]
        case Hold.ASKED | Hold.LETTING_GO:
            return "", [(gettext("Hold"), _busy(name, now))]
    return "", []


def _busy(name: str, now: Hold) -> str:
    if now is Hold.ASKED:
        return gettext("%(name)s is asked to hold it.", name=name)
    return gettext("%(name)s is asked to let it go.", name=name)


def _oms(house: House, account_id: UUID) -> Oms | None:
    try:
        return house.accounts.get(account_id).oms()
    except KartifyError:
        return None


def _closed(
    data: OrderData, may: Callable[[Permission], bool], money_work: Sequence[str], *, refunds: bool, voids: bool
) -> list[tuple[str, str]]:
    """One line each for what somebody may look for in vain."""
    found = []
    if data.order.status in UNPAID and not data.payments and data.order.method != "cod" and data.order.due:
        why = gettext("no payment was opened at a gateway, so there is nobody to ask.")
        found.append((gettext("Check payment"), why))
    if money_work and not may(Permission.CASES):
        right, roles = translated(Permission.CASES.value), who_may(Permission.CASES)
        why = gettext("takes the right to %(right)s, which %(roles)s has.", right=right, roles=roles)
        found.append((", ".join(money_work), why))
    if any(one.captured > one.refunded + one.lost for one in data.charges) and not refunds:
        found.append((gettext("Refund"), gettext("not by API: do it in the gateway's dashboard, the news comes here by "
                                                 "itself. Or a refund of all that is left is under way.")))
    waiting = [one for one in data.operations if one.kind in _NAMES and one.state in _WAITING]
    if not voids and not waiting and any(one.type in _VOIDS for one in data.open_cases):
        found.append((gettext("Void"), gettext("not by API: do it in the gateway's dashboard before the deadline, the "
                                               "news comes here by itself.")))
    for busy in waiting:
        found.append((str(_NAMES[busy.kind]), gettext("asked for by %(who)s and %(state)s.", who=busy.by,
                                                  state=words(busy.state))))
    if data.order.status in ("shipped", "delivered"):
        found.append((gettext("Cancel"), gettext("the goods are on their way: arrange a return instead.")))
    if data.order.status not in edit.UNTIL:
        found.append((gettext("Edit"), gettext("the order is %(status)s.", status=words(data.order.status))))
    return found
