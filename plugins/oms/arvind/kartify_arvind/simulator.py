"""A stand-in for the OMS: the contract's paths, fields, errors and proofs; careless about repeated orders."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlencode

from flask import request

from kartify.plugin import HttpAnswer
from kartify.simulation import ApiError, Knock, OmsStandIn, Rules, SaleOrder, json_answer
from kartify_arvind.signing import SKEW, Signed

KEYS: Final = {
    "hmac_secret": "arvind-hmac-of-the-simulator", "api_key": "arvind-key-of-the-simulator",
    "bearer_token": "arvind-bearer-of-the-simulator", "basic_password": "arvind-word-of-the-simulator",
    "oauth_client_secret": "arvind-client-of-the-simulator", "inbound_secret": "arvind-news-of-the-simulator",
}
_NEEDED: Final = ("number", "store", "currency", "customer", "shipping_address", "items", "totals", "payment")


class ArvindSimulator(OmsStandIn):
    """Takes every proof that the plugin can give. ``repeats``: what an order with a known number makes: a *second* one
    (as careless OMSes do), a *replay* of the first where the Idempotency-Key is the same, or a *conflict*.
    ``takes_later``: it answers 202 without an id. ``pages``: how many orders it asks for at once. ``unfit_numbers``:
    orders that it refuses."""

    slug: ClassVar[str] = "arvind"
    weakest: ClassVar[Mapping[str, str]] = {"preset": "weakest"}
    throttled = {"error": {"code": "throttled", "message": "Too many calls."}}
    broken = {"error": {"code": "internal", "message": "Something broke."}}

    repeats = "second"
    takes_later = False
    pages = 3
    unfit_numbers: AbstractSet[str] = frozenset()

    def settings(self) -> dict[str, str]:
        return {
            "api_base": self.options.base_url, "merchant": "simulated", "preset": "lookup",
            "auth": "oauth_client_credentials", "basic_user": "kartify",
            "oauth_client_id": "kartify", "calls_per_second": "1000", **KEYS,
        }

    def rules(self) -> Rules:
        return {
            "GET /": lambda: self._guarded(lambda: {"name": "simulated"}),
            "POST /oauth/token": self.token,
            "POST /orders": lambda: self._guarded(self.create),
            "GET /orders": lambda: self._guarded(self.search),
            "GET /orders/<number>": lambda number: self._guarded(lambda: self.get(number)),
            "POST /orders/<number>/cancel": lambda number: self._guarded(lambda: self.cancel(number)),
        }

    # Who calls.

    def token(self) -> Any:
        form = request.form
        basic = request.authorization
        given = (basic.username, basic.password) if basic else (form.get("client_id"), form.get("client_secret"))
        if given != ("kartify", KEYS["oauth_client_secret"]) or form.get("grant_type") != "client_credentials":
            raise ApiError(401, {"error": "invalid_client"})
        token = secrets.token_hex(16)
        self.tokens[token] = True
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600}

    def _guarded(self, act: Callable[[], Any]) -> Any:
        if not (self._by_key() or self._signed()):
            raise ApiError(401, {"error": {"code": "unauthorized", "message": "The proof is not right."}})
        return act()

    def _by_key(self) -> bool:
        given = request.headers.get("Authorization", "")
        word = base64.b64encode(f"kartify:{KEYS['basic_password']}".encode()).decode()
        return (
            request.headers.get("X-Api-Key") == KEYS["api_key"]
            or given in (f"Bearer {KEYS['bearer_token']}", f"Basic {word}")
            or (given.startswith("Bearer ") and given.removeprefix("Bearer ") in self.tokens)
        )

    def _signed(self) -> bool:
        """Inside the clock's tolerance, with a nonce that was not seen."""
        timestamp, nonce = request.headers.get("X-Kartify-Timestamp", ""), request.headers.get("X-Kartify-Nonce", "")
        query = request.query_string.decode()
        signed = Signed(
            method=request.method, target=request.path + (f"?{query}" if query else ""), body=request.get_data(),
            timestamp=timestamp, nonce=nonce,
        )
        if request.headers.get("X-Kartify-Signature") != signed.by(KEYS["hmac_secret"]):
            return False
        fresh = timestamp.isdecimal() and abs(datetime.now(UTC).timestamp() - int(timestamp)) <= SKEW
        if not fresh or nonce in self._nonces():
            return False
        self._nonces().add(nonce)
        return True

    def _nonces(self) -> set[str]:
        found: set[str] = self.__dict__.setdefault("nonces", set())
        return found

    # Orders.

    def create(self) -> Any:
        told = json.loads(request.get_data(), parse_float=Decimal)
        self.check(told)
        number = self.number_of(told)
        known = self.book.of(number)
        key = request.headers.get("Idempotency-Key", "")
        if known and self.repeats == "conflict":
            error = {"code": "conflict", "message": "This number was used.", "reference": known[0].id}
            return json_answer({"error": error}, 409)
        if known and self.repeats == "replay" and known[0].data.get("key") == key:
            return json_answer({**self.shown(known[0]), "duplicate": True}, 200)
        made = self.keep(number, self.amount_of(told), told, key=key)
        if self.takes_later:
            return json_answer({"number": number}, 202)
        return json_answer({"reference": made.id, "number": number}, 201)

    def check(self, told: Any) -> None:
        """Raises ``ApiError`` naming the first field that is wrong."""
        for name in _NEEDED:
            if not told.get(name):
                raise self.unfit(name, "is required")
        if self.number_of(told) in self.unfit_numbers:
            raise self.unfit("items.0.sku", "is not known")
        if not str(told["shipping_address"].get("pincode", "")).isdecimal():
            raise self.unfit("shipping_address.pincode", "must be digits")
        if self.amount_of(told) != self.added_up(told):
            raise self.unfit("totals.grand", "is not the sum of its parts")

    def unfit(self, path: str, message: str) -> ApiError:
        fields = [{"path": path, "message": message}]
        return ApiError(422, {"error": {"code": "invalid", "message": f"{path} {message}", "fields": fields}})

    def number_of(self, told: Any) -> str:
        return str(told["number"])

    def amount_of(self, told: Any) -> int:
        return minor(told["totals"]["grand"])

    def added_up(self, told: Any) -> int:
        fees = [told["shipping"]["charge"], *(told.get(name, 0) for name in ("cod_fee", "gift_wrap", "round_off"))]
        return sum(minor(one["total"]) for one in told["items"]) + sum(minor(one) for one in fees)

    def keep(self, number: str, amount: int, told: Mapping[str, Any], *, key: str = "") -> SaleOrder:
        at = datetime.now(UTC)
        made = SaleOrder(
            number=number, id=self.book.next_id("OM-"), amount=amount, currency=str(told.get("currency", "INR")),
            created_at=at, updated_at=at, data={"key": key, "told": told},
        )
        return self.book.add(made)

    def shown(self, one: SaleOrder) -> dict[str, Any]:
        grand = f"{Decimal(one.amount).scaleb(-2):f}"
        return {
            "reference": one.id, "number": one.number, "status": one.state, "currency": one.currency,
            "totals": {"grand": grand},
        }

    def get(self, number: str) -> Any:
        found = self.book.of(number)
        if not found:
            raise ApiError(404, {"error": {"code": "not_found", "message": "There is no such order."}})
        return self.shown(found[-1])

    def search(self) -> Any:
        return {"orders": [self.shown(one) for one in self.book.of(request.args.get("number", ""))]}

    def cancel(self, number: str) -> Any:
        found = self.book.of(number)
        if not found:
            raise ApiError(404, {"error": {"code": "not_found", "message": "There is no such order."}})
        if found[-1].state in ("shipped", "delivered", "returned"):
            raise ApiError(409, {"error": {"code": "too_late", "message": f"It is {found[-1].state} already."}})
        self.move(number, "cancelled")
        return self.shown(found[-1])

    # What it sends and fetches.

    def signed(self, method: str, path: str, *, query: Sequence[tuple[str, str]] = (), body: bytes = b"") -> Knock:
        tail = f"?{urlencode(list(query), quote_via=quote)}" if query else ""
        one = Signed(
            method=method, target=f"/{path}{tail}", body=body, timestamp=str(int(datetime.now(UTC).timestamp())),
            nonce=secrets.token_hex(16),
        )
        headers = {
            "Content-Type": "application/json", "X-Kartify-Key": "arvind", "X-Kartify-Timestamp": one.timestamp,
            "X-Kartify-Nonce": one.nonce, "X-Kartify-Signature": one.by(KEYS["inbound_secret"]),
        }
        return Knock(method=method, path=path, headers=headers, query=query, body=body)

    def news(self, number: str) -> Sequence[Knock]:
        one = self.book.of(number)[-1]
        told = {
            "event_id": f"{one.id}-{one.state}", "number": one.number, "reference": one.id, "status": one.state,
            "occurred_at": one.updated_at.isoformat(), "shipment": {"courier": "Post", "awb": f"A{one.id}"},
        }
        return [self.signed("POST", "news", body=json.dumps(told).encode())]

    def fetch(self, knock: Callable[[Knock], HttpAnswer]) -> list[str]:
        read: list[str] = []
        cursor, more = "", True
        while more:
            query = [("limit", str(self.pages)), *([("cursor", cursor)] if cursor else [])]
            answer = knock(self.signed("GET", "oms/v1/orders", query=query))
            page = json.loads(answer.raise_for_status().body, parse_float=Decimal)
            cursor, more = page["next_cursor"], page["has_more"]
            for told in page["orders"]:
                read.append(self.number_of(told))
                self._fetched(knock, told)
        return read

    def _fetched(self, knock: Callable[[Knock], HttpAnswer], told: Mapping[str, Any]) -> None:
        """An order that it has is not made again; each is acknowledged with the id of the one there is."""
        number = self.number_of(told)
        known = self.book.of(number) or [self.keep(number, self.amount_of(told), told)]
        body = json.dumps({"reference": known[0].id}).encode()
        knock(self.signed("POST", f"oms/v1/orders/{number}/ack", body=body)).raise_for_status()


def minor(value: Any) -> int:
    """Paise of a sum in rupees, text or number."""
    return int(Decimal(str(value)).scaleb(2))


