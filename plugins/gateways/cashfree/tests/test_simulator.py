"""The stand-in behaves as the API it stands for, seen through raw calls and through the toolkit."""

import pytest
import urllib3
from kartify_cashfree import CashfreeGateway, CashfreeSimulator
from kartify_cashfree.settings import CashfreeSettings

from kartify.plugin import ChargeState, Inbound, PartnerError, SimulatorOptions
from kartify.registry import load
from kartify.testing.serve import serving


@pytest.fixture
def call(live):
    settings = live.simulator.settings()
    keys = {"x-client-id": settings["client_id"], "x-client-secret": settings["client_secret"],
            "x-api-version": "2025-01-01"}

    def send(method, path, body=None, **headers):
        given = {**keys, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return urllib3.request(method, f"{live.url}/pg{path}", json=body, headers=given, retries=False)

    return send


def wanted(**changes):
    given = {"order_id": "R7Q2M9", "order_amount": 10.5, "order_currency": "INR",
             "customer_details": {"customer_id": "c17", "customer_phone": "9000000000"}}
    return {**given, **changes}


def test_the_plugin_and_its_stand_in_are_announced():
    registry = load()
    assert registry.partner("cashfree") is CashfreeGateway
    assert registry.simulators["cashfree"] is CashfreeSimulator


def test_its_settings_make_an_account_of_test_mode():
    settings = CashfreeSettings(**CashfreeSimulator(SimulatorOptions(base_url="http://127.0.0.1:9")).settings())
    assert (settings.mode(), settings.api_base) == ("test", "http://127.0.0.1:9/pg")


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"x_client_secret": "wrong"}, 401), ({"x_client_id": "wrong"}, 401), ({"x_api_version": ""}, 400)],
)
def test_calls_without_the_right_headers_are_refused(call, headers, status):
    answer = call("POST", "/orders", wanted(), **headers)
    assert answer.status == status
    assert set(answer.json()) == {"message", "code", "type"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"order_id": "ab"}, "order_id_invalid"), ({"order_amount": "10.5"}, "order_amount_invalid"),
     ({"order_amount": 0.5}, "order_amount_invalid"), ({"order_amount": 1.005}, "order_amount_invalid"),
     ({"customer_details": {"customer_id": "c17"}}, "customer_details.customer_phone_invalid"),
     ({"customer_details": {"customer_id": "c", "customer_phone": "9000000000"}},
      "customer_details.customer_id_invalid"),
     ({"order_meta": {"return_url": "x" * 251}}, "order_meta.return_url_invalid"),
     ({"order_tags": {str(number): "x" for number in range(11)}}, "order_tags_invalid"),
     ({"order_expiry_time": "soon"}, "order_expiry_time_invalid")],
)  # fmt: skip
def test_documented_limits_are_kept(call, changes, code):
    answer = call("POST", "/orders", wanted(**changes))
    assert (answer.status, answer.json()["code"]) == (400, code)


def test_an_order_id_is_taken_once(call):
    assert call("POST", "/orders", wanted()).status == 200
    again = call("POST", "/orders", wanted())
    assert (again.status, again.json()["code"]) == (409, "order_already_exists")


def test_amounts_are_numbers_with_their_digits(call):
    assert b'"order_amount": 10.50' in call("POST", "/orders", wanted()).data


def test_idempotency_replays_the_same_and_refuses_another_body(call, live):
    call("POST", "/orders", wanted())
    live.simulator.pay("R7Q2M9")
    body = {"refund_id": "refund-0001", "refund_amount": 1.5}
    first = call("POST", "/orders/R7Q2M9/refunds", body, x_idempotency_key="k1")
    again = call("POST", "/orders/R7Q2M9/refunds", body, x_idempotency_key="k1")
    assert (again.data, again.headers["x-idempotency-replayed"]) == (first.data, "true")
    other = call("POST", "/orders/R7Q2M9/refunds", {**body, "refund_amount": 2}, x_idempotency_key="k1")
    assert (other.status, other.json()["type"]) == (422, "idempotency_error")
    assert call("POST", "/orders/R7Q2M9/refunds", body).status == 409


@pytest.mark.parametrize(("note", "word"), [("SUCCESS", "SUCCESS"), ("FAILED", "CANCELLED"), ("PENDING", "PENDING")])
def test_the_note_of_a_refund_decides_as_in_the_sandbox(call, live, note, word):
    call("POST", "/orders", wanted())
    live.simulator.pay("R7Q2M9")
    body = {"refund_id": "refund-0001", "refund_amount": 1, "refund_note": note}
    assert call("POST", "/orders/R7Q2M9/refunds", body).json()["refund_status"] == word


