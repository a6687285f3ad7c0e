"""The stand-in behaves as the API it stands for, seen through the official SDK and raw calls."""

import html
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import razorpay
import urllib3
from kartify_razorpay import RazorpayGateway, RazorpayStandIn
from kartify_razorpay.ledger import ApiError
from kartify_razorpay.settings import RazorpaySettings
from kartify_razorpay.simulator import RazorpaySimulator

from kartify.plugin import Inbound, PartnerError
from kartify.registry import load
from kartify.testing.serve import serving, simulating


@pytest.fixture
def sdk(live):
    values = live.simulator.settings()
    made = razorpay.Client(auth=(values["key_id"], values["key_secret"]), base_url=live.url)
    yield made
    made.session.close()


def test_the_official_sdk_can_work_with_it(sdk, live):
    order = sdk.order.create({"amount": 50000, "currency": "INR", "receipt": "S1"})
    assert re.fullmatch(r"order_[A-Za-z0-9]{14}", order["id"])
    assert (order["notes"], order["status"]) == ([], "created")
    payment = live.simulator.pay(order["id"], status="authorized")
    assert re.fullmatch(r"pay_[A-Za-z0-9]{14}", payment["id"])
    assert sdk.payment.capture(payment["id"], 50000, {"currency": "INR"})["status"] == "captured"
    assert sdk.order.fetch(order["id"])["status"] == "paid"
    assert sdk.order.payments(order["id"])["count"] == 1
    assert sdk.order.all({"receipt": "S1"})["items"][0]["id"] == order["id"]
    sdk.payment.refund(payment["id"], {"amount": 20000})
    assert sdk.payment.fetch(payment["id"])["refund_status"] == "partial"


def test_errors_come_in_razorpays_envelope(sdk):
    with pytest.raises(razorpay.errors.BadRequestError, match="does not exist"):
        sdk.order.fetch("order_NEVERMADE00001")
    with pytest.raises(razorpay.errors.BadRequestError, match="minimum"):
        sdk.order.create({"amount": 99, "currency": "INR"})


def test_a_list_is_newest_first_ten_by_default_and_a_hundred_at_most(sdk, live):
    for number in range(12):
        live.opened(f"R{number}", age=1200 - 100 * number)
    items = sdk.order.all()["items"]
    assert [item["receipt"] for item in items] == [f"R{number}" for number in range(11, 1, -1)]
    assert len(sdk.order.all({"count": 100, "skip": 10})["items"]) == 2
    assert len(sdk.order.all({"count": 100, "to": live.simulator.ledger.now() - 650})["items"]) == 6
    with pytest.raises(razorpay.errors.BadRequestError):
        sdk.order.all({"count": 101})


def test_a_paid_order_takes_no_further_payment(live):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id)
    with pytest.raises(ApiError):
        live.simulator.pay(ours.gateway_order_id)


@pytest.mark.parametrize("event", ["order.paid", "payment.captured"])
def test_its_webhooks_are_verified_and_read(live, event):
    paid = live.simulator.pay(live.opened().gateway_order_id)
    body, headers = live.simulator.webhook_body(event, payment_id=paid["id"])
    message = Inbound(
        method="POST", path="/", headers={name.lower(): value for name, value in headers.items()}, body=body
    )
    assert live.gateway.verify(message).secret == "current"
    (report,) = live.gateway.read_webhook(message).reports
    assert (report.captured, report.gateway_payment_id, report.reference) == (129900, paid["id"], "R7Q2M9")


def test_its_refund_webhooks_are_read(live):
    paid = live.simulator.pay(live.opened().gateway_order_id)
    refund = live.simulator.refund_outside(paid["id"])
    body, _ = live.simulator.webhook_body("refund.processed", payment_id=paid["id"], refund=refund)
    (report,) = live.gateway.read_webhook(Inbound(method="POST", path="/", headers={}, body=body)).reports
    assert report.refunded == 129900


