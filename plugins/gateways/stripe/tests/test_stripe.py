"""Signatures against the official package, the package against the stand-in, and what each object comes to."""

import json
import time
from datetime import UTC, datetime

import pytest
import stripe
from kartify_stripe import StripeGateway, StripeSimulator
from kartify_stripe.simulator import objects
from kartify_stripe.webhooks import EVENTS
from pydantic import ValidationError

from kartify.http import HttpClient
from kartify.plugin import (
    ChargeState,
    Denied,
    HttpAnswer,
    Inbound,
    Money,
    NoSecret,
    PaymentRef,
    PaymentRequest,
    Permanent,
    Refused,
    Temporary,
    Throttled,
)
from kartify.testing.serve import simulating

VALUES = {"account_id": "acct_made0up", "secret_key": "sk_test_made0up", "webhook_secret": "whsec_made0up"}


def gateway(**changes):
    return StripeGateway(StripeGateway.Settings(**{**VALUES, **changes}))


def request(reference="KS0001", amount=129900, currency="INR", **changes):
    given = {
        "order_number": "K1001", "customer": {"email": "asha@example.com"},
        "callback_url": "https://k.example/callbacks/a", "webhook_url": "https://k.example/webhooks/a", **changes,
    }
    return PaymentRequest(reference=reference, amount=Money(amount, currency), **given)


def payment(session, reference="KS0001", charges=()):
    return PaymentRef(reference=reference, gateway_order_id=session, amount=Money(129900, "INR"),
                      created_at=datetime.now(UTC), gateway_payment_ids=charges)


@pytest.fixture
def live():
    with simulating(StripeSimulator) as (_, stand_in):
        yield StripeGateway(StripeGateway.Settings(**stand_in.settings())), HttpClient(), stand_in


def told(body, header):
    return Inbound(method="POST", path="/", headers={"stripe-signature": header}, body=body)


BODY = json.dumps({"id": "evt_1", "object": "event", "type": "x", "data": {"object": {}}}).encode()


def test_a_signature_of_the_official_package_is_taken():
    now = int(time.time())
    header = stripe.WebhookSignature.generate_signature_header(BODY.decode(), VALUES["webhook_secret"], now)
    assert gateway().verify(told(BODY, header)).secret == "current"
    with pytest.raises(Refused):
        gateway(webhook_secret="whsec_another").verify(told(BODY, header))


def test_the_official_package_takes_what_the_stand_in_signs(live):
    own, _, stand_in = live
    sent = stand_in.event("payment_intent.succeeded", {"object": "payment_intent"})
    header = sent.headers["stripe-signature"]
    event = stripe.Webhook.construct_event(sent.body, header, stand_in.settings()["webhook_secret"])
    assert event["type"] == "payment_intent.succeeded"
    assert own.verify(told(sent.body, header)).signed_at is not None


@pytest.mark.parametrize("change", ["{0},v1={1}", "v0={1},{0}", "{0},v0=abc"])
def test_other_signatures_beside_the_right_one_change_nothing(change):
    header = stripe.WebhookSignature.generate_signature_header(BODY.decode(), VALUES["webhook_secret"], 1795399006)
    assert gateway().verify(told(BODY, change.format(header, "0" * 64))).signed_at == datetime.fromtimestamp(
        1795399006, UTC)


@pytest.mark.parametrize("header", ["", "t=1795399006", "v1=" + "0" * 64, "t=1795399006,v0=" + "0" * 64,
                                    "t=1,t=2,v1=" + "0" * 64, "t=1795399006,v1=" + "0" * 63, "nonsense"])
def test_a_header_that_is_not_whole_is_refused(header):
    with pytest.raises(Refused):
        gateway().verify(told(BODY, header))


def test_without_a_secret_nothing_is_taken_and_a_second_endpoint_has_its_own():
    header = stripe.WebhookSignature.generate_signature_header(BODY.decode(), "whsec_second", 1795399006)
    assert gateway(webhook_secret_second="whsec_second").verify(told(BODY, header)).secret == "current"
    with pytest.raises(NoSecret):
        gateway(webhook_secret=None).verify(told(BODY, header))


