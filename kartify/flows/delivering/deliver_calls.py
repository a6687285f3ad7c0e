"""The calls of one claimed delivery: look where it may be there already, then send. No database here."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from kartify import clock, contain
from kartify.domain.cases import CaseType
from kartify.domain.delivery import Event, Kind, State
from kartify.domain.errors import Denied, KartifyError, PartnerError, Permanent, Temporary, Throttled
from kartify.flows.delivering.deliver_rows import Claim, deadline
from kartify.plugin.oms import Found, Oms, OmsOrder, Presence, Receipt
from kartify.plugin.partner import Client, Headers, HttpAnswer

LONGEST_RECEIPT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that was made, for the history."""

    name: str
    event: str
    text: str
    at: datetime
    milliseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the calls came to. ``sent``: something left us, so it counts as an attempt. ``until``: when a call whose
    answer was lost is surely over. ``error``: what it says of the account as a whole."""

    event: Event
    text: str
    receipt: Receipt | None = None
    case: CaseType | None = None
    sent: bool = False
    until: datetime | None = None
    error: PartnerError | None = None
    free: bool = False
    calls: tuple[Call, ...] = ()


class Bounded:
    """A client whose calls all end with one deadline: nothing of this delivery leaves after it, not even from a
    plugin that was given up on and is still running."""

    def __init__(self, client: Client, seconds: float) -> None:
        self._client, self._ends = client, time.monotonic() + seconds

    def request(
        self, method: str, url: str, *, headers: Headers | None = None,
        params: Sequence[tuple[str, str]] | Mapping[str, str] | None = None, json: Any = None,
        form: Mapping[str, str] | None = None, body: bytes | None = None, auth: tuple[str, str] | None = None,
        timeout: float | None = None,
    ) -> HttpAnswer:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise Temporary("the time for this delivery is over", sent=False)
        return self._client.request(
            method, url, headers=headers, params=params, json=json, form=form, body=body, auth=auth,
            timeout=left if timeout is None else min(timeout, left),
        )


def work(oms: Oms, client: Client, claim: Claim) -> Verdict:
    """Everything that is called for one claim. Never raises for what a plugin does."""
    looks = oms.can.lookup and (claim.uncertain or oms.can.look_first or claim.state is not State.CLAIMED)
    if not looks and claim.state is State.CLAIMED and claim.wanted:
        return _send(oms, client, claim)
    if not looks:
        return _untellable(oms, claim)
    found = _look(oms, client, claim)
    if claim.state is not State.CLAIMED or found.event is not Event.ABSENT:
        return found
    sent = _send(oms, client, claim) if claim.wanted else _unwanted()
    return replace(sent, calls=found.calls + sent.calls)


def _unwanted() -> Verdict:
    return Verdict(event=Event.NOT_SENT, text="the order is not to go out any more", free=True)


def _untellable(oms: Oms, claim: Claim) -> Verdict:
    """A lost answer, and nobody to ask: repeated only where the OMS itself promises that this is harmless."""
    if oms.can.idempotent and claim.wanted:
        return Verdict(event=Event.ABSENT, text="sent again: the OMS takes a repetition as the same order")
    return Verdict(
        event=Event.REFUSED if claim.state is State.CLAIMED else Event.GIVE_UP,
        text="The answer of the OMS was lost, and it cannot be asked: it may have the order or not.",
        case=CaseType.UNCERTAIN,
    )


def _look(oms: Oms, client: Client, claim: Claim) -> Verdict:
    begun, started = clock.now(), time.monotonic()
    seconds = deadline(oms).total_seconds()
    bounded = Bounded(client, seconds)
    try:
        found = contain.asking("find", Found, lambda: oms.find(bounded, claim.kind, claim.order), seconds=seconds)
        verdict = _found(claim, found)
    except Permanent as problem:
        verdict = _blind(claim, problem)
    except KartifyError as problem:
        verdict = _not_told(claim, problem)
    return _called(verdict, "find", begun, started)


def _called(verdict: Verdict, name: str, begun: datetime, started: float) -> Verdict:
    took = round((time.monotonic() - started) * 1000)
    call = Call(name=name, event=verdict.event, text=verdict.text, at=begun, milliseconds=took)
    return replace(verdict, calls=(*verdict.calls, call))


def _found(claim: Claim, found: Found) -> Verdict:
    match found.presence:
        case Presence.ABSENT:
            return Verdict(event=Event.ABSENT, text=found.detail or "the OMS does not have it")
        case Presence.UNTOLD:
            untold = _not_told(claim, Temporary(found.detail or "the OMS gave no clear answer"))
            return replace(untold, error=None)
        case Presence.DEAD:
            return _refused(claim, found.detail or "The OMS has it in a state that refuses this.")
        case _:
            return _adopted(claim, found)


def _adopted(claim: Claim, found: Found) -> Verdict:
    wrong = _mismatch(claim.order, found)
    if wrong is None and found.receipt is None:
        wrong = "The OMS says it has it, and gives no id of it."
    if wrong is None and found.receipt is not None:
        wrong = bad_receipt(found.receipt)
    if wrong is not None:
        return Verdict(event=Event.REFUSED, text=wrong, case=CaseType.UNCERTAIN)
    return Verdict(event=Event.SEEN, text=found.detail or "the OMS has it already", receipt=found.receipt)


def _mismatch(order: OmsOrder, found: Found) -> str | None:
    if found.number is not None and found.number != order.number:
        return f"The OMS shows the order {found.number[:64]} where we asked for {order.number}."
    if found.amount is not None and found.amount != order.total:
        return f"The OMS has the sum {found.amount} where the order has {order.total} (minor units)."
    return None


def bad_receipt(receipt: Receipt) -> str | None:
    if not isinstance(receipt.id, str) or not receipt.id.strip():
        return "The OMS gave an empty id."
    if len(receipt.id) > LONGEST_RECEIPT:
        return f"The OMS gave an id of more than {LONGEST_RECEIPT} characters."
    return None


def _refused(claim: Claim, text: str, *, sent: bool = False, field: str | None = None) -> Verdict:
    late = claim.kind is Kind.CANCEL and field is None
    return Verdict(
        event=Event.REFUSED, text=f"{field}: {text}" if field else text, sent=sent,
        case=CaseType.CANCEL_TOO_LATE if late else CaseType.OMS_REFUSED,
    )


def _blind(claim: Claim, problem: Permanent) -> Verdict:
    """The look-up itself was refused: of the keys it says something, of the order nothing but that we cannot look."""
    if isinstance(problem, Denied):
        return replace(_not_told(claim, problem), free=True)
    verdict = _refused(claim, str(problem), field=problem.field)
    return replace(verdict, case=CaseType.UNCERTAIN) if claim.uncertain else verdict


def _not_told(claim: Claim, problem: KartifyError) -> Verdict:
    """Nothing was sent, so a row that was taken to be sent is due again as it was."""
    event = Event.NOT_SENT if claim.state is State.CLAIMED else Event.NOT_TOLD
    error = problem if isinstance(problem, PartnerError) else None
    return Verdict(event=event, text=str(problem), error=error, free=isinstance(problem, Throttled))


def _send(oms: Oms, client: Client, claim: Claim) -> Verdict:
    begun, started = clock.now(), time.monotonic()
    refused = _checked(oms, claim)
    if refused is not None:
        return _called(refused, "check", begun, started)
    until = begun + deadline(oms)
    if until > claim.call_until:
        late = Verdict(event=Event.NOT_SENT, text="the lease would not outlive the call: let go", free=True)
        return _called(late, "check", begun, started)
    return _called(_sent(oms, client, claim, until), "deliver", begun, started)


def _checked(oms: Oms, claim: Claim) -> Verdict | None:
    able = {Kind.CANCEL: oms.can.cancel, Kind.HOLD: oms.can.hold, Kind.UNHOLD: oms.can.unhold}.get(claim.kind, True)
    if not able:
        return _refused(claim, f"{oms.name} takes no {claim.kind} from us: do it there by hand.", field="account")
    try:
        contain.pure("check", type(None), lambda: oms.check(claim.kind, claim.order))
    except Temporary as problem:
        return Verdict(event=Event.NOT_SENT, text=str(problem))
    except KartifyError as problem:
        return _refused(claim, str(problem), field=getattr(problem, "field", None))
    return None


def _sent(oms: Oms, client: Client, claim: Claim, until: datetime) -> Verdict:
    seconds = deadline(oms).total_seconds()
    bounded = Bounded(client, seconds)
    try:
        receipt = contain.asking(
            "deliver", Receipt, lambda: oms.deliver(bounded, claim.kind, claim.order), seconds=seconds
        )
    except Temporary as problem:
        return _unsure(problem, until)
    except Permanent as problem:
        if isinstance(problem, Denied):
            return Verdict(event=Event.NOT_SENT, text=str(problem), error=problem, free=True)
        return _refused(claim, str(problem), sent=True, field=problem.field)
    except KartifyError as problem:
        return Verdict(event=Event.LOST, text=str(problem), sent=True, until=until)
    if (wrong := bad_receipt(receipt)) is not None:
        return Verdict(event=Event.LOST, text=wrong, sent=True, until=until)
    return Verdict(event=Event.ACCEPTED, text=receipt.detail or "accepted", receipt=receipt, sent=True)


def _unsure(problem: Temporary, until: datetime) -> Verdict:
    if problem.sent:
        # Before a moment that the OMS or the plugin names, a look would tell nothing.
        named = clock.now() + timedelta(seconds=problem.retry_after or 0.0)
        return Verdict(event=Event.LOST, text=str(problem), sent=True, until=max(until, named), error=problem)
    slowed = isinstance(problem, Throttled)
    return Verdict(event=Event.NOT_SENT, text=str(problem), sent=not slowed, error=problem, free=slowed)


def retry_after(verdict: Verdict) -> timedelta:
    seconds = getattr(verdict.error, "retry_after", None) or 0.0
    return timedelta(seconds=seconds)
