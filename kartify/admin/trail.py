"""System » Audit: what people did, and what was refused to them; each entry leads to what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from flask import request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from kartify.admin.frame.desk import Desk, common_zone
from kartify.admin.frame.look import words, zone_of
from kartify.admin.frame.permissions import Permission
from kartify.admin.subjects import KINDS, Subjects, named
from kartify.flows.reading.paging import SIZE, Page, by_id
from kartify.flows.reading.scope import Scope
from kartify.models import AuditEntry

FILTERS = ("by", "action", "kind", "about", "day")
# How far one page looks for entries that a person who is limited to stores may see.
BATCHES = 20


class Trail(Desk):
    opens_to: ClassVar[Permission] = Permission.MANAGE

    @expose("/")
    def index(self) -> Any:
        chosen = {name: request.args.get(name, "").strip()[:200] for name in FILTERS}
        with self.reading() as session:
            scope, zone = self.scope(session), common_zone(session)
            day = _day(chosen["day"], zone)
            found = _filtered(session, scope, chosen, day)
            subjects = Subjects(session, scope, self.person)
            page = _page(session, found, subjects)
        problem = gettext("day: expected a date such as 2026-11-26") if chosen["day"] and day is None else ""
        return self.render(
            "cockpit/trail.html", page=page, chosen=chosen, kinds=[(one, words(one)) for one in KINDS], zone=zone,
            links={one.id: subjects.link(one) for one in page.rows}, problem=problem,
            params={name: value for name, value in chosen.items() if value}, limited=scope.stores is not None,
        )


def _day(text: str, zone: str) -> tuple[datetime, datetime] | None:
    """From midnight to midnight there."""
    try:
        given = date.fromisoformat(text)
        first, last = (datetime.combine(one, time(), zone_of(zone)) for one in (given, given + timedelta(days=1)))
        return first.astimezone(UTC), last.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _filtered(
    session: Session, scope: Scope, chosen: Mapping[str, str], day: tuple[datetime, datetime] | None
) -> Select[Any]:
    found = select(AuditEntry)
    for name, column in (("by", AuditEntry.by), ("action", AuditEntry.action)):
        if chosen[name]:
            found = found.where(func.lower(column).contains(chosen[name].lower(), autoescape=True))
    if chosen["kind"] in KINDS:
        kind = chosen["kind"]
        found = found.where((AuditEntry.subject == kind) | AuditEntry.subject.startswith(f"{kind}:"))
    if chosen["about"]:
        found = found.where(AuditEntry.subject.in_(named(session, scope, chosen["about"])))
    return found.where(AuditEntry.at >= day[0], AuditEntry.at < day[1]) if day else found


def _page(session: Session, found: Select[Any], subjects: Subjects) -> Page:
    """Batch by batch until a page is full: what a person may see is known only with the rows."""
    after = cursor = request.args.get("after")
    rows: list[AuditEntry] = []
    for _ in range(BATCHES):
        batch = by_id(session, found, AuditEntry.id, cursor)
        subjects.read(batch.rows)
        rows += [one for one in batch.rows if subjects.sees(one)]
        cursor = batch.following
        if cursor is None or len(rows) >= SIZE:
            break
    return Page(rows=rows, following=cursor, first=after is None)
