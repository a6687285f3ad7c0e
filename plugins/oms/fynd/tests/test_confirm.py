"""Confirm payment: the body, and what every answer means."""

import json

import pytest
from kartify_fynd.faults import Fault

from kartify.plugin import Denied, Kind, Permanent, Temporary, Throttled

FYND_ID = "FY637CFCC00177713D47"


def sent_body(client):
    return client.asked[-1][2]["body"]


OK = (200, {"success": True, "message": "ok", "order_id": FYND_ID})


def test_a_confirmed_order_gives_fynds_id_as_receipt(simulator, account, client, order):
    simulator.add_order("K1001", FYND_ID, 149900)
    assert account().deliver(client, Kind.CONFIRM, order()).id == FYND_ID
    assert simulator.confirmed == {FYND_ID: 1}
    paid = simulator.world.transactions(FYND_ID)["items"]
    assert [(it["transaction_id"], it["payment_mode"], str(it["amount"])) for it in paid] == [
        ("pay_Nx1", "UPI", "1499.00")]


def test_the_body_is_that_of_the_documents(fynd, canned, order):
    client = canned(OK)
    fynd().deliver(client, Kind.CONFIRM, order())
    method, url, _ = client.asked[0]
    assert (method, url) == (
        "POST", "https://api.fynd.com/service/platform/payment/v1.0/company/42/application/65a1b2c3d4e5f60718293a4b"
        "/payment/confirm")
    assert json.loads(sent_body(client)) == {
        "order_id": FYND_ID,
        "payment_methods": [{
            "mode": "UPI", "name": "UPI", "amount": 1499.00,
            "meta": {
                "order_id": FYND_ID, "payment_id": "pay_Nx1", "current_status": "complete",
                "payment_gateway_slug": "razorpay", "extra_meta": {"store_order": "K1001", "store": "demo"},
            },
        }],
    }


@pytest.mark.parametrize(("minor", "unit", "written"), [
    (149900, "rupees", b'"amount":1499.00'), (149900, "paise", b'"amount":149900,'), (1, "rupees", b'"amount":0.01'),
    (149999, "rupees", b'"amount":1499.99'), (10, "paise", b'"amount":10,'),
    (900719925474099101, "rupees", b'"amount":9007199254740991.01'),
])
def test_amounts_are_written_in_fynds_unit_to_the_last_digit(fynd, canned, order, payment, minor, unit, written):
    client = canned(OK)
    wanted = order(total=minor, due=minor, payments=[payment(amount=minor)])
    fynd(amount_unit=unit).deliver(client, Kind.CONFIRM, wanted)
    assert written in sent_body(client)


def test_each_tender_is_an_entry_and_together_they_are_the_total(simulator, account, client, order, payment):
    simulator.add_order("K1001", FYND_ID, 149900)
    credit = payment(kind="tender", amount=49900, name="Store credit", gateway=None, gateway_payment_id="SC-1",
                     method="store_credit")
    account().deliver(client, Kind.CONFIRM, order(due=100000, payments=[payment(amount=100000), credit]))
    paid = simulator.world.orders[FYND_ID].payments
    assert [(it["mode"], str(it["amount"])) for it in paid] == [("UPI", "1000.00"), ("WL", "499.00")]
    assert "payment_gateway_slug" not in paid[1]["meta"]


def test_a_tender_of_nothing_is_not_sent(fynd, canned, order, payment):
    client = canned(OK)
    none = payment(kind="tender", amount=0, name="Store credit", gateway=None)
    fynd().deliver(client, Kind.CONFIRM, order(payments=[payment(), none]))
    assert len(json.loads(sent_body(client))["payment_methods"]) == 1


@pytest.mark.parametrize(("method", "mode"), [
    ("upi", "UPI"), ("CARD", "CARD"), ("netbanking", "NB"), ("wallet", "PAYTM"), ("paylater", "PL"), (None, "PL"),
])
def test_payment_modes_follow_the_settings(fynd, canned, order, payment, method, mode):
    client = canned(OK)
    plugin = fynd(payment_modes="wallet=PAYTM, default=PL", gateway_slugs="razorpay=rzp_live",
                  current_status="paid")
    plugin.deliver(client, Kind.CONFIRM, order(payments=[payment(method=method)]))
    entry = json.loads(sent_body(client))["payment_methods"][0]
    assert entry["mode"] == mode
    assert (entry["meta"]["payment_gateway_slug"], entry["meta"]["current_status"]) == ("rzp_live", "paid")


@pytest.mark.parametrize(("change", "field"), [
    ({"oms_order_id": None}, "oms_order_id"), ({"oms_order_id": "FY/../x"}, "oms_order_id"),
    ({"total": 149901}, "payments"), ({"currency": "USD"}, "currency"), ({"payments": []}, "payments"),
])
def test_what_fynd_would_refuse_is_named_before_anything_is_sent(fynd, canned, order, change, field):
    client = canned()
    for call in (lambda: fynd().check(Kind.CONFIRM, order(**change)),
                 lambda: fynd().deliver(client, Kind.CONFIRM, order(**change))):
        with pytest.raises(Permanent) as caught:
            call()
        assert caught.value.field == field
    assert client.asked == []


