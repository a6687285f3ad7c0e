"""Read-only lists: runs. One view, declared as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request
from flask_admin import expose
from flask_babel import gettext
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from kartify.admin.frame.desk import Desk, common_zone
from kartify.admin.frame.permissions import Permission
from kartify.flows.reading.paging import Keys, Page, paged, sought
from kartify.house import House
from kartify.languages import N_, translated
from kartify.models import Account, Base, Order, Run


@dataclass(frozen=True, slots=True)
class Column:
    """``kind``: text, free (may hold personal data), when, status, order, account, run or money."""

    title: str
    kind: str
    value: Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One of ``choices``; without them whatever is typed, whole."""

    name: str
    title: str
    column: Any
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    name: str
    endpoint: str
    model: type[Base]
    columns: Sequence[Column]
    filters: Sequence[Filter]
    about: str
    empty: str
    opens_to: Permission = Permission.READ


class RowList(Desk):
    def __init__(self, house: House, csrf: CSRFProtect, listing: Listing) -> None:
        self.listing = listing
        super().__init__(
            house, csrf, name=listing.name, category=N_("System"), endpoint=listing.endpoint, url=listing.endpoint
        )

    @property
    def opens_to(self) -> Permission:  # type: ignore[override]
        return self.listing.opens_to

    @expose("/")
    def index(self) -> Any:
        chosen = {one.name: request.args.get(one.name, "").strip()[:200] for one in self.listing.filters}
        model: Any = self.listing.model
        with self.reading() as session:
            mine = self.scope(session).accounts(select(model), model.account_id)
            page = self._page(session, mine, chosen, request.args.get("after"))
            orders = _named(session, Order, {getattr(row, "order_id", None) for row in page.rows})
            accounts = _named(session, Account, {getattr(row, "account_id", None) for row in page.rows})
            zone = common_zone(session)
        return self.render(
            "cockpit/rows.html", listing=self.listing, page=page, chosen=chosen, orders=orders, accounts=accounts,
            zone=zone, params={name: value for name, value in chosen.items() if value},
        )

    def _page(self, session: Session, found: Select[Any], chosen: dict[str, str], cursor: str | None) -> Page:
        """No index knows which rows fit: they are looked through, newest first, for as long as a page may take."""
        keys, narrow = Keys(self.listing.model.id), []  # type: ignore[attr-defined]
        for one in self.listing.filters:
            value = chosen[one.name]
            if value and (not one.choices or value in one.choices):
                narrow.append(one.column == value)
        if not narrow:
            return paged(session, found, keys, cursor=cursor)
        return sought(session, found, narrow, keys, cursor=cursor)


def _named(session: Session, model: Any, ids: set[UUID | None]) -> dict[UUID, Any]:
    wanted = [one for one in ids if one]
    return {one.id: one for one in session.scalars(select(model).where(model.id.in_(wanted)))} if wanted else {}


RUNS = Listing(
    name=N_("Runs"), endpoint="runs", model=Run,
    about=N_("Runs of the order lookup crons, scheduled and by hand."),
    empty=N_("No cron has run yet. Start one in System » Crons."),
    columns=(
        Column(N_("Started"), "run", lambda row: row), Column(N_("Account"), "account", lambda row: row.account_id),
        Column(N_("By"), "text", lambda row: translated(row.by)),
        Column(N_("Dry"), "text", lambda row: gettext("dry run") if row.dry else ""),
        Column(N_("State"), "status", lambda row: row.state),
        Column(N_("Asked"), "text", lambda row: gettext("%(asked)s of %(total)s", asked=row.asked, total=row.total)),
        Column(N_("Unknown"), "text", lambda row: row.unknown or ""),
        Column(N_("Recovered"), "text", lambda row: row.recovered or ""),
        Column(N_("Money"), "money", lambda row: row.money or {}),
        Column(N_("Result"), "free", lambda row: row.result or ""),
    ),
    filters=(
        Filter(name="state", title=N_("State"), column=Run.state,
               choices=("waiting", "running", "done", "failed", "lost", "stopped")),
        Filter(name="by", title=N_("Started by"), column=Run.by),
    ),
)
LISTINGS = (RUNS,)
