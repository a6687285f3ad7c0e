"""What a webhook says: read strictly, the same every time, and never more than it proves."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from kartify.plugin import ChargeState, Unreadable

EXPECTED = {
    "charge_captured": (ChargeState.CAPTURED, 254900, 254900, 0),
    "charge_authorized": (ChargeState.AUTHORIZED, 254900, 0, 0),
    "charge_failed": (ChargeState.FAILED, 0, 0, 0),
    "charge_pending": (ChargeState.PENDING, 0, 0, 0),
    "charge_voided": (ChargeState.VOIDED, 254900, 0, 0),
    "refund_processed": (ChargeState.PARTIALLY_REFUNDED, 254900, 254900, 54900),
    "dispute_opened": (ChargeState.DISPUTED, 254900, 254900, 0),
    "dispute_won": (ChargeState.CAPTURED, 254900, 254900, 0),
    "dispute_lost": (ChargeState.CAPTURED, 254900, 254900, 0),
}


@pytest.fixture
def read(alone, inbound):
    return lambda body: alone().read_webhook(inbound(body))


@pytest.fixture
def changed(sample, read):
    """Reads a sample after a change of its event."""

    def make(change, name="charge_captured"):
        event = json.loads(sample(name))
        change(event)
        return read(json.dumps(event).encode())

    return make


@pytest.mark.parametrize("name", EXPECTED)
def test_event_gives_one_report_and_the_same_again(read, sample, name):
    first, second = read(sample(name)), read(sample(name))
    assert first == second
    (report,) = first.reports
    report.check()
    assert (report.state, report.authorized, report.captured, report.refunded) == EXPECTED[name]
    assert report.gateway_order_id == "sess_KART000000000001"
    assert report.gateway_payment_id == "ch_KART000000000001"
    assert (report.reference, report.currency, report.method) == ("PAY1", "INR", "upi")
    assert report.at is not None
    assert not first.ask
    assert first.ignored is None


def test_moment_is_the_gateways_own(read, sample):
    (report,) = read(sample("charge_captured")).reports
    assert report.at == datetime.fromtimestamp(
        json.loads(sample("charge_captured"))["data"]["charge"]["captured_at"], UTC
    )


def test_authorised_charge_tells_when_it_is_released(read, sample):
    (report,) = read(sample("charge_authorized")).reports
    assert (report.release_at - report.at).days == 5


def test_disputes_tell_deadline_and_loss(read, sample):
    opened, won, lost = (read(sample(f"dispute_{word}")).reports[0].dispute for word in ("opened", "won", "lost"))
    assert (opened.closed, opened.lost) == (False, 0)
    assert opened.deadline > datetime(2026, 9, 1, tzinfo=UTC)
    assert (won.closed, won.lost) == (True, 0)
    assert (lost.closed, lost.lost) == (True, 254900)


def test_expired_session_is_a_reason_to_ask(read, sample):
    webhook = read(sample("session_expired"))
    assert (webhook.reports, webhook.ask) == ((), ("sess_KART000000000001",))


def test_unknown_event_is_ignored(changed):
    webhook = changed(lambda event: event.update(type="payout.sent"))
    assert not webhook.reports
    assert "payout.sent" in webhook.ignored


def test_unknown_status_is_never_paid_but_asked_about(changed):
    webhook = changed(lambda event: event["data"]["charge"].update(status="settling"))
    assert (webhook.reports, webhook.ask) == ((), ("sess_KART000000000001",))


def test_event_of_another_merchant_or_mode_is_ignored(changed):
    for change in ({"merchant": "other"}, {"mode": "live"}):
        webhook = changed(lambda event, change=change: event.update(change))
        assert webhook.ignored
        assert not webhook.reports


def test_live_account_takes_live_events(alone, inbound, sample):
    event = json.loads(sample("charge_captured")) | {"mode": "live"}
    gateway = alone(environment="live")
    assert gateway.settings.mode() == "live"
    assert gateway.read_webhook(inbound(json.dumps(event).encode())).reports
    assert gateway.read_webhook(inbound(sample("charge_captured"))).ignored


def test_fields_we_do_not_know_are_no_trouble(changed):
    webhook = changed(lambda event: event["data"]["charge"].update(shine={"a": [1]}))
    assert webhook.reports[0].captured == 254900


def test_fee_and_discount_are_read_as_declared(changed):
    webhook = changed(lambda event: event["data"]["charge"].update(fee=500, discount=100))
    assert (webhook.reports[0].fee, webhook.reports[0].discount) == (500, 100)


def test_key_goes_by_the_signed_id_and_the_bytes(alone, inbound, sample):
    body = sample("charge_captured")
    one = alone().read_webhook(inbound(body, {"Sandbox-Event-Id": "evt_1"}))
    two = alone().read_webhook(inbound(body, {"Sandbox-Event-Id": "evt_2"}))
    assert one.key == two.key
    assert one.key.startswith("evt_KART000000000001:")
    assert alone().read_webhook(inbound(body + b" ")).key != one.key


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("captured", ["254900", 254900.0, -1, None, True, 10**20, [254900], 0]),
        ("refunded", ["0", -5, 254900, 254901, None]),
        ("authorized", ["254900", None, 1.5]),
        ("fee", ["0", -1, None]),
        ("discount", [None, -1]),
        ("currency", ["inr", "RUPEE", "", None, 356]),
        ("captured_at", [None, "1788256800", -1, 0, 10**15, True, 1788256800.5]),
        ("id", [None, "", "ch_", "pay_KART000000000001", "ch_KART/../0001", "ch_KART0000000\n", 7]),
        ("session", [None, "", "sess_1", "ch_KART000000000001", ["sess_KART000000000001"]]),
        ("status", [None, "", 5, ["captured"], "authorized", "failed", "refunded", "pending"]),
        ("dispute", ["open", {"status": "maybe"}, {"status": "lost", "amount": "5"}, []]),
    ],
)
def test_charge_that_does_not_fit_is_unreadable(changed, field, values):
    for value in values:
        with pytest.raises(Unreadable):
            changed(lambda event, value=value: event["data"]["charge"].update({field: value}))


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"null", b"[]", b"5", b'"event"', b"{", b"{}", b"\xff\xfe{}", b"[" * 100_000, b'{"id":' * 10_000,
        b'{"id":"evt_1"}', b'{"id":"evt_1","type":7,"merchant":"sandbox-shop","mode":"test"}',
        b'{"id":"evt_1","type":"charge.captured","merchant":"sandbox-shop","mode":"test"}',
        b'{"id":"evt_1","type":"charge.captured","merchant":"sandbox-shop","mode":"test","data":[]}',
        b'{"id":"evt_1","type":"charge.captured","merchant":"sandbox-shop","mode":"test","data":{"charge":NaN}}',
        b"charge=captured&amount=254900", b"<html></html>", '{"id":"évt\u202e","type":"x"}'.encode("utf-16"),
    ],
    ids=range(19),
)  # fmt: skip
def test_bytes_that_are_no_event_are_unreadable(read, body):
    with pytest.raises(Unreadable):
        read(body)
