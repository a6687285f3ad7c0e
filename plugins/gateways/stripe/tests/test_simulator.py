"""The stand-in: the official package can work with it, it refuses what Stripe refuses, and the plugin reads what it
sends."""

import json
import time
from statistics import median
from urllib.parse import urlencode, urlsplit

import pytest
import stripe as sdk
import urllib3
from kartify_stripe import StripeGateway, StripeSimulator
from kartify_stripe.settings import StripeSettings

from kartify.plugin import ChargeState, Inbound, SimulatorOptions
from kartify.testing.serve import serving

API = "/v1/checkout/sessions"
FORM = {
    "mode": "payment", "success_url": "https://shop.example/c?s={CHECKOUT_SESSION_ID}", "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "inr", "line_items[0][price_data][unit_amount]": "1250",
    "line_items[0][price_data][product_data][name]": "Order", "client_reference_id": "R1",
}  # fmt: skip


@pytest.fixture
def call(live):
    """A call with the right key unless ``headers`` say otherwise."""

    def make(method, path, form=None, headers=None):
        sent = {"authorization": f"Bearer {live.simulator.settings()['secret_key']}", **(headers or {})}
        if form is not None:
            sent["content-type"] = "application/x-www-form-urlencoded"
        body = urlencode(form) if form is not None else None
        answer = urllib3.request(method, live.url + path, headers=sent, body=body, retries=False)
        return answer.status, json.loads(answer.data)

    return make


@pytest.fixture
def official(live):
    key = live.simulator.settings()["secret_key"]
    return sdk.StripeClient(key, base_addresses={"api": live.url}, max_network_retries=0).v1


def test_the_official_package_opens_lists_pays_and_refunds(live, official):
    made = official.checkout.sessions.create(params={
        "mode": "payment", "success_url": "https://shop.example/c", "client_reference_id": "R1",
        "metadata": {"kartify_reference": "R1"}, "payment_intent_data": {"metadata": {"kartify_reference": "R1"}},
        "line_items": [{"quantity": 1, "price_data": {
            "currency": "inr", "unit_amount": 1250, "product_data": {"name": "Order"}}}],
    }, options={"idempotency_key": "one"})  # fmt: skip
    assert (made.object, made.status, made.payment_intent) == ("checkout.session", "open", None)
    live.simulator.pay(made.id)
    told = official.checkout.sessions.retrieve(made.id, params={"expand": ["payment_intent.latest_charge"]})
    assert (told.payment_status, told.payment_intent.latest_charge.amount_captured) == ("paid", 1250)
    given = official.refunds.create(params={"payment_intent": told.payment_intent.id, "amount": 250})
    assert (given.object, given.status, given.amount) == ("refund", "succeeded", 250)
    assert [one.id for one in official.refunds.list(params={"payment_intent": told.payment_intent.id})] == [given.id]
    assert [one.id for one in official.checkout.sessions.list(params={"status": "complete"}).data] == [made.id]


def test_the_official_package_pages_through_sessions(live, official):
    names = {live.opened(f"R{number}").gateway_order_id for number in range(25)}
    found = [one.id for one in official.checkout.sessions.list(params={"limit": 10}).auto_paging_iter()]
    assert len(found) == 25
    assert set(found) == names


def test_the_official_package_captures_and_cancels_held_money(live, official):
    first, second = live.opened("R1"), live.opened("R2")
    for ours in (first, second):
        live.simulator.pay(ours.gateway_order_id, state="authorized")
    one, two = (official.checkout.sessions.retrieve(ours.gateway_order_id).payment_intent for ours in (first, second))
    assert official.payment_intents.capture(one, params={"amount_to_capture": 100000}).amount_received == 100000
    assert official.payment_intents.cancel(two).status == "canceled"


@pytest.mark.parametrize(("act", "kind"), [
    (lambda v1: v1.checkout.sessions.retrieve("cs_test_none"), sdk.InvalidRequestError),
    (lambda v1: v1.payment_intents.capture("pi_none"), sdk.InvalidRequestError),
    (lambda v1: v1.checkout.sessions.create(params={"mode": "payment"}), sdk.InvalidRequestError),
])  # fmt: skip
def test_the_official_package_understands_its_errors(official, act, kind):
    with pytest.raises(kind):
        act(official)


def test_the_official_package_is_refused_with_another_key(live):
    v1 = sdk.StripeClient("sk_test_other", base_addresses={"api": live.url}).v1
    with pytest.raises(sdk.AuthenticationError):
        v1.checkout.sessions.list()


