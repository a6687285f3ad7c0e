"""The lights of accounts and crons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from kartify.admin.frame.look import span, title, words
from kartify.admin.overview.light import Light, ago
from kartify.flows.lookups.runs import LOOKUP, NEWS
from kartify.flows.reading.scope import Scope
from kartify.models import Account, Cron, Refusal, Run

# As law 9 has it.
LATE: Final = timedelta(minutes=5)
_REFUSED_FOR: Final = timedelta(hours=1)
_OVER: Final = ("done", "failed", "lost", "stopped")


def accounts_of(session: Session, scope: Scope) -> Sequence[Account]:
    found = scope.accounts(select(Account), Account.id)
    return session.scalars(found.order_by(Account.kind, Account.label, Account.id)).all()


def refusals_of(session: Session, accounts: Sequence[Account], now: datetime) -> Mapping[UUID, int]:
    """How many messages of the last hour did not prove where they come from."""
    mine = Refusal.account_id.in_([one.id for one in accounts])
    found = select(Refusal.account_id, func.sum(Refusal.count)).where(mine, Refusal.minute >= now - _REFUSED_FOR)
    rows = session.execute(found.group_by(Refusal.account_id))
    return {account_id: int(count) for account_id, count in rows}


def account_light(account: Account, problem: str | None, refused: int, now: datetime) -> Light:
    """``problem``: why the account cannot work at all, such as a plugin that is missing."""
    tone, word, reason = _account(account, problem, refused, now)
    name = f"{account.label} ({words(account.mode)})"
    return Light(name=name, tone=tone, word=word, reason=reason, endpoint="accounts.index", act=_("Open the accounts"))


def _account(account: Account, problem: str | None, refused: int, now: datetime) -> tuple[str, str, str]:
    why = account.state_reason or ""
    if problem:
        return "bad", _("cannot work"), problem
    if account.state == "denied":
        return "bad", _("refuses us"), why or _("It no longer takes our keys.")
    if account.state == "probing":
        return "bad", _("does not answer"), why or _("The last calls failed; it is tried again by itself.")
    if account.state != "active":
        by = _("Paused by %(who)s.", who=account.state_by) if account.state_by else _("Paused.")
        return "warn", _("paused"), f"{by} {why}".strip()
    if account.paused_until is not None and account.paused_until > now:
        rest = _("It asked for fewer calls: called again in %(time)s.", time=span(account.paused_until - now))
        return "warn", _("rests"), f"{rest} {why}".strip()
    if refused:
        return "warn", _("messages refused"), _(
            "%(count)s messages in the last hour did not prove where they come from: compare the webhook secret.",
            count=refused,
        )
    return "good", _("works"), _("Failed last: %(why)s", why=why) if why else ""


def crons_of(session: Session) -> Sequence[Any]:
    """Each cron with the newest of its runs that is over."""
    other = aliased(Run)
    newest = (
        select(other.id).where(other.cron_id == Cron.id, other.state.in_(_OVER)).order_by(other.created_at.desc())
        .limit(1).scalar_subquery()
    )
    found = select(Cron, Run).outerjoin(Run, Run.id == newest).order_by(Cron.name, Cron.id)
    return session.execute(found).all()


def cron_lights(crons: Sequence[Any], scope: Scope, accounts: Sequence[Account], now: datetime) -> list[Light]:
    """Crons of the core belong to no store: they are shown to whoever sees all."""
    names = {one.id: one.label for one in accounts}
    return [
        _cron_light(cron, run, names.get(cron.account_id), now) for cron, run in crons
        if cron.account_id in names or (cron.account_id is None and scope.stores is None)
    ]


def _cron_light(cron: Cron, run: Run | None, account: str | None, now: datetime) -> Light:
    tone, word, reason = _cron(cron, run, now)
    titles = {LOOKUP: _("Order lookup"), NEWS: _("News of orders")}
    name = titles.get(cron.name, title(cron.name))
    return Light(
        name=f"{name}: {account}" if account else name, tone=tone, word=word, reason=reason, endpoint="crons.cron",
        act=_("Open the cron"), ties={"cron_id": cron.id},
    )


def _cron(cron: Cron, run: Run | None, now: datetime) -> tuple[str, str, str]:
    if not cron.enabled:
        return "warn", _("switched off"), _("It runs only when a person starts it.")
    if cron.next_at is not None and cron.next_at < now - LATE:
        return "bad", _("late"), _(
            "It should have started %(time)s ago: is a clock running?", time=ago(cron.next_at, now)
        )
    if run is None:
        first = _("It starts in %(time)s.", time=span(cron.next_at - now)) if cron.next_at else ""
        return "quiet", _("has not run yet"), first
    since = _("Last run %(time)s ago.", time=ago(run.finished_at or run.created_at, now))
    if run.state in ("failed", "lost"):
        return "bad", _("failed") if run.state == "failed" else _("lost"), f"{since} {run.result or ''}".strip()
    return "good", _("runs"), since
