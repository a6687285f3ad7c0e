"""What the stand-in's calls do: sessions, intents, refunds, with bearer key and idempotency."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from flask import request

from kartify.simulation import ApiError, Book, Charge, Refund, Session
from kartify_stripe.simulator import objects
from kartify_stripe.simulator.objects import Json

MOST: Final = 100


class Desk:
    """``refunds_take``: what a refund that is asked for becomes at once."""

    def __init__(self, book: Book, base_url: str, key: str) -> None:
        self.book, self.base_url = book, base_url
        self.refunds_take: Any = "processed"
        self._key = key
        self._kept: dict[str, tuple[str, Json]] = {}

    def behind(self, act: Callable[..., Json]) -> Callable[..., Json]:
        """Checks the key; a POST under an idempotency key is done once."""

        def view(**given: Any) -> Json:
            if request.headers.get("Authorization") != f"Bearer {self._key}":
                raise refusal(401, "invalid_request_error", "", "Invalid API Key provided")
            once = request.headers.get("Idempotency-Key")
            if not once or request.method != "POST":
                return act(**given)
            asked = json.dumps([request.path, sorted(request.form.items())])
            known = self._kept.get(once)
            if known is not None and known[0] != asked:
                raise refusal(400, "idempotency_error", "", "Keys for idempotent requests can only be used with the "
                              "same parameters they were first used with.")
            if known is None:
                known = self._kept[once] = (asked, act(**given))
            return known[1]

        return view

    # Sessions.

    def create(self) -> Json:
        form = request.form
        amount, currency = form.get("line_items[0][price_data][unit_amount]", ""), form.get(
            "line_items[0][price_data][currency]", "")
        if form.get("mode") != "payment" or not amount.isdigit() or len(currency) != 3 or not form.get("success_url"):
            raise refusal(400, "invalid_request_error", "parameter_missing", "Missing required param", "line_items")
        name = self.book.new_id("cs_test_", 16)
        url = f"{self.base_url}/_pay/{name}"
        session = self.book.open(Session(
            id=name, reference=form.get("client_reference_id", ""), amount=int(amount), currency=currency.upper(),
            callback_url=form["success_url"].replace("{CHECKOUT_SESSION_ID}", name), created_at=self.book.now(),
            data={
                "metadata": _bracketed("metadata["), "intent_metadata": _bracketed("payment_intent_data[metadata]["),
                "capture_method": form.get("payment_intent_data[capture_method]", "automatic_async"), "url": url,
                "cancel_url": form.get("cancel_url", ""),
            },
        ))  # fmt: skip
        return objects.session_object(self.book, session, expand=False)

    def session(self, session_id: str) -> Json:
        return objects.session_object(self.book, self._session(session_id), expand=_expands("payment_intent"))

    def sessions(self) -> Json:
        begin, end = _number("created[gte]", 0), _number("created[lte]", 2**40)
        newest = sorted(self.book.sessions.values(), key=lambda one: (one.created_at, one.id), reverse=True)
        rows = [one for one in newest if begin <= int(one.created_at.timestamp()) <= end]
        after = request.args.get("starting_after")
        if after is not None:
            edge = self._session(after)
            rows = [one for one in rows if (one.created_at, one.id) < (edge.created_at, edge.id)]
        limit = min(MOST, max(1, _number("limit", 10)))
        page = [objects.session_object(self.book, one, expand=_expands("data.payment_intent")) for one in rows[:limit]]
        return objects.listed(page, "/v1/checkout/sessions", more=len(rows) > limit)

    def expire(self, session_id: str) -> Json:
        session = self._session(session_id)
        shown = objects.session_object(self.book, session, expand=False)
        if shown["status"] != "open":
            raise refusal(400, "invalid_request_error", "", "Only Checkout Sessions with a status in [\"open\"] can be "
                          "expired.")
        session.closed = True
        return objects.session_object(self.book, session, expand=False)

    def _session(self, session_id: str) -> Session:
        return self.book.sessions.get(session_id) or _unknown("checkout.session", session_id)

    # Intents.

    def intent(self, intent_id: str) -> Json:
        return objects.intent_object(self.book, self._of(intent_id), expand=_expands("latest_charge"))

    def capture(self, intent_id: str) -> Json:
        session, charge = self._held(intent_id)
        charge.amount = int(request.form.get("amount_to_capture", charge.amount))
        self.book.move(charge.id, "captured")
        return objects.intent_object(self.book, session, expand=_expands("latest_charge"))

    def cancel(self, intent_id: str) -> Json:
        session, charge = self._held(intent_id)
        self.book.move(charge.id, "voided")
        return objects.intent_object(self.book, session, expand=_expands("latest_charge"))

    def _held(self, intent_id: str) -> tuple[Session, Charge]:
        session = self._of(intent_id)
        charge = objects.best(self.book, session)
        if charge is None or charge.state != "authorized":
            raise refusal(400, "invalid_request_error", "payment_intent_unexpected_state", "This PaymentIntent has a "
                          "status that does not allow this.")
        return session, charge

    def _of(self, intent_id: str) -> Session:
        session = objects.of_intent(self.book, intent_id)
        if session is None or objects.best(self.book, session) is None:
            return _unknown("payment_intent", intent_id)
        return session

    # Refunds and disputes.

    def refund(self) -> Json:
        charge = objects.best(self.book, self._of(request.form.get("payment_intent", "")))
        amount = request.form.get("amount", "")
        if charge is None or charge.state != "captured" or not amount.isdigit():
            raise refusal(400, "invalid_request_error", "charge_not_captured", "This charge cannot be refunded")
        if not 0 < int(amount) <= charge.refundable:
            raise refusal(400, "invalid_request_error", "charge_already_refunded", "Refund amount is greater than "
                          "unrefunded amount on charge", "amount")
        made = self.book.refund(Refund(
            id=self.book.new_id("re_"), charge=charge, amount=int(amount), state=self.refunds_take,
            key=request.headers.get("Idempotency-Key", ""), created_at=self.book.now(),
            data={"metadata": _bracketed("metadata[")},
        ))  # fmt: skip
        return objects.refund_object(made)

    def refunds(self) -> Json:
        charge = objects.best(self.book, self._of(request.args.get("payment_intent", "")))
        rows = [objects.refund_object(one) for one in (charge.refunds if charge else ())]
        return objects.listed(rows, "/v1/refunds", more=False)

    def disputes(self) -> Json:
        charge = objects.best(self.book, self._of(request.args.get("payment_intent", "")))
        return objects.listed(list(charge.data.get("disputes", ())) if charge else [], "/v1/disputes", more=False)


def refusal(status: int, kind: str, code: str, text: str, param: str | None = None) -> ApiError:
    return ApiError(status, {"error": {"type": kind, "code": code or None, "message": text, "param": param}})


def _unknown(what: str, name: str) -> Any:
    raise refusal(404, "invalid_request_error", "resource_missing", f"No such {what}: '{name}'", "id")


def _bracketed(prefix: str) -> dict[str, str]:
    return {name[len(prefix) : -1]: value for name, value in request.form.items() if name.startswith(prefix)}


def _expands(name: str) -> bool:
    """Lists are written with and without numbers."""
    given = [*request.args.items(multi=True), *request.form.items(multi=True)]
    return any(key.startswith("expand[") and value.startswith(name) for key, value in given)


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isdigit() else default
