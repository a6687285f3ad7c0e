"""Sales » Orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy.orm import Session

from kartify.admin.frame.desk import choices, needs
from kartify.admin.frame.look import title, words
from kartify.admin.frame.permissions import Permission
from kartify.admin.sales import order_bulk
from kartify.admin.sales.order_export import OrderExport, ignored
from kartify.domain.errors import Invalid
from kartify.domain.status import Status
from kartify.flows.ground import audit
from kartify.flows.reading import order_list, order_query
from kartify.flows.reading.order_query import Known, Query
from kartify.languages import translated
from kartify.models import Order


class Orders(OrderExport):
    @expose("/")
    def index(self) -> Any:
        with self.reading() as session:
            reader = self.reader(session)
            known = Known.of(session, reader.scope)
            query = Query.read(request.args, known)
            found = order_list.listed(session, query, reader, patience=order_list.PATIENCE)
            stores = {code: name for code, name in choices(session).items() if code in known.stores}
        if query.search and len(found.page.rows) == 1 and found.page.first and not query.filters:
            return self.back("orders.page", order_id=found.page.rows[0].id)
        return self.render(
            "cockpit/orders.html", query=query, found=found, stores=stores, views=order_query.VIEWS,
            why=lambda order: _last_word(found, order), chosen=query.filters, choices=_choices(stores, known),
            names=order_query.NAMES, ignored=ignored(query), exceptions=_exceptions(),
            happened=[(name, translated(text)) for name, text in order_query.HAPPENED.items()],
        )

    @expose("/check-many", methods=("POST",))
    @needs(Permission.WORK)
    def check_many(self) -> Any:
        """Those that are ticked, or all that the filters show."""
        act = audit.Act(by=self.person.email, action="check payments", subject="orders", text="")
        started: list[order_bulk.Started] = []

        def work() -> str:
            with self.reading() as session:
                plan = order_bulk.planned(session, self._chosen(session), self.scope(session))
            # Outside of the reading: starting a run writes.
            started.append(order_bulk.check(self.house, plan, by=self.person.email))
            return started[0].text

        self.do(work, act)
        runs = list(started[0].run_ids.values()) if started else []
        return self.back("crons.watch", run_id=runs[0]) if len(runs) == 1 else (
            self.back("runs.index") if runs else self.back("orders.index", **self._filters()))

    def _chosen(self, session: Session) -> list[UUID]:
        if request.form.get("which") != "all":
            return _ticked(request.form.getlist("order"))
        return order_bulk.shown(session, self.exact(session, request.form), self.reader(session))

    def _filters(self) -> dict[str, str]:
        with self.reading() as session:
            return self.asked(session, request.form).params()


def _choices(stores: dict[str, str], known: Known) -> dict[str, Sequence[tuple[str, str]]]:
    """The filters that are chosen from a list; one that has nothing to tell apart is left away."""
    found: dict[str, Sequence[tuple[str, str]]] = {
        "status": [(one, words(one)) for one in Status], "store": list(stores.items()),
        "gateway": [(one, one) for one in known.gateways], "oms": [(one, one) for one in known.omses],
        "age": [(name, translated(text)) for name, (text, _) in order_query.AGES.items()],
        "answer": [(name, translated(text)) for name, text in order_query.ANSWERS.items()],
    }
    return {name: pairs for name, pairs in found.items() if len(pairs) > 1 or name == "gateway"}


def _exceptions() -> list[tuple[str, str]]:
    return [(name, gettext("Exception: %(what)s", what=title(name))) for name in order_query.EXCEPTIONS]


def _last_word(found: order_list.Listed, order: Order) -> str:
    return ": ".join(translated(part) for part in order_list.last_word(found, order) if part)


def _ticked(given: list[str]) -> list[UUID]:
    try:
        return [UUID(one) for one in given]
    except ValueError:
        raise Invalid("order", gettext("expected the ids that the page has")) from None
