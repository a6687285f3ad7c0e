"""The stand-in's frame: its settings, its routes, its events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from kartify.plugin import SimulatorOptions
from kartify.simulation import Charge, Refund, Return, Rules, Session, StandIn, State, Told
from kartify_stripe.signing import HEADER, sign
from kartify_stripe.simulator import objects
from kartify_stripe.simulator.desk import Desk, refusal

KEY, SECRET, ACCOUNT = "sk_test_simulated0000000001", "whsec_simulated0000000001", "acct_simulated0000000001"
_EVENTS: Final[dict[State, tuple[str, ...]]] = {
    "captured": ("checkout.session.completed", "payment_intent.succeeded"),
    "authorized": ("checkout.session.completed", "payment_intent.amount_capturable_updated"),
    "pending": ("payment_intent.processing",), "failed": ("payment_intent.payment_failed",),
    "voided": ("payment_intent.canceled",),
}


class StripeSimulator(StandIn):
    """``desk.refunds_take``: what a refund becomes at once."""

    slug = "stripe"
    charge_prefix = "ch_"
    throttled: ClassVar[Any] = {"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many"}}
    broken: ClassVar[Any] = {"error": {"type": "api_error", "message": "An unknown error occurred"}}

    def __init__(self, options: SimulatorOptions) -> None:
        super().__init__(options)
        self.desk = Desk(self.book, options.base_url, KEY)

    def settings(self) -> dict[str, str]:
        return {
            "api_base": self.options.base_url, "account_id": ACCOUNT, "secret_key": KEY, "webhook_secret": SECRET,
        }

    def rules(self) -> Rules:
        sessions, intents = "/v1/checkout/sessions", "/v1/payment_intents/<intent_id>"
        routes: Rules = {
            f"POST {sessions}": lambda: self.desk.create(),
            f"GET {sessions}": lambda: self.desk.sessions(),
            f"GET {sessions}/<session_id>": lambda session_id: self.desk.session(session_id),
            f"POST {sessions}/<session_id>/expire": lambda session_id: self.desk.expire(session_id),
            f"GET {intents}": lambda intent_id: self.desk.intent(intent_id),
            f"POST {intents}/capture": lambda intent_id: self.desk.capture(intent_id),
            f"POST {intents}/cancel": lambda intent_id: self.desk.cancel(intent_id),
            "POST /v1/refunds": lambda: self.desk.refund(),
            "GET /v1/refunds": lambda: self.desk.refunds(),
            "GET /v1/disputes": lambda: self.desk.disputes(),
        }
        # The desk is made after the routes: it is looked up when a call comes.
        return {rule: self._behind(act) for rule, act in routes.items()}

    def _behind(self, act: Any) -> Any:
        return lambda **given: self.desk.behind(act)(**given)

    def pay(
        self, session_id: str, *, state: State = "captured", amount: int | None = None, method: str = "card",
        **data: Any,
    ) -> Charge:
        """A session that ended takes no more."""
        with self.book.lock:
            session = self.book.sessions[session_id]
            shown = objects.session_object(self.book, session, expand=False)
            if shown["status"] != "open":
                raise refusal(400, "invalid_request_error", "", "This Checkout Session is no longer open")
            return super().pay(session_id, state=state, amount=amount, method=method, **data)

    def told(self, charge: Charge, *, refund: Refund | None = None) -> Sequence[Told]:
        session = charge.session
        if session is None:
            return ()
        with self.book.lock:
            if refund is not None:
                return [self.event("charge.refunded", objects.charge_object(charge, session))]
            return [self.event(name, self._object(name, session)) for name in _EVENTS[charge.state]]

    def _object(self, name: str, session: Session) -> dict[str, Any]:
        if name.startswith("checkout."):
            return objects.session_object(self.book, session, expand=False)
        return objects.intent_object(self.book, session, expand=False)

    def event(self, kind: str, about: dict[str, Any], *, secret: str = SECRET) -> Told:
        """An event, signed now."""
        at = int(self.book.now().timestamp())
        told = {
            "id": self.book.new_id("evt_"), "object": "event", "api_version": "2026-10-28.endive", "created": at,
            "livemode": False, "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None}, "type": kind,
            "data": {"object": about},
        }  # fmt: skip
        body = json.dumps(told, separators=(",", ":")).encode()
        signature = f"t={at},v1={sign(str(at), body, secret)}"
        return Told(body=body, headers={"Content-Type": "application/json", HEADER: signature})

    def comeback(self, charge: Charge) -> Return:
        """The browser only comes back by itself after a success; else the customer presses back."""
        session = charge.session
        if session is None:
            return Return(url="", method="GET")
        good = charge.state in ("captured", "authorized", "pending")
        return Return(url=session.callback_url if good else str(session.data["cancel_url"]), method="GET")
