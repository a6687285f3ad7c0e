"""The stand-in refuses what PhonePe refuses, and takes what the official SDK sends."""

import json
from dataclasses import replace

import pytest
import urllib3

from kartify.testing.serve import serving

from .conftest import HERE

RECORDED = json.loads((HERE / "sdk_recorded.json").read_text())["calls"]
PREFIX = "/apis/pg-sandbox"


class Shop:
    def __init__(self):
        self.got = []

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.got.append((environ["PATH_INFO"], json.loads(body), environ["HTTP_AUTHORIZATION"]))
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]


@pytest.fixture
def call(live):
    """A call as another program makes it, with a token of its own."""
    sent = RECORDED["POST /v1/oauth/token"]
    headers = {"content-type": sent["headers"]["content-type"]}
    told = urllib3.request(
        "POST", f"{live.url}{PREFIX}/v1/oauth/token", body=sent["body"], headers=headers, retries=False
    ).json()
    assert told["token_type"] == "O-Bearer"
    assert told["expires_at"] - told["issued_at"] == 3600

    def make(method, path, body=None, *, token=f"O-Bearer {told['access_token']}"):
        headers = {"content-type": "application/json", "authorization": token}
        raw = body if isinstance(body, str | None) else json.dumps(body)
        return urllib3.request(method, f"{live.url}{PREFIX}{path}", body=raw, headers=headers, retries=False)

    return make


def test_what_the_official_sdk_sent_is_taken(live, call):
    made = call("POST", "/checkout/v2/pay", RECORDED["POST /checkout/v2/pay"]["body"]).json()
    assert (made["state"], made["orderId"][:3]) == ("PENDING", "OMO")
    for state in ("failed", "captured"):
        paid = live.simulator.pay("R7Q2M9", state=state)
    query = RECORDED["GET /checkout/v2/order/R7Q2M9/status"]["query"]
    assert len(call("GET", f"/checkout/v2/order/R7Q2M9/status?{query}").json()["paymentDetails"]) == 2
    assert len(call("GET", "/checkout/v2/order/R7Q2M9/status").json()["paymentDetails"]) == 1
    [told] = call("GET", f"/checkout/v2/transaction/{paid.id}/status").json()["paymentDetails"]
    assert told["transactionId"] == paid.id
    refunded = call("POST", "/payments/v2/refund", RECORDED["POST /payments/v2/refund"]["body"]).json()
    assert refunded["state"] == "PENDING"
    assert call("GET", "/payments/v2/refund/KTFREFUND001/status").json()["state"] == "COMPLETED"


@pytest.mark.parametrize("token", ["", "Bearer x", "O-Bearer never-given", "o-bearer x"])
def test_a_wrong_token_is_refused(call, token):
    answer = call("GET", "/checkout/v2/order/R1/status", token=token)
    assert (answer.status, answer.json()["code"]) == (401, "AUTHORIZATION_FAILED")


@pytest.mark.parametrize(
    "change",
    [{"merchantOrderId": "a b"}, {"merchantOrderId": "x" * 64}, {"merchantOrderId": None}, {"amount": 99},
     {"amount": 149900.0}, {"amount": "149900"}, {"expireAfter": 299}, {"expireAfter": 3601},
     {"metaInfo": {"udf16": "x"}},
     {"metaInfo": {"udf1": "x" * 257}}, {"metaInfo": {"udf11": "a b"}}, {"paymentFlow": {"type": "SDK"}},
     {"paymentFlow": {"type": "PG_CHECKOUT", "merchantUrls": {}}}],
)  # fmt: skip
def test_a_broken_limit_is_refused(live, call, change):
    body = {**json.loads(RECORDED["POST /checkout/v2/pay"]["body"]), **change}
    answer = call("POST", "/checkout/v2/pay", body)
    assert (answer.status, answer.json()["code"]) == (400, "BAD_REQUEST")
    assert live.simulator.book.sessions == {}


def test_webhooks_go_to_the_door_beside_the_one_the_browser_comes_back_to(live, wish):
    shop = Shop()
    with serving(shop) as shop_url:
        live.gateway.open(live.client, wish(callback_url=f"{shop_url}/callbacks/acc"))
        for state in ("pending", "failed", "captured"):
            live.simulator.send(live.simulator.pay("R7Q2M9", state=state))
            assert live.simulator.courier.wait()
        paid = live.simulator.book.charges_of("R7Q2M9")[-1]
        live.simulator.send(paid, refund=live.simulator.refund_outside(paid.id))
        assert live.simulator.courier.wait()
    assert {path for path, _, _ in shop.got} == {"/webhooks/acc"}
    assert [body["event"] for _, body, _ in shop.got] == [
        "checkout.transaction.attempt.failed", "checkout.order.completed", "pg.refund.completed",
    ]
    assert shop.got[1][1]["type"] == "CHECKOUT_ORDER_COMPLETED"
    assert shop.got[2][1]["payload"]["originalMerchantOrderId"] == "R7Q2M9"


def test_a_customer_can_pay_on_the_page_that_the_order_names(live, wish):
    page = live.gateway.open(live.client, wish()).next.url
    assert "stand-in for phonepe" in urllib3.request("GET", page, retries=False).data.decode()


@pytest.mark.slow
def test_two_thousand_orders_are_each_told_apart(live, ref):
    """Driven by nothing but the stand-in's own verbs, as programs that know no gateway do."""
    first = live.opened("R0")
    pattern = live.simulator.book.sessions[first.gateway_order_id]
    for number in range(1, 2000):
        live.simulator.book.open(replace(pattern, id=f"R{number}", reference=f"R{number}"))
    states = ("captured", "failed", "authorized", "pending")
    charges = [live.simulator.pay(f"R{number}", state=states[number % 4]) for number in range(2000)]
    for number in range(0, 2000, 97):
        [report, *_] = live.gateway.ask(live.client, ref(reference=f"R{number}", gateway_order_id=f"R{number}")).reports
        assert report.gateway_payment_id == charges[number].id
        assert report.state == ("captured", "failed", "pending", "pending")[number % 4]