def test_a_negative_tender_is_refused_though_the_sum_is_right(fynd, order, payment):
    with pytest.raises(Permanent) as caught:
        fynd().check(Kind.CONFIRM, order(payments=[payment(amount=150000), payment(amount=-100)]))
    assert caught.value.field == "payments.amount"


def test_an_empty_list_of_payments_is_never_sent(fynd, canned, order):
    client = canned()
    with pytest.raises(Permanent, match="nothing to confirm"):
        fynd().deliver(client, Kind.CONFIRM, order(total=0, due=0, payments=[]))
    assert client.asked == []


def test_cash_on_delivery_is_confirmed_only_where_the_account_says_so(simulator, account, client, order, payment):
    simulator.add_order("K1001", FYND_ID, 149900)
    cod = order(method="cod", payments=[payment(kind="cod", gateway=None, gateway_payment_id=None, method=None)])
    account().check(Kind.CONFIRM, cod)
    with pytest.raises(Permanent) as caught:
        account().deliver(client, Kind.CONFIRM, cod)
    assert caught.value.field == "method"
    account(confirm_cod=True).deliver(client, Kind.CONFIRM, cod)
    assert simulator.world.orders[FYND_ID].payments[0]["mode"] == "COD"


@pytest.mark.parametrize("answer", [
    (200, {"success": False, "message": "wrong state", "order_id": FYND_ID}),
    (400, {"success": False, "error": {"code": "E1", "description": "wrong state"}}),
    (400, {"success": False, "code": "E1", "description": "wrong state"}),
    (400, {"message": "wrong state"}),
    (422, {"errors": {"amount": "wrong state"}}),
])
def test_a_refusal_is_permanent_and_keeps_fynds_words(fynd, canned, order, answer):
    with pytest.raises(Permanent, match="wrong state") as caught:
        fynd().deliver(canned(answer), Kind.CONFIRM, order())
    assert not isinstance(caught.value, Denied)


@pytest.mark.parametrize("answer", [
    (500, b"<html>"), (502, {}), (503, {}), (504, {}), (408, {}), (302, b""), (204, b""),
    (200, b"<html>"), (200, b"[]"), (200, {"success": True, "message": "ok"}),
    (200, {"success": True, "order_id": "FY0000000000000OTHER"}), (200, {"order_id": FYND_ID}),
    (200, {"success": "true", "order_id": FYND_ID}), (200, {"success": 1, "order_id": FYND_ID}),
    (201, {"success": True, "message": "ok", "order_id": FYND_ID}),
])
def test_an_unclear_answer_may_have_acted(fynd, canned, order, answer):
    with pytest.raises(Temporary) as caught:
        fynd().deliver(canned(answer), Kind.CONFIRM, order())
    assert caught.value.sent is True


def test_missing_rights_are_denied(fynd, canned, order):
    with pytest.raises(Denied, match="403"):
        fynd().deliver(canned((403, {})), Kind.CONFIRM, order())


def test_throttling_is_told_with_its_pause(fynd, canned, order):
    with pytest.raises(Throttled) as caught:
        fynd().deliver(canned((429, {}, {"retry-after": "7"})), Kind.CONFIRM, order())
    assert (caught.value.retry_after, caught.value.sent) == (7.0, False)


def test_a_connection_that_was_never_made_was_not_sent(fynd, canned, order):
    with pytest.raises(Temporary) as caught:
        fynd().deliver(canned(Temporary("refused", sent=False)), Kind.CONFIRM, order())
    assert caught.value.sent is False


def test_no_secret_stands_in_an_error_or_a_repr(fynd, canned, order):
    plugin = fynd()
    said = {"message": "bad token very-secret-token of very-secret-client"}
    with pytest.raises(Permanent) as caught:
        plugin.deliver(canned((400, said)), Kind.CONFIRM, order())
    shown = repr(caught.value) + repr(plugin) + repr(plugin.settings) + str(plugin.settings)
    assert "bad token" in shown
    assert "very-secret" not in shown


def test_a_message_of_fynds_is_short_and_on_one_line(fynd, canned, order):
    with pytest.raises(Permanent) as caught:
        fynd().deliver(canned((400, {"message": "a\nb\x1b[31m" + "x" * 5000})), Kind.CONFIRM, order())
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_the_simulators_refusals_are_permanent(simulator, account, client, order):
    plugin = account()
    with pytest.raises(Permanent, match="Unknown order"):
        plugin.deliver(client, Kind.CONFIRM, order())
    simulator.add_order("K1001", FYND_ID, 149901)
    with pytest.raises(Permanent, match=r"AMOUNT_MISMATCH: The amounts must add up to 1499\.01"):
        plugin.deliver(client, Kind.CONFIRM, order())
    simulator.faults.ask("confirm", Fault.REFUSE)
    with pytest.raises(Permanent, match="Refused by the simulator"):
        plugin.deliver(client, Kind.CONFIRM, order())
    assert simulator.confirmed == {}


def test_another_delivery_is_refused(fynd, canned, order):
    with pytest.raises(Permanent):
        fynd().deliver(canned(), Kind.HOLD, order())
