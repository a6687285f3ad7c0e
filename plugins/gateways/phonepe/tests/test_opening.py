"""Opening an order, and finding one whose answer was lost."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from kartify.plugin import Money, Permanent, Temporary

from .conftest import HERE, attempt
from .test_asking import Scripted

PAGE = "https://mercury-uat.phonepe.com/transact/uat_v2?token=made-up"
MADE = {"orderId": "OMO1", "state": "PENDING", "expireAt": 1780297200000, "redirectUrl": PAGE}
OPENS = sorted((HERE / "samples" / "opens").glob("*.json"))


@pytest.mark.parametrize("path", OPENS, ids=lambda path: path.stem)
def test_a_sample_opens_as_it_says(gateway, wish, path):
    sample = json.loads(path.read_text())
    given, expect, client = sample["request"], sample["expect"], Scripted(sample["exchanges"])
    amount = Money(given.pop("amount"), given.pop("currency"))
    opened = gateway.open(client, wish(amount=amount, **given))
    assert client.left == []
    assert opened.gateway_order_id == expect["gateway_order_id"]
    assert {name: opened.next.as_dict()[name] for name in expect["next"]} == expect["next"]


def _sent(client):
    [(method, url, given)] = client.asked
    assert (method, url) == ("POST", "https://api-preprod.phonepe.com/apis/pg-sandbox/checkout/v2/pay")
    return given["json"]


def test_the_browser_goes_to_phonepes_page_and_the_order_ends_when_phonepe_says(gateway, canned, wish):
    opened = gateway.open(canned((200, MADE)), wish())
    assert (opened.gateway_order_id, opened.next.type, opened.next.url) == ("R7Q2M9", "redirect", PAGE)
    assert opened.expires_at == datetime(2026, 6, 1, 7, tzinfo=UTC)


def test_the_order_is_asked_for_as_the_official_sdk_asks(gateway, canned, wish):
    """The SDK writes what it leaves out as null."""
    client = canned((200, MADE))
    gateway.open(client, wish())
    recorded = json.loads((HERE / "sdk_recorded.json").read_text())["calls"]["POST /checkout/v2/pay"]
    expected = {name: value for name, value in json.loads(recorded["body"]).items() if value is not None}
    expected["paymentFlow"].pop("paymentModeConfig")
    assert _sent(client) == expected
    headers = client.asked[0][2]["headers"]
    assert {name: headers[name] for name in ("accept", "content-type")} == {
        name: recorded["headers"][name] for name in ("accept", "content-type")
    }
    assert headers["authorization"].startswith("O-Bearer ")


def test_the_tokens_form_is_the_official_sdks(gateway, canned, wish):
    client = canned((200, MADE))
    gateway.open(client, wish())
    recorded = json.loads((HERE / "sdk_recorded.json").read_text())["calls"]["POST /v1/oauth/token"]["body"]
    sent = [f"{name}={value}" for name, value in client.tokens[0][1]["form"].items()]
    assert sorted(sent) == sorted(recorded.split("&"))


def test_settings_reach_the_order(make_gateway, canned, wish):
    client = canned((200, MADE))
    make_gateway(expire_after=600, one_attempt=True, send_phone=True, partner=True).open(client, wish())
    sent = _sent(client)
    assert (sent["expireAfter"], sent["disablePaymentRetry"]) == (600, True)
    assert sent["prefillUserLoginDetails"] == {"phoneNumber": "+919000000000"}
    assert client.asked[0][2]["headers"]["x-merchant-id"] == "KARTIFYUAT"


def test_without_being_told_so_no_number_and_no_merchant_header_is_sent(gateway, canned, wish):
    client = canned((200, MADE))
    gateway.open(client, wish())
    assert "+919000000000" not in json.dumps(_sent(client))
    assert "x-merchant-id" not in client.asked[0][2]["headers"]


def test_an_iframe_gets_the_page_as_its_token_url(make_gateway, canned, wish):
    step = make_gateway(checkout="iframe").open(canned((200, MADE)), wish()).next
    assert (step.type, step.data["options"]) == ("sdk", {"tokenUrl": PAGE, "type": "IFRAME"})
    assert step.data["script"] == step.url == "https://mercury.phonepe.com/web/bundle/checkout.js"


@pytest.mark.parametrize(
    ("amount", "field"),
    [(Money(149900, "USD"), "currency"), (Money(99, "INR"), "amount"), (Money(0, "INR"), "amount"),
     (Money(-5, "INR"), "amount")],
)  # fmt: skip
def test_what_phonepe_cannot_take_is_refused_before_the_call(gateway, canned, wish, amount, field):
    client = canned()
    with pytest.raises(Permanent) as caught:
        gateway.open(client, wish(amount=amount))
    assert (caught.value.field, client.asked) == (field, [])


def test_the_least_amount_is_taken(live, wish):
    live.gateway.open(live.client, wish(amount=Money(100, "INR")))
    assert live.simulator.book.sessions["R7Q2M9"].amount == 100


def test_the_same_payment_opens_once_and_the_second_call_says_how_it_stands(live, wish):
    first = live.gateway.open(live.client, wish())
    again = live.gateway.open(live.client, wish())
    assert (again.gateway_order_id, again.next.type) == (first.gateway_order_id, "none")
    assert len(live.simulator.book.sessions) == 1


@pytest.mark.parametrize("fault", ["html", "truncated", "dropped-after"])
def test_a_lost_answer_leaves_an_order_that_is_found(live, wish, fault):
    live.gateway.test(live.client)
    live.simulator.faults.next(fault)
    with pytest.raises(Temporary) as caught:
        live.gateway.open(live.client, wish())
    assert caught.value.sent
    found = live.gateway.find(live.client, wish())
    assert (found.gateway_order_id, found.next.type) == ("R7Q2M9", "none")


def test_an_order_that_nobody_could_reach_counts_as_ended_so_that_another_can_be_opened(live, wish):
    live.opened()
    found = live.gateway.find(live.client, wish())
    assert found.expires_at <= datetime.now(UTC)


def test_an_order_that_somebody_tried_ends_when_phonepe_says(live, wish):
    ours = live.opened()
    live.simulator.pay(ours.gateway_order_id, state="pending")
    assert live.gateway.find(live.client, wish()).expires_at > datetime.now(UTC) + timedelta(minutes=15)


def test_what_was_never_opened_is_not_found(live, wish):
    assert live.gateway.find(live.client, wish()) is None


def test_an_order_of_another_amount_under_our_reference_is_refused(live, wish):
    live.opened(minor=100_00)
    for call in (live.gateway.find, live.gateway.open):
        with pytest.raises(Permanent) as caught:
            call(live.client, wish())
        assert caught.value.field == "amount"


@pytest.mark.parametrize(
    "body",
    [{}, {"orderId": "OMO1"}, {**MADE, "redirectUrl": "javascript:alert(1)"}, {**MADE, "redirectUrl": ""}, [], "OMO1"],
)
def test_an_answer_without_a_page_is_no_opened_order(gateway, canned, wish, body):
    with pytest.raises(Temporary):
        gateway.open(canned((200, body)), wish())


def test_an_opened_order_without_an_end_has_none(gateway, canned, wish):
    assert gateway.open(canned((200, {**MADE, "expireAt": None})), wish()).expires_at is None


def test_the_go_live_pace_is_in_the_plan(gateway):
    """First after 20 to 25 s; every 3 s for 30 s, 6 s for 60 s, 10 s for 60 s, 30 s for 60 s, then each minute."""
    plan, opened = gateway.plan, datetime(2026, 6, 1, tzinfo=UTC)
    at, gaps = plan.first_ask(opened), []
    while (age := at - opened) < timedelta(minutes=70):
        gaps.append((age.total_seconds(), (plan.next_ask(opened, at) - at).total_seconds()))
        at = plan.next_ask(opened, at)
    assert 20 <= gaps[0][0] <= 25
    for start, end, every in ((25, 52, 3), (56, 110, 6), (116, 170, 10), (180, 230, 30), (240, 4200, 60)):
        assert {gap for age, gap in gaps if start <= age < end} == {every}, every
    assert plan.lifetime >= timedelta(hours=1)
    assert plan.next_ask(opened, opened + plan.late_window) is not None


def test_an_attempt_at_the_found_order_is_asked_about(gateway, canned, wish, order):
    found = gateway.find(canned((200, order("PENDING", attempt("PENDING")))), wish())
    assert found.expires_at == datetime(2026, 6, 1, 7, tzinfo=UTC)
