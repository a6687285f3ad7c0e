"""The stand-in refuses what Juspay refuses, and what it sends the plugin reads."""

import json
import time
from datetime import timedelta
from statistics import median
from urllib.parse import urlencode

import pytest
import urllib3
from kartify_juspay import JuspayGateway, JuspaySimulator
from kartify_juspay.settings import JuspaySettings

from kartify.plugin import ChargeState, Inbound, SimulatorOptions
from kartify.testing.serve import serving

STATES = {"captured": "captured", "failed": "failed", "pending": "pending", "authorized": "authorized"}


@pytest.fixture
def call(live):
    """A call with the right keys unless ``headers`` say otherwise."""

    def make(method, path, headers=None, fields=None, **given):
        basic = urllib3.make_headers(basic_auth=f"{live.simulator.settings()['api_key']}:")
        sent = {**basic, "x-merchantid": "kartifysim", **(headers or {})}
        if fields is not None:
            sent["content-type"], given["body"] = "application/x-www-form-urlencoded", urlencode(fields)
        answer = urllib3.request(method, live.url + path, headers=sent, retries=False, **given)
        return answer.status, json.loads(answer.data)

    return make


BODY = {
    "order_id": "R1", "amount": "12.50", "currency": "INR", "customer_id": "R1", "payment_page_client_id": "kartifysim",
    "action": "paymentPage", "return_url": "https://shop.example/c",
}  # fmt: skip


def test_a_session_is_opened_as_documented(call):
    status, told = call("POST", "/session", json=BODY)
    assert (status, told["status"], told["order_id"]) == (200, "NEW", "R1")
    assert told["payment_links"]["web"].startswith("http")
    assert told["sdk_payload"]["payload"]["clientAuthToken"]


@pytest.mark.parametrize("changes", [
    {"order_id": "A" * 22}, {"order_id": "a b"}, {"amount": "12.501"}, {"amount": 12.5}, {"amount": "0"},
    {"amount": "-1"}, {"customer_id": ""}, {"payment_page_client_id": "other"}, {"action": "pay"},
    {"return_url": "http://shop.example/c"}, {"return_url": None},
], ids=str)  # fmt: skip
def test_what_juspay_refuses_is_refused(call, live, changes):
    status, told = call("POST", "/session", json={**BODY, **changes})
    assert status == 400
    assert {"status", "error_code", "error_message", "error_info"} <= set(told)
    assert live.simulator.book.sessions == {}


@pytest.mark.parametrize("headers", [
    {"authorization": "Basic AAAA"}, {"x-merchantid": "other"}, {"authorization": ""},
    urllib3.make_headers(basic_auth="SIMULATORAPIKEY0001:password"),
], ids=str)  # fmt: skip
def test_wrong_keys_are_refused_everywhere(call, headers):
    rules = ("POST /session", "GET /orders/R1", "POST /orders/R1/refunds", "POST /refunds",
             "POST /v2/txns/moz1/capture", "POST /v2/txns/moz1/void")
    assert [call(*rule.split(" "), headers=headers)[0] for rule in rules] == [401] * len(rules)


def test_a_version_that_is_no_date_is_refused(call):
    assert call("GET", "/orders/R1", headers={"version": "latest"})[0] == 400


def test_an_unknown_order_is_404_in_juspays_words(call):
    status, told = call("GET", "/orders/R404")
    assert (status, told["status"], told["error_info"]["code"]) == (404, "NOT_FOUND", "RESOURCE_NOT_FOUND")


def test_refunds_go_by_order_or_by_transaction(call, live):
    live.opened()
    charge = live.simulator.pay("R7Q2M9")
    by_order = {"order_id": "R7Q2M9", "unique_request_id": "A1", "amount": "5"}
    by_txn = {"txn_id": charge.id, "unique_request_id": "A2", "amount": "6"}
    assert [call("POST", "/refunds", fields=one)[0] for one in (by_order, by_txn)] == [200, 200]
    assert [one.amount for one in charge.refunds] == [500, 600]
    whole = call("POST", "/orders/R7Q2M9/refunds", fields={"unique_request_id": "A3"})[1]
    assert whole["refunds"][2]["amount"] == 1288


@pytest.mark.parametrize(("fields", "code"), [
    ({"unique_request_id": "A-1", "amount": "5"}, "invalid_request"),
    ({"unique_request_id": "A" * 21, "amount": "5"}, "invalid_request"),
    ({"unique_request_id": "A1", "amount": "0.99"}, "invalid.amount.exceeded"),
    ({"unique_request_id": "A1", "amount": "1299.01"}, "invalid.amount.exceeded"),
    ({"unique_request_id": "A1", "amount": "five"}, "invalid_request"),
    ({"unique_request_id": "USED", "amount": "7"}, "duplicate.call"),
    ({"unique_request_id": "A1", "amount": "3"}, "duplicate.call"),
])  # fmt: skip
def test_refunds_that_juspay_refuses_are_refused(call, live, fields, code):
    live.opened()
    live.simulator.pay("R7Q2M9")
    first = {"unique_request_id": "USED", "amount": "3"}
    call("POST", "/orders/R7Q2M9/refunds", fields=first)
    status, told = call("POST", "/orders/R7Q2M9/refunds", fields=fields)
    assert (status, told["error_code"]) == (400, code)


