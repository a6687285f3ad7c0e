"""An export of the orders that the filters show: a small one at once, a large one in the background."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from flask import Response, request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy.orm import Session

from kartify import clock
from kartify.admin.frame.desk import needs
from kartify.admin.frame.permissions import Permission
from kartify.admin.sales.order_edit import OrderEdit
from kartify.domain.errors import Invalid
from kartify.flows.exporting import export_rows
from kartify.flows.ground import audit
from kartify.flows.reading import order_cells, order_list, sheets
from kartify.flows.reading.order_list import Reader
from kartify.flows.reading.order_query import NAMES, Known, Query
from kartify.languages import translated

# Up to here the file is written while the browser waits.
MOST_AT_ONCE: Final = 5_000


class OrderExport(OrderEdit):
    def reader(self, session: Session) -> Reader:
        return Reader(scope=self.scope(session), personal=self.person.personal)

    def asked(self, session: Session, values: Any) -> Query:
        return Query.read(values, Known.of(session, self.scope(session)))

    def exact(self, session: Session, values: Any) -> Query:
        """For what acts on all that is shown: raises ``Invalid`` where a filter could not be read."""
        query = self.asked(session, values)
        if query.ignored:
            raise Invalid("filters", " ".join(ignored(query)))
        return query

    @expose("/export.<any(csv, xlsx):kind>")
    def export(self, kind: str) -> Any:
        act = audit.Act(by=self.person.email, action="export orders", subject="orders", text="")
        with self.reading() as session:
            try:
                query = self.exact(session, request.args)
            except Invalid as problem:
                return self.problem(400, gettext("Nothing was exported"), f"{problem.expected} ")
            reader = self.reader(session)
            rows = _rows(session, query, reader)
        if rows is None:
            return self.render("cockpit/export_large.html", query=query, kind=kind, most=MOST_AT_ONCE)
        told = replace(act, data={"rows": len(rows), "format": kind, "filters": query.params()})
        self.audited(told, f"{query.told}: {len(rows)} order{'' if len(rows) == 1 else 's'} as {kind.upper()}")
        return _file(rows, kind)

    @expose("/export", methods=("POST",))
    @needs(Permission.READ)
    def export_later(self) -> Any:
        """A worker writes it; the page of the export shows how far it is."""
        kind = request.form.get("kind", "")
        act = audit.Act(by=self.person.email, action="export orders", subject="orders", text="")
        started: list[Any] = []

        def work() -> str:
            if kind not in sheets.MEDIA:
                raise Invalid("kind", gettext("expected csv or xlsx"))
            with self.reading() as session:
                query = self.exact(session, request.form)
            started.append(export_rows.ask(self.house, export_rows.Wanted(
                by=self.person.email, format=kind, params=query.params(), stores=self.person.stores,
                personal=self.person.personal,
            )))
            return gettext("%(filters)s: a worker writes it as %(format)s", filters=query.told, format=kind.upper())

        self.do(work, act)
        return self.back("exports.watch", export_id=started[0]) if started else self.back("orders.index")


def ignored(query: Query) -> list[str]:
    """A sentence for each filter that could not be read."""
    return [
        gettext("%(name)s “%(given)s” was ignored: %(why)s.", name=translated(NAMES[one.name]), given=one.shown,
                why=translated(one.why))
        for one in query.ignored
    ]


def _rows(session: Session, query: Query, reader: Reader) -> list[order_cells.Row] | None:
    """None where they are too many for a browser to wait for."""
    found = order_list.listed(
        session, replace(query, cursor=None), reader, size=MOST_AT_ONCE, patience=1.0
    )
    return None if found.page.following else order_cells.rows(found, personal=reader.personal)


def _file(rows: list[order_cells.Row], kind: str) -> Response:
    body: Any = _csv(rows) if kind == "csv" else _xlsx(rows)
    return Response(body, mimetype=sheets.MEDIA[kind], headers=attachment(kind, clock.now()))


def attachment(kind: str, at: Any) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="orders-{at:%Y%m%d-%H%M}.{kind}"'}


def _csv(rows: list[order_cells.Row]) -> Iterator[str]:
    yield sheets.csv_head()
    for start in range(0, len(rows), 500):
        yield sheets.csv_lines(rows[start : start + 500])


def _xlsx(rows: list[order_cells.Row]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="kartify-export-") as folder:
        path = Path(folder) / "orders.xlsx"
        with sheets.Sheet(path) as sheet:
            sheet.add(rows)
        return path.read_bytes()


__all__ = ["OrderExport", "attachment", "ignored"]
