"""What a genuine webhook says, from samples with the real structure."""

from datetime import UTC, datetime

import pytest

from kartify.plugin import ChargeState, Dispute, Unreadable

S = ChargeState
ORDER, PAYMENT = "order_KART0000000001", "pay_KART0000000001"


@pytest.fixture
def read(gateway, hook, sample):
    return lambda name: gateway.read_webhook(hook(sample(name)))


@pytest.fixture
def changed(gateway, hook, sample):
    """A sample with changes in one of its entities."""

    def make(name, part="payment", gateway=gateway, **changes):
        event = sample(name)
        event["payload"][part]["entity"].update(changes)
        return gateway.read_webhook(hook(event))

    return make


@pytest.mark.parametrize("name", ["order_paid", "payment_captured", "payment_captured_unknown_fields"])
def test_a_capture_is_reported_with_its_money_and_ids(read, name):
    webhook = read(name)
    (report,) = webhook.reports
    report.check()
    assert report.state is S.CAPTURED
    assert (report.captured, report.refunded, report.currency) == (129900, 0, "INR")
    assert (report.fee, report.discount) == (0, 0)
    assert (report.gateway_order_id, report.gateway_payment_id, report.reference) == (ORDER, PAYMENT, "R7Q2M9")
    assert (report.word, report.method) == ("captured", "upi")
    assert report.at == datetime.fromtimestamp(1795399006, UTC)
    assert (webhook.ask, webhook.ignored) == ((), None)


def test_numbers_may_come_as_text_and_notes_as_an_empty_list(read):
    (report,) = read("payment_captured_strings").reports
    assert (report.state, report.captured, report.reference) == (S.CAPTURED, 129900, None)
    assert report.at == datetime.fromtimestamp(1795399006, UTC)


def test_a_failure_is_read_by_status_though_it_says_captured(read):
    (report,) = read("payment_failed").reports
    report.check()
    assert (report.state, report.captured, report.authorized) == (S.FAILED, 0, 0)
    assert (report.gateway_payment_id, report.detail) == ("pay_KART0000000000", "Payment failed")
    assert report.at == datetime.fromtimestamp(1795398960, UTC)


def test_an_authorisation_tells_until_when_it_is_held(read):
    (report,) = read("payment_authorized").reports
    report.check()
    assert (report.state, report.authorized, report.captured) == (S.AUTHORIZED, 129900, 0)
    assert report.release_at == datetime.fromtimestamp(1795399000 + 72 * 3600, UTC)


def test_an_authorised_event_of_a_captured_payment_is_a_capture(changed):
    (report,) = changed("payment_authorized", status="captured", captured=True).reports
    assert report.state is S.CAPTURED


@pytest.mark.parametrize("status", ["pending", "CAPTURED", "paid", "", "success", None, 7, ["captured"]])
def test_an_unknown_status_is_never_paid(changed, status):
    (report,) = changed("payment_captured", status=status).reports
    assert (report.state, report.captured, report.authorized) == (S.UNKNOWN, 0, 0)


def test_a_processed_refund_that_is_all_of_it_is_reported(read):
    (report,) = read("refund_processed").reports
    report.check()
    assert (report.state, report.captured, report.refunded) == (S.REFUNDED, 129900, 129900)


def test_a_part_refunded_keeps_the_capture(read):
    (report,) = read("refund_processed_part").reports
    report.check()
    assert (report.state, report.captured, report.refunded) == (S.PARTIALLY_REFUNDED, 129900, 30000)


@pytest.mark.parametrize("name", ["refund_created", "refund_failed", "refund_processed_second_part"])
def test_a_refund_that_is_not_the_whole_story_is_a_reason_to_ask(read, name):
    webhook = read(name)
    assert (webhook.reports, webhook.ask, webhook.ignored) == ((), (ORDER,), None)


