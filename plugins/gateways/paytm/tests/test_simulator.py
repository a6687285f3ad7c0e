"""The stand-in: refuses what Paytm refuses, says what Paytm says, and is driven like every other."""

import json
import random
import time
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import urllib3
from kartify_paytm import PaytmGateway, PaytmSimulator

from kartify.plugin import Inbound, Money, SimulatorOptions, Temporary
from kartify.simulation import Session
from kartify.simulation.faults import KINDS
from kartify.testing.serve import serving


@pytest.fixture
def call(live, kit):
    """A call signed as these tests sign, so that nothing of the plugin is trusted."""

    def post(path, body, *, key=None, query=""):
        text = json.dumps({"mid": live.simulator.desk.mid, **body})
        head = json.dumps({"signature": kit.formula(text, key or live.simulator.desk.key)})
        raw = f'{{"head":{head},"body":{text}}}'
        kind = {"Content-Type": "application/json"}
        return urllib3.request("POST", live.url + path + query, body=raw, headers=kind).json()["body"]

    return post


def result(body):
    return body["resultInfo"]["resultStatus"], body["resultInfo"]["resultCode"]


ORDER = {"requestType": "Payment", "websiteName": "WEBSTAGING", "orderId": "K1", "callbackUrl": "https://x.example/c",
         "txnAmount": {"value": "10.00", "currency": "INR"}, "userInfo": {"custId": "C1"}}


@pytest.mark.parametrize(
    ("change", "answer"),
    [({}, ("S", "0000")), ({"txnAmount": {"value": "10", "currency": "INR"}}, ("F", "2007")),
     ({"txnAmount": {"value": "10.00", "currency": "USD"}}, ("F", "2007")), ({"txnAmount": "10.00"}, ("F", "2007")),
     ({"userInfo": {}}, ("F", "1007")), ({"callbackUrl": ""}, ("F", "1007")), ({"websiteName": "X"}, ("F", "501")),
     ({"requestType": "X"}, ("F", "1001")), ({"orderId": "K2"}, ("F", "2014")), ({"mid": "X"}, ("F", "2006"))],
)  # fmt: skip
def test_opening_is_checked_as_paytm_checks_it(call, live, change, answer):
    query = f"?mid={live.simulator.desk.mid}&orderId=K1"
    assert result(call("/theia/api/v1/initiateTransaction", {**ORDER, **change}, query=query)) == answer


@pytest.mark.parametrize(
    ("path", "answer"),
    [("/theia/api/v1/initiateTransaction", ("F", "2005")), ("/v3/order/status", ("TXN_FAILURE", "330")),
     ("/refund/apply", ("TXN_FAILURE", "330")), ("/v2/refund/status", ("TXN_FAILURE", "330")),
     ("/merchant-passbook/search/list/order/v2", ("FAILURE", "2005"))],
)  # fmt: skip
def test_a_wrong_checksum_is_refused_everywhere(call, kit, path, answer):
    assert result(call(path, {"orderId": "K1"}, key=kit.OTHER)) == answer


def test_signing_one_text_and_sending_another_is_refused(live, kit):
    body = {"mid": live.simulator.desk.mid, "orderId": "K1"}
    head = {"signature": kit.formula(json.dumps(body), live.simulator.desk.key)}
    compact = json.dumps({"head": head, "body": body}, separators=(",", ":"))
    answer = urllib3.request("POST", f"{live.url}/v3/order/status", body=compact)
    assert result(answer.json()["body"]) == ("TXN_FAILURE", "330")


def test_a_session_dies_with_its_token(live, wish, call):
    opened = live.gateway.open(live.client, wish())
    live.book.offset = timedelta(minutes=16)
    answer = urllib3.request("POST", opened.next.url, fields=dict(opened.next.fields), redirect=False)
    assert answer.status == 400


@pytest.mark.parametrize(
    "change",
    [{"pageSize": "51"}, {"pageNumber": "0"}, {"pageSize": "x"}, {"toDate": "2026-07-02T00:00:00+05:30"},
     {"fromDate": "June"}, {"orderSearchStatus": "ALL"}, {"orderSearchType": "SALE"}],
)  # fmt: skip
def test_the_list_holds_its_limits(call, change):
    body = {"fromDate": "2026-06-01T00:00:00+05:30", "toDate": "2026-06-30T00:00:00+05:30", "pageNumber": "1",
            "pageSize": "50", "orderSearchType": "TRANSACTION", "orderSearchStatus": "SUCCESS|FAILURE|PENDING"}
    path = "/merchant-passbook/search/list/order/v2"
    assert result(call(path, body))[0] == "SUCCESS"
    assert result(call(path, {**body, **change})) == ("FAILURE", "1001")


