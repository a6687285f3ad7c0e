"""A small, right OMS plugin with its stand-in, that pushes or is pulled from: what the kit is tried on."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from flask import request
from pydantic import Field, SecretStr

from kartify import clock
from kartify.plugin import (
    Ack,
    Denied,
    FeedWish,
    Found,
    Inbound,
    Invalid,
    Kind,
    NewsKind,
    NoSecret,
    Oms,
    OmsCapabilities,
    OmsNews,
    PartnerRoute,
    PartnerSettings,
    Permanent,
    Presence,
    Receipt,
    Refused,
    Reply,
    Temporary,
    Throttled,
    Unreadable,
    hookimpl,
    read_json,
    to_major,
)
from kartify.simulation import ApiError, Knock, OmsStandIn, SaleOrder

STATES = {"shipped": NewsKind.SHIPPED, "delivered": NewsKind.DELIVERED, "cancelled": NewsKind.CANCELLED}


class AcmeSettings(PartnerSettings):
    merchant: str = Field(default="test-acme", description="The merchant's name there.")
    password: SecretStr = Field(description="For our calls.")
    inbound_secret: SecretStr | None = Field(default=None, description="Signs what they send.")
    way: Literal["push", "feed"] = Field(default="push", description="Who calls whom.")
    lookup: bool = Field(default=True, description="Whether they can be asked for an order.")

    def identity(self) -> str:
        return self.merchant

    def mode(self):
        return "test"


def sign(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class AcmeOms(Oms):
    slug = "acme"
    name = "Acme OMS"
    Settings = AcmeSettings
    can = OmsCapabilities(lookup=True, cancel=True, hold=True, unhold=True, poll=True)
    receipt = "ack"
    routes = (
        PartnerRoute(method="POST", path="news", name="news"),
        PartnerRoute(method="GET", path="orders", name="orders", use="feed"),
        PartnerRoute(method="POST", path="orders/{number}/ack", name="ack", use="ack"),
    )

    def __init__(self, settings):
        super().__init__(settings)
        self.can = replace(type(self).can, lookup=settings.lookup)
        self.token = None

    def delivery_kind(self):
        return Kind(self.settings.way)

    def check(self, kind, order):
        if kind is Kind.PUSH and not order.shipping_address:
            raise Permanent("An address is needed.", field="shipping_address")

    def deliver(self, client, kind, order):
        if kind is Kind.PUSH:
            return self.receipt_of(self.call(client, "POST", "/orders", self.body(order)))
        verb = {Kind.CANCEL: "cancel", Kind.HOLD: "hold", Kind.UNHOLD: "unhold"}[kind]
        return self.receipt_of(self.call(client, "POST", f"/orders/{order.number}/{verb}", {}))

    def body(self, order):
        return {"number": order.number, "total": to_major(order.total, order.currency),
                "currency": order.currency, "lines": [one.sku for one in order.lines]}

    def find(self, client, kind, order):
        told = self.call(client, "GET", f"/orders/{order.number}", None)["orders"]
        if not told:
            return Found(presence=Presence.ABSENT)
        if len(told) > 1:
            return Found(presence=Presence.DEAD, detail="The OMS has it twice.")
        one = told[0]
        cancelled = one["state"] == "cancelled"
        wanted = {Kind.HOLD: one["state"] == "on_hold", Kind.UNHOLD: one["state"] == "accepted", Kind.CANCEL: cancelled}
        done = Presence.DONE if wanted.get(kind, True) else Presence.ABSENT
        presence = Presence.DEAD if cancelled and kind is not Kind.CANCEL else done
        return Found(presence=presence, receipt=Receipt(id=one["id"]), number=one["number"], amount=one["amount"])

    def receipt_of(self, told):
        return Receipt(id=told["id"])

    def call(self, client, method, path, body):
        for again in (True, False):
            answer = client.request(method, self.settings.api_base + path, json=body, headers=self.headers(client))
            if answer.status != 401 or not again:
                break
            self.token = None
        return self.read(answer)

    def read(self, answer):
        if answer.status == 429:
            raise Throttled("Acme asks for fewer calls.", retry_after=answer.retry_after())
        if answer.status in (409, 422):
            told = answer.json()
            raise Permanent(str(told.get("error")), field=told.get("field"))
        told = answer.raise_for_status().json()
        if not isinstance(told, dict):
            raise Temporary("Acme's answer is no object.")
        return told

    def headers(self, client):
        if self.token is None:
            password = self.settings.secret("password")
            answer = client.request("POST", f"{self.settings.api_base}/login", json={"password": password})
            if answer.status == 403:
                raise Denied("Acme refuses the password: set it anew.")
            self.token = self.read(answer)["token"]
        return {"authorization": f"bearer {self.token}"}

    def test(self, client):
        self.token = None
        self.headers(client)
        return "Acme takes this password."

    def poll(self, client, orders, since):
        for one in orders:
            for told in self.call(client, "GET", f"/orders/{one.number}", None)["orders"]:
                yield self.news_of(told["number"], told["state"])

    def news_of(self, number, state):
        return OmsNews(key=f"{number}:{state}", kind=STATES.get(state, NewsKind.OTHER), word=state, number=number)

    def authenticate(self, message: Inbound):
        secret = self.settings.secret("inbound_secret")
        if secret is None:
            raise NoSecret("no inbound secret is set")
        covered = message.path.partition("/partners/")[2].partition("/")[2].encode() + message.body
        if not hmac.compare_digest(sign(secret, covered).encode(), message.header("x-api-key").encode()):
            raise Refused("the signature is not right")

    def read_news(self, route, message):
        told = read_json(message.body)
        if not isinstance(told, dict) or not isinstance(told.get("number"), str):
            raise Unreadable("expected an object with a number")
        return (self.news_of(told["number"], str(told.get("state"))),)

    def read_feed(self, route, message):
        cursor = message.params().get("cursor", "")
        if cursor and not cursor.isdigit():
            raise Invalid("cursor", "expected a number")
        return FeedWish(cursor=int(cursor) if cursor else None, limit=3)

    def write_feed(self, route, message, wish, listing):
        rows = [{"number": one.order.number, "amount": one.order.total} for one in listing.items]
        return Reply(body=json.dumps({"rows": rows, "cursor": listing.cursor, "more": listing.more}).encode())

    def read_acks(self, route, message):
        return (Ack(number=message.path.split("/")[-2], oms_order_id=read_json(message.body).get("id")),)

    def write_acks(self, route, message, acked):
        return Reply(status=200 if acked[0].problem is None else 409)


class AcmeStandIn(OmsStandIn):
    slug = "acme"
    weakest = {"lookup": "false"}

    def settings(self):
        return {"api_base": self.options.base_url, "password": "pass-of-tests", "inbound_secret": "in-of-tests"}

    def rules(self):
        return {
            "POST /login": self.login, "POST /orders": self.create, "GET /orders/<number>": self.get,
            "POST /orders/<number>/<verb>": self.change,
        }

    def login(self):
        if request.get_json().get("password") != "pass-of-tests":
            raise ApiError(403, {"error": "wrong"})
        token = f"t{len(self.tokens)}-{clock.now():%f}"
        self.tokens[token] = True
        return {"token": token}

    def guard(self):
        if request.headers.get("Authorization", "").removeprefix("bearer ") not in self.tokens:
            raise ApiError(401, {"error": "no token"})

    def create(self):
        self.guard()
        told = request.get_json()
        if self.book.of(told["number"]):
            raise ApiError(409, {"error": "there already"})
        whole, _, part = told["total"].partition(".")
        return {"id": self.keep(told["number"], int(whole + part), told["currency"]).id}

    def keep(self, number: str, amount: int, currency: str = "INR") -> SaleOrder:
        at: datetime = clock.now()
        made = SaleOrder(number=number, id=self.book.next_id("A"), amount=amount, currency=currency, created_at=at,
                         updated_at=at)
        return self.book.add(made)

    def get(self, number: str) -> Any:
        self.guard()
        found = self.book.of(number)
        return {"orders": [{"number": one.number, "id": one.id, "state": one.state, "amount": one.amount}
                           for one in found]}

    def change(self, number: str, verb: str) -> Any:
        self.guard()
        order = self.book.of(number)[0]
        if order.state in ("shipped", "delivered"):
            raise ApiError(409, {"error": "too late"})
        order.state = {"cancel": "cancelled", "hold": "on_hold", "unhold": "accepted"}[verb]
        return {"id": order.id}

    def signed(self, method: str, path: str, body: bytes = b"", query=()) -> Knock:
        headers = {"x-api-key": sign("in-of-tests", path.encode() + body), "content-type": "application/json"}
        return Knock(method=method, path=path, headers=headers, query=query, body=body)

    def news(self, number):
        order = self.book.of(number)[0]
        return [self.signed("POST", "news", json.dumps({"number": number, "state": order.state}).encode())]

    def fetch(self, knock):
        read, cursor, more = [], "0", True
        while more:
            page = json.loads(knock(self.signed("GET", "orders", query=[("cursor", cursor)])).body)
            cursor, more = str(page["cursor"]), page["more"]
            for row in page["rows"]:
                read.append(row["number"])
                known = self.book.of(row["number"]) or [self.keep(row["number"], row["amount"])]
                knock(self.signed("POST", f"orders/{row['number']}/ack", json.dumps({"id": known[0].id}).encode()))
        return read


class AcmePlugin:
    @hookimpl
    def register_oms(self):
        return [AcmeOms]