def test_an_old_event_of_a_payment_that_is_refunded_by_now_is_a_reason_to_ask(changed):
    webhook = changed("order_paid", status="refunded", amount_refunded=129900, refund_status="full")
    assert (webhook.reports, webhook.ask) == ((), (ORDER,))


def test_money_that_was_never_captured_and_given_back_is_void(read):
    (report,) = read("refund_of_uncaptured").reports
    report.check()
    assert (report.state, report.captured, report.refunded) == (S.VOIDED, 0, 0)


@pytest.mark.parametrize(
    ("name", "state", "dispute"),
    [
        ("payment_dispute_created", S.DISPUTED, Dispute(deadline=datetime.fromtimestamp(1795900000, UTC))),
        ("payment_dispute_won", S.DISPUTED, Dispute(closed=True)),
        ("payment_dispute_lost", S.DISPUTED, Dispute(closed=True, lost=129900)),
    ],
)
def test_a_dispute_is_reported_with_the_capture(read, name, state, dispute):
    (report,) = read(name).reports
    report.check()
    assert (report.state, report.captured, report.dispute) == (state, 129900, dispute)


def test_a_part_lost_in_a_dispute_is_that_part(changed):
    (report,) = changed("payment_dispute_lost", "dispute", amount=50000, amount_deducted=0).reports
    assert report.dispute == Dispute(closed=True, lost=50000)


def test_a_dispute_lost_in_another_currency_counts_as_the_whole(changed):
    (report,) = changed("payment_dispute_lost", "dispute", currency="USD", amount_deducted=15).reports
    assert report.dispute == Dispute(closed=True, lost=129900)


def test_a_payment_link_is_read_by_its_payment_whose_order_has_the_prefix(read):
    (report,) = read("payment_link_paid").reports
    assert (report.state, report.gateway_order_id, report.reference) == (S.CAPTURED, ORDER, "R7Q2M9")


def test_a_payment_link_order_without_prefix_gets_it(changed):
    (report,) = changed("payment_link_paid", order_id=None).reports
    assert report.gateway_order_id == ORDER


def test_a_closed_payment_link_is_a_reason_to_ask(read):
    assert read("payment_link_cancelled").ask == ("R7Q2M9",)


def test_the_servers_own_reference_counts_before_the_browsers(changed):
    (report,) = changed("order_paid", notes={"kartify_reference": "FORGED"}).reports
    assert report.reference == "R7Q2M9"


@pytest.mark.parametrize("part", ["payment", "order"])
@pytest.mark.parametrize("amount", [129800, 130000])
def test_a_sum_that_differs_from_its_order_is_a_reason_to_ask(changed, part, amount):
    webhook = changed("order_paid", part, amount=amount)
    assert (webhook.reports, webhook.ask) == ((), (ORDER,))


def test_without_the_order_our_noted_amount_stands_in(changed):
    webhook = changed("payment_captured", amount=132000)
    assert (webhook.reports, webhook.ask) == ((), (ORDER,))


def test_without_any_amount_of_ours_the_payment_speaks(changed):
    (report,) = changed("payment_captured", amount=132000, notes=[]).reports
    assert report.captured == 132000


def test_a_payment_of_another_order_than_the_events_is_a_reason_to_ask(changed):
    assert changed("order_paid", "order", id="order_OTHER000000001").ask == (ORDER,)


def test_money_without_an_order_is_reported_all_the_same(changed):
    (report,) = changed("payment_captured", order_id=None, notes=[]).reports
    assert (report.gateway_order_id, report.reference, report.captured) == (None, None, 129900)


def test_news_of_another_merchant_prove_nothing(changed, make_gateway):
    other = make_gateway(merchant_id="acc_OTHER00000001")
    webhook = changed("order_paid", gateway=other)
    assert (webhook.reports, webhook.ask) == ((), (ORDER,))
    assert changed("payment_captured", gateway=other, order_id=None, notes=[]).ignored
    assert changed("order_paid", gateway=make_gateway(merchant_id="acc_KART0000000001")).reports


