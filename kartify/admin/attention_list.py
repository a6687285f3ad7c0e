"""Needs attention as a query: what a person may see, filtered, the most urgent first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, tuple_
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session

from kartify import clock
from kartify.domain.cases import CaseType
from kartify.domain.errors import Invalid
from kartify.domain.money import from_major
from kartify.flows.people import case_rows
from kartify.flows.people.caseload import ATTENDING
from kartify.flows.reading.paging import SIZE, Page, by_moment
from kartify.flows.reading.scope import Scope
from kartify.languages import N_
from kartify.models import Account, Case, Order, Store, StoreAccount, User

STATES: Final = {
    "open": N_("Open"), "snoozed": N_("Snoozed"), "closed": N_("Closed lately"),
}
LATELY: Final = timedelta(days=30)
_FAR: Final = datetime(9999, 1, 1, tzinfo=UTC)
# What is held, else what is missing or too much.
_WEIGHT = sql_case((Case.money_held > 0, Case.money_held), else_=func.abs(Case.difference))
_DEADLINE = func.coalesce(Case.deadline, literal(_FAR, Case.deadline.type))


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """``owner``: "mine", "nobody" or empty for all. ``over``: money as typed, in major units."""

    kind: str = ""
    store: str = ""
    owner: str = ""
    state: str = "open"
    over: str = ""
    cursor: str | None = None

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Query:
        """What is not known is left out, so a mangled address shows the plain list."""
        kind, owner, state = (values.get(name, "") for name in ("type", "owner", "state"))
        return cls(
            kind=kind if kind in list(CaseType) else "", store=values.get("store", "")[:32],
            owner=owner if owner in ("mine", "nobody") else "", state=state if state in STATES else "open",
            over=values.get("over", "").strip()[:20], cursor=values.get("after"),
        )

    def params(self) -> dict[str, str]:
        named = {"type": self.kind, "store": self.store, "owner": self.owner, "over": self.over,
                 "state": "" if self.state == "open" else self.state}
        return {name: value for name, value in named.items() if value}

    def problem(self) -> str:
        """Why a filter cannot be used; empty where all can."""
        try:
            from_major(self.over.replace(",", "") or 0, "INR", gettext("Money over"))
        except Invalid as problem:
            return str(problem)
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page of exceptions and what its rows need of their neighbours. ``resting``: how many are snoozed."""

    page: Page
    orders: Mapping[UUID, Order]
    stores: Mapping[UUID, Store]
    accounts: Mapping[UUID, Account]
    resting: int
    colleagues: Sequence[User]
    serves: Mapping[UUID, set[str]] = field(default_factory=dict)

    def zone(self, case: Case, otherwise: str) -> str:
        """Times stand in the zone of the exception's store."""
        store = self.stores.get(case.store_id) if case.store_id else None
        return store.timezone if store else otherwise

    def may_have(self, case: Case) -> list[str]:
        """The colleagues to whom it can be given."""
        if case.store_id:
            codes = {self.stores[case.store_id].code}
        else:
            codes = self.serves.get(case.account_id, set()) if case.account_id else set()
        return [one.email for one in self.colleagues if one.stores is None or codes & set(one.stores)]


def visible(scope: Scope, found: Select[Any]) -> Select[Any]:
    """Those of one's stores, and those of no store whose account serves one of them."""
    if scope.stores is None:
        return found
    mine = scope.accounts(select(Account.id), Account.id)
    account_level = and_(Case.store_id.is_(None), Case.account_id.in_(mine))
    return found.where(or_(Case.store_id.in_(scope.stores), account_level))


def visible_ids(session: Session, scope: Scope, ids: Sequence[UUID]) -> set[UUID]:
    return set(session.scalars(visible(scope, select(Case.id).where(Case.id.in_(ids)))))


def listed(session: Session, scope: Scope, query: Query, *, me: str) -> Listed:
    found = _filtered(session, visible(scope, select(Case)), query, me)
    if query.state == "closed":
        page = by_moment(session, found, Case.closed_at, Case.id, query.cursor)
    else:
        page = _by_urgency(session, found, query.cursor)
    orders = select(Order).where(Order.id.in_([one.order_id for one in page.rows if one.order_id]))
    colleagues = select(User).where(User.active, User.role.in_(ATTENDING)).order_by(User.email)
    resting = visible(scope, select(func.count()).select_from(Case).where(_open(), _rests()))
    return Listed(
        page=page, orders={one.id: one for one in session.scalars(orders)},
        stores={one.id: one for one in session.scalars(select(Store))},
        accounts={one.id: one for one in session.scalars(select(Account))},
        resting=session.scalars(resting).one(), serves=_serves(session),
        colleagues=session.scalars(colleagues).all(),
    )