def test_the_official_package_reads_the_stand_in(live):
    own, client, stand_in = live
    opened = own.open(client, request())
    charge = stand_in.pay(opened.gateway_order_id)
    sdk = stripe.StripeClient(stand_in.settings()["secret_key"], base_addresses={"api": stand_in.options.base_url})
    session = sdk.v1.checkout.sessions.retrieve(
        opened.gateway_order_id, {"expand": ["payment_intent.latest_charge"]})
    assert (session.status, session.payment_status, session.payment_intent.latest_charge.id) == (
        "complete", "paid", charge.id)
    refund = sdk.v1.refunds.create({"payment_intent": session.payment_intent.id, "amount": 9900})
    assert refund.status == "succeeded"
    assert [one.amount for one in sdk.v1.refunds.list({"payment_intent": session.payment_intent.id})] == [9900]
    assert len(list(sdk.v1.checkout.sessions.list({"limit": 1}).auto_paging_iter())) == 1


def test_opening_again_gives_the_same_session_and_another_sum_under_the_same_reference_does_not(live):
    own, client, stand_in = live
    first = own.open(client, request())
    assert own.open(client, request()) == first
    assert len(stand_in.book.sessions) == 1
    with pytest.raises(Permanent, match="Open another payment"):
        own.open(client, request(amount=99900))


@pytest.mark.parametrize(("changes", "field"), [({"amount": 0}, "amount"), ({"currency": "USD"}, "currency"),
                                                ({"callback_url": "http://shop.example/x"}, "success_url")])
def test_what_stripe_would_refuse_is_refused_before_and_named(changes, field):
    with pytest.raises(Permanent) as problem:
        gateway().open(None, request(**changes))
    assert problem.value.field == field


def test_money_is_held_captured_and_released_once(live):
    _, client, stand_in = live
    own = StripeGateway(StripeGateway.Settings(**stand_in.settings(), capture_method="manual"))
    for reference, act, state in (("KS0001", "capture", ChargeState.CAPTURED), ("KS0002", "void", ChargeState.VOIDED)):
        session = own.open(client, request(reference)).gateway_order_id
        charge = stand_in.pay(session, state="authorized")
        (report,) = own.ask(client, payment(session, reference)).reports
        assert (report.state, report.authorized) == (ChargeState.AUTHORIZED, 129900)
        assert report.release_at is not None
        for _ in range(2):
            done = getattr(own, act)(client, objects.intent_id(charge.session), Money(129900, "INR"))
            assert done.state is state
    assert stand_in.calls["POST /v1/payment_intents/<intent_id>/capture"] == 1


def test_a_session_is_closed_and_one_that_was_paid_before_tells_so(live):
    own, client, stand_in = live
    session = own.open(client, request()).gateway_order_id
    assert own.close(client, payment(session)).over is True
    paid = own.open(client, request("KS0002")).gateway_order_id
    stand_in.pay(paid)
    answer = own.close(client, payment(paid, "KS0002"))
    assert [report.captured for report in answer.reports] == [129900]


def test_a_lost_opening_is_found_by_our_reference(live):
    own, client, stand_in = live
    session = own.open(client, request()).gateway_order_id
    stand_in.pay(session)
    (report,) = own.ask(client, payment(None)).reports
    assert report.gateway_order_id == session
    assert own.ask(client, payment(None, "OTHER1")).found is False


def test_a_session_of_another_payment_is_never_taken(live):
    own, client, stand_in = live
    session = own.open(client, request()).gateway_order_id
    stand_in.pay(session)
    with pytest.raises(Permanent, match="another payment"):
        own.ask(client, payment(session, "OTHER1"))


def test_an_id_that_had_payments_cannot_be_unknown(live):
    own, client, _ = live
    with pytest.raises(Permanent, match="does not know"):
        own.ask(client, payment("cs_test_of_nobody", charges=("pi_1",)))


def test_refunds_are_made_once_for_a_key(live):
    own, client, stand_in = live
    session = own.open(client, request()).gateway_order_id
    charge = stand_in.pay(session)
    intent = objects.intent_id(charge.session)
    for _ in range(2):
        assert own.refund(client, intent, Money(9900, "INR"), key="refund-0123456789").state == "processed"
    assert len(stand_in.book.refunds) == 1
    assert own.refund_status(client, intent, key="refund-0123456789", gateway_refund_id=None).amount == 9900
    assert own.refund_status(client, intent, key="refund-9876543210", gateway_refund_id=None) is None
    (report,) = own.ask(client, payment(session)).reports
    assert (report.state, report.refunded) == (ChargeState.PARTIALLY_REFUNDED, 9900)


