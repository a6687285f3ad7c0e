"""What an audit entry is about: its row by the entry's subject, a name, a link, and whether a person may see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kartify.admin.frame.look import words
from kartify.admin.frame.session import Person
from kartify.flows.reading.scope import Scope
from kartify.languages import translated
from kartify.models import Account, ApiKey, AuditEntry, Base, Case, Cron, Order, Run, Store, User

MODELS: dict[str, type[Base]] = {
    "order": Order, "case": Case, "account": Account, "cron": Cron, "run": Run, "user": User, "key": ApiKey,
    "store": Store,
}
KINDS = (*MODELS, "tool", "page", "orders")


@dataclass(frozen=True, slots=True)
class Link:
    name: str
    url: str | None = None


class Subjects:
    """The rows that a page of entries is about, read once a kind."""

    def __init__(self, session: Session, scope: Scope, person: Person) -> None:
        self._session, self._scope, self._person = session, scope, person
        self._rows: dict[tuple[str, UUID], Any] = {}
        accounts = scope.accounts(select(Account.id), Account.id)
        self._accounts = None if scope.stores is None else set(session.scalars(accounts))

    def read(self, entries: Iterable[AuditEntry]) -> None:
        wanted: dict[str, set[UUID]] = {}
        for entry in entries:
            kind, row_id = parted(entry.subject)
            if row_id is not None and kind in MODELS:
                wanted.setdefault(kind, set()).add(row_id)
        for kind, ids in wanted.items():
            self._fetch(kind, ids)
        self._fetch("account", {row.account_id for (kind, _), row in self._rows.items()
                                if kind in ("cron", "run") and row.account_id})
        self._fetch("order", {row.order_id for (kind, _), row in self._rows.items() if kind == "case" and row.order_id})

    def _fetch(self, kind: str, ids: set[UUID]) -> None:
        model: Any = MODELS[kind]
        missing = {one for one in ids if (kind, one) not in self._rows}
        if missing:
            found = self._session.scalars(select(model).where(model.id.in_(missing)))
            self._rows |= {(kind, row.id): row for row in found}

    def sees(self, entry: AuditEntry) -> bool:
        """Whoever sees all stores sees all; else what one did oneself, and what is about one's own stores."""
        if self._scope.stores is None or entry.by == self._person.email:
            return True
        kind, row_id = parted(entry.subject)
        row = self._rows.get((kind, row_id)) if row_id is not None else None
        if row is None:
            return False
        match kind:
            case "order" | "case" | "key":
                return self._scope.sees(row.store_id)
            case "store":
                return self._scope.sees(row.id)
            case "account":
                return row.id in (self._accounts or ())
            case "cron" | "run":
                return row.account_id in (self._accounts or ())
        return kind == "user" and row.stores is not None and set(row.stores) <= set(self._person.stores or ())

    def link(self, entry: AuditEntry) -> Link:
        kind, row_id = parted(entry.subject)
        row = self._rows.get((kind, row_id)) if row_id is not None else None
        if row is None:
            return Link(translated(entry.subject))
        return _LINKS[kind](self, row)

    def _order(self, row: Any) -> Link:
        return Link(row.number, url_for("orders.page", order_id=row.id))

    def _case(self, row: Any) -> Link:
        order = self._rows.get(("order", row.order_id))
        if order is None:
            return Link(gettext("exception"), url_for("attention.index"))
        name = gettext("exception of %(number)s", number=order.number)
        return Link(name, url_for("orders.page", order_id=order.id))

    def _account(self, row: Any) -> Link:
        return Link(row.label, url_for("accounts.index"))

    def _cron(self, row: Any) -> Link:
        name = gettext("cron %(name)s", name=words(row.name))
        return Link(self._of(row, name), url_for("crons.cron", cron_id=row.id))

    def _run(self, row: Any) -> Link:
        return Link(self._of(row, gettext("run")), url_for("crons.watch", run_id=row.id))

    def _of(self, row: Any, name: str) -> str:
        account = self._rows.get(("account", row.account_id))
        return f"{name}, {account.label}" if account is not None else name

    def _user(self, row: Any) -> Link:
        return Link(row.email, url_for("people.index", _anchor=f"user-{row.id}"))

    def _key(self, row: Any) -> Link:
        return Link(f"{row.prefix}…", url_for("keys.index", _anchor=f"key-{row.id}"))

    def _store(self, row: Any) -> Link:
        return Link(gettext("store %(code)s", code=row.code))


_LINKS: dict[str, Any] = {kind: getattr(Subjects, f"_{kind}") for kind in MODELS}


def parted(subject: str) -> tuple[str, UUID | None]:
    """ "order:0189…" is ("order", the id)."""
    kind, _, rest = subject.partition(":")
    try:
        return kind, UUID(rest)
    except ValueError:
        return kind, None


def named(session: Session, scope: Scope, text: str) -> Sequence[str]:
    """The subjects that a person means by an order number, an e-mail, an account's label or a key's beginning."""
    orders = session.scalars(scope.rows(select(Order.id).where(Order.number == text), Order.store_id).limit(50)).all()
    cases = session.scalars(select(Case.id).where(Case.order_id.in_(orders)).limit(200)).all() if orders else ()
    users = session.scalars(select(User.id).where(User.email == text.lower())).all()
    accounts = session.scalars(select(Account.id).where(func.lower(Account.label) == text.lower()).limit(50)).all()
    keys = session.scalars(select(ApiKey.id).where(ApiKey.prefix == text.rstrip("…"))).all()
    groups = {"order": orders, "case": cases, "user": users, "account": accounts, "key": keys}
    return [text, *(f"{kind}:{one}" for kind, ids in groups.items() for one in ids)]
