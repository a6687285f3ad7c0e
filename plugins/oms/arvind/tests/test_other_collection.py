"""An API that the contract has never seen becomes a preset: data alone, and the whole kit passes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from flask import request
from kartify_arvind.oms import Arvind
from kartify_arvind.signing import body_signature
from kartify_arvind.simulator import ArvindSimulator

from kartify.simulation import ApiError, json_answer
from kartify.testing.oms_kit import OmsKit, orders

# Made up: camel case, sums in paise, its own words, one envelope, its own paths, errors as a list.
PRESET = {
    "about": "A made-up collection.",
    "settings": {
        "auth": "basic", "create_path": "/omni/v4/order", "search_path": "/omni/v4/order?extRef={number}",
        "cancel_path": "/omni/v4/order/{reference}/void", "lookup_by": "search", "list_path": "data.rows",
        "supports_lookup": True, "supports_cancel": True, "supports_webhook": True, "inbound_auth": "hmac_body",
        "hmac_header_prefix": "X-Kartify-", "money": "paise", "times": "milliseconds", "unmapped": "drop",
        "field_map": {
            "number": "extRef", "created_at": "placedOn", "customer.name": "buyer.fullName",
            "customer.phone": "buyer.mobile", "shipping_address": "shipTo", "shipping_address.pincode": "shipTo.zip",
            "items[].sku": "rows[].item.code", "items[].quantity": "rows[].qty", "items[].total": "rows[].amt",
            "shipping.charge": "freight", "cod_fee": "codFee", "round_off": "rounding", "totals.grand": "value",
            "payment.type": "tender",
        },
        "constants": {"channel": "D2C", "rows[].uom": "EA"},
        "value_map": {"payment.type": {"prepaid": "PPD", "cod": "COD"}},
        "number_path": "data.extRef", "reference_path": "data.uid", "status_path": "data.st",
        "amount_path": "data.value", "currency_path": "data.cur", "error_message_path": "errs.0.txt",
        "error_field_path": "errs.0.at", "duplicate_statuses": [422],
        "statuses": {"NEW": "accepted", "GONE": "shipped", "DONE": "delivered", "VOID": "cancelled"},
        "news_event_path": "msgId", "news_at_path": "ts",
    },
}
WORDS = {"accepted": "NEW", "on_hold": "NEW", "shipped": "GONE", "delivered": "DONE", "cancelled": "VOID",
         "returned": "BACK"}


class OtherSimulator(ArvindSimulator):
    def rules(self):
        return {
            "GET /omni/v4/order": lambda: self._guarded(self.found),
            "POST /omni/v4/order": lambda: self._guarded(self.made),
            "POST /omni/v4/order/<uid>/void": lambda uid: self._guarded(lambda: self.voided(uid)),
        }

    def one(self, order):
        return {"data": {"uid": order.id, "extRef": order.number, "st": WORDS[order.state], "value": order.amount}}

    def made(self):
        told = json.loads(request.get_data())
        assert told["channel"] == "D2C"
        assert {row["uom"] for row in told["rows"]} == {"EA"}
        assert told["tender"] in ("PPD", "COD", "part")
        assert type(told["placedOn"]) is int
        assert not {"number", "customer", "items", "totals"} & set(told)
        if not told["shipTo"]["zip"].isdecimal():
            raise ApiError(400, {"errs": [{"at": "shipTo.zip", "txt": "bad zip"}]})
        charges = [told[name] for name in ("freight", "codFee", "rounding") if name in told]
        assert told["value"] == sum(row["amt"] for row in told["rows"]) + sum(charges)
        return json_answer(self.one(self.keep(told["extRef"], told["value"], {})), 201)

    def found(self):
        return {"data": {"rows": [self.one(one) for one in self.book.of(request.args["extRef"])]}}

    def voided(self, uid):
        order = self.book.by_id(uid)
        if order.state in ("shipped", "delivered"):
            raise ApiError(409, {"errs": [{"at": "", "txt": "on its way"}]})
        order.state = "cancelled"
        return {}

    def news(self, number):
        order = self.book.of(number)[-1]
        told = {"msgId": f"{order.id}{order.state}", **self.one(order)}
        knock = self.signed("POST", "news", body=json.dumps(told).encode())
        return [self.by_body(knock)]

    def by_body(self, knock):
        headers = {"X-Kartify-Signature": body_signature(self.settings()["inbound_secret"], knock.body)}
        return replace(knock, headers=headers)


@pytest.mark.slow
class TestOther(OmsKit):
    oms = Arvind
    simulator = OtherSimulator
    settings = {"preset": json.dumps(PRESET), "auth": "basic"}
    wrong_settings = {"basic_password": "guess-of-tests"}

    def bad_order(self):
        plain = orders.prepaid()
        address = {**plain.shipping_address, "country": "AE", "postcode": "P.O.1"}
        return orders.prepaid(shipping_address=address), "shipping_address.postcode"
