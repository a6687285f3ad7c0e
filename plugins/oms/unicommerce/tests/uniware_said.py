"""Orders to send, what Uniware says of them, and a client that says it."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, datetime, timedelta

from kartify.plugin import HttpAnswer, Inbound, OmsLine, OmsOrder, OmsPayment

PASSWORD = "uniware & password=of+tests"
INBOUND = "inbound-password-of-tests"
GIVEN = {"api_base": "https://mybrand.unicommerce.example", "channel": "KARTIFY", "username": "api@brand.example",
         "password": PASSWORD, "inbound_username": "unicommerce", "inbound_password": INBOUND}
ADDRESS = {"name": "Asha Rao", "line1": "12 MG Road", "line2": "2nd floor", "city": "Bengaluru", "state": "KA",
           "postcode": "560001", "country": "IN", "phone": "+919000000000"}
AT = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


class Clock:
    """Stands still until it is set forward."""

    def __init__(self):
        self.at = AT

    def __call__(self):
        return self.at

    def forward(self, **by):
        self.at += timedelta(**by)


class Canned:
    """Gives answers in order and keeps what was asked; log-ins are answered by themselves, unless ``logins`` has
    answers."""

    def __init__(self, *answers, logins=()):
        self.answers, self.logins = deque(answers), deque(logins)
        self.asked, self.log_ins = [], []

    def request(self, method, url, **given):
        if url.endswith("/oauth/token"):
            self.log_ins.append(dict(given["params"]))
            number = len(self.log_ins)
            fine = (200, {"access_token": f"token-{number}", "refresh_token": f"refresh-{number}", "expires_in": 41621})
            return reply(*(self.logins.popleft() if self.logins else fine))
        self.asked.append((method, url, {**given, "json": json.loads(given["body"])}))
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return reply(*answer)


def reply(status, body, headers=None):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpAnswer(status=status, headers=headers or {}, body=content)


def yes(**more):
    return 200, {"successful": True, "message": None, "errors": [], "warnings": None, **more}


def no(*errors, **more):
    told = [{"code": code, "message": name, "description": text, "fieldName": field}
            for code, name, text, field in errors]
    return 200, {"successful": False, "message": None, "errors": told or None, "warnings": None, **more}


ABSENT = no((40005, "INVALID_SALE_ORDER_CODE", "Invalid sale order code", ""))


def line(**more):
    plain = {"line_id": "1", "sku": "SHIRT-M", "name": "Shirt", "quantity": 1, "unit_price": 149900}
    return OmsLine(**{**plain, **more})


def order(**more):
    paid = OmsPayment(kind="gateway", amount=149900, name="UPI", gateway="razorpay", gateway_payment_id="pay_Nx1",
                      method="upi")
    plain = {
        "number": "K1001", "store": "demo", "currency": "INR", "total": 149900, "due": 149900, "method": "prepaid",
        "created_at": AT, "lines": [line()], "payments": [paid], "shipping_address": dict(ADDRESS),
        "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+919000000000"},
    }
    return OmsOrder(**{**plain, **more})


def at_door(amount):
    return [OmsPayment(kind="cod", amount=amount, name="Cash on delivery", method="cod")]


def told(**more):
    """What Uniware tells of an order: K1001 of one unit at 1499.00, unless said otherwise."""
    unit = {"code": "K1001-1of1", "itemSku": "SHIRT-M", "statusCode": "FULFILLABLE", "totalPrice": 1499.00,
            "shippingPackageCode": "PK1", "onHold": False}
    package = {"code": "PK1", "status": "CREATED"}
    plain = {"code": "K1001", "displayOrderCode": "K1001", "channel": "KARTIFY", "status": "PROCESSING",
             "updated": 1795422600000, "saleOrderItems": [unit], "shippingPackages": [package]}
    return yes(saleOrderDTO={**plain, **more})


def unit(number, status="FULFILLABLE", package="", **more):
    return {"code": f"K1001-{number}of2", "statusCode": status, "shippingPackageStatus": package, "totalPrice": 749.50,
            "onHold": False, **more}


def inbound(method, path, body=None, *, query=(), headers=None, at=AT):
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return Inbound(method=method, path=f"/partners/a1/{path}", headers=headers or {}, query=query, body=content, at=at)


def route(oms, path):
    return next(one for one in oms.routes if one.path == path)
