"""Read-only lists: inbox, deliveries, runs, audit. One view, declared as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request
from flask_admin import expose
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from kartify.admin.frame.desk import Desk, common_zone
from kartify.admin.frame.paging import Keys, Page, paged, sought
from kartify.admin.frame.permissions import Permission
from kartify.house import House
from kartify.models import Account, AuditEntry, Base, Delivery, InboxMessage, Order, Run


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
            house, csrf, name=listing.name, category="System", endpoint=listing.endpoint, url=listing.endpoint
        )

    @property
    def opens_to(self) -> Permission:  # type: ignore[override]
        return self.listing.opens_to

    @expose("/")
    def index(self) -> Any:
        chosen = {one.name: request.args.get(one.name, "").strip()[:200] for one in self.listing.filters}
        model: Any = self.listing.model
        with self.reading() as session:
            page = self._page(session, select(model), chosen, request.args.get("after"))
            orders = _named(session, Order, {getattr(row, "order_id", None) for row in page.rows})
            accounts = {one.id: one for one in session.scalars(select(Account))}
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


INBOX = Listing(
    name="Inbox", endpoint="inbox", model=InboxMessage,
    about="Every authentic message that reached us. Its effect is on the order's timeline.",
    empty="No message has come yet. Paste the webhook address of System » Accounts at the gateway.",
    columns=(
        Column("Received", "when", lambda row: row.received_at),
        Column("Account", "account", lambda row: row.account_id),
        Column("Channel", "text", lambda row: row.channel), Column("Event", "text", lambda row: row.event),
        Column("State", "status", lambda row: row.state), Column("Why", "free", lambda row: row.reason or ""),
        Column("Copies", "text", lambda row: row.duplicates or ""),
        Column("Tries", "text", lambda row: row.attempts or ""),
        Column("Again at", "when", lambda row: row.due_at), Column("Bytes", "text", lambda row: len(row.body)),
    ),
    filters=(
        Filter(name="state", title="State", column=InboxMessage.state,
               choices=("waiting", "exception", "done", "ignored")),
        Filter(name="channel", title="Channel", column=InboxMessage.channel, choices=("webhook", "callback")),
        Filter(name="event", title="Event", column=InboxMessage.event),
    ),
)
DELIVERIES = Listing(
    name="Deliveries", endpoint="deliveries", model=Delivery,
    about="What each OMS must get. A parked one is pushed again from its order.",
    empty="Nothing has had to be delivered yet: a row appears when an order becomes processing.",
    columns=(
        Column("Made", "when", lambda row: row.created_at), Column("Order", "order", lambda row: row.order_id),
        Column("To", "account", lambda row: row.account_id),
        Column("What", "text", lambda row: row.kind.replace("_", " ")),
        Column("State", "status", lambda row: row.state), Column("Receipt", "text", lambda row: row.receipt or ""),
        Column("Why", "free", lambda row: row.last_error or row.reason or ""),
        Column("Tries", "text", lambda row: row.attempts or ""), Column("Due", "when", lambda row: row.due_at),
    ),
    filters=(
        Filter(name="state", title="State", column=Delivery.state,
               choices=("due", "claimed", "sent_unknown", "found", "dead", "done", "withdrawn")),
        Filter(name="kind", title="What", column=Delivery.kind,
               choices=("push", "confirm", "feed", "none", "push_unpaid", "cancel", "hold", "unhold")),
    ),
)
RUNS = Listing(
    name="Runs", endpoint="runs", model=Run,
    about="Runs of the order lookup crons, scheduled and by hand.",
    empty="No cron has run yet. Start one in System » Crons.",
    columns=(
        Column("Started", "run", lambda row: row), Column("Account", "account", lambda row: row.account_id),
        Column("By", "text", lambda row: row.by), Column("Dry", "text", lambda row: "dry run" if row.dry else ""),
        Column("State", "status", lambda row: row.state),
        Column("Asked", "text", lambda row: f"{row.asked} of {row.total}"),
        Column("Unknown", "text", lambda row: row.unknown or ""),
        Column("Recovered", "text", lambda row: row.recovered or ""),
        Column("Money", "money", lambda row: row.money or {}), Column("Result", "free", lambda row: row.result or ""),
    ),
    filters=(
        Filter(name="state", title="State", column=Run.state,
               choices=("waiting", "running", "done", "failed", "lost", "stopped")),
        Filter(name="by", title="Started by", column=Run.by),
    ),
)
AUDIT = Listing(
    name="Audit", endpoint="audit", model=AuditEntry, opens_to=Permission.MANAGE,
    about="What people did, refused attempts too.", empty="Nobody has done anything yet.",
    columns=(
        Column("When", "when", lambda row: row.at), Column("Who", "text", lambda row: row.by),
        Column("What", "text", lambda row: row.action), Column("On", "text", lambda row: row.subject),
        Column("Text", "free", lambda row: row.text),
    ),
    filters=(
        Filter(name="by", title="Who", column=AuditEntry.by),
        Filter(name="action", title="What", column=AuditEntry.action),
    ),
)
LISTINGS = (INBOX, DELIVERIES, RUNS, AUDIT)
