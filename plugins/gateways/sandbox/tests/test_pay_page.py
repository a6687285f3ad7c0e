"""The pay page: every button does the real thing, and the shop hears exactly what was announced."""

from __future__ import annotations

import time
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from kartify.plugin import ChargeState, Inbound

# Button: the charges it makes (state, captured, authorised) and the events it sends.
BUTTONS = {
    "pay": ([("captured", 254900)], ["charge.captured"]),
    "fail": ([("failed", 0)], ["charge.failed"]),
    "pending": ([("pending", 0)], ["charge.pending"]),
    "authorize": ([("authorized", 0)], ["charge.authorized"]),
    "pay_wrong:less": ([("captured", 229410)], ["charge.captured"]),
    "pay_wrong:more": ([("captured", 280390)], ["charge.captured"]),
    "pay_twice": ([("captured", 254900), ("captured", 254900)], ["charge.captured", "charge.captured"]),
    "cancel": ([], []),
}


@pytest.fixture
def press(client, server, opened):
    def make(action, *switches):
        url = server.session(opened.gateway_order_id).pay_url
        return client.request("POST", url, form={"action": action, **dict.fromkeys(switches, "on")})

    return make


def returned(answer):
    """The browser's next request, as the shop gets it."""
    assert answer.status == 303, answer.body
    parts = urlsplit(answer.headers["location"])
    return Inbound(method="GET", path=parts.path, headers={}, query=tuple(parse_qsl(parts.query)))


def heard(gateway, shop, server, count):
    """What the shop heard, every message proved; and nothing comes after it."""
    shop.wait(count)
    assert server.courier.wait()
    assert len(shop.heard) == count
    for message in shop.heard:
        gateway.verify(message)
    return [gateway.read_webhook(message) for message in shop.heard]


def test_page_shows_shop_order_and_amount(client, server, opened):
    answer = client.request("GET", server.session(opened.gateway_order_id).pay_url)
    page = answer.body.decode()
    for text in ("sandbox-shop", "K1001", "₹2,549.00", "Shirt, size M", "₹2,294.10", "₹2,803.90"):
        assert text in page
    for name in BUTTONS:
        assert f'value="{name}"' in page
    assert "script" not in answer.headers["content-security-policy"]
    assert "<script" not in page


def test_what_the_shop_sent_is_shown_and_never_run(client, gateway, server, wanted):
    nasty = gateway.open(client, replace(wanted(), description="<script>alert(1)</script>"))
    page = client.request("GET", server.session(nasty.gateway_order_id).pay_url).body.decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("button", BUTTONS)
def test_button_makes_its_charges_and_sends_its_webhooks(press, gateway, client, opened, ref, server, shop, button):
    charges, events = BUTTONS[button]
    press(button)
    webhooks = heard(gateway, shop, server, len(events))
    assert [webhook.event for webhook in webhooks] == events
    reports = gateway.ask(client, ref(opened)).reports
    assert [(report.word, report.captured) for report in reports] == charges
    assert sorted(webhook.reports[0].gateway_payment_id for webhook in webhooks) == sorted(
        report.gateway_payment_id for report in reports
    )
    assert {webhook.reports for webhook in webhooks} == {(report,) for report in reports}


@pytest.mark.parametrize(
    ("button", "proved", "outcome", "captured"),
    [
        ("pay", True, "success", 254900),
        ("pay_wrong:less", True, "success", 229410),
        ("authorize", True, "success", 0),
        ("pending", True, "unknown", None),
        ("fail", False, "failure", None),
        ("cancel", False, "cancelled", None),
    ],
)
def test_browser_comes_back_with_what_it_can_prove(
    press, gateway, opened, ref, button, proved, outcome, captured
):  # fmt: skip
    message = returned(press(button))
    assert gateway.callback_key(message).gateway_order_id == opened.gateway_order_id
    callback = gateway.read_callback(message, ref(opened))
    assert (callback.proved, callback.outcome) == (proved, outcome)
    assert [report.captured for report in callback.reports] == ([] if captured is None else [captured])


def test_callback_and_webhook_say_the_same(press, gateway, opened, ref, server, shop):
    (from_browser,) = gateway.read_callback(returned(press("pay")), ref(opened)).reports
    (webhook,) = heard(gateway, shop, server, 1)
    assert replace(from_browser, at=None, method=None) == replace(webhook.reports[0], at=None, method=None)


def test_amountless_server_signs_session_and_charge_only(press, gateway, opened, ref, server):
    server.amountless_callback = True
    callback = gateway.read_callback(returned(press("pay")), ref(opened))
    assert (callback.proved, callback.reports) == (True, ())


