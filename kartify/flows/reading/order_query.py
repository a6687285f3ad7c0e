"""What a list of orders shows, as it stands in an address: a view, filters that all combine, a search."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from kartify.domain.cases import CaseType
from kartify.domain.errors import Invalid
from kartify.domain.money import from_major
from kartify.domain.status import Status
from kartify.domain.telling import title
from kartify.flows.reading.paging import Keys
from kartify.flows.reading.scope import Scope
from kartify.models import Account, Order, Store

VIEWS: Final = {
    "missing": "Missing", "attention": "Needs attention", "undelivered": "Processing, not delivered", "all": "All",
}
AGES: Final = {
    "15m": ("older than 15 minutes", timedelta(minutes=15)),
    "1h": ("older than 1 hour", timedelta(hours=1)),
    "1d": ("older than 1 day", timedelta(days=1)),
    "7d": ("older than 7 days", timedelta(days=7)),
}
# What the gateways last said of an order: the three parts of the money at risk.
ANSWERS: Final = {
    "paid": "The gateway says paid", "nothing": "The gateway says nothing of the kind", "unasked": "Not asked yet",
}
# What happened to an order, besides the exceptions that stand open.
HAPPENED: Final = {
    "by-webhook": "Paid: told by webhook", "by-callback": "Paid: told by callback",
    "by-lookup": "Paid: recovered by look-up", "by-hand": "Settled or moved by a person",
    "attempt-failed": "A payment attempt failed", "several-payments": "Paid in several attempts",
    "refund": "Money went back", "cancel-requested": "A cancel was requested", "edited": "Edited by staff",
    "noted": "Noted by staff",
}
EXCEPTIONS: Final = {str(one): f"Exception: {title(one)}" for one in CaseType}
NAMES: Final = {"view": "View", "status": "Order status", "store": "Store", "gateway": "Gateway", "oms": "OMS",
                "age": "Age", "answer": "Answer", "event": "Event", "from": "Due from", "to": "Due to",
                "after": "Page"}
UNNAMED, FROM_NEWEST = "there is nothing of that name", "the list starts from the newest"
_LONGEST: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What filters may name. ``stores``: currencies by code."""

    stores: Mapping[str, str]
    gateways: Collection[str]
    omses: Collection[str]

    @classmethod
    def of(cls, session: Session, scope: Scope) -> Known:
        stores = session.execute(scope.rows(select(Store.code, Store.currency).order_by(Store.code), Store.id))
        slugs = scope.accounts(select(Account.kind, Account.slug).distinct().order_by(Account.slug), Account.id)
        found = session.execute(slugs).all()
        return cls(
            stores={row.code: row.currency for row in stores},
            gateways=[row.slug for row in found if row.kind == "gateway"],
            omses=[row.slug for row in found if row.kind == "oms"],
        )


@dataclass(frozen=True, slots=True)
class Ignored:
    """A filter that could not be read, and why."""

    name: str
    given: str
    why: str

    @property
    def shown(self) -> str:
        return self.given if len(self.given) <= _LONGEST else f"{self.given[:_LONGEST]}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A search looks through all orders, whatever the view. ``ignored``: what could not be read.
    ``sums``: the least and the most due in minor units, by currency."""

    view: str = "missing"
    search: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    sums: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)
    cursor: str | None = None
    ignored: tuple[Ignored, ...] = ()

    @classmethod
    def read(cls, values: Mapping[str, str], known: Known) -> Query:
        """What cannot be read is left out, and said: a mangled address shows the plain list."""
        ignored: list[Ignored] = []
        search = " ".join(values.get("q", "").split())[:200]
        filters = _choices(values, known, ignored)
        sums = _sums(values, known, filters, ignored)
        plain = "all" if search or filters.get("status") else "missing"
        cursor = values.get("after")
        if cursor and not any(keys.read(cursor) for keys in (Keys(Order.id), Keys(Order.id, Order.confirmed_at))):
            ignored.append(Ignored("after", cursor, FROM_NEWEST))
        return cls(
            view=filters.pop("view", plain), search=search, filters=filters, sums=sums, cursor=cursor,
            ignored=tuple(ignored),
        )

    def params(self) -> dict[str, str]:
        """As it stands in the address, without the page."""
        found = {"view": self.view, **self.filters, **({"q": self.search} if self.search else {})}
        return {name: value for name, value in found.items() if value}

    @property
    def plain(self) -> bool:
        return not self.filters and not self.search

    @property
    def told(self) -> str:
        """For the audit."""
        return ", ".join(f"{name} {value}" for name, value in self.params().items())


def _choices(values: Mapping[str, str], known: Known, ignored: list[Ignored]) -> dict[str, str]:
    allowed: dict[str, Collection[str]] = {
        "view": VIEWS, "status": list(Status), "store": known.stores, "gateway": known.gateways, "oms": known.omses,
        "age": AGES, "answer": ANSWERS, "event": {**HAPPENED, **EXCEPTIONS},
    }
    found: dict[str, str] = {}
    for name, choices in allowed.items():
        given = values.get(name, "").strip()
        if given in choices:
            found[name] = given
        elif given:
            ignored.append(Ignored(name, given, UNNAMED))
    return found


def _sums(
    values: Mapping[str, str], known: Known, filters: dict[str, str], ignored: list[Ignored]
) -> dict[str, tuple[int | None, int | None]]:
    """In the major units of the store that is chosen, else of every store: exact, whatever the currency."""
    currencies = {known.stores[filters["store"]]} if "store" in filters else set(known.stores.values())
    found: dict[str, dict[str, int]] = {}
    for name in ("from", "to"):
        given = values.get(name, "").strip().replace(",", "")
        if not given:
            continue
        try:
            found[name] = {currency: from_major(given, currency, "it") for currency in sorted(currencies)}
        except Invalid as problem:
            ignored.append(Ignored(name, given, problem.expected))
        else:
            filters[name] = given
    if not found:
        return {}
    return {one: (found.get("from", {}).get(one), found.get("to", {}).get(one)) for one in currencies}


__all__ = ["AGES", "ANSWERS", "EXCEPTIONS", "HAPPENED", "NAMES", "VIEWS", "Ignored", "Known", "Query"]
