"""Sales » Exports: files that a worker writes, how far each is, and who may have it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, jsonify, request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy import select

from kartify.admin.frame.desk import Desk, common_zone, needs
from kartify.admin.frame.look import words
from kartify.admin.frame.permissions import Permission
from kartify.admin.sales.order_export import attachment
from kartify.domain.errors import NotFound
from kartify.flows.exporting import export_rows
from kartify.flows.ground import audit
from kartify.flows.reading import sheets
from kartify.flows.reading.order_query import NAMES
from kartify.flows.reading.paging import by_id
from kartify.languages import translated
from kartify.models import Export

LIVING = export_rows.LIVING


def told(export: Any) -> str:
    """Its filters in words."""
    params = dict(export.query["params"])
    search = params.pop("q", "")
    found = [f"{translated(NAMES[name]).lower()} {words(value)}" for name, value in params.items()]
    return ", ".join([*found, gettext("search “%(what)s”", what=search)] if search else found)


def size(many: int) -> str:
    if many < 1000:
        return gettext("%(count)s bytes", count=many)
    for unit in ("kB", "MB"):
        many //= 1000
        if many < 1000:
            return f"{many} {unit}"
    return f"{many // 1000} GB"


class Exports(Desk):
    """One's own; those who manage see everybody's."""

    @expose("/")
    def index(self) -> Any:
        found = select(Export)
        if not self.person.may(Permission.MANAGE):
            found = found.where(Export.by == self.person.email)
        with self.reading() as session:
            page, zone = by_id(session, found, Export.id, request.args.get("after")), common_zone(session)
        return self.render("cockpit/exports.html", page=page, zone=zone, told=told, size=size)

    @expose("/<uuid:export_id>")
    def watch(self, export_id: UUID) -> Any:
        export = self._mine(export_id)
        with self.reading() as session:
            zone = common_zone(session)
        return self.render(
            "cockpit/export.html", export=export, zone=zone, told=told, size=size, living=export.state in LIVING,
            kept=export.created_at + export_rows.KEPT,
        )

    @expose("/<uuid:export_id>.json")
    def progress(self, export_id: UUID) -> Any:
        """What the page's script asks for every two seconds."""
        export = self._mine(export_id)
        return jsonify(state=export.state, rows=export.rows, size=size(export.bytes), living=export.state in LIVING)

    @expose("/<uuid:export_id>/stop", methods=("POST",))
    @needs(Permission.READ)
    def stop(self, export_id: UUID) -> Any:
        self._mine(export_id)
        act = audit.Act(by=self.person.email, action="stop export", subject=f"export:{export_id}", text="")

        def work() -> str:
            export_rows.stop(self.house, export_id, by=self.person.email)
            return gettext("Stopped. What was written so far is removed.")

        self.do(work, act)
        return self.back("exports.watch", export_id=export_id)

    @expose("/<uuid:export_id>/file")
    def file(self, export_id: UUID) -> Any:
        export = self._mine(export_id)
        if export.state != "done":
            raise NotFound(gettext("there is no file: this export is not done"))
        act = audit.Act(by=self.person.email, action="download export", subject=f"export:{export_id}", text="")
        self.audited(act, f"{export.rows} orders as {export.format.upper()}")
        headers = {**attachment(export.format, export.created_at), "Content-Length": str(export.bytes)}
        return Response(
            export_rows.pieces(self.house, export_id), mimetype=sheets.MEDIA[export.format], headers=headers
        )

    def _mine(self, export_id: UUID) -> Any:
        """Another's does not exist, for whoever does not manage; nor does one that holds more than one may see now."""
        with self.reading() as session:
            export = session.get(Export, export_id)
        mine = export is not None and export.by == self.person.email
        if export is None or not (mine or self.person.may(Permission.MANAGE)) or not self._may_see(export):
            raise NotFound(gettext("there is no such export of yours; they are kept for a week"))
        return export

    def _may_see(self, export: Export) -> bool:
        """Rights may have been taken away since it was asked for."""
        inside, stores = export.query["stores"], self.person.stores
        within = stores is None or (inside is not None and set(inside) <= set(stores))
        return within and (self.person.personal or not export.personal)
