"""Who looks after an exception, and until when it may rest. Neither moves money nor an order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update

from kartify import clock
from kartify.domain.errors import Conflict, Invalid, KartifyError
from kartify.domain.money import display
from kartify.flows.ground import audit
from kartify.flows.people import case_rows
from kartify.house import House
from kartify.models import Case, Store, StoreAccount, User, table

cases, users, stores, links = table(Case), table(User), table(Store), table(StoreAccount)
ATTENDING: Final = ("support", "finance", "admin")
LONGEST: Final = timedelta(days=90)
MOST: Final = 100


def assign(house: House, case_id: UUID, *, by: str, to: str | None, seen: str | None = None) -> str:
    """``to``: the e-mail of a colleague who may work on it, one's own to take it, None to give it back.

    Raises ``NotFound``, ``Invalid`` (to), ``Conflict`` (closed, or someone else was quicker).
    """
    return house.database.run(lambda connection: _assign(connection, case_id, by, to, seen))


def _assign(connection: Connection, case_id: UUID, by: str, to: str | None, seen: str | None) -> str:
    row = case_rows.locked(connection, case_id, seen)
    if to is not None:
        _may(connection, row, to)
    if to == row["owner"]:
        raise Conflict(f"it is {'yours' if to == by else f'{to}’s'} already" if to else "nobody has it")
    before = f", before it was {row['owner']}'s" if row["owner"] and row["owner"] != by else ""
    action = "give back exception" if to is None else "take exception" if to == by else "give exception"
    said = {
        "give back exception": f"given back: nobody has it now{before}",
        "take exception": f"taken by {by}{before}",
        "give exception": f"given to {to}{before}",
    }[action]
    return _changed(connection, row, audit.Act(by=by, action=action, subject=f"case:{case_id}", text=said), owner=to)


def _may(connection: Connection, row: Any, email: str) -> None:
    found = connection.execute(select(users).where(users.c.email == email, users.c.active)).mappings().first()
    if found is None:
        raise Invalid("to", f"expected a colleague's e-mail, and nobody here is {email[:200]}")
    if found["role"] not in ATTENDING:
        raise Invalid("to", f"{email} is {found['role']} and may only read")
    if found["stores"] is not None and not set(found["stores"]) & codes_of(connection, row):
        raise Invalid("to", f"{email} does not see the store of this exception")


def codes_of(connection: Connection, row: Any) -> set[str]:
    """The stores that an exception is of: its own, or those that its account serves."""
    if row["store_id"] is not None:
        query = select(stores.c.code).where(stores.c.id == row["store_id"])
    else:
        query = select(stores.c.code).join(links, links.c.store_id == stores.c.id).where(
            links.c.account_id == row["account_id"]
        )
    return set(connection.execute(query).scalars())


def snooze(house: House, case_id: UUID, *, by: str, until: datetime, seen: str | None = None) -> str:
    """It leaves the list until that moment, or until its facts change (see ``cases.raise_case``).

    Raises ``NotFound``, ``Invalid`` (until: past, too far, or after its deadline), ``Conflict``.
    """
    return house.database.run(lambda connection: _snooze(connection, case_id, by, until, seen))


def _snooze(connection: Connection, case_id: UUID, by: str, until: datetime, seen: str | None) -> str:
    at = clock.now()
    row = case_rows.locked(connection, case_id, seen)
    if until <= at:
        raise Invalid("until", "expected a moment that is still to come")
    if until > at + LONGEST:
        raise Invalid("until", f"expected a moment within the next {LONGEST.days} days")
    if row["deadline"] is not None and until > row["deadline"]:
        raise Invalid("until", f"expected a moment before its deadline, {row['deadline']:%Y-%m-%d %H:%M} UTC")
    act = audit.Act(
        by=by, action="snooze exception", subject=f"case:{case_id}", text=f"rests until {until:%Y-%m-%d %H:%M} UTC",
    )
    return _changed(connection, row, act, snoozed_until=until)


def wake(house: House, case_id: UUID, *, by: str, seen: str | None = None) -> str:
    """A rest is over now. Raises ``NotFound``, ``Conflict``."""

    def work(connection: Connection) -> str:
        row = case_rows.locked(connection, case_id, seen)
        if row["snoozed_until"] is None or row["snoozed_until"] <= clock.now():
            raise Conflict("it does not rest")
        act = audit.Act(by=by, action="wake exception", subject=f"case:{case_id}", text="its rest was ended")
        return _changed(connection, row, act, snoozed_until=None)

    return house.database.run(work)


def _changed(connection: Connection, row: Any, act: audit.Act, **values: Any) -> str:
    """The guarded write, the audit and the line on the order's timeline, in one commit."""
    same = (
        cases.c.id == row["id"], cases.c.closed_at.is_(None), cases.c.owner.is_not_distinct_from(row["owner"]),
        cases.c.snoozed_until.is_not_distinct_from(bindparam("was", row["snoozed_until"], cases.c.snoozed_until.type)),
    )
    if connection.execute(update(cases).where(*same).values(values)).rowcount != 1:
        raise Conflict("someone else changed it at the same moment; look again")
    said = f"{case_rows.name(row['type'])}: {act.text}"
    audit.write(
        connection, audit.Act(by=act.by, action=act.action, subject=act.subject, text=said), order_id=row["order_id"]
    )
    return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one of many. ``done`` False: left as it was, ``said`` says why."""

    case_id: UUID
    name: str
    said: str
    done: bool


def many(
    house: House, chosen: Sequence[tuple[UUID, str]], one: Callable[[UUID, str], str]
) -> list[Row]:
    """The same for several, each in its own transaction. Exceptions that hold money apart are left out: each of them
    is a decision of its own. ``chosen``: ids with the stamps of what was seen.

    Raises ``Invalid`` (none, or too many).
    """
    if not 0 < len(chosen) <= MOST:
        raise Invalid("case", f"expected 1 to {MOST} ticked exceptions, got {len(chosen)}")
    ids = [case_id for case_id, _ in chosen]
    with house.database.read() as connection:
        known = {row["id"]: row for row in connection.execute(select(cases).where(cases.c.id.in_(ids))).mappings()}
    return [_one(known.get(case_id), case_id, seen, one) for case_id, seen in chosen]


def _one(row: Any, case_id: UUID, seen: str, one: Callable[[UUID, str], str]) -> Row:
    called = case_rows.name(row["type"]) if row is not None else "exception"
    held = case_rows.held_apart(row["subject"], row["type"], row["money_held"]) if row is not None else 0
    if held:
        said = f"left out: it holds {display(held, row['currency'])}, so it is decided on its own"
        return Row(case_id=case_id, name=called, said=said, done=False)
    try:
        return Row(case_id=case_id, name=called, said=one(case_id, seen), done=True)
    except KartifyError as problem:
        return Row(case_id=case_id, name=called, said=f"not done: {problem}", done=False)
