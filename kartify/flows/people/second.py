"""The second person: agrees to what another asked for, or refuses it; the first may take it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from kartify.domain.errors import Conflict, Invalid
from kartify.domain.status import Status
from kartify.flows.ground import audit
from kartify.flows.people import approvals, byhand, edit
from kartify.flows.people.byhand import ByHand
from kartify.flows.settling import facts
from kartify.house import House


class Outdated(edit.Stale):
    """The order changed since the request was made: it is stale, and nothing was moved."""

    def __init__(self, differences: Sequence[edit.Difference], version: int) -> None:
        super().__init__(tuple(differences), version)
        told = "; ".join(_told(one) for one in differences)
        self.args = (
            f"the order changed since this was asked for{f' ({told})' if told else ''}, so the request is stale and "
            "nothing was moved. Look at the order; if it is still right, ask anew",
        )


def _told(one: edit.Difference) -> str:
    """Never the values of a field, which may be personal."""
    what = f"{one.before} → {one.after}" if one.field == "status" else f"{one.field.replace('_', ' ')} edited"
    return f"{what} by {one.by}"


def approve(house: House, approval_id: UUID, *, by: str) -> ByHand:
    """The gateway is asked again; then the order is moved, with both names. Raises ``Conflict`` (one's own request,
    decided already), ``Outdated``."""
    with house.database.read() as connection:
        request = approvals.row(connection, approval_id)
    _decidable(request, by)
    _kept(house.database.run(lambda connection: _outdated(connection, approval_id, by)))
    answers = byhand.ask_first(house, request["order_id"], by)
    done = _kept(house.database.run(lambda connection: _approve(connection, approval_id, answers, by=by)))
    assert isinstance(done, ByHand)
    byhand.wake(house, request["order_id"])
    return done


def _kept(outcome: ByHand | Conflict | None) -> ByHand | None:
    """Raises what a transaction gave back in order to be kept itself."""
    if isinstance(outcome, Conflict):
        raise outcome
    return outcome


def _decidable(request: Any, by: str) -> None:
    if request["state"] != approvals.OPEN:
        raise Conflict(approvals.closed(request))
    if approvals.same_person(request["asked_by"], by):
        raise Conflict("this is your own request: someone else must agree to it. You can withdraw it")


def _locked(connection: Connection, approval_id: UUID) -> tuple[facts.Snapshot, Any]:
    """The order's lock first, as everywhere; then the request as it stands."""
    snapshot = facts.locked(connection, approvals.row(connection, approval_id)["order_id"])
    return snapshot, approvals.row(connection, approval_id)


def _outdated(connection: Connection, approval_id: UUID, by: str) -> Outdated | None:
    """Marks a request stale whose order has changed."""
    snapshot, request = _locked(connection, approval_id)
    if request["state"] != approvals.OPEN or request["version"] == snapshot.version:
        return None
    form = edit.Form(version=request["version"], seen_at=request["asked_at"])
    found = Outdated(edit.since(connection, snapshot.order_id, form), snapshot.version)
    _end(connection, request, state="stale", by=by, decision="the order changed since it was asked for")
    return found


def _approve(
    connection: Connection, approval_id: UUID, answers: tuple[str, ...], *, by: str
) -> ByHand | Outdated:
    snapshot, request = _locked(connection, approval_id)
    _decidable(request, by)
    proved = snapshot.view.status is Status.PROCESSING and snapshot.view.settlement is not None
    if not proved and (stale := _outdated(connection, approval_id, by)) is not None:
        return stale
    done = byhand.make(connection, snapshot.order_id, _wish(request, by), answers)
    assert isinstance(done, ByHand)
    how = "the gateway, asked again, confirmed it" if done.by_gateway else f"the gateway said: {'; '.join(answers)}"
    _end(connection, request, state="approved", by=by, decision=how)
    return done


def _wish(request: Any, by: str) -> byhand.Wish:
    asked_by = request["asked_by"]
    agreed = byhand.Agreed(asked_by=asked_by, by=by, answers=tuple((request["data"] or {}).get("gateway", ())))
    return byhand.Wish(
        target=Status(request["target"]), by=f"{asked_by} and {by}"[:200], evidence=request["evidence"], version=None,
        reason=f"{request['reason']} (asked by {asked_by}, agreed by {by})", agreed=agreed,
    )


_HEADINGS = {
    "approved": "second person agreed", "refused": "second person refused", "withdrawn": "request withdrawn",
    "stale": "request stale",
}


def _end(connection: Connection, request: Any, *, state: str, by: str, decision: str) -> None:
    approvals.close(connection, request, state=state, by=by, decision=decision)
    text = f"{decision}. Asked by {request['asked_by']}, to move to {request['target']}: {request['reason']}"
    data = {"asked_by": request["asked_by"], "decided_by": by}
    act = audit.Act(by=by, action=_HEADINGS[state], subject=f"order:{request['order_id']}", text=text, data=data)
    audit.write(connection, act, order_id=request["order_id"])


def refuse(house: House, approval_id: UUID, *, by: str, reason: str) -> str:
    """Raises ``Invalid`` (no reason), ``Conflict`` (one's own request, decided already)."""
    if not reason.strip():
        raise Invalid("reason", "expected why, in a few words: whoever asked reads it")

    def work(connection: Connection) -> str:
        _, request = _locked(connection, approval_id)
        _decidable(request, by)
        _end(connection, request, state="refused", by=by, decision=reason.strip())
        return f"Refused. Nothing was moved; {request['asked_by']} reads why on the order's page."

    return house.database.run(work)


def withdraw(house: House, approval_id: UUID, *, by: str) -> str:
    """By whoever asked. Raises ``Conflict``."""

    def work(connection: Connection) -> str:
        _, request = _locked(connection, approval_id)
        if request["state"] != approvals.OPEN:
            raise Conflict(approvals.closed(request))
        if not approvals.same_person(request["asked_by"], by):
            raise Conflict(f"{request['asked_by']} asked for this: refuse it instead, with a reason")
        _end(connection, request, state="withdrawn", by=by, decision="taken back by whoever asked")
        return "Withdrawn. Nothing was moved."

    return house.database.run(work)