@pytest.mark.parametrize("limit", [9, 1001, "10", None])
def test_pages_of_the_list_have_their_limits(call, limit):
    body = {"pagination": {"limit": limit}, "filters": {"start_date": "2026-01-01", "end_date": "2026-01-02"}}
    assert call("POST", "/recon", body).status == 400


@pytest.mark.parametrize("filters", [{}, {"start_date": "2026-01-03T00:00:00Z", "end_date": "2026-01-02T00:00:00Z"}])
def test_a_range_of_the_list_is_needed(call, filters):
    assert call("POST", "/recon", {"pagination": {"limit": 10}, "filters": filters}).status == 400


@pytest.mark.parametrize(
    "path", ["/orders/NONE1", "/orders/NONE1/payments", "/orders/NONE1/refunds", "/orders/NONE1/payments/1"],
)  # fmt: skip
def test_what_is_not_there_is_told_in_its_own_words(call, path):
    answer = call("GET", path)
    assert (answer.status, answer.json()["code"]) == (404, "order_not_found")


def test_a_paid_order_cannot_be_ended(call, live):
    call("POST", "/orders", wanted())
    live.simulator.pay("R7Q2M9")
    assert call("PATCH", "/orders/R7Q2M9", {"order_status": "TERMINATED"}).status == 400


class Shop:
    def __init__(self):
        self.got = []

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name[:5] == "HTTP_"}
        self.got.append(Inbound(method="POST", path=environ["PATH_INFO"], headers=headers, body=body))
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]


@pytest.mark.parametrize(
    ("action", "event", "state"),
    [("pay", "PAYMENT_SUCCESS_WEBHOOK", ChargeState.CAPTURED), ("fail", "PAYMENT_FAILED_WEBHOOK", ChargeState.FAILED),
     ("authorize", "PAYMENT_SUCCESS_WEBHOOK", None)],
)  # fmt: skip
def test_another_program_pays_and_the_plugin_reads_the_news(live, wish, action, event, state):
    shop = Shop()
    with serving(shop) as shop_url:
        address = {"callback_url": f"{shop_url}/callbacks/a", "webhook_url": f"{shop_url}/webhooks/a"}
        live.gateway.open(live.client, wish(**address))
        told = urllib3.request("POST", f"{live.url}/_control/R7Q2M9/{action}", json={}, retries=False).json()
        assert live.simulator.courier.wait()
    (message,) = shop.got
    live.gateway.verify(message)
    webhook = live.gateway.read_webhook(message)
    assert (message.path, webhook.event) == ("/webhooks/a", event)
    assert [report.state for report in webhook.reports] == ([state] if state else [])
    assert webhook.ask == (() if state else ("R7Q2M9",))
    assert told["callback"]["url"] == f"{shop_url}/callbacks/a?kartify_reference=R7Q2M9&order_id=R7Q2M9"


def test_a_refund_is_told_and_is_a_reason_to_ask(live):
    live.opened()
    charge = live.simulator.pay("R7Q2M9")
    refund = live.simulator.refund_outside(charge.id)
    (news,) = live.simulator.told(charge, refund=refund)
    message = Inbound(method="POST", path="/", body=news.body,
                      headers={name.lower(): value for name, value in news.headers.items()})
    live.gateway.verify(message)
    assert live.gateway.read_webhook(message).ask == ("R7Q2M9",)


def test_of_a_pending_attempt_nothing_is_told(live):
    live.opened()
    assert live.simulator.told(live.simulator.pay("R7Q2M9", state="pending")) == []


def test_plugin_and_stand_in_name_a_charge_alike(live):
    ours = live.opened()
    made = {live.simulator.pay("R7Q2M9", state=state).id for state in ("failed", "pending", "captured")}
    answer = live.gateway.ask(live.client, ours)
    assert {report.gateway_payment_id for report in answer.reports} == made


@pytest.mark.parametrize("seed", [1, 7, 2026])
def test_what_tries_again_gets_through_whatever_goes_wrong(client, simulator, wish, ref, seed):
    misbehaving = simulator(faults=seed)
    gateway = CashfreeGateway(CashfreeSettings(**misbehaving.settings()))

    def patient(work):
        for _ in range(40):
            try:
                return work()
            except PartnerError:
                continue
        raise AssertionError("nothing got through")

    patient(lambda: gateway.open(client, wish()))
    charge = misbehaving.pay("R7Q2M9")
    answer = patient(lambda: gateway.ask(client, ref()))
    assert [report.captured for report in answer.reports] == [129900]
    patient(lambda: gateway.refund(client, charge.id, wish().amount, key="refund-0001"))
    assert len(charge.refunds) == 1