@pytest.mark.parametrize("event", ["subscription.charged", "payment.downtime.started", "invoice.paid", "x" * 500])
def test_an_unknown_event_is_ignored_with_a_reason(gateway, hook, event):
    webhook = gateway.read_webhook(hook({"event": event, "payload": {"payment.downtime": []}}))
    assert webhook.ignored
    assert (webhook.reports, webhook.ask) == ((), ())
    assert len(webhook.event) <= 200


def test_an_event_without_anything_to_ask_about_is_ignored(gateway, hook):
    assert gateway.read_webhook(hook({"event": "payment.captured", "payload": {}})).ignored


@pytest.mark.parametrize(
    ("currency", "minor"), [("JPY", 1299), ("KWD", 12990), ("USD", 129900)]
)
def test_amounts_are_the_smallest_unit_in_every_currency(changed, currency, minor):
    (report,) = changed("payment_captured", currency=currency, amount=minor, notes=[]).reports
    assert (report.captured, report.currency) == (minor, currency)


def test_the_key_is_the_event_id_and_the_bytes(gateway, hook, sample):
    first, again = hook(sample("order_paid")), hook(sample("order_paid"))
    other_bytes = hook(sample("payment_captured"))
    other_id = hook(sample("order_paid"), event_id="EVT0000000002")
    no_id = hook(sample("order_paid"), event_id="")
    keys = [gateway.read_webhook(one).key for one in (first, again, other_bytes, other_id, no_id)]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4
    assert keys[0].startswith("EVT0000000001:")


def test_text_that_a_database_cannot_take_is_cleaned(changed):
    (report,) = changed("payment_captured", method="u\x00p\ud800i", notes=[]).reports
    assert report.method == "upi"


WHOLE = b'{"event":"payment.captured","payload":{"payment":{"entity":'


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b"[]", b"null", b"1", b'"text"', b"\xff\xfe\x00", b'{"event":', b'{"event":1}', b"{}",
     b"[" * 10_000, b'{"a":' * 10_000, b'{"event":"order.paid","payload":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
     b'{"event":"order.paid"}', b'{"event":"order.paid","payload":[]}', WHOLE + b'{"id":"pay_1"}}}}',
     b'{"event":"order.paid","x":NaN,"payload":{}}', b'{"event":"order.paid","payload":{},"n":' + b"9" * 5000 + b"}"],
)  # fmt: skip
def test_what_cannot_be_read_is_unreadable(gateway, hook, body):
    with pytest.raises(Unreadable):
        gateway.read_webhook(hook(body))


@pytest.mark.parametrize(
    "amount", [1299.0, "1299.00", -1, "-129900", True, None, [], "１２９９", 10**30, "9" * 30, "", "1e5", {}]
)
def test_an_amount_that_is_no_whole_number_is_unreadable(changed, amount):
    with pytest.raises(Unreadable):
        changed("payment_captured", amount=amount)


@pytest.mark.parametrize("changes", [{"currency": "inr"}, {"currency": None}, {"id": ""}, {"id": "pay 1"}, {"id": 5}])
def test_a_payment_without_a_sound_id_or_currency_is_unreadable(changed, changes):
    with pytest.raises(Unreadable):
        changed("payment_captured", **changes)


def test_the_reason_names_fields_and_never_values(changed):
    with pytest.raises(Unreadable) as caught:
        changed("payment_captured", amount="asha@example.com")
    assert "amount" in str(caught.value)
    assert "asha" not in str(caught.value)


@pytest.mark.parametrize("moment", [None, "soon", -5, 10**18, True, 1.5])
def test_a_moment_that_is_none_is_left_out(gateway, hook, sample, moment):
    (report,) = gateway.read_webhook(hook({**sample("payment_captured"), "created_at": moment})).reports
    assert report.at is None
