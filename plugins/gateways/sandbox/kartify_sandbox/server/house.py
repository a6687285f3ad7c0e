"""The sandbox's books, bank and courier in one hand: driven by the pages, the API and tests alike."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from kartify.plugin import SimulatorOptions
from kartify_sandbox.server.bank import Bank, Terms
from kartify_sandbox.server.book import Charge, Event, Kind, Refund, Rejected, Session, Wanted
from kartify_sandbox.server.courier import Courier
from kartify_sandbox.server.faults import Faults
from kartify_sandbox.server.vault import Vault
from kartify_sandbox.signing import (
    AMOUNTLESS_FIELDS,
    CALLBACK_FIELDS,
    EVENT_HEADER,
    WEBHOOK_HEADER,
    callback_digest,
    webhook_header,
)

Subject: TypeAlias = Session | Charge | Event | str


class House:
    """Driving methods change the books and send nothing; ``deliver`` sends, ``webhook`` only builds.

    ``now`` may be set to another clock. ``amountless_callback``: browser returns sign session and charge only.
    ``bank.refunds_wait``: refunds stay pending. ``auto_webhooks``: what is done through the API, and what ends by
    itself, is told by webhook.
    """

    def __init__(self, options: SimulatorOptions) -> None:
        self.base_url = options.base_url.rstrip("/")
        self.merchant = "sandbox-shop"
        # Plain words, no secrets: this gateway moves no money, and a restart must not change them.
        self.key_secret = "sandbox-api-key"
        self.webhook_secret = "sandbox-webhook-secret"
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.amountless_callback = False
        self.auto_webhooks = True
        self.calls: Counter[str] = Counter()
        self.faults = Faults(options.faults)
        self.vault = Vault(base_url=self.base_url, merchant=self.merchant, now=lambda: self.now())
        self.bank = Bank(self.vault)
        self.courier = Courier(lambda event: self.webhook(event)[1])
        self._counting = threading.Lock()

    def settings(self) -> dict[str, str]:
        return {
            "api_base": self.base_url,
            "merchant": self.merchant,
            "key_secret": self.key_secret,
            "webhook_secret": self.webhook_secret,
        }

    def count(self, endpoint: str) -> None:
        with self._counting:
            self.calls[endpoint] += 1

    # Driving.

    def create(self, wanted: Wanted) -> Session:
        return self.vault.create(wanted)

    def session(self, session_id: str) -> Session:
        return self.vault.session(session_id)

    def charge(self, charge_id: str) -> Charge:
        return self.vault.charge(charge_id)

    def pay(
        self,
        session_id: str,
        amount: int | None = None,
        *,
        kind: Kind = "captured",
        method: str = "upi",
        terms: Terms | None = None,
    ) -> Charge:
        """A customer's attempt, of the session's own amount where none is given. ``terms`` instead of ``amount``
        and ``method`` where there is a fee or a discount."""
        return self.bank.take(session_id, kind, terms or Terms(amount=amount, method=method))[0]

    def resolve(self, charge_id: str, kind: Kind = "captured") -> Charge:
        """The bank decides late about a pending or failed charge."""
        return self.bank.resolve(charge_id, kind)[0]

    def capture(self, charge_id: str, amount: int | None = None) -> Charge:
        return self.bank.capture(charge_id, amount)[0]

    def void(self, charge_id: str) -> Charge:
        return self.bank.void(charge_id)[0]

    def refund_outside(self, charge_id: str, amount: int | None = None) -> Refund:
        """Somebody refunds at the sandbox's dashboard, past the shop."""
        return self.bank.refund(charge_id, amount)[0]

    def settle_refund(self, refund_id: str, status: Literal["processed", "failed"] = "processed") -> Refund:
        return self.bank.settle_refund(refund_id, status)[0]

    def dispute(self, charge_id: str, amount: int | None = None) -> Charge:
        return self.bank.dispute(charge_id, amount)[0]

    def end_dispute(self, charge_id: str, outcome: Literal["won", "lost"]) -> Charge:
        return self.bank.end_dispute(charge_id, outcome)[0]

    def expire(self) -> list[Event]:
        """Ends the sessions whose time is over by ``now``. Every call of the server does so too, and sends."""
        return self.vault.expire()

    # Telling.

    def event(self, subject: Subject) -> Event:
        """The last event about a session or a charge (as an object or by id), or the event itself."""
        if isinstance(subject, Event):
            return subject
        key = subject if isinstance(subject, str) else subject.id
        with self.vault.lock:
            for event in reversed(self.vault.events):
                if key in (event.id, event.charge, event.session):
                    return event
        raise Rejected(404, "no_such_event", "Nothing has happened to it yet.")

    def webhook(
        self, subject: Subject, *, secret: str | None = None, at: datetime | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """The bytes and the headers of a webhook, signed now with the secret of now unless told otherwise."""
        event = self.event(subject)
        moment = int((at or self.now()).timestamp())
        signature = webhook_header(secret or self.webhook_secret, moment, event.body)
        return event.body, {
            "Content-Type": "application/json",
            WEBHOOK_HEADER: signature,
            EVENT_HEADER: event.id,
        }

    def deliver(self, subject: Subject) -> int | None:
        """Sends the webhook once, now: the shop's status, or None when no answer came."""
        return self.courier.deliver(self.event(subject))

    def send(self, subject: Subject, *, delay: float = 0.0, copies: int = 1) -> None:
        """Sends it from the background, with retries."""
        self.courier.send(self.event(subject), delay=delay, copies=copies)

    def callback(self, charge_id: str, *, amountless: bool = False) -> dict[str, str]:
        """The fields of the browser's return after this charge; signed unless it failed.

        An amount is only signed where it is the whole truth: with a fee or a discount the return is amountless.
        """
        charge = self.vault.charge(charge_id)
        known = {"session": charge.session, "charge": charge.id, "reference": charge.reference}
        if charge.status in ("failed", "voided"):
            return {**known, "status": "failed"}
        if amountless or self.amountless_callback or charge.fee or charge.discount:
            pending = charge.status == "pending"
            return {**known, "status": "pending"} if pending else self._signed(known, AMOUNTLESS_FIELDS)
        amount = charge.captured or charge.authorized or charge.amount
        told = {"status": charge.status, "amount": str(amount), "currency": charge.currency}
        return self._signed({**known, **told}, CALLBACK_FIELDS)

    def cancelled(self, session_id: str) -> dict[str, str]:
        """The fields of a return without any attempt. Unsigned, as at real gateways."""
        session = self.vault.session(session_id)
        return {"session": session.id, "reference": session.wanted.reference, "status": "cancelled"}

    def _signed(self, fields: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
        digest = callback_digest(self.key_secret, *(fields[name] for name in names))
        return {**fields, "signature": digest}

    def close(self) -> None:
        """Drops webhooks that are still due."""
        self.courier.close()