def test_an_order_takes_25_attempts(live):
    live.opened()
    for _ in range(25):
        live.simulator.pay("R7Q2M9", state="failed")
    with pytest.raises(ValueError, match="25"):
        live.simulator.pay("R7Q2M9")


@pytest.mark.parametrize("state", STATES)
def test_what_it_sends_is_verified_and_gives_the_order_to_ask_about(live, ref, state):
    ours = live.opened()
    charge = live.simulator.pay("R7Q2M9", state=state)
    [told] = live.simulator.told(charge)
    headers = {name.lower(): text for name, text in told.headers.items()}
    message = Inbound(method="POST", path="/w", headers=headers, body=told.body)
    live.gateway.verify(message)
    assert live.gateway.read_webhook(message).ask == ("R7Q2M9",)
    [report] = live.gateway.ask(live.client, ours).reports
    assert (report.state, report.gateway_payment_id) == (ChargeState(STATES[state]), charge.id)


@pytest.mark.parametrize("state", STATES)
def test_its_return_is_proved(live, ref, state):
    live.opened()
    back = live.simulator.comeback(live.simulator.pay("R7Q2M9", state=state))
    message = Inbound(method="GET", path="/c", headers={}, query=list(back.fields.items()))
    assert back.method == "GET"
    assert live.gateway.callback_key(message).reference == "R7Q2M9"
    assert live.gateway.read_callback(message, ref()).proved


@pytest.mark.parametrize(("state", "event"), [
    ("pending", "REFUND_INITIATED"), ("processed", "ORDER_REFUNDED"), ("failed", "ORDER_REFUND_FAILED"),
])  # fmt: skip
def test_refunds_are_told(live, state, event):
    live.opened()
    charge = live.simulator.pay("R7Q2M9")
    refund = live.simulator.refund_outside(charge.id, amount=500)
    refund.state = state
    [told] = live.simulator.told(charge, refund=refund)
    assert json.loads(told.body)["event_name"] == event


def test_webhooks_go_to_the_address_that_the_order_names(live):
    got = []

    def shop(environ, start_response):
        got.append((environ["PATH_INFO"], environ["HTTP_AUTHORIZATION"]))
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    live.opened()
    with serving(shop) as url:
        live.simulator.book.sessions["R7Q2M9"].webhook_url = f"{url}/webhooks/acc"
        live.simulator.send(live.simulator.pay("R7Q2M9"))
        assert live.simulator.courier.wait()
    assert [path for path, _ in got] == ["/webhooks/acc"]


def test_the_address_of_webhooks_comes_with_the_session(live):
    live.opened()
    assert live.simulator.book.sessions["R7Q2M9"].webhook_url == "https://kartify.example/webhooks/a"


def test_any_word_can_be_played(live):
    ours = live.opened()
    live.simulator.pay("R7Q2M9", word="SPLENDID")
    [report] = live.gateway.ask(live.client, ours).reports
    assert (report.state, report.word) == (ChargeState.UNKNOWN, "SPLENDID")


def test_an_order_that_nobody_tried_is_new(call, live):
    live.opened()
    told = call("GET", "/orders/R7Q2M9")[1]
    assert (told["status"], told["status_id"], "txn_id" in told) == ("NEW", 10, False)


def test_the_pay_page_brings_the_browser_back_signed(live, ref):
    live.opened()
    answer = urllib3.request(
        "POST", f"{live.url}/_pay/R7Q2M9", fields={"action": "pay"}, redirect=False, retries=False
    )
    assert answer.status == 303
    assert "signature=" in answer.headers["Location"]


def test_settings_make_an_account_that_works():
    simulator = JuspaySimulator(SimulatorOptions(base_url="http://127.0.0.1:1"))
    gateway = JuspayGateway(JuspaySettings(**simulator.settings()))
    assert (gateway.settings.mode(), gateway.settings.webhook_in_order) == ("test", True)


@pytest.mark.slow
def test_the_two_thousandth_session_costs_what_the_first_did():
    simulator = JuspaySimulator(SimulatorOptions(base_url="http://127.0.0.1:1"))
    client, basic = simulator.app().test_client(), urllib3.make_headers(basic_auth="SIMULATORAPIKEY0001:")
    headers = {**basic, "x-merchantid": "kartifysim"}
    taken = []
    for number in range(2000):
        begun = time.perf_counter()
        client.post("/session", json={**BODY, "order_id": f"R{number}"}, headers=headers)
        charge = simulator.pay(f"R{number}")
        simulator.told(charge)
        simulator.comeback(charge)
        taken.append(time.perf_counter() - begun)
    assert client.get("/orders/R1999", headers=headers).json["status"] == "CHARGED"
    assert simulator.calls["POST /session"] == 2000
    assert median(taken[-500:]) < 5 * median(taken[:500])


def test_old_orders_are_made_by_the_books_clock(live):
    live.opened(age=86400)
    session = live.simulator.book.sessions["R7Q2M9"]
    assert live.simulator.book.now() - session.created_at > timedelta(hours=23)
