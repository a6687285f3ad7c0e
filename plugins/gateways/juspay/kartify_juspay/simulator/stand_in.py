"""The stand-in: Juspay's orders, money calls, webhooks and returns over the shared book."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar, Literal

from flask import request

from kartify.plugin.simulator import SimulatorOptions
from kartify.simulation import Charge, Refund, Return, Rules, Session, StandIn, State, Told
from kartify_juspay.simulator import entities, messages, money, orders
from kartify_juspay.simulator.door import check_caller, refuse

MERCHANT, CLIENT = "kartifysim", "kartifysim"
API_KEY, RESPONSE_KEY = "SIMULATORAPIKEY0001", "SIMULATORRESPONSEKEY0001"
USER, PASSWORD = "kartifyhook", "simulator-webhook-password"
# Juspay's own limit of transactions on one order.
MOST_ATTEMPTS = 25


class JuspaySimulator(StandIn):
    """``first_success``: of two successful attempts an order tells of the first, not the latest. ``refund_after``: how
    long a refund is told as pending. ``same_order``: what opening the same order again does."""

    slug = "juspay"
    throttled: ClassVar[Any] = {"status": "error", "error_code": "too_many_requests", "error_message": "Slow down"}
    broken: ClassVar[Any] = {"status": "error", "error_code": "internal_error", "error_message": "Internal error"}

    def __init__(self, options: SimulatorOptions) -> None:
        self.by_uuid: dict[str, Charge] = {}
        self.client_id = CLIENT
        self.first_success = False
        self.refund_after = timedelta()
        self.same_order: Literal["answered", "refused"] = "answered"
        self.base = options.base_url
        super().__init__(options)

    def settings(self) -> dict[str, str]:
        return {
            "environment": "sandbox", "api_base": self.base, "merchant_id": MERCHANT, "client_id": CLIENT,
            "api_key": API_KEY, "response_key": RESPONSE_KEY, "webhook_user": USER, "webhook_password": PASSWORD,
            "webhook_in_order": "true",
        }  # fmt: skip

    def rules(self) -> Rules:
        return {
            "POST /session": self._session,
            "GET /orders/<order_id>": self._order,
            "POST /orders/<order_id>/refunds": self._refund,
            "POST /refunds": self._refund_txn,
            "POST /v2/txns/<txn_uuid>/capture": self._capture,
            "POST /v2/txns/<txn_uuid>/void": self._void,
        }

    def told(self, charge: Charge, *, refund: Refund | None = None) -> Sequence[Told]:
        session = charge.session
        if session is None:
            return []
        event, about = messages.event_of(charge, refund)
        content = entities.txn_json(session, charge) if about == "txn" else self.order_json(session, charge)
        return [
            messages.webhook(
                event, {about: content}, number=self.book.new_id("", 31), at=entities.moment(self.book.now()),
                user=USER, password=PASSWORD,
            )
        ]  # fmt: skip

    def comeback(self, charge: Charge) -> Return:
        session = charge.session
        if session is None:
            return Return(url="")
        fields = messages.returned(charge, session.id, RESPONSE_KEY)
        return Return(url=session.callback_url, fields=fields, method="GET")

    def pay(
        self, session_id: str, *, state: State = "captured", amount: int | None = None, method: str = "upi", **data: Any
    ) -> Charge:
        """The transaction is named as Juspay names it: merchant, order, number of the attempt."""
        with self.book.lock:
            session, at = self.book.sessions[session_id], self.book.now()
            number = len(self.book.charges_of(session_id)) + 1
            if number > MOST_ATTEMPTS:
                raise ValueError(f"Juspay allows {MOST_ATTEMPTS} transactions on one order")
            charge = Charge(
                id=f"{MERCHANT}-{session.id}-{number}", session=session, currency=session.currency, state=state,
                amount=session.amount if amount is None else amount, created_at=at, updated_at=at, method=method,
                data={"uuid": self.book.new_id("moz", 14), **data},
            )  # fmt: skip
            self.by_uuid[charge.data["uuid"]] = charge
            return self.book.attempt(session, charge)

    def auto_refund(self, charge_id: str) -> Refund:
        """Juspay itself sends a late or a double success back."""
        charge = self.book.charges[charge_id]
        charge.data.update(word="AUTO_REFUNDED", number=36)
        return self.refund_outside(charge_id)

    def order_json(self, session: Session, charge: Charge | None) -> dict[str, Any]:
        return entities.order_json(session, charge, base=self.base, merchant=MERCHANT)

    # The API.

    def _session(self) -> dict[str, Any]:
        check_caller(API_KEY, MERCHANT)
        return orders.open_session(self)

    def _order(self, order_id: str) -> dict[str, Any]:
        check_caller(API_KEY, MERCHANT)
        session = orders.find(self.book, order_id)
        charge = self._told_of(session)
        if charge is not None:
            money.settle_queue(self, charge)
        return self.order_json(session, charge)

    def _told_of(self, session: Session) -> Charge | None:
        return entities.told_of(self.book.charges_of(session.id), first=self.first_success)

    def _refund(self, order_id: str) -> dict[str, Any]:
        check_caller(API_KEY, MERCHANT)
        session = orders.find(self.book, order_id)
        charge = self._told_of(session)
        money.refund(self, charge)
        return self.order_json(session, charge)

    def _refund_txn(self) -> dict[str, Any]:
        check_caller(API_KEY, MERCHANT)
        if "txn_id" not in request.form:
            return self._refund(request.form.get("order_id", ""))
        charge = money.of_transaction(self.book)
        money.refund(self, charge)
        return self._order_of(charge)

    def _capture(self, txn_uuid: str) -> dict[str, Any]:
        check_caller(API_KEY, MERCHANT)
        return self._order_of(money.capture(self, txn_uuid))

    def _void(self, txn_uuid: str) -> dict[str, Any]:
        check_caller(API_KEY, MERCHANT)
        return self._order_of(money.void(self, txn_uuid))

    def _order_of(self, charge: Charge | None) -> dict[str, Any]:
        if charge is None or charge.session is None:
            raise refuse(404, "invalid.txn", "Transaction not found", newer="RESOURCE_NOT_FOUND")
        return self.order_json(charge.session, charge)
