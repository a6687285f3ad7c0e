"""What can happen to money at the sandbox. Every verb checks, changes the books and makes its event."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from kartify_sandbox.server.book import Charge, Dispute, Event, Kind, Refund, Rejected, Session
from kartify_sandbox.server.vault import Vault, new_id

RELEASE = timedelta(days=5)
ANSWER = timedelta(days=7)
# Money that may be given back. Not while the bank disputes it: it would go back twice.
HELD = ("captured", "partially_refunded")
FAILURE = {"code": "declined", "message": "The bank declined the payment."}
EVENTS: dict[str, str] = {kind: f"charge.{kind}" for kind in ("captured", "authorized", "failed", "pending")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a charge is made. ``amount`` None is what the session asks; ``fee`` comes on top, ``discount`` off."""

    amount: int | None = None
    method: str = "upi"
    fee: int = 0
    discount: int = 0


@dataclass(slots=True)
class Bank:
    """``refunds_wait``: refunds stay pending until ``settle_refund``."""

    vault: Vault
    refunds_wait: bool = False

    def take(self, session_id: str, kind: Kind, terms: Terms | None = None) -> tuple[Charge, Event]:
        """A customer's attempt. It is not asked whether the session still takes money: banks are late."""
        terms = terms or Terms()
        with self.vault.lock:
            session = self.vault.session(session_id)
            amount = session.wanted.amount if terms.amount is None else terms.amount
            total = amount + terms.fee - terms.discount
            _positive(total, "amount")
            charge = Charge(
                id=new_id("ch"),
                session=session.id,
                reference=session.wanted.reference,
                status="pending",
                amount=total,
                currency=session.wanted.currency,
                method=terms.method,
                created_at=self.vault.seconds(),
                fee=terms.fee,
                discount=terms.discount,
            )
            return self._become(charge, kind)

    def resolve(self, charge_id: str, kind: Kind) -> tuple[Charge, Event]:
        """The bank makes up its mind, at last: a pending charge, or a failed one (late authorisation)."""
        with self.vault.lock:
            return self._become(self._in_state(charge_id, "pending", "failed"), kind)

    def _become(self, charge: Charge, kind: Kind) -> tuple[Charge, Event]:
        moment = self.vault.seconds()
        session = self.vault.session(charge.session)
        manual = session.wanted.capture == "manual"
        if kind == "captured" and manual:
            kind = "authorized"
        authorized = charge.amount if kind in ("captured", "authorized") else 0
        changed = replace(
            charge,
            status=kind,
            authorized=authorized,
            authorized_at=moment if authorized else None,
            captured=charge.amount if kind == "captured" else 0,
            captured_at=moment if kind == "captured" else None,
            failed_at=moment if kind == "failed" else None,
            failure=FAILURE if kind == "failed" else None,
            release_at=moment + _seconds(RELEASE) if kind == "authorized" else None,
        )
        return self._told(EVENTS[kind], changed)

    def capture(self, charge_id: str, amount: int | None = None) -> tuple[Charge, Event]:
        with self.vault.lock:
            charge = self._in_state(charge_id, "authorized")
            wanted = charge.authorized if amount is None else amount
            _positive(wanted, "amount")
            if wanted > charge.authorized:
                raise Rejected(422, "too_much", "More than was authorised cannot be captured.", field="amount")
            moment = self.vault.seconds()
            return self._told(
                "charge.captured",
                replace(charge, status="captured", captured=wanted, captured_at=moment, release_at=None),
            )

    def void(self, charge_id: str) -> tuple[Charge, Event]:
        with self.vault.lock:
            charge = self._in_state(charge_id, "authorized")
            return self._told(
                "charge.voided", replace(charge, status="voided", voided_at=self.vault.seconds(), release_at=None)
            )

    def refund(self, charge_id: str, amount: int | None, *, key: str | None = None) -> tuple[Refund, Event | None]:
        """No more than what is there, less what was refunded, is on its way, or was lost to a dispute."""
        with self.vault.lock:
            charge = self._in_state(charge_id, *HELD)
            waiting = sum(one.amount for one in self.vault.refunds_of(charge_id) if one.status == "pending")
            left = charge.captured - charge.refunded - waiting - _lost(charge)
            wanted = left if amount is None else amount
            _positive(wanted, "amount")
            if wanted > left:
                raise Rejected(422, "too_much", "More than is left of the charge cannot be refunded.", field="amount")
            refund = Refund(
                id=new_id("rf"),
                charge=charge_id,
                amount=wanted,
                currency=charge.currency,
                status="pending",
                created_at=self.vault.seconds(),
                key=key,
            )
            self.vault.put_refund(refund)
            return (refund, None) if self.refunds_wait else self.settle_refund(refund.id, "processed")

    def settle_refund(
        self, refund_id: str, status: Literal["processed", "failed"]
    ) -> tuple[Refund, Event | None]:
        """A failed refund changes the charge in nothing, and has no event."""
        with self.vault.lock:
            refund = self.vault.refunds.get(refund_id)
            if refund is None or refund.status != "pending":
                raise Rejected(409, "wrong_state", "The refund is not pending.")
            refund = replace(refund, status=status)
            self.vault.put_refund(refund)
            if status == "failed":
                return refund, None
            charge = self.vault.charge(refund.charge)
            refunded = charge.refunded + refund.amount
            charge = replace(
                charge,
                refunded=refunded,
                status="refunded" if refunded >= charge.captured else "partially_refunded",
            )
            self.vault.put(charge)
            return refund, self.vault.note("refund.processed", charge.session, charge=charge, refund=refund)

    def dispute(self, charge_id: str, amount: int | None = None) -> tuple[Charge, Event]:
        with self.vault.lock:
            charge = self._in_state(charge_id, "captured", "partially_refunded")
            if charge.dispute is not None:
                raise Rejected(409, "wrong_state", "The charge was disputed already.")
            left = charge.captured - charge.refunded
            deadline = self.vault.seconds() + _seconds(ANSWER)
            opened = Dispute(id=new_id("dp"), status="open", amount=min(amount or left, left), deadline=deadline)
            return self._told("dispute.opened", replace(charge, status="disputed", dispute=opened))

    def end_dispute(self, charge_id: str, outcome: Literal["won", "lost"]) -> tuple[Charge, Event]:
        with self.vault.lock:
            charge = self.vault.charge(charge_id)
            if charge.dispute is None or charge.dispute.status != "open":
                raise Rejected(409, "wrong_state", "The charge has no open dispute.")
            status = _word(charge)
            ended = replace(charge, status=status, dispute=replace(charge.dispute, status=outcome))
            return self._told(f"dispute.{outcome}", ended)

    def close(self, session_id: str) -> Session:
        """Nothing more can be paid; a session that ended already stays as it is."""
        with self.vault.lock:
            session = self.vault.session(session_id)
            if session.status == "open":
                session = replace(session, status="closed")
                self.vault.sessions[session_id] = session
            return session

    def _in_state(self, charge_id: str, *states: str) -> Charge:
        charge = self.vault.charge(charge_id)
        if charge.status not in states:
            raise Rejected(409, "wrong_state", f"The charge is {charge.status}.")
        return charge

    def _told(self, kind: str, charge: Charge) -> tuple[Charge, Event]:
        self.vault.put(charge)
        return charge, self.vault.note(kind, charge.session, charge=charge)


def _lost(charge: Charge) -> int:
    return charge.dispute.amount if charge.dispute and charge.dispute.status == "lost" else 0


def _word(charge: Charge) -> Any:
    if not charge.refunded:
        return "captured"
    return "refunded" if charge.refunded >= charge.captured else "partially_refunded"


def _positive(amount: int, field: str) -> None:
    if isinstance(amount, bool) or not isinstance(amount, int) or amount <= 0:
        raise Rejected(422, "bad_request", "A sum is a whole number of minor units above zero.", field=field)


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())