def test_pages_are_cut_newest_first(call, live):
    for number in range(7):
        live.opened(f"R{number}")
        live.simulator.pay(f"R{number}")
    begin, end = (live.book.now().date() + timedelta(days=days) for days in (-2, 2))
    body = {"fromDate": f"{begin}T00:00:00+05:30", "toDate": f"{end}T00:00:00+05:30", "pageSize": "3",
            "orderSearchType": "TRANSACTION", "orderSearchStatus": "SUCCESS"}  # fmt: skip
    path = "/merchant-passbook/search/list/order/v2"
    pages = [call(path, {**body, "pageNumber": str(number)})["orders"] for number in (1, 2, 3, 4)]
    names = [[row["merchantOrderId"] for row in page] for page in pages]
    assert names == [["R6", "R5", "R4"], ["R3", "R2", "R1"], ["R0"], []]


@pytest.mark.parametrize("state", ["captured", "failed", "pending", "authorized"])
@pytest.mark.parametrize("form", ["form", "json"])
def test_its_webhooks_are_accepted_and_ask(live, state, form):
    live.opened()
    live.simulator.webhook_form = form
    [told] = live.simulator.told(live.simulator.pay("KTF100045A1", state=state))
    message = Inbound(method="POST", path="/", headers={k.lower(): v for k, v in told.headers.items()}, body=told.body)
    live.gateway.verify(message)
    assert live.gateway.read_webhook(message).ask == ("KTF100045A1",)


def test_its_refund_webhook_is_accepted_and_asks(live):
    live.opened()
    charge = live.simulator.pay("KTF100045A1")
    [told] = live.simulator.told(charge, refund=live.simulator.refund_outside(charge.id, amount=100))
    message = Inbound(method="POST", path="/", headers={k.lower(): v for k, v in told.headers.items()}, body=told.body)
    live.gateway.verify(message)
    webhook = live.gateway.read_webhook(message)
    assert (webhook.event, webhook.ask) == ("REFUND TXN_SUCCESS", ("KTF100045A1",))


@pytest.mark.parametrize(("state", "outcome"), [("captured", "success"), ("failed", "failure"), ("pending", "unknown")])
def test_its_return_is_proved(live, state, outcome):
    ours = live.opened()
    charge = live.simulator.pay("KTF100045A1", state=state)
    back = live.simulator.comeback(charge)
    assert back.url == "https://kartify.example/callbacks/a?kartify_reference=KTF100045A1"
    message = Inbound(method=back.method, path="/", headers={}, body=urlencode(dict(back.fields)).encode())
    callback = live.gateway.read_callback(message, ours)
    assert (callback.proved, callback.outcome, callback.gateway_payment_id) == (True, outcome, charge.id)


def test_a_shop_hears_of_a_payment_at_the_door_beside_its_callback(live, wish):
    got = []

    def shop(environ, start_response):
        got.append((environ["PATH_INFO"], environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    with serving(shop) as url:
        live.gateway.open(live.client, wish(callback_url=f"{url}/callbacks/acc"))
        answer = urllib3.request("POST", f"{live.url}/_control/KTF100045A1/pay", json={}).json()
        assert live.simulator.courier.wait()
    assert [path for path, _ in got] == ["/webhooks/acc"]
    assert answer["charges"][0]["state"] == "captured"
    assert answer["callback"]["fields"]["STATUS"] == "TXN_SUCCESS"


def test_thousands_of_sessions_are_quick(live):
    for number in range(2000):
        name = f"R{number}"
        live.book.open(Session(id=name, reference=name, amount=100, currency="INR", callback_url="",
                               created_at=live.book.now()))
        live.simulator.pay(name, state="failed")
    ours = [live.opened(f"L{number}") for number in range(50)]
    begun = time.monotonic()
    assert not any(live.ask(payment).found for payment in ours)
    assert dict(live.gateway.ask_many(live.client, ours)) == {}
    assert time.monotonic() - begun < 3


def test_its_settings_make_an_account():
    made = PaytmSimulator(SimulatorOptions(base_url="http://127.0.0.1:1"))
    settings = PaytmGateway.Settings(**made.settings())
    assert (settings.mode(), settings.identity()) == ("test", made.desk.mid)


def _again(call):
    for _ in range(9):
        try:
            return call()
        except Temporary:
            continue
    raise AssertionError("never got through")


@pytest.mark.parametrize("seed", [1, 7, 2026])
def test_what_tries_again_gets_through_every_fault(live, wish, ref, seed):
    """Lost answers, throttling, HTML: each order ends with one session, paid once, and one refund."""
    random_one, kinds = random.Random(seed), [kind for kind in KINDS if kind != "slow"]
    for number in range(15):
        name = f"F{number}"
        live.simulator.faults.next(*random_one.choices(kinds, k=2), "none", random_one.choice(kinds), "none")
        _again(lambda name=name: live.gateway.open(live.client, wish(reference=name)))
        charge = live.simulator.pay(name)
        (report,) = _again(lambda name=name: live.ask(ref(reference=name, gateway_order_id=name))).reports
        assert (report.state, report.gateway_payment_id) == ("captured", charge.id)
        key = f"refund-key-{name}"
        _again(lambda charge=charge, key=key: live.gateway.refund(
            live.client, charge.id, Money(100, "INR"), key=key))  # fmt: skip
        assert [one.amount for one in charge.refunds] == [100]
    assert len(live.book.sessions) == len(live.book.charges) == 15
    assert sum(live.simulator.calls.values()) >= 15 * 6
