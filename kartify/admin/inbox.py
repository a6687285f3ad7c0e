"""System » Inbox: every authentic message that reached us, what became of it, and doing it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from flask import request
from flask_admin import expose
from flask_babel import gettext
from sqlalchemy import Select, and_, literal_column, or_, select
from sqlalchemy.orm import Session

from kartify import clock
from kartify.admin.frame.desk import Desk, common_zone, needs
from kartify.admin.frame.look import zone_of
from kartify.admin.frame.permissions import Permission
from kartify.domain.errors import NotFound
from kartify.flows.ground import audit
from kartify.flows.reading.paging import by_id
from kartify.flows.reading.scope import Scope
from kartify.flows.ticking import inbox_by_hand
from kartify.models import Account, Case, Charge, InboxMessage, Order, Report, first_id

STATES: Final = ("waiting", "exception", "done", "ignored")
CHANNELS: Final = ("webhook", "callback", "partner")
# An id is made a moment before or after the row's own time says.
_SLACK: Final = timedelta(minutes=10)
_NEAR: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What the list shows; what is not known is left out. ``day``: in the stores' zone."""

    state: str = ""
    account: UUID | None = None
    channel: str = ""
    event: str = ""
    day: date | None = None

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Query:
        state, channel = values.get("state", ""), values.get("channel", "")
        return cls(
            state=state if state in STATES else "", channel=channel if channel in CHANNELS else "",
            account=uuid_of(values.get("account", "")), event=values.get("event", "").strip()[:200],
            day=_day(values.get("day", "")),
        )

    def params(self) -> dict[str, str]:
        named = {"state": self.state, "account": str(self.account or ""), "channel": self.channel,
                 "event": self.event, "day": self.day.isoformat() if self.day else ""}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What a message said, and of what. ``order`` is None where it is not for this person's eyes, or of no order."""

    report: Report
    order: Order | None
    charge: Charge | None


class Inbox(Desk):
    @expose("/")
    def index(self) -> Any:
        query = Query.read(request.args)
        with self.reading() as session:
            scope, zone = self.scope(session), common_zone(session)
            found = _filtered(scope.accounts(select(InboxMessage), InboxMessage.account_id), query, zone)
            page = by_id(session, found, InboxMessage.id, request.args.get("after"))
            accounts = accounts_of(session, scope)
        return self.render(
            "cockpit/inbox.html", page=page, query=query, params=query.params(), accounts=accounts, zone=zone,
            states=STATES, channels=CHANNELS,
        )

    @expose("/<uuid:message_id>")
    def message(self, message_id: UUID) -> Any:
        with self.reading() as session:
            scope = self.scope(session)
            row = _row(session, scope, message_id)
            touched = _touched(session, scope, row)
            cases = session.scalars(select(Case).where(Case.subject == f"message:{message_id}")).all()
            accounts, zone = accounts_of(session, scope), common_zone(session)
        return self.render(
            "cockpit/message.html", row=row, account=accounts.get(row.account_id), touched=touched, cases=cases,
            zone=zone, in_hand=row.lease_until is not None and row.lease_until > clock.now(),
            waits=row.state in inbox_by_hand.WAITS,
        )

    @expose("/<uuid:message_id>/again", methods=("POST",))
    @needs(Permission.WORK)
    def again(self, message_id: UUID) -> Any:
        return self._act(message_id, "process again", lambda: inbox_by_hand.again(
            self.house, message_id, by=self.person.email).text)

    @expose("/<uuid:message_id>/discard", methods=("POST",))
    @needs(Permission.CASES)
    def discard(self, message_id: UUID) -> Any:
        def work() -> str:
            said = inbox_by_hand.discard(
                self.house, message_id, by=self.person.email, reason=request.form.get("reason", ""),
                looked=request.form.get("looked") == "yes",
            )
            return f"{said[:1].upper()}{said[1:]}."

        return self._act(message_id, "discard message", work)

    def _act(self, message_id: UUID, action: str, work: Any) -> Any:
        with self.reading() as session:
            _row(session, self.scope(session), message_id)
        act = audit.Act(by=self.person.email, action=action, subject=f"message:{message_id}", text="")
        self.do(work, act, traced=True)
        return self.back("inbox.message", message_id=message_id)


def _row(session: Session, scope: Scope, message_id: UUID) -> InboxMessage:
    found = select(InboxMessage).where(InboxMessage.id == message_id)
    row = session.scalars(scope.accounts(found, InboxMessage.account_id)).first()
    if row is None:
        raise NotFound(gettext("there is no such message"))
    return row


def _filtered(found: Select[Any], query: Query, zone: str) -> Select[Any]:
    if query.state:
        # As a word in the statement, so that the partial indexes of the rare states serve it.
        found = found.where(InboxMessage.state == literal_column(f"'{STATES[STATES.index(query.state)]}'"))
    if query.account:
        found = found.where(InboxMessage.account_id == query.account)
    if query.channel:
        found = found.where(InboxMessage.channel == query.channel)
    if query.event:
        found = found.where(InboxMessage.event == query.event)
    if query.day:
        begin = datetime(query.day.year, query.day.month, query.day.day, tzinfo=zone_of(zone))
        end = begin + timedelta(days=1)
        found = found.where(
            InboxMessage.id >= first_id(begin - _SLACK), InboxMessage.id < first_id(end + _SLACK),
            InboxMessage.received_at >= begin, InboxMessage.received_at < end,
        )
    return found


def _touched(session: Session, scope: Scope, row: InboxMessage) -> list[Touched]:
    """The reports that came of it. No index leads from a message to them (each webhook would pay for it), so they are
    looked for by id around the moments when it was worked off."""
    moments = {row.received_at, row.done_at or row.received_at}
    near = [and_(Report.id >= first_id(at - _NEAR), Report.id < first_id(at + _NEAR)) for at in moments]
    found: Sequence[Report] = session.scalars(
        select(Report).where(or_(*near), Report.inbox_id == row.id).order_by(Report.id)
    ).all()
    orders = {one.id: one for one in session.scalars(select(Order).where(Order.id.in_(_ids(found, "order_id"))))}
    charges = {one.id: one for one in session.scalars(select(Charge).where(Charge.id.in_(_ids(found, "charge_id"))))}
    newest = {(one.order_id, one.charge_id, one.state): one for one in found}
    return [
        Touched(report=one, order=order if order and scope.sees(order.store_id) else None,
                charge=charges.get(one.charge_id) if one.charge_id else None)
        for one in newest.values() for order in [orders.get(one.order_id) if one.order_id else None]
    ]


def _ids(found: Sequence[Report], name: str) -> list[UUID]:
    return [one for one in (getattr(row, name) for row in found) if one is not None]


def accounts_of(session: Session, scope: Scope) -> dict[UUID | None, Account]:
    """The accounts that a person may see, by name."""
    found = scope.accounts(select(Account), Account.id).order_by(Account.label, Account.id)
    return {one.id: one for one in session.scalars(found)}


def uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year < 2200 else None
