"""Uniware as a small server: log-in, sale orders, and the calls that it makes at a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final

from flask import Response, request

from kartify.plugin import HttpAnswer, SimulatorOptions, Unreadable, read_json
from kartify.simulation import ApiError, Knock, OmsBook, OmsStandIn, Rules, SaleOrder
from kartify_unicommerce import doors
from kartify_unicommerce.settings import UnicommerceSettings
from kartify_unicommerce.simulator import calls
from kartify_unicommerce.simulator.warehouse import CURRENCY, Flaw, details, flaws, now, summary, total
from kartify_unicommerce.wire import dump, minor, rows, table, text

OMS: Final = "/services/rest/v1/oms"
CHANNEL: Final = "KARTIFY"
USER: Final = "api@simulator.example"
PASSWORD: Final = "uniware-&-practice-password"
INBOUND_USER: Final = "unicommerce"
INBOUND_PASSWORD: Final = "inbound-practice-password"
LIFETIME: Final = 41_621


class UnicommerceSimulator(OmsStandIn):
    """``duplicates``: what becomes of a code that is there already; "accept" makes a second order, so that whoever
    repeats blindly is seen. ``forbid``: so many calls are answered 403, as when it is called too often. ``accepts``:
    whether it tells a store that it fetches from of each order it took."""

    slug: ClassVar[str] = "unicommerce"
    throttled: ClassVar[Any] = {"successful": False, "message": "Too many requests", "errors": None}
    broken: ClassVar[Any] = {"timestamp": 0, "status": 500, "error": "Internal Server Error"}

    def __init__(self, options: SimulatorOptions, book: OmsBook | None = None) -> None:
        super().__init__(options, book)
        self.duplicates = "refuse"
        self.forbid = 0
        self.accepts = True

    def settings(self) -> dict[str, str]:
        return {
            "api_base": self.options.base_url, "channel": CHANNEL, "username": USER, "password": PASSWORD,
            "facility": "STORE-1", "inbound_username": INBOUND_USER, "inbound_password": INBOUND_PASSWORD,
        }

    def rules(self) -> Rules:
        guarded: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "saleOrder/create": self._create, "saleorder/get": self._get, "saleOrder/search": self._search,
            "saleOrder/cancel": self._cancel, "saleOrder/hold": self._hold, "saleOrder/unhold": self._unhold,
        }
        return {"GET /oauth/token": self._log_in, **{
            f"POST {OMS}/{path}": self._guarded(act) for path, act in guarded.items()
        }}

    def news(self, number: str) -> Sequence[Knock]:
        return calls.notices(self.book.of(number)[-1], self._token_at_store())

    def fetch(self, knock: Callable[[Knock], HttpAnswer]) -> list[str]:
        token = calls.log_in(knock, INBOUND_USER, INBOUND_PASSWORD)
        read = []
        for told in calls.pages(knock, token, now()):
            number = text(told.get("displayOrderNumber"))
            read.append(number)
            if told.get("orderStatus") == "CREATED" and not self.book.of(number):
                self._take(number, told)
                if self.accepts:
                    calls.accepted(knock, token, text(told.get("id")))
            elif told.get("orderStatus") == "CANCELLED":
                self._cancelled_there(number)
        return read

    def _token_at_store(self) -> str:
        """As a log-in at the store would give it."""
        return doors.token(UnicommerceSettings.model_validate(self.settings()), now())

    def _log_in(self) -> Response:
        given = request.args
        if given.get("grant_type") == "password":
            known = (given.get("username"), given.get("password")) == (USER, PASSWORD)
        else:
            known = given.get("grant_type") == "refresh_token" and given.get("refresh_token") in self.tokens
        if not known or given.get("client_id") != "my-trusted-client":
            raise ApiError(400, {"error": "invalid_grant", "error_description": "Bad credentials"})
        made = [f"{kind}-{len(self.tokens)}-{now():%H%M%S%f}" for kind in ("access", "refresh")]
        ends = now() + timedelta(seconds=LIFETIME)
        self.tokens |= {made[0]: ends, made[1]: ends + timedelta(days=30)}
        return _json({
            "access_token": made[0], "token_type": "bearer", "refresh_token": made[1], "expires_in": LIFETIME,
            "scope": "read trust write",
        })

    def _guarded(self, act: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Callable[[], Response]:
        def answer() -> Response:
            if self.forbid > 0:
                self.forbid -= 1
                raise ApiError(403, "<html><body>Access Denied</body></html>")
            token = request.headers.get("Authorization", "").removeprefix("bearer ")
            if not token.startswith("access-") or token not in self.tokens:
                raise ApiError(401, {"error": "invalid_token", "error_description": "Invalid access token"})
            try:
                body = table(read_json(request.get_data()))
            except Unreadable:
                raise ApiError(400, _no([Flaw(30000, "INVALID_REQUEST", "", "not JSON")])) from None
            return _json(act(body))

        return answer

    def _create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        order = table(body.get("saleOrder"))
        wrong = list(flaws(order, (CHANNEL,)))
        code = text(order.get("code"))
        if not wrong and self.duplicates == "refuse" and self.book.by_id(code):
            wrong = [Flaw(40004, "DUPLICATE_CODE", "saleOrder.code", f"Sale order {code} exists already")]
        if wrong:
            return _no(wrong)
        items = [dict(item) for item in rows(order["saleOrderItems"])]
        paid = sum(minor(item.get("prepaidAmount", 0), CURRENCY) or 0 for item in items)
        made = self._keep(code, text(order.get("displayOrderCode")) or code, items)
        made.data |= {"cod": order["cashOnDelivery"], "collect": made.amount - paid, "sent": dict(order)}
        return {**_yes(), "saleOrderDetailDTO": summary(made)}

    def _keep(self, code: str, shown: str, items: list[dict[str, Any]], **more: Any) -> SaleOrder:
        at = now()
        data = {"items": items, "channel": CHANNEL, "shown": shown, "cod": False, "collect": 0, **more}
        return self.book.add(SaleOrder(
            number=shown, id=code, amount=total(items), currency=CURRENCY, created_at=at, updated_at=at, data=data,
        ))

    def _take(self, number: str, told: Mapping[str, Any]) -> SaleOrder:
        """An order that was fetched gets a code of Uniware's own."""
        items = [
            {"code": item["orderItemId"], "itemSku": item["sku"], "quantity": item["quantity"],
             **{name: item["orderItemPrice"][name] for name in ("sellingPrice", "totalPrice")}}
            for item in rows(told.get("orderItems"))
        ]
        with self.book.lock:
            cod = told.get("paymentType") == "COD"
            return self._keep(self.book.next_id("UC"), number, items, fetched=text(told.get("id")), cod=cod)

    def _cancelled_there(self, number: str) -> None:
        for order in self.book.of(number):
            if order.state in ("accepted", "on_hold"):
                self.move(number, "cancelled")

    def _get(self, body: Mapping[str, Any]) -> dict[str, Any]:
        order = self.book.by_id(text(body.get("code")))
        return {**_yes(), "saleOrderDTO": details(order)} if order else _unknown()

    def _search(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """``cashOnDelivery`` counts as true where it is left away, as the page says."""
        cod = body.get("cashOnDelivery", True)
        options = table(body.get("searchOptions"))
        minutes = body.get("updatedSinceInMinutes")
        oldest = now() - timedelta(minutes=int(minutes)) if minutes else None
        found = [
            summary(order) for order in self.book.orders
            if text(body.get("displayOrderCode")) in ("", order.data["shown"])
            and text(body.get("channel")) in ("", order.data["channel"]) and order.data["cod"] is cod
            and (oldest is None or order.updated_at >= oldest)
        ]
        start, length = int(options.get("displayStart", 0)), int(options.get("displayLength", 10))
        return {**_yes(), "totalRecords": None, "elements": found[start:start + length]}

    def _cancel(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if body.get("cancelOnChannel", True):
            return _no([Flaw(40021, "CHANNEL_CANCELLATION_FAILED", "", "the channel was called back and refused")])
        return self._change(body, "cancelled")

    def _hold(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._change(body, "on_hold")

    def _unhold(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._change(body, "accepted")

    def _change(self, body: Mapping[str, Any], state: Any) -> dict[str, Any]:
        order = self.book.by_id(text(body.get("saleOrderCode")))
        if order is None:
            return _unknown()
        if order.state not in ("accepted", "on_hold"):
            return _no([Flaw(40020, "INVALID_SALE_ORDER_STATE", "", f"Sale order is {summary(order)['status']}")])
        order.state, order.updated_at = state, now()
        return _yes()


def _json(body: Mapping[str, Any]) -> Response:
    """Sums keep their digits."""
    return Response(dump(body), mimetype="application/json")


def _yes() -> dict[str, Any]:
    return {"successful": True, "message": None, "errors": [], "warnings": None}


def _no(wrong: Sequence[Flaw]) -> dict[str, Any]:
    return {"successful": False, "message": None, "errors": [one.told() for one in wrong], "warnings": None}


def _unknown() -> dict[str, Any]:
    return _no([Flaw(40005, "INVALID_SALE_ORDER_CODE", "", "Invalid sale order code")])