def test_return_by_form_carries_the_same_proof(account, client, wanted, ref, server):
    gateway = account(callback_method="post")
    opened = gateway.open(client, wanted())
    answer = client.request("POST", server.session(opened.gateway_order_id).pay_url, form={"action": "pay"})
    assert answer.status == 200
    page = answer.body.decode()
    assert f'action="{wanted().callback_url}"' in page
    fields = server.callback(server.session(opened.gateway_order_id).charges[0])
    for name, value in fields.items():
        assert f'name="{name}" value="{value}"' in page


def test_lost_callback_leaves_the_browser_here(press, gateway, server, shop):
    answer = press("pay", "lose_callback")
    assert answer.status == 200
    assert "The shop does not know" in answer.body.decode()
    assert len(heard(gateway, shop, server, 1)) == 1
    assert [message.path for message in shop.heard] == ["/webhooks/1"]


def test_both_lost_leaves_only_the_lookup(press, gateway, client, opened, ref, server, shop):
    press("pay", "lose_callback", "lose_webhook")
    assert heard(gateway, shop, server, 0) == []
    assert gateway.ask(client, ref(opened)).reports[0].state is ChargeState.CAPTURED


def test_webhook_sent_twice_is_the_same_message(press, gateway, server, shop):
    press("pay", "webhook_twice")
    first, second = heard(gateway, shop, server, 2)
    assert first == second


def test_late_webhook_is_late(press, server, shop):
    press("pay", "webhook_late")
    assert not server.courier.wait(0.3)
    assert shop.heard == []


def test_session_takes_money_once_and_says_so(press, server, opened, shop):
    press("pay")
    answer = press("pay")
    assert answer.status == 409
    assert "takes no payment" in answer.body.decode()
    assert len(server.session(opened.gateway_order_id).charges) == 1


def test_failed_or_underpaid_session_can_be_paid_again(press, server, opened):
    press("fail")
    press("pay_wrong:less")
    assert press("pay").status == 303
    assert server.session(opened.gateway_order_id).status == "paid"


def test_unknown_session_or_button_is_a_page_that_says_so(client, server, press):
    answer = client.request("GET", f"{server.base_url}/pay/sess_KART000000000001")
    assert (answer.status, "no such session" in answer.body.decode()) == (404, True)
    assert press("steal").status == 404


def test_webhook_is_tried_again_until_it_is_taken_and_signed_afresh(press, gateway, server, shop):
    server.courier.pauses = (0.02, 0.02, 0.02)
    shop.answers.extend([500, 302, 404])
    press("pay")
    assert len({webhook.key for webhook in heard(gateway, shop, server, 4)}) == 1
    assert [(one.attempt, one.status) for one in server.courier.deliveries] == [(1, 500), (2, 302), (3, 404), (4, 200)]


def test_webhook_is_given_up_in_the_end(press, gateway, server, shop):
    server.courier.pauses = (0.02, 0.02)
    shop.answers.extend([503] * 10)
    press("pay")
    assert len(heard(gateway, shop, server, 3)) == 3


def test_shop_that_is_not_there_harms_nobody(gateway, client, wanted, server):
    server.courier.pauses = (0.02,)
    opened = gateway.open(client, replace(wanted(), webhook_url="http://127.0.0.1:9/webhooks/1"))
    client.request("POST", server.session(opened.gateway_order_id).pay_url, form={"action": "pay"})
    assert server.courier.wait()
    assert [one.status for one in server.courier.deliveries] == [None, None]


def test_retry_pauses_are_those_of_a_real_gateway(server):
    assert server.courier.pauses == (1, 3, 10, 30, 60)


def test_dashboard_buttons_do_what_they_say(client, gateway, server, opened, ref, shop):
    charge = server.pay(opened.gateway_order_id, kind="pending")
    url = gateway.dashboard_url(charge.id)
    begun = time.monotonic()
    for action, word in [("succeed", "captured"), ("dispute", "disputed"), ("dispute_won", "captured"),
                         ("refund", "refunded")]:  # fmt: skip
        assert action in client.request("GET", url).body.decode()
        assert client.request("POST", url, form={"action": action}).status == 303
        assert gateway.ask(client, ref(opened)).reports[0].word == word
    assert client.request("POST", url, form={"action": "refund"}).status == 409
    events = {webhook.event for webhook in heard(gateway, shop, server, 4)}
    assert events == {"charge.captured", "dispute.opened", "dispute.won", "refund.processed"}
    assert time.monotonic() - begun < 5


def test_dashboard_lists_sessions_and_tries(client, server, opened, press, shop):
    press("pay")
    server.courier.wait()
    page = client.request("GET", f"{server.base_url}/dashboard").body.decode()
    assert opened.gateway_order_id in page
    assert "charge.captured" in page
