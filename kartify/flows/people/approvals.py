"""What a second person must agree to: when it is needed, and the row that waits meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select, update

from kartify import clock
from kartify.domain.errors import Conflict, NotFound
from kartify.domain.money import display
from kartify.domain.status import Status
from kartify.flows.ground import audit
from kartify.flows.settling.facts import Snapshot
from kartify.flows.settling.policy import parse_policy
from kartify.models import Approval, Order, Store, new_id, table

approvals, orders, stores = table(Approval), table(Order), table(Store)
MOVE: Final = "move"
OPEN: Final = "open"
WHERE: Final = "someone else who may work on this store's orders finds it on the order's page and in Approvals"


class NeedsSecond(Conflict):
    """Nothing was moved: the request waits for a second person."""

    def __init__(self, approval_id: UUID, text: str) -> None:
        super().__init__(text)
        self.approval_id = approval_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the first person wants, what the gateway said to that, and why it takes two."""

    target: Status
    by: str
    reason: str
    evidence: str | None
    answers: tuple[str, ...]
    why: str


_POLICY = (
    select(orders.c.method, stores.c.policy).join(stores, stores.c.id == orders.c.store_id)
    .where(orders.c.id == bindparam("order_id"))
)


def needed(
    connection: Connection, snapshot: Snapshot, answers: Sequence[str], *, confirmed: bool
) -> str | None:
    """Why a second person must agree to a move to processing; None where one is enough."""
    found = connection.execute(_POLICY, {"order_id": snapshot.order_id}).one()
    policy, due, currency = parse_policy(found.policy), snapshot.view.due, snapshot.view.currency
    if policy.second_person_over is not None and due > policy.second_person_over:
        return f"{display(due, currency)} is above this store's limit of {display(policy.second_person_over, currency)}"
    # Nothing due, or cash on delivery: there is no gateway that could confirm it.
    if not policy.second_person or confirmed or due == 0 or found.method == "cod":
        return None
    return f"the gateway does not confirm the payment ({'; '.join(answers)})"


def ask(connection: Connection, snapshot: Snapshot, wanted: Wanted) -> NeedsSecond:
    """Stores the request under the order's lock, which the caller holds; one that waits already stays the one."""
    known = waiting(connection, snapshot.order_id)
    if known is not None and known["version"] == snapshot.version:
        return NeedsSecond(known["id"], f"{known['asked_by']} asked for it already, and it waits: {WHERE}")
    if known is not None:
        close(connection, known, state="stale", by=wanted.by, decision="the order changed, and it was asked for anew")
    at, approval_id = clock.now(), new_id()
    connection.execute(insert(approvals).values(
        id=approval_id, order_id=snapshot.order_id, store_id=snapshot.store_id, what=MOVE, target=wanted.target,
        reason=wanted.reason, evidence=wanted.evidence, data={"gateway": list(wanted.answers)}, why=wanted.why,
        amount=snapshot.view.due, currency=snapshot.view.currency, version=snapshot.version, asked_by=wanted.by[:200],
        asked_at=at, state=OPEN,
    ))
    note = f" Evidence: {wanted.evidence}." if wanted.evidence else ""
    text = f"To move to {wanted.target}: {wanted.reason}.{note} A second person must agree: {wanted.why}."
    act = audit.Act(by=wanted.by, action="second person asked", subject=f"order:{snapshot.order_id}", text=text)
    audit.write(connection, act, order_id=snapshot.order_id)
    return NeedsSecond(approval_id, f"a second person must agree, because {wanted.why}. It was asked for: {WHERE}")


_WAITING = select(approvals).where(
    approvals.c.order_id == bindparam("order_id"), approvals.c.what == MOVE, approvals.c.state == OPEN
)
_ROW = select(approvals).where(approvals.c.id == bindparam("approval_id"))


def waiting(connection: Connection, order_id: UUID) -> Any:
    """The order's open request, or None."""
    return connection.execute(_WAITING, {"order_id": order_id}).mappings().first()


def row(connection: Connection, approval_id: UUID) -> Any:
    """Raises ``NotFound``."""
    found = connection.execute(_ROW, {"approval_id": approval_id}).mappings().first()
    if found is None:
        raise NotFound("there is no such request")
    return found


def close(connection: Connection, request: Any, *, state: str, by: str, decision: str) -> None:
    """Once: who is second finds it closed. Raises ``Conflict``."""
    mine = update(approvals).where(approvals.c.id == request["id"], approvals.c.state == OPEN)
    done = connection.execute(
        mine.values(state=state, decided_by=by[:200], decided_at=clock.now(), decision=decision)
    )
    if done.rowcount != 1:
        raise Conflict(closed(row(connection, request["id"])))


def closed(request: Any) -> str:
    """What became of a request that waits no more."""
    return f"this request is {request['state']} already, by {request['decided_by']}: {request['decision']}"


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's. Who works on the command line is known by a bare name there, and by an
    e-mail address in the admin: to be strict, asha and asha@shop.example are one."""
    first, second = (name.partition(" (")[0].strip().lower() for name in (one, other))
    if "@" in first and "@" in second:
        return first == second
    return first.partition("@")[0] == second.partition("@")[0]
