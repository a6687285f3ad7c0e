"""The stand-in: Stripe's sessions, intents, money calls, events and returns over the shared book."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

from kartify.plugin.simulator import SimulatorOptions
from kartify.simulation import Charge, Refund, Return, Rules, Session, StandIn, State, Told
from kartify_stripe.simulator import door, entities, messages, money, sessions

ACCOUNT = "acct_1KartifySim0001"
SECRET_KEY, WEBHOOK_SECRET = "sk_test_simulator0000000001", "whsec_simulator0000000001"
_API = "/v1/checkout/sessions"
_PLACE = "{CHECKOUT_SESSION_ID}"


class StripeSimulator(StandIn):
    """``refund_state``: how a refund is told at first. ``keys.fail``: failures that an idempotency key keeps."""

    slug = "stripe"
    charge_prefix = "ch_"
    throttled: ClassVar[Any] = {
        "error": {"type": "invalid_request_error", "code": "rate_limit", "message": "Request rate limit exceeded."}
    }
    broken: ClassVar[Any] = {"error": {"type": "api_error", "message": "An unknown error occurred"}}

    def __init__(self, options: SimulatorOptions) -> None:
        self.by_intent: dict[str, Session] = {}
        self.refund_state: Literal["processed", "pending"] = "processed"
        self.keys = door.Keys()
        self.base = options.base_url
        self._disputes: dict[str, dict[str, Any]] = {}
        super().__init__(options)

    def settings(self) -> dict[str, str]:
        return {
            "api_base": self.base, "account_id": ACCOUNT, "secret_key": SECRET_KEY, "webhook_secret": WEBHOOK_SECRET,
        }  # fmt: skip

    def rules(self) -> Rules:
        return {
            f"POST {_API}": self._open,
            f"GET {_API}": self._sessions,
            f"GET {_API}/<session_id>": self._session,
            f"POST {_API}/<session_id>/expire": self._expire,
            "GET /v1/payment_intents/<intent_id>": self._intent,
            "POST /v1/payment_intents/<intent_id>/capture": self._capture,
            "POST /v1/payment_intents/<intent_id>/cancel": self._cancel,
            "POST /v1/refunds": self._refund,
            "GET /v1/refunds": self._refunds,
            "GET /v1/disputes": self._disputed,
        }

    def told(self, charge: Charge, *, refund: Refund | None = None) -> Sequence[Told]:
        return [] if charge.session is None else [
            self.event(name, self._entity(kind, charge, refund)) for name, kind in messages.events_of(charge, refund)
        ]  # fmt: skip

    def event(self, name: str, entity: dict[str, Any]) -> Told:
        now = self.book.now()
        event = entities.event_json(self.book.new_id("evt_", 24), name, entity, now)
        return messages.signed(event, WEBHOOK_SECRET, entities.seconds(now))

    def comeback(self, charge: Charge) -> Return:
        """Who did not pay can only go back."""
        session = charge.session
        if session is None:
            return Return(url="", method="GET")
        if entities.is_complete(charge):
            return Return(url=session.callback_url.replace(_PLACE, session.id), method="GET")
        return Return(url=session.data["cancel_url"] or session.callback_url, method="GET")

    def pay(
        self, session_id: str, *, state: State = "captured", amount: int | None = None, method: str = "card",
        **data: Any,
    ) -> Charge:
        """A session is paid once: who pays again has opened another one for the same order."""
        with self.book.lock:
            session = self._payable(self.book.sessions[session_id])
            session.data.setdefault("tried_at", self.book.now())
            self.by_intent[session.data["intent"]] = session
            if state == "authorized":
                session.data["capture"] = "manual"
            more = {"delayed": True} if state == "pending" else {}
            return super().pay(session.id, state=state, amount=amount, method=method, **more, **data)

    def late(self, charge_id: str, state: State = "captured") -> Charge:
        """What was declined stays so, and another attempt succeeds; a delayed method is confirmed."""
        charge = self.book.charges[charge_id]
        if charge.state == "failed" and charge.session is not None and not charge.data.get("delayed"):
            return self.pay(charge.session.id, state=state, amount=charge.amount)
        return self.book.move(charge_id, state)

    def dispute(self, charge_id: str, status: str = "needs_response", **more: Any) -> Told:
        """The bank asks for its money, or decides: the same dispute again, and the event of it."""
        charge = self.book.charges[charge_id]
        charge.data["disputed"] = True
        known = self._disputes.setdefault(charge_id, {"id": self.book.new_id("du_"), "evidence_details": {}})
        known.update(status=status, created=entities.seconds(self.book.now()), **more)
        closed = status in ("won", "lost", "warning_closed", "prevented")
        return self.event(f"charge.dispute.{'closed' if closed else 'created'}", entities.dispute_json(known, charge))

    def counting(self, session: Session) -> Charge | None:
        """The last attempt: what the intent speaks of."""
        charges = self.book.charges_of(session.id)
        return charges[-1] if charges else None

    def session_json(self, session: Session, *, expand: bool = False) -> dict[str, Any]:
        charge = self.counting(session)
        return entities.session_json(session, charge, self.book.now(), base=self.base, expand=expand)

    def _payable(self, session: Session) -> Session:
        status = entities.status_of(session, self.counting(session), self.book.now())
        if status == "expired":
            raise ValueError("an expired session can never be paid")
        if status == "open":
            return session
        data = {name: value for name, value in session.data.items() if name != "tried_at"}
        twin = replace(
            session, id=self.book.new_id("cs_test_", 58), created_at=self.book.now(),
            data={**data, "intent": self.book.new_id("pi_", 24)},
        )  # fmt: skip
        return self.book.open(twin)

    def _entity(self, kind: str, charge: Charge, refund: Refund | None) -> dict[str, Any]:
        session = charge.session
        if refund is not None and kind == "refund":
            return entities.refund_json(refund)
        if session is None or kind == "charge":
            return entities.charge_json(charge, session or Session("", "", 0, "", "", self.book.now()))
        if kind == "session":
            return self.session_json(session)
        return entities.intent_json(session, charge, self.book.now())

    # The API.

    def _open(self) -> Any:
        door.check_caller(SECRET_KEY)
        return self.keys.once(lambda: self.session_json(sessions.open_session(self)))

    def _session(self, session_id: str) -> dict[str, Any]:
        door.check_caller(SECRET_KEY)
        expand = "payment_intent.latest_charge" in door.expanded()
        return self.session_json(sessions.find(self.book, session_id), expand=expand)

    def _sessions(self) -> dict[str, Any]:
        door.check_caller(SECRET_KEY)
        given = door.query()
        expand = "data.payment_intent.latest_charge" in door.expanded()
        rows, more = money.page(sessions.chosen(self, given), given)
        return entities.list_json(_API, [self.session_json(one, expand=expand) for one in rows], more=more)

    def _expire(self, session_id: str) -> dict[str, Any]:
        door.check_caller(SECRET_KEY)
        return self.session_json(sessions.expire(self, session_id))

    def _intent(self, intent_id: str) -> dict[str, Any]:
        door.check_caller(SECRET_KEY)
        return self._intent_json(*money.charge_of(self, intent_id))

    def _intent_json(self, session: Session, charge: Charge) -> dict[str, Any]:
        expand = "latest_charge" in door.expanded()
        return entities.intent_json(session, charge, self.book.now(), expand=expand)

    def _capture(self, intent_id: str) -> dict[str, Any]:
        door.check_caller(SECRET_KEY)
        return self._intent_json(*money.capture(self, intent_id))

    def _cancel(self, intent_id: str) -> dict[str, Any]:
        door.check_caller(SECRET_KEY)
        return self._intent_json(*money.cancel(self, intent_id))

    def _refund(self) -> Any:
        door.check_caller(SECRET_KEY)
        return self.keys.once(lambda: entities.refund_json(money.refund(self)))

    def _refunds(self) -> dict[str, Any]:
        door.check_caller(SECRET_KEY)
        given = door.query()
        rows, more = money.page(money.refunds(self, given.get("payment_intent", "")), given)
        return entities.list_json("/v1/refunds", [entities.refund_json(one) for one in rows], more=more)

    def _disputed(self) -> dict[str, Any]:
        door.check_caller(SECRET_KEY)
        _, charge = money.charge_of(self, door.query().get("payment_intent", ""))
        found = [self._disputes[charge.id]] if charge.id in self._disputes else []
        return entities.list_json("/v1/disputes", [entities.dispute_json(one, charge) for one in found], more=False)
