"""System » Deliveries: what each OMS must get, delivering it again, and giving up a notice that nobody needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask import make_response, request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy import Select, literal_column, select
from sqlalchemy.orm import Session

from kartify import clock
from kartify.admin.frame.desk import Desk, common_zone, needs
from kartify.admin.frame.permissions import Permission
from kartify.admin.inbox import accounts_of, uuid_of
from kartify.domain.delivery import Kind, State
from kartify.domain.errors import Invalid, KartifyError, NotFound
from kartify.flows.delivering import deliver_by_hand
from kartify.flows.ground import audit
from kartify.flows.reading.order_query import AGES
from kartify.flows.reading.paging import by_id
from kartify.models import Delivery, Order, first_id

MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    state: str = ""
    kind: str = ""
    account: UUID | None = None
    age: str = ""

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Query:
        """What is not known is left out, so a mangled address shows the plain list."""
        state, kind, age = (values.get(name, "") for name in ("state", "kind", "age"))
        return cls(
            state=state if state in list(State) else "", kind=kind if kind in list(Kind) else "",
            account=uuid_of(values.get("account", "")), age=age if age in AGES else "",
        )

    def params(self) -> dict[str, str]:
        named = {"state": self.state, "kind": self.kind, "account": str(self.account or ""), "age": self.age}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of one of many."""

    number: str
    kind: str
    said: str
    done: bool


class Deliveries(Desk):
    @expose("/")
    def index(self) -> Any:
        return self._list()

    def _list(self, *, problem: str = "", code: int = 200, results: Sequence[Done] = ()) -> Any:
        query = Query.read(request.args)
        with self.reading() as session:
            scope, zone = self.scope(session), common_zone(session)
            found = _filtered(scope.rows(select(Delivery), Delivery.store_id), query)
            page = by_id(session, found, Delivery.id, request.args.get("after"))
            orders = _orders(session, [one.order_id for one in page.rows])
            accounts = accounts_of(session, scope)
        body = self.render(
            "cockpit/deliveries.html", page=page, query=query, params=query.params(), orders=orders, zone=zone,
            accounts=accounts, states=list(State), kinds=list(Kind), ages=AGES, notices=deliver_by_hand.NOTICES,
            problem=problem, results=results, typed=request.form,
        )
        return make_response(body, code)

    @expose("/<uuid:delivery_id>/again", methods=("POST",))
    @needs(Permission.WORK)
    def again(self, delivery_id: UUID) -> Any:
        def work() -> str:
            self._again(delivery_id)
            return gettext("Due now: the next free worker sends it, looking first where the OMS may have it already.")

        return self._act(delivery_id, "deliver again", work)

    @expose("/<uuid:delivery_id>/discard", methods=("POST",))
    @needs(Permission.WORK)
    def discard(self, delivery_id: UUID) -> Any:
        def work() -> str:
            deliver_by_hand.discard(
                self.house, delivery_id, by=self.person.email, reason=request.form.get("reason", "")
            )
            return gettext("Discarded: the OMS is not told any more, and the exceptions of it are closed.")

        return self._act(delivery_id, "discard delivery", work)

    def _again(self, delivery_id: UUID) -> None:
        deliver_by_hand.push_again(
            self.house, delivery_id, by=self.person.email, reason=request.form.get("reason", "")
        )

    def _act(self, delivery_id: UUID, action: str, work: Callable[[], str]) -> Any:
        self._seen([delivery_id])
        act = audit.Act(by=self.person.email, action=action, subject=f"delivery:{delivery_id}", text="")
        self.do(work, act, traced=True)
        return self.back("deliveries.index", **Query.read(request.args).params())

    @expose("/again-many", methods=("POST",))
    @needs(Permission.WORK)
    def again_many(self) -> Any:
        """Each in its own transaction, with a result for each; those that are not parked are left as they are."""
        act = audit.Act(by=self.person.email, action="deliver again", subject="deliveries", text="")
        try:
            rows = self._seen(_ticked(request.form.getlist("delivery")))
            if not request.form.get("reason", "").strip():
                raise Invalid("reason", gettext("expected why, in a few words: it stays on each order's timeline"))
        except (Invalid, NotFound) as problem:
            self.audited(act, f"not done: {problem}")
            return self._list(problem=gettext("Not done: %(why)s.", why=problem), code=422)
        return self._list(results=[self._one(row, number) for row, number in rows])

    def _one(self, row: Delivery, number: str) -> Done:
        try:
            self._again(row.id)
        except KartifyError as problem:
            act = audit.Act(by=self.person.email, action="deliver again", subject=f"delivery:{row.id}", text="")
            self.audited(act, f"not done: {problem}")
            return Done(number=number, kind=row.kind, said=str(problem), done=False)
        return Done(number=number, kind=row.kind, said=gettext("due now"), done=True)

    def _seen(self, ids: Sequence[UUID]) -> list[tuple[Delivery, str]]:
        """Those of them that the person may see. Raises ``NotFound`` where one is not among them."""
        with self.reading() as session:
            found = self.scope(session).rows(select(Delivery).where(Delivery.id.in_(ids)), Delivery.store_id)
            rows = session.scalars(found.order_by(Delivery.id)).all()
            orders = _orders(session, [one.order_id for one in rows])
        if len(rows) != len(set(ids)):
            raise NotFound(gettext("there is no such delivery"))
        return [(one, orders[one.order_id].number) for one in rows]


def _ticked(given: Sequence[str]) -> list[UUID]:
    try:
        found = [UUID(one) for one in dict.fromkeys(given)]
    except ValueError:
        raise Invalid("delivery", gettext("expected the ids that the page has")) from None
    if not 0 < len(found) <= MOST:
        raise Invalid("delivery", gettext("expected 1 to %(most)s ticked deliveries, got %(count)s", most=MOST,
                                          count=len(found)))
    return found


def _orders(session: Session, ids: Sequence[UUID]) -> dict[UUID, Order]:
    return {one.id: one for one in session.scalars(select(Order).where(Order.id.in_(ids)))}


def _filtered(found: Select[Any], query: Query) -> Select[Any]:
    if query.state:
        # As a word in the statement, so that the partial index of the parked ones serves it.
        found = found.where(Delivery.state == literal_column(f"'{State(query.state).value}'"))
    if query.kind:
        found = found.where(Delivery.kind == query.kind)
    if query.account:
        found = found.where(Delivery.account_id == query.account)
    if query.age:
        before = clock.now() - AGES[query.age][1]
        found = found.where(Delivery.created_at < before, Delivery.id < first_id(before + AGES["1d"][1]))
    return found


