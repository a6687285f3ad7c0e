"""What the page of one account shows, read at once. No secret is opened: only whether one is set, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kartify import certificates, clock
from kartify.accounts import Loaded, secret_names
from kartify.admin.frame.look import title
from kartify.flows.people import rotation
from kartify.flows.reading.scope import Scope
from kartify.flows.receiving.selftest_rows import REASON
from kartify.house import House
from kartify.models import Account, AuditEntry, InboxMessage, Refusal, Store, StoreAccount
from kartify.plugin.oms import Oms
from kartify.vault import SealedSecrets

SHOWN = 12
LOOKED_BACK = timedelta(days=30)
DAY = timedelta(days=1)
TESTED, WEBHOOK_TESTED, ADDED, EDITED = "test connection", "test webhook", "add account", "account settings"
_SETS = (ADDED, EDITED, rotation.ROTATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """What is installed for an account. ``state``: of its certificate; empty for an OMS, which has none."""

    package: str
    state: str = ""
    certificate: certificates.Certificate | None = None

    @property
    def checks(self) -> str:
        known = self.certificate
        return gettext("%(passed)s checks passed, %(left)s left out", passed=known.passed,
                       left=len(known.checks) - known.passed) if known else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """``old``: the one before still counts. ``used``: when a message last came that it proved. ``until``: when it
    ends by itself. ``rotates``: there is a place for the one before."""

    name: str
    set: bool
    since: datetime | None = None
    rotates: bool = False
    old: bool = False
    old_since: datetime | None = None
    used: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Of the last day."""

    count: int
    last: Refusal | None


def visible(session: Session, scope: Scope, account_id: UUID) -> Account | None:
    return session.scalars(scope.accounts(select(Account).where(Account.id == account_id), Account.id)).first()


def links(session: Session, scope: Scope, account_id: UUID | None = None) -> dict[UUID, list[str]]:
    """Codes of the stores that an account serves."""
    found: Any = select(StoreAccount.account_id, Store.code, StoreAccount.active).join(
        Store, Store.id == StoreAccount.store_id
    )
    if account_id is not None:
        found = found.where(StoreAccount.account_id == account_id)
    served: dict[UUID, list[str]] = {}
    for row in session.execute(scope.rows(found.order_by(Store.code), Store.id)):
        name = row.code if row.active else gettext("%(store)s (no longer)", store=row.code)
        served.setdefault(row.account_id, []).append(name)
    return served


def plugin_of(house: House, account: Account) -> Plugin | None:
    installed = house.registry.partners.get(account.slug)
    if installed is None:
        return None
    package = f"{installed.distribution} {installed.version}"
    if account.kind != "gateway":
        return Plugin(package=package)
    state, certificate = certificates.standing(installed.partner)
    return Plugin(package=package, state=state, certificate=certificate)


def addresses(house: House, account: Loaded) -> dict[str, tuple[str, str]]:
    """(title, address) by the name that a set-up step uses. An OMS's routes may depend on its settings."""
    if account.kind == "gateway":
        return {"webhook": (gettext("Webhook"), house.webhook_url(account.id)),
                "callback": (gettext("Callback"), house.callback_url(account.id))}
    kind = account.partner or house.registry.partner(account.slug)
    routes = kind.routes if isinstance(kind, Oms) or (isinstance(kind, type) and issubclass(kind, Oms)) else ()
    base = f"{house.public_url}/partners/{account.id}"
    return {
        one.name: (f"{title(one.name)} ({one.method})", f"{base}/{one.path.lstrip('/')}") for one in routes
    }


def refused(session: Session, account_id: UUID) -> Refused:
    since = clock.now() - DAY
    found = select(Refusal).where(Refusal.account_id == account_id)
    count = select(func.coalesce(func.sum(Refusal.count), 0)).where(
        Refusal.account_id == account_id, Refusal.minute >= since)
    last = session.scalars(found.order_by(Refusal.minute.desc()).limit(1)).first()
    return Refused(count=int(session.execute(count).scalar_one()), last=last)


def last_message(session: Session, account_id: UUID) -> InboxMessage | None:
    """The last one that the partner itself sent, of the last 30 days."""
    return _last(session, account_id, InboxMessage.reason.is_distinct_from(REASON), InboxMessage.channel != "callback")


def last_by_old(session: Session, account_id: UUID) -> datetime | None:
    """When a message last came that the retired secret proved."""
    found = _last(session, account_id, InboxMessage.secret == "previous")
    return found.received_at if found else None


def _last(session: Session, account_id: UUID, *conditions: Any) -> InboxMessage | None:
    mine = InboxMessage.account_id == account_id
    # An account without any is seen by the unique key; only others are worth the way through the last days.
    if session.execute(select(InboxMessage.id).where(mine).limit(1)).first() is None:
        return None
    since = UUID(int=int((clock.now() - LOOKED_BACK).timestamp() * 1000) << 80)
    found = select(InboxMessage).where(mine, InboxMessage.id >= since, *conditions)
    return session.scalars(found.order_by(InboxMessage.id.desc()).limit(1)).first()


def acts(session: Session, account_id: UUID) -> Sequence[AuditEntry]:
    """What people did with the account, newest first."""
    found = select(AuditEntry).where(AuditEntry.subject == f"account:{account_id}")
    return session.scalars(found.order_by(AuditEntry.id.desc()).limit(300)).all()


def newest(done: Sequence[AuditEntry], action: str) -> AuditEntry | None:
    return next((one for one in done if one.action == action), None)


def connected(done: Sequence[AuditEntry]) -> AuditEntry | None:
    """The last connection test that went well, unless a later one did not."""
    found = newest(done, TESTED)
    return found if found is not None and not found.text.startswith("not done") else None


def secrets(session: Session, house: House, account: Account, done: Sequence[AuditEntry]) -> list[Secret]:
    kind = house.registry.partner(account.slug)
    if kind is None:
        return []
    held, rotating = _held(house, account), rotation.rotating(kind)
    names = secret_names(kind)
    used = last_by_old(session, account.id) if any(f"{name}{rotation.SUFFIX}" in held for name in rotating) else None
    return [
        Secret(
            name=name, set=name in held, since=_since(done, name, _SETS), rotates=name in rotating,
            old=f"{name}{rotation.SUFFIX}" in held, old_since=_since(done, name, (rotation.ROTATED,)), used=used,
            until=_moment(account.settings),
        )
        for name in kind.Settings.model_fields if name in names and not rotation.retired(name)
    ]


def _held(house: House, account: Account) -> Mapping[str, str]:
    try:
        return house.vault.open(account.secrets)
    except SealedSecrets:
        return {}


def _since(done: Sequence[AuditEntry], name: str, actions: Sequence[str]) -> datetime | None:
    told = (one.at for one in done if one.action in actions and name in (one.data or {}).get("fields", ()))
    return next(told, None)


def _moment(settings: Mapping[str, Any]) -> datetime | None:
    text = settings.get(rotation.UNTIL)
    return datetime.fromisoformat(str(text)) if text else None


def fields_changed(done: Sequence[AuditEntry], since: datetime) -> Iterator[AuditEntry]:
    return (one for one in done if one.at > since and (one.data or {}).get("fields"))


def is_past(moment: datetime) -> bool:
    """Longer ago than a day: partners repeat what failed for about that long."""
    return clock.now() - moment > DAY
