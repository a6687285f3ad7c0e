"""Capture, void and refund: done once, told truly, and never more than there is."""

from __future__ import annotations

import pytest

from kartify.plugin import ChargeState, Money, Permanent, Temporary

FULL = Money(254900, "INR")
KEY = "refund-key-0001"


@pytest.fixture
def authorized(server, opened):
    return server.pay(opened.gateway_order_id, kind="authorized")


@pytest.fixture
def captured(server, opened):
    return server.pay(opened.gateway_order_id)


def test_capture_reports_the_money(gateway, client, authorized):
    report = gateway.capture(client, authorized.id, FULL)
    report.check()
    assert (report.state, report.captured, report.gateway_payment_id) == (ChargeState.CAPTURED, 254900, authorized.id)


def test_capturing_again_is_success_and_captures_nothing_more(gateway, client, authorized, server):
    first = gateway.capture(client, authorized.id, FULL)
    assert gateway.capture(client, authorized.id, FULL) == first
    assert server.charge(authorized.id).captured == 254900


def test_capture_whose_answer_was_lost_can_be_repeated(gateway, client, authorized, server):
    server.faults.plan("dropped")
    with pytest.raises(Temporary):
        gateway.capture(client, authorized.id, FULL)
    assert gateway.capture(client, authorized.id, FULL).captured == 254900


def test_part_of_an_authorisation_can_be_captured_but_never_more(gateway, client, authorized):
    with pytest.raises(Permanent) as refused:
        gateway.capture(client, authorized.id, Money(254901, "INR"))
    assert refused.value.field == "amount"
    assert gateway.capture(client, authorized.id, Money(100000, "INR")).captured == 100000


def test_voided_charge_is_not_captured_nor_a_captured_one_voided(gateway, client, server, opened, captured):
    other = server.pay(opened.gateway_order_id, kind="authorized")
    assert gateway.void(client, other.id, FULL).state is ChargeState.VOIDED
    assert gateway.void(client, other.id, FULL).state is ChargeState.VOIDED
    with pytest.raises(Permanent):
        gateway.capture(client, other.id, FULL)
    with pytest.raises(Permanent):
        gateway.void(client, captured.id, FULL)


def test_failed_charge_is_not_captured(gateway, client, server, opened):
    with pytest.raises(Permanent):
        gateway.capture(client, server.pay(opened.gateway_order_id, kind="failed").id, FULL)


def test_sum_in_another_currency_is_refused(gateway, client, authorized, captured):
    for call in (
        lambda: gateway.capture(client, authorized.id, Money(254900, "USD")),
        lambda: gateway.refund(client, captured.id, Money(254900, "USD"), key=KEY),
    ):
        with pytest.raises(Permanent) as refused:
            call()
        assert refused.value.field == "currency"


def test_unknown_charge_is_permanent(gateway, client):
    with pytest.raises(Permanent, match="no_such_charge"):
        gateway.capture(client, "ch_KART000000000001", FULL)


def test_refund_is_made_once_for_a_key(gateway, client, captured, server):
    first = gateway.refund(client, captured.id, Money(100, "INR"), key=KEY)
    again = gateway.refund(client, captured.id, Money(100, "INR"), key=KEY)
    assert first == again
    assert (first.state, first.amount) == ("processed", 100)
    assert server.charge(captured.id).refunded == 100


def test_key_used_for_another_sum_is_refused(gateway, client, captured, server):
    gateway.refund(client, captured.id, Money(100, "INR"), key=KEY)
    with pytest.raises(Permanent, match="key_reused"):
        gateway.refund(client, captured.id, Money(200, "INR"), key=KEY)
    assert server.charge(captured.id).refunded == 100


def test_refund_whose_answer_was_lost_is_found_by_its_key(gateway, client, captured, server):
    assert gateway.refund_status(client, captured.id, key=KEY, gateway_refund_id=None) is None
    server.faults.plan("dropped")
    with pytest.raises(Temporary) as lost:
        gateway.refund(client, captured.id, Money(100, "INR"), key=KEY)
    assert lost.value.sent
    found = gateway.refund_status(client, captured.id, key=KEY, gateway_refund_id=None)
    assert (found.state, found.amount) == ("processed", 100)
    assert gateway.refund(client, captured.id, Money(100, "INR"), key=KEY) == found


