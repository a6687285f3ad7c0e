"""A stand-in for PhonePe's sandbox, at its own paths.

It asks for a token that it gave out, refuses what breaks a documented limit, knows an order id only once, and sends
webhooks with the static hash of a user and password. Refunds are PENDING at first and end when they are asked about.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal
from urllib.parse import quote

from flask import request

from kartify.plugin.simulator import SimulatorOptions
from kartify.simulation import ApiError, Charge, Refund, Return, Rules, Session, StandIn, Told
from kartify_phonepe.simulator import shapes
from kartify_phonepe.simulator.checks import bad, check_pay, check_refund
from kartify_phonepe.simulator.tokens import Tokens

PREFIX: Final = "/apis/pg-sandbox"
CREDENTIALS: Final = {
    "client_id": "KARTIFYUAT_2606", "client_version": "1", "client_secret": "made-up-client-secret",
}  # fmt: skip
USER, PASSWORD = "kartify_hooks", "MadeUp2606"
_DEFAULT_EXPIRY = 1200


class PhonePeSimulator(StandIn):
    """``refunds_end_as``: what a refund is when it is asked about. ``newer``: answers name merchant and order.
    ``unknown_status``: the HTTP status for an unknown id, which documents leave open."""

    slug = "phonepe"
    charge_prefix = "OM"
    throttled = {"success": False, "code": "TOO_MANY_REQUESTS", "message": "Too many requests"}
    broken = {"success": False, "code": "INTERNAL_SERVER_ERROR", "message": "Please try again in a while."}

    def __init__(self, options: SimulatorOptions) -> None:
        self.tokens = Tokens(CREDENTIALS)
        self.refunds_end_as: Literal["pending", "processed", "failed"] = "processed"
        self.newer = True
        self.unknown_status = 400
        self._refunds: dict[str, Refund] = {}
        super().__init__(options)

    def settings(self) -> dict[str, str]:
        return {
            **CREDENTIALS, "environment": "test", "api_base": self.options.base_url + PREFIX,
            "merchant_id": shapes.MERCHANT, "webhook_username": USER, "webhook_password": PASSWORD,
        }

    def rules(self) -> Rules:
        calls: dict[str, Callable[..., Any]] = {
            "POST /checkout/v2/pay": self._pay,
            "GET /checkout/v2/order/<order_id>/status": self._order,
            "GET /checkout/v2/transaction/<transaction_id>/status": self._transaction,
            "POST /payments/v2/refund": self._refund,
            "GET /payments/v2/refund/<refund_id>/status": self._refund_status,
        }
        placed = {rule.replace(" ", f" {PREFIX}"): self._with_token(act) for rule, act in calls.items()}
        return {f"POST {PREFIX}/v1/oauth/token": self._token, **placed}

    def told(self, charge: Charge, *, refund: Refund | None = None) -> Sequence[Told]:
        body = self._news(charge) if refund is None else self._refund_news(refund)
        return () if body is None else (self.signed(body),)

    def signed(self, body: dict[str, Any]) -> Told:
        stamp = hashlib.sha256(f"{USER}:{PASSWORD}".encode()).hexdigest()
        headers = {"Content-Type": "application/json", "Authorization": stamp}
        return Told(body=json.dumps(body).encode(), headers=headers)

    def comeback(self, charge: Charge) -> Return:
        """PhonePe adds nothing that could be trusted."""
        session = charge.session
        return Return(url=session.callback_url if session else "", method="GET")

    def revoke_tokens(self) -> None:
        self.tokens.revoke()

    def _news(self, charge: Charge) -> dict[str, Any] | None:
        """An attempt that is under way makes no news."""
        session = charge.session
        if session is None or shapes.word_of(charge) == "PENDING":
            return None
        state = self._state(session)
        kind = {"COMPLETED": "order.completed", "FAILED": "order.failed"}.get(state, "transaction.attempt.failed")
        event = f"checkout.{kind}"
        payload = shapes.named(session, shapes.order(session, [charge], state))
        return {"type": event.upper().replace(".", "_"), "event": event, "payload": payload}

    def _refund_news(self, refund: Refund) -> dict[str, Any]:
        end = {"processed": "completed", "failed": "failed"}.get(refund.state, "accepted")
        event = f"pg.refund.{end}"
        return {"type": event.upper().replace(".", "_"), "event": event, "payload": shapes.refund(refund)}

    def _with_token(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def checked(**ids: str) -> Any:
            self.tokens.check(request.headers.get("Authorization", ""), self.book.now())
            return act(**ids)

        return checked

    def _token(self) -> Any:
        return self.tokens.issue(request.form.to_dict(), self.book.new_id("token-", 24), self.book.now())

    def _pay(self) -> Any:
        body = check_pay(request.get_json(silent=True))
        order_id = body["merchantOrderId"]
        if order_id in self.book.sessions:
            raise bad("An order of this id exists already.", "ORDER_ALREADY_EXISTS")
        session = self.book.open(Session(
            id=order_id, reference=order_id, amount=body["amount"], currency="INR",
            callback_url=body["paymentFlow"]["merchantUrls"]["redirectUrl"], created_at=self.book.now(),
            data={
                "order_id": self.book.new_id("OMO"), "meta": dict(body.get("metaInfo") or {}),
                "expire_after": body.get("expireAfter") or _DEFAULT_EXPIRY, "asked": body,
                "one_attempt": body.get("disablePaymentRetry") is True,
            },
        ))
        page = f"{self.options.base_url}/_pay/{quote(order_id)}?token={session.data['order_id'].lower()}"
        return {
            "orderId": session.data["order_id"], "state": "PENDING", "redirectUrl": page,
            "expireAt": shapes.millis(shapes.expires_at(session)),
        }

    def _order(self, order_id: str) -> Any:
        session = self.book.sessions.get(order_id)
        if session is None:
            raise self._unknown("INVALID_MERCHANT_ORDER_ID", "No entry found for the merchantOrderId.")
        charges = self.book.charges_of(order_id)
        shown = charges if request.args.get("details", "").lower() == "true" else charges[-1:]
        state = self._state(session)
        told = shapes.order(session, shown, state)
        if state == "FAILED" and request.args.get("errorContext") == "true":
            told["errorContext"] = {
                **{name: told[name] for name in ("errorCode", "detailedErrorCode")}, "source": "CUSTOMER",
                "stage": "AUTHENTICATION", "description": "The customer did not approve the payment.",
            }
        return shapes.named(session, {**told, "currency": "INR"}) if self.newer else told

    def _transaction(self, transaction_id: str) -> Any:
        charge = self.book.charges.get(transaction_id)
        if charge is None or charge.session is None:
            raise self._unknown("INVALID_TRANSACTION_ID", "No entry found for the transactionId.")
        told = shapes.order(charge.session, [charge], self._state(charge.session))
        return shapes.named(charge.session, told) if self.newer else told

    def _refund(self) -> Any:
        body = check_refund(request.get_json(silent=True))
        key, order_id, amount = body["merchantRefundId"], body["originalMerchantOrderId"], body["amount"]
        if order_id not in self.book.sessions:
            raise self._unknown("INVALID_MERCHANT_ORDER_ID", "No entry found for the merchantOrderId.")
        if key not in self._refunds:
            payers = [one for one in self.book.charges_of(order_id) if one.refundable >= amount]
            if not payers:
                raise bad("amount: more than is left of the order", "INVALID_REFUND_AMOUNT")
            made = Refund(
                id=self.book.new_id("OMR"), charge=payers[0], amount=amount, key=key, state="pending",
                created_at=self.book.now(),
            )
            self._refunds[key] = self.book.refund(made)
        known = self._refunds[key]
        if (known.amount, known.charge.session.id if known.charge.session else "") != (amount, order_id):
            raise bad("A refund of this id exists already.", "DUPLICATE_REFUND_ID")
        return {"refundId": known.id, "amount": known.amount, "state": shapes.refund_word(known)}

    def _refund_status(self, refund_id: str) -> Any:
        refund = self._refunds.get(refund_id)
        if refund is None:
            raise self._unknown("INVALID_MERCHANT_REFUND_ID", "No entry found for the merchantRefundId.")
        if refund.state == "pending":
            refund.state = self.refunds_end_as
        return shapes.refund(refund)

    def _unknown(self, code: str, message: str) -> ApiError:
        return ApiError(self.unknown_status, {"success": False, "code": code, "message": message, "data": {}})

    def _state(self, session: Session) -> str:
        return shapes.order_state(session, self.book.charges_of(session.id), self.book.now())