def test_its_callbacks_are_proved(live):
    ours = live.opened()
    paid = live.simulator.pay(ours.gateway_order_id)
    body = "&".join(f"{name}={value}" for name, value in live.simulator.callback_form(paid["id"]).items()).encode()
    message = Inbound(method="POST", path="/", headers={}, body=body)
    assert live.gateway.callback_key(message).gateway_order_id == ours.gateway_order_id
    assert live.gateway.read_callback(message, ours).proved


def test_it_sends_webhooks(live):
    heard = []

    def door(environ, start_response):
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        heard.append((body, environ["HTTP_X_RAZORPAY_SIGNATURE"], environ["HTTP_X_RAZORPAY_EVENT_ID"]))
        start_response("202 Accepted", [("Content-Length", "0")])
        return [b""]

    paid = live.simulator.pay(live.opened().gateway_order_id)
    with serving(door) as url:
        assert live.simulator.send_webhook(url, "order.paid", payment_id=paid["id"]) == 202
    ((body, signature, event_id),) = heard
    headers = {"x-razorpay-signature": signature, "x-razorpay-event-id": event_id}
    live.gateway.verify(Inbound(method="POST", path="/", headers=headers, body=body))
    assert event_id


def test_many_threads_make_distinct_orders(live, wish):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: live.gateway.open(live.client, wish(reference=f"R{n}")), range(60)))
    assert len({opened.gateway_order_id for opened in made}) == 60
    assert live.simulator.calls["POST /v1/orders"] == 60


def test_a_seed_plays_faults_and_what_tries_again_gets_through(client, ref):
    with simulating(RazorpaySimulator, faults=7) as (_, simulator):
        gateway = RazorpayGateway(RazorpaySettings(**simulator.settings()))
        order = simulator.ledger.create_order({"amount": 129900, "currency": "INR", "receipt": "R7Q2M9"})
        simulator.pay(order["id"])
        ours, failures = ref(gateway_order_id=order["id"]), 0
        for _ in range(20):
            tries = 0
            while True:
                try:
                    assert gateway.ask(client, ours).reports[0].captured == 129900
                    break
                except PartnerError:
                    tries += 1
                    assert tries <= 2
            failures += tries
        assert failures > 3


def test_the_package_is_found_by_its_entry_point():
    registry = load()
    assert registry.partner("razorpay").__name__ == "RazorpayGateway"
    assert registry.simulators["razorpay"] is RazorpayStandIn


def test_the_pay_page_pays_an_order_and_sends_the_browser_back_where_the_checkout_said():
    with simulating(RazorpayStandIn) as (url, stand_in):
        order = stand_in.ledger.create_order({"amount": 129900, "currency": "INR", "receipt": "R1"})
        back = "https://shop.example/callbacks/a?kartify_reference=R1"
        page = urllib3.request("GET", f"{url}/_pay/{order['id']}", fields={"callback_url": back})
        assert "no money moves" in page.data.decode()
        fields = {"action": "pay", "lose_webhook": "on"}
        done = urllib3.request("POST", f"{url}/_pay/{order['id']}", fields=fields, redirect=False).data.decode()
        assert html.escape(back) in done
        assert "razorpay_signature" in done
        assert stand_in.ledger.order(order["id"])["status"] == "paid"


def test_the_pay_page_sends_the_webhook_to_the_door_beside():
    with simulating(RazorpayStandIn) as (_, stand_in):
        order = stand_in.ledger.create_order({"amount": 129900, "currency": "INR", "receipt": "R1"})
        stand_in.book.sessions[order["id"]].callback_url = "http://127.0.0.1:9/callbacks/a1"
        sent = []
        stand_in.courier.send = lambda parcel, **how: sent.append(parcel.url)
        stand_in.send(stand_in.pay(order["id"]))
        assert sent == ["http://127.0.0.1:9/webhooks/a1"]
