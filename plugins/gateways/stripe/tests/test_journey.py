"""Through a real application: what the kit's journeys do not tell of Stripe."""

from pathlib import Path

from kartify_stripe import StripeGateway, StripeSimulator

from kartify.flows.ticking import tick
from kartify.testing.kit.base import KitBase
from kartify.testing.kit.journey import AMOUNT, JourneyChecks


def bring(trip, event):
    answer = trip.client.post(f"/webhooks/{trip.account}", data=event.body, headers=dict(event.headers))
    assert answer.status_code == 200, answer.text
    tick.inline(trip.house)


class TestJourney(KitBase):
    gateway = StripeGateway
    simulator = StripeSimulator
    samples = Path(__file__).parent / "samples"
    trip = JourneyChecks.trip

    def test_a_paid_order_whose_refund_only_a_webhook_tells_of_is_refunded(self, trip):
        charge = trip.stand_in.pay(trip.order())
        trip.webhook(charge)
        for event in trip.stand_in.told(charge, refund=trip.stand_in.refund_outside(charge.id)):
            bring(trip, event)
        trip.lookup()
        assert [row["status"] for row in trip.rows("orders")] == ["refunded"]
        trip.check_laws()

    def test_a_dispute_of_a_paid_order_is_an_exception_that_ends_when_it_is_won(self, trip):
        charge = trip.stand_in.pay(trip.order())
        trip.webhook(charge)
        bring(trip, trip.stand_in.dispute(charge.id, evidence_details={"due_by": 1_900_000_000}))
        assert trip.cases() == ["dispute"]
        bring(trip, trip.stand_in.dispute(charge.id, "won"))
        assert trip.cases() == []
        trip.check_settled_once()

    def test_a_lost_dispute_is_money_gone(self, trip):
        charge = trip.stand_in.pay(trip.order())
        trip.webhook(charge)
        bring(trip, trip.stand_in.dispute(charge.id, "lost"))
        assert [(row["captured"], row["lost"]) for row in trip.rows("charges")] == [(AMOUNT, AMOUNT)]
        trip.check_laws()

    def test_a_second_session_of_the_same_order_that_is_paid_is_an_exception(self, trip):
        session = trip.order()
        for charge in [trip.stand_in.pay(session), trip.stand_in.pay(session)]:
            trip.webhook(charge)
        assert [row["status"] for row in trip.rows("orders")] == ["processing"]
        assert trip.cases() == ["second_payment"]
        assert len(trip.rows("settlements")) == 1
        trip.check_laws()

    def test_a_delayed_method_settles_when_it_is_confirmed(self, trip):
        charge = trip.stand_in.pay(trip.order(), state="pending")
        trip.webhook(charge)
        trip.callback(charge)
        assert [row["status"] for row in trip.rows("orders")] == ["missing"]
        trip.webhook(trip.stand_in.late(charge.id))
        trip.check_settled_once()

    def test_a_failed_attempt_does_not_end_an_order_and_news_of_it_that_comes_late_changes_nothing(self, trip):
        session = trip.order()
        failed = trip.stand_in.pay(session, state="failed")
        news = trip.stand_in.told(failed)
        trip.webhook(trip.stand_in.pay(session))
        for event in news:
            bring(trip, event)
        trip.check_settled_once()

    def test_an_unpaid_order_stays_missing_when_the_customer_goes_back(self, trip):
        charge = trip.stand_in.pay(trip.order(), state="failed")
        trip.callback(charge)
        assert [row["status"] for row in trip.rows("orders")] == ["missing"]
        trip.check_laws()