def test_the_official_package_understands_keys_and_limits(live, official):
    live.simulator.faults.next("429")
    with pytest.raises(sdk.RateLimitError):
        official.checkout.sessions.list()
    params = {"payment_intent": "pi_none"}
    with pytest.raises(sdk.InvalidRequestError):
        official.refunds.create(params=params, options={"idempotency_key": "k"})
    live.opened()
    live.simulator.pay(next(iter(live.simulator.book.sessions)))
    intent = next(iter(live.simulator.by_intent))
    made = [official.refunds.create(params={"payment_intent": intent, "amount": 5}, options={"idempotency_key": "k"})
            for _ in range(2)]  # fmt: skip
    assert made[0].id == made[1].id
    with pytest.raises(sdk.IdempotencyError):
        official.refunds.create(params={"payment_intent": intent, "amount": 6}, options={"idempotency_key": "k"})


@pytest.mark.parametrize("changes", [
    {"mode": ""}, {"mode": "setup"}, {"success_url": ""}, {"success_url": "http://shop.example"}, {"unknown": "1"},
    {"line_items[0][price_data][unit_amount]": "12.5"}, {"line_items[0][price_data][unit_amount]": "0"},
    {"line_items[0][price_data][unit_amount]": "100000000"}, {"line_items[0][price_data][currency]": "INR"},
    {"customer_email": "nobody"}, {"client_reference_id": "x" * 201}, {"metadata[kartify_order]": "x" * 501},
    {"cancel_url": "shop"}, {"metadata[" + "k" * 41 + "]": "x"},
], ids=str)  # fmt: skip
def test_what_stripe_refuses_is_refused(call, live, changes):
    status, told = call("POST", API, {**FORM, **changes})
    assert status == 400
    assert told["error"]["type"] == "invalid_request_error"
    assert live.simulator.book.sessions == {}


def test_a_version_that_is_none_is_refused(call):
    assert call("GET", API, headers={"stripe-version": "latest"})[0] == 400


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "starting_after=cs_none", "unknown=1"])
def test_lists_refuse_what_they_cannot_do(call, query):
    assert call("GET", f"{API}?{query}")[0] in (400, 404)


def test_lists_are_newest_first_and_say_whether_there_is_more(call, live):
    names = [live.opened(f"R{number}", age=100 - number).gateway_order_id for number in range(3)]
    first = call("GET", f"{API}?limit=2")[1]
    assert ([one["id"] for one in first["data"]], first["has_more"]) == (names[:0:-1], True)
    rest = call("GET", f"{API}?limit=2&starting_after={names[1]}")[1]
    assert ([one["id"] for one in rest["data"]], rest["has_more"]) == (names[:1], False)


def test_only_what_was_asked_for_is_expanded(call, live):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id)
    plain = call("GET", f"{API}/{ours.gateway_order_id}")[1]["payment_intent"]
    whole = call("GET", f"{API}/{ours.gateway_order_id}?expand[]=payment_intent.latest_charge")[1]["payment_intent"]
    assert plain == whole["id"]
    assert whole["latest_charge"]["id"].startswith("ch_")


def test_the_intent_is_not_told_until_the_customer_tries(call, live):
    ours = live.opened()
    assert call("GET", f"{API}/{ours.gateway_order_id}")[1]["payment_intent"] is None
    live.simulator.pay(ours.gateway_order_id, state="failed")
    assert call("GET", f"{API}/{ours.gateway_order_id}")[1]["payment_intent"].startswith("pi_")


def test_all_attempts_of_a_session_are_one_intents(live):
    ours = live.opened()
    for state in ("failed", "failed", "captured"):
        live.simulator.pay(ours.gateway_order_id, state=state)
    assert len(live.simulator.by_intent) == 1


def test_who_pays_again_has_opened_another_session(live):
    ours = live.opened()
    first, second = (live.simulator.pay(ours.gateway_order_id) for _ in range(2))
    assert first.session.id != second.session.id
    assert first.session.reference == second.session.reference
    assert len(live.simulator.by_intent) == 2


def test_an_expired_session_cannot_be_paid(live):
    ours = live.opened(age=86401)
    with pytest.raises(ValueError, match="expired"):
        live.simulator.pay(ours.gateway_order_id)


def test_a_declined_attempt_stays_declined_and_another_one_succeeds(live):
    ours = live.opened()
    first = live.simulator.pay(ours.gateway_order_id, state="failed")
    second = live.simulator.late(first.id)
    assert (first.state, second.state, second.session.id) == ("failed", "captured", first.session.id)


def read(live, told):
    headers = {name.lower(): text for name, text in told.headers.items()}
    message = Inbound(method="POST", path="/w", headers=headers, body=told.body)
    live.gateway.verify(message)
    return live.gateway.read_webhook(message)


@pytest.mark.parametrize(("state", "reported", "asked"), [
    ("captured", ["captured", "captured"], 0), ("failed", ["failed"], 0), ("authorized", ["authorized"], 1),
    ("pending", [], 1),
])  # fmt: skip
def test_what_it_sends_is_verified_and_read(live, state, reported, asked):
    ours = live.opened()
    charge = live.simulator.pay(ours.gateway_order_id, state=state)
    told = [read(live, one) for one in live.simulator.told(charge)]
    assert [report.state for one in told for report in one.reports] == [ChargeState(name) for name in reported]
    assert [name for one in told for name in one.ask] == [ours.gateway_order_id] * asked