def _serves(session: Session) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = {}
    rows = session.execute(select(StoreAccount.account_id, Store.code).join(Store, Store.id == StoreAccount.store_id))
    for row in rows:
        found.setdefault(row.account_id, set()).add(row.code)
    return found


def _open() -> ColumnElement[bool]:
    return Case.closed_at.is_(None)


def _rests() -> ColumnElement[bool]:
    return Case.snoozed_until > clock.now()


def _filtered(session: Session, found: Select[Any], query: Query, me: str) -> Select[Any]:
    if query.state == "closed":
        found = found.where(Case.closed_at >= clock.now() - LATELY)
    elif query.state == "snoozed":
        found = found.where(_open(), _rests())
    else:
        found = found.where(_open(), or_(Case.snoozed_until.is_(None), Case.snoozed_until <= clock.now()))
    if query.kind:
        found = found.where(Case.type == query.kind)
    if query.owner:
        found = found.where(Case.owner == me if query.owner == "mine" else Case.owner.is_(None))
    if query.store:
        of_store = select(Store.id).where(Store.code == query.store).scalar_subquery()
        serving = select(StoreAccount.account_id).where(StoreAccount.store_id == of_store)
        found = found.where(
            or_(Case.store_id == of_store, and_(Case.store_id.is_(None), Case.account_id.in_(serving)))
        )
    return found.where(_heavier(session, query.over)) if query.over and not query.problem() else found


def _heavier(session: Session, over: str) -> ColumnElement[bool]:
    """In every currency that there is, since each counts its own decimals."""
    codes = [code for code in session.scalars(select(Case.currency).where(_open()).distinct()) if code]
    most = {code: _minor(over, code) for code in codes}
    return or_(literal(False), *(and_(Case.currency == code, most[code] < _WEIGHT) for code in codes))


def _minor(over: str, currency: str) -> int:
    try:
        return from_major(over.replace(",", ""), currency)
    except Invalid:  # decimals that this currency does not have
        return from_major(over.replace(",", "").partition(".")[0] or "0", currency)


def _by_urgency(session: Session, found: Select[Any], cursor: str | None) -> Page:
    """The nearest deadline first, then the most money, then the oldest. What is open is few, so it is sorted whole."""
    keys = (_DEADLINE, -_WEIGHT, Case.opened_at, Case.id)
    after = _place(cursor)
    if after is not None:
        deadline, weight, opened, case_id = after
        there = (literal(deadline, Case.deadline.type), literal(-weight), literal(opened, Case.opened_at.type),
                 literal(case_id, Case.id.type))
        found = found.where(tuple_(*keys) > tuple_(*there))
    rows = session.scalars(found.order_by(*keys).limit(SIZE + 1)).all()
    shown = rows[:SIZE]
    return Page(rows=shown, following=_cursor(shown[-1]) if len(rows) > SIZE else None, first=after is None)


def _cursor(case: Case) -> str:
    weight = case.money_held if case.money_held > 0 else abs(case.difference)
    return f"{(case.deadline or _FAR).isoformat()}_{weight}_{case.opened_at.isoformat()}_{case.id.hex}"


def _place(cursor: str | None) -> tuple[datetime, int, datetime, UUID] | None:
    """A cursor that someone mangled starts from the top."""
    try:
        deadline, weight, opened, case_id = (cursor or "").split("_")
        found = datetime.fromisoformat(deadline), int(weight), datetime.fromisoformat(opened), UUID(case_id)
    except ValueError:
        return None
    return found if found[0].tzinfo and found[2].tzinfo and abs(found[1]) < 2**63 else None


def stamp(case: Case) -> str:
    """What the forms of an exception carry, so that nobody decides about something else than the page showed."""
    return case_rows.stamp({name: getattr(case, name) for name in case_rows.STAMPED})