class Answering:
    def __init__(self, status, body, **headers):
        self.answer = HttpAnswer(status=status, headers=headers, body=json.dumps(body).encode())

    def request(self, *_, **__):
        return self.answer


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (429, {"type": "x", "code": "rate_limit"}, Throttled), (429, {"type": "x", "code": "lock_timeout"}, Temporary),
        (401, {"type": "x"}, Denied), (403, {"type": "x"}, Denied), (409, {"type": "x"}, Temporary),
        (400, {"type": "x", "message": "a similar object exists in live mode, but a test mode key was used"}, Denied),
        (500, {"type": "api_error"}, Temporary), (402, {"type": "card_error", "code": "card_declined"}, Permanent),
    ],
)
def test_errors_are_told_apart(status, error, kind):
    with pytest.raises(kind) as problem:
        gateway().ask(Answering(status, {"error": error}), payment("cs_test_1"))
    assert type(problem.value) is not Throttled or kind is Throttled


def event(kind, about, **more):
    told_ = {"id": "evt_1", "object": "event", "type": kind, "livemode": False, "created": 1795399006,
             "data": {"object": about}, **more}
    return Inbound(method="POST", path="/", headers={}, body=json.dumps(told_).encode())


SESSION = {"id": "cs_test_1", "object": "checkout.session", "mode": "payment", "status": "complete",
           "payment_status": "paid", "payment_intent": "pi_kart01", "amount_total": 129900, "currency": "inr",
           "metadata": {"kartify_reference": "KS0001"}}


def test_a_paid_session_proves_its_sum_and_an_unpaid_or_held_one_is_asked_about():
    (report,) = gateway().read_webhook(event("checkout.session.completed", SESSION)).reports
    assert (report.captured, report.gateway_payment_id, report.gateway_order_id) == (129900, "pi_kart01", "cs_test_1")
    for change in ({"payment_status": "unpaid"}, {"payment_intent": None}, {"currency": "isk"}, {"mode": "setup"},
                   {"metadata": {"kartify_reference": "KS0001", "kartify_capture": "manual"}}, {"amount_total": 0}):
        webhook = gateway().read_webhook(event("checkout.session.completed", {**SESSION, **change}))
        assert (webhook.reports, webhook.ask) == ((), ("cs_test_1",)), change


@pytest.mark.parametrize("more", [{"livemode": True}, {"livemode": None}, {"account": "acct_of_somebody"}])
def test_events_of_another_world_or_account_are_ignored_with_the_reason(more):
    webhook = gateway().read_webhook(event("checkout.session.completed", SESSION, **more))
    assert webhook.ignored
    assert webhook.reports == ()


def test_what_is_not_kartifys_is_no_orphan_on_a_shared_account():
    foreign = {**SESSION, "metadata": {}}
    assert gateway(shared=True).read_webhook(event("checkout.session.completed", foreign)).ignored
    assert gateway().read_webhook(event("checkout.session.completed", foreign)).reports


def test_the_docs_name_no_event_that_is_not_acted_on():
    assert {"checkout.session.completed", "payment_intent.succeeded", "charge.refunded",
            "charge.dispute.created"} <= EVENTS


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"secret_key": "pk_test_x123"}, "secret_key"), ({"account_id": "x"}, "account_id"),
        ({"webhook_secret": "secret"}, "signing secret"), ({"currencies": "INR,ISK"}, "another unit"),
        ({"api_base": "http://api.stripe.com"}, "https"), ({"webhook_secret_previous": "whsec_made0up"}, "different"),
        ({"api_version": "latest"}, "api_version"), ({"payment_methods": "CARD;"}, "payment_methods"),
    ],
)
def test_settings_that_cannot_be_are_refused_without_showing_a_secret(changes, said):
    with pytest.raises(ValidationError) as problem:
        gateway(**changes)
    assert said in str(problem.value)
    assert "made0up" not in str(problem.value)


def test_staff_find_a_payment_in_the_dashboard_of_its_mode():
    assert gateway().dashboard_url("pi_1234") == "https://dashboard.stripe.com/test/payments/pi_1234"
    assert gateway(secret_key="sk_live_made0up").dashboard_url("pi_1234").endswith("com/payments/pi_1234")
    assert gateway().dashboard_url("../x") is None