@pytest.mark.parametrize(("then", "event"), [("captured", "checkout.session.async_payment_succeeded"),
                                             ("failed", "checkout.session.async_payment_failed")])  # fmt: skip
def test_delayed_methods_are_told_later(live, then, event):
    ours = live.opened()
    charge = live.simulator.late(live.simulator.pay(ours.gateway_order_id, state="pending").id, then)
    told = [read(live, one) for one in live.simulator.told(charge)]
    assert event in [one.event for one in told]
    assert {report.state for one in told for report in one.reports} == {ChargeState(then)}


@pytest.mark.parametrize(("state", "event"), [("pending", "refund.created"), ("processed", "refund.updated"),
                                              ("failed", "refund.failed")])  # fmt: skip
def test_refunds_are_told(live, state, event):
    ours = live.opened()
    charge = live.simulator.pay(ours.gateway_order_id)
    refund = live.simulator.refund_outside(charge.id, amount=500)
    refund.state = state
    told = [read(live, one) for one in live.simulator.told(charge, refund=refund)]
    assert [one.event for one in told] == ["charge.refunded", event]
    assert told[0].ask == ("R7Q2M9",)


def test_disputes_are_told(live):
    ours = live.opened()
    charge = live.simulator.pay(ours.gateway_order_id)
    opened, lost = (read(live, live.simulator.dispute(charge.id, status)) for status in ("needs_response", "lost"))
    assert [one.event for one in (opened, lost)] == ["charge.dispute.created", "charge.dispute.closed"]
    assert lost.reports[0].dispute.lost == 129900


@pytest.mark.parametrize(("state", "outcome"), [("captured", "unknown"), ("pending", "unknown"),
                                                ("failed", "cancelled")])  # fmt: skip
def test_its_return_names_the_payment(live, ref, state, outcome):
    ours = live.opened()
    back = live.simulator.comeback(live.simulator.pay(ours.gateway_order_id, state=state))
    pairs = [tuple(part.split("=")) for part in urlsplit(back.url).query.split("&")]
    message = Inbound(method="GET", path="/c", headers={}, query=pairs)
    assert back.method == "GET"
    assert live.gateway.callback_key(message).reference == "R7Q2M9"
    assert live.gateway.read_callback(message, ours).outcome == outcome


def test_webhooks_go_to_the_door_beside_the_return(live, wish):
    got = []

    def shop(environ, start_response):
        got.append((environ["PATH_INFO"], environ["HTTP_STRIPE_SIGNATURE"][:2]))
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    with serving(shop) as url:
        opened = live.gateway.open(live.client, wish(callback_url=f"{url}/callbacks/acc"))
        live.simulator.send(live.simulator.pay(opened.gateway_order_id))
        assert live.simulator.courier.wait()
    assert got == [("/webhooks/acc", "t=")] * 2


def test_the_pay_page_brings_the_browser_back_with_the_sessions_id(live):
    ours = live.opened()
    answer = urllib3.request(
        "POST", f"{live.url}/_pay/{ours.gateway_order_id}", fields={"action": "pay"}, redirect=False, retries=False
    )
    assert answer.status == 303
    assert f"session_id={ours.gateway_order_id}" in answer.headers["Location"]


def test_any_word_can_be_played(live):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id, word="splendid", state="pending")
    [report] = live.ask(ours).reports
    assert (report.state, report.word) == (ChargeState.UNKNOWN, "splendid")


def test_settings_make_an_account_that_works():
    simulator = StripeSimulator(SimulatorOptions(base_url="http://127.0.0.1:1"))
    assert StripeGateway(StripeSettings(**simulator.settings())).settings.mode() == "test"


@pytest.mark.slow
def test_the_two_thousandth_session_costs_what_the_first_did():
    simulator = StripeSimulator(SimulatorOptions(base_url="http://127.0.0.1:1"))
    client = simulator.app().test_client()
    headers = {"authorization": f"Bearer {simulator.settings()['secret_key']}"}
    taken = []
    for _ in range(2000):
        begun = time.perf_counter()
        made = client.post(API, data=FORM, headers=headers).json
        charge = simulator.pay(made["id"])
        simulator.told(charge)
        simulator.comeback(charge)
        taken.append(time.perf_counter() - begun)
    assert client.get(f"{API}/{made['id']}", headers=headers).json["payment_status"] == "paid"
    assert simulator.calls[f"POST {API}"] == 2000
    assert median(taken[-500:]) < 5 * median(taken[:500])


def test_seeded_faults_let_through_who_tries_again(live):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id)
    seeded = StripeSimulator(SimulatorOptions(base_url=live.url, faults=7))
    drawn = [seeded.faults.draw() for _ in range(60)]
    assert {"none"} < set(drawn)
    assert all("none" in drawn[at : at + 3] for at in range(58))