def test_refund_of_somebody_else_is_not_taken_for_ours(gateway, client, captured, server):
    outside = server.refund_outside(captured.id, 100)
    assert gateway.refund_status(client, captured.id, key=KEY, gateway_refund_id=None) is None
    found = gateway.refund_status(client, captured.id, key=KEY, gateway_refund_id=outside.id)
    assert found.gateway_refund_id == outside.id


def test_refunds_never_exceed_the_capture(gateway, client, captured, server):
    gateway.refund(client, captured.id, Money(200000, "INR"), key=KEY)
    with pytest.raises(Permanent):
        gateway.refund(client, captured.id, Money(54901, "INR"), key="refund-key-0002")
    gateway.refund(client, captured.id, Money(54900, "INR"), key="refund-key-0003")
    assert server.charge(captured.id).status == "refunded"


def test_pending_refund_is_no_money_back_and_blocks_its_sum(gateway, client, captured, opened, ref, server):
    server.bank.refunds_wait = True
    pending = gateway.refund(client, captured.id, FULL, key=KEY)
    assert pending.state == "pending"
    assert gateway.ask(client, ref(opened)).reports[0].refunded == 0
    with pytest.raises(Permanent):
        gateway.refund(client, captured.id, Money(1, "INR"), key="refund-key-0002")
    server.settle_refund(pending.gateway_refund_id)
    assert gateway.refund_status(client, captured.id, key=KEY, gateway_refund_id=None).state == "processed"
    assert gateway.ask(client, ref(opened)).reports[0].state is ChargeState.REFUNDED


def test_failed_refund_says_so_and_leaves_the_money(gateway, client, captured, opened, ref, server):
    server.bank.refunds_wait = True
    pending = gateway.refund(client, captured.id, FULL, key=KEY)
    server.settle_refund(pending.gateway_refund_id, "failed")
    status = gateway.refund_status(client, captured.id, key=KEY, gateway_refund_id=pending.gateway_refund_id)
    assert status.state == "failed"
    assert gateway.ask(client, ref(opened)).reports[0].refunded == 0


def test_disputes_are_told_by_lookup_too(gateway, client, captured, opened, ref, server):
    server.dispute(captured.id, 100000)
    (opened_report,) = gateway.ask(client, ref(opened)).reports
    assert (opened_report.state, opened_report.dispute.closed) == (ChargeState.DISPUTED, False)
    server.end_dispute(captured.id, "lost")
    (lost,) = gateway.ask(client, ref(opened)).reports
    assert (lost.state, lost.dispute.lost, lost.dispute.closed) == (ChargeState.CAPTURED, 100000, True)


def test_disputed_or_lost_money_is_not_refunded(gateway, client, captured, server):
    server.dispute(captured.id, 100000)
    with pytest.raises(Permanent):
        gateway.refund(client, captured.id, Money(1, "INR"), key=KEY)
    server.end_dispute(captured.id, "lost")
    with pytest.raises(Permanent):
        gateway.refund(client, captured.id, Money(154901, "INR"), key="refund-key-0002")
    assert gateway.refund(client, captured.id, Money(154900, "INR"), key="refund-key-0003").state == "processed"


@pytest.mark.parametrize(
    ("verb", "kind"), [("capture", "charge.captured"), ("void", "charge.voided"), ("refund", "refund.processed")]
)
def test_what_is_done_by_call_is_told_by_webhook_too(gateway, client, server, opened, shop, verb, kind):
    charge = server.pay(opened.gateway_order_id, kind="captured" if verb == "refund" else "authorized")
    more = {"key": KEY} if verb == "refund" else {}
    getattr(gateway, verb)(client, charge.id, FULL, **more)
    (message,) = shop.wait(1)
    gateway.verify(message)
    assert gateway.read_webhook(message).event == kind
