"""How Uniware calls a store: it logs in, fetches pages of orders, and tells what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from kartify.plugin import HttpAnswer, read_json
from kartify.simulation import Knock, SaleOrder
from kartify_unicommerce.simulator.warehouse import STAGES, details
from kartify_unicommerce.wire import dump, rows, table, text

IST: Final = ZoneInfo("Asia/Kolkata")
PAGE: Final = 50
Caller = Callable[[Knock], HttpAnswer]


class LogInFailed(Exception):
    """The store did not give a token."""


def log_in(call: Caller, user: str, password: str) -> str:
    answer = call(Knock(method="GET", path="authToken", query=[("username", user), ("password", password)]))
    token = text(table(read_json(answer.body)).get("accessToken")) if answer.status == 200 else ""
    if not token:
        raise LogInFailed(f"the store answered the log-in with {answer.status}")
    return token


def pages(call: Caller, token: str, at: datetime) -> list[Mapping[str, Any]]:
    """Every order of the last fifteen days; a short page is the last."""
    found: list[Mapping[str, Any]] = []
    number = 1
    while True:
        query = [
            ("pageNumber", str(number)), ("pageSize", str(PAGE)),
            ("orderDateFrom", _offset(at - timedelta(days=15))), ("orderDateTo", _offset(at)),
            ("orderStatus", "CREATED"),
        ]
        answer = call(Knock(method="GET", path="orders", headers=_headers(token), query=query))
        page = rows(read_json(answer.body)) if answer.status == 200 else []
        found += page
        if len(page) < PAGE:
            return found
        number += 1


def accepted(call: Caller, token: str, order_id: str) -> None:
    body = dump({"orderId": order_id})
    call(Knock(method="POST", path="orders/acknowledge", headers=_headers(token), body=body))


def notices(order: SaleOrder, token: str) -> list[Knock]:
    """What is told of an order as it stands: to its marketplace if it was fetched there, else to the partner."""
    known = _to_marketplace(order) if order.data.get("fetched") else _to_partner(order)
    name = "apiKey" if order.data.get("fetched") else "Authorization"
    headers = {name: token, "Content-Type": "application/json"}
    return [Knock(method="POST", path=path, headers=headers, body=dump(body)) for path, body in known]


def _to_marketplace(order: SaleOrder) -> list[tuple[str, Mapping[str, Any]]]:
    code = order.data["fetched"]
    items = order.data["items"]
    if order.state == "cancelled":
        units = [{"orderItemId": item["code"], "productId": item["itemSku"], "variantId": item["itemSku"],
                  "quantity": item.get("quantity", 1)} for item in items]
        return [("orders/cancel", {"orderId": code, "orderItems": units})]
    status = STAGES[order.state][2]
    changed = [{"orderItemId": item["code"], "status": status, "IsReverse": False, "courier_status": "",
                "updated": _spoken(order.updated_at)} for item in items]
    return [(f"order/{code}", {"orderItems": changed})]


def _to_partner(order: SaleOrder) -> list[tuple[str, Mapping[str, Any]]]:
    items = order.data["items"]
    if order.state == "cancelled":
        units = [{"itemCode": item["code"], "itemSku": item["itemSku"], "cancellationReason": "by the seller"}
                 for item in items]
        return [("cancelSOItem", {"saleOrderCode": order.id, "displayOrderCode": order.data["shown"],
                                  "facilityCode": "STORE-1", "items": units})]
    if order.state == "shipped":
        units = [{"orderItemCode": item["code"], "skuCode": item["itemSku"]} for item in items]
        return [("dispatchedShipment", {
            "shippingPackageCode": f"PK-{order.id}", "AWB": "77136301701", "courierName": "Courier",
            "dispatchedOn": _spoken(order.updated_at), "orderItems": units,
            "saleOrder": [{"code": order.id, "paymentMethod": "COD" if order.data["cod"] else "Prepaid"}],
        })]
    if order.state == "accepted":
        told = {**details(order), "shippingPackageCode": f"PK-{order.id}", "shippingPackageStatus": "CREATED"}
        return [("createShipment", {"saleOrderDTO": told})]
    return []


def _headers(token: str) -> dict[str, str]:
    return {"apiKey": token, "Content-Type": "application/json"}


def _offset(at: datetime) -> str:
    """With its plus sign as it is: a client that encodes nothing sends a space to whoever decodes it."""
    return at.astimezone(IST).replace(microsecond=0).isoformat().replace("+", " ")


def _spoken(at: datetime) -> str:
    here = at.astimezone(IST)
    return f"{here:%b} {here.day}, {here:%Y} {here.hour % 12 or 12}:{here:%M:%S} {'PM' if here.hour >= 12 else 'AM'}"
