"""OMS plugins that are wrong in one way each, and the check of the kit that must catch it."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace

from acme_oms import AcmeOms, AcmeSettings
from pydantic import Field

from kartify.plugin import (
    Found,
    Kind,
    NewsKind,
    OmsCapabilities,
    Permanent,
    Presence,
    Receipt,
    Reply,
    Temporary,
    Throttled,
)


class LostAnswerIsNotSent(AcmeOms):
    def deliver(self, client, kind, order):
        try:
            return super().deliver(client, kind, order)
        except Temporary as problem:
            raise Temporary(str(problem), sent=False) from None


class LostAnswerIsSuccess(AcmeOms):
    def deliver(self, client, kind, order):
        try:
            return super().deliver(client, kind, order)
        except Throttled:
            raise
        except Temporary:
            return Receipt(id=order.number)


class LostAnswerIsFinal(AcmeOms):
    def deliver(self, client, kind, order):
        try:
            return super().deliver(client, kind, order)
        except Temporary as problem:
            raise Permanent(str(problem)) from None


class RoundsToRupees(AcmeOms):
    def body(self, order):
        return {**super().body(order), "total": f"{order.total // 100}.00"}


class RupeesAsPaise(AcmeOms):
    def body(self, order):
        return {**super().body(order), "total": f"{order.total}.00"}


class NeverFinds(AcmeOms):
    def find(self, client, kind, order):
        return Found(presence=Presence.ABSENT)


class FindsWhateverThereIs(AcmeOms):
    def find(self, client, kind, order):
        found = super().find(client, kind, order)
        return replace(found, presence=Presence.DONE, receipt=found.receipt or Receipt(id="1"))


class FindsBlindly(AcmeOms):
    def find(self, client, kind, order):
        return replace(super().find(client, kind, order), amount=order.total)


class GarbageMeansAbsent(AcmeOms):
    def find(self, client, kind, order):
        try:
            return super().find(client, kind, order)
        except Temporary:
            return Found(presence=Presence.ABSENT)


class SecondOrderUnderAnotherNumber(AcmeOms):
    can = OmsCapabilities(lookup=True, cancel=True, hold=True, poll=True, idempotent=True)
    tries = 0

    def body(self, order):
        type(self).tries += 1
        return {**super().body(order), "number": f"{order.number}_{type(self).tries}"}


class TokenIsNeverRenewed(AcmeOms):
    def call(self, client, method, path, body):
        answer = client.request(method, self.settings.api_base + path, json=body, headers=self.headers(client))
        return self.read(answer)


class ThrottlingIsAnError(AcmeOms):
    def read(self, answer):
        if answer.status == 429:
            raise Temporary("Acme answered 429")
        return super().read(answer)


class ForgetsRetryAfter(AcmeOms):
    def read(self, answer):
        if answer.status == 429:
            raise Throttled("Acme asks for fewer calls.")
        return super().read(answer)


class NamesNoField(AcmeOms):
    def check(self, kind, order):
        if not order.shipping_address:
            raise Permanent("An address is needed.")


class ShowsThePassword(AcmeOms):
    def headers(self, client):
        logging.getLogger("acme").warning("login with %s", self.settings.secret("password"))
        return super().headers(client)


class PlainPassword(AcmeOms):
    class Settings(AcmeSettings):
        password: str = Field(description="For our calls.")


class CancelsNothing(AcmeOms):
    def deliver(self, client, kind, order):
        return Receipt(id="x") if kind is Kind.CANCEL else super().deliver(client, kind, order)


class CancelsWhatIsGone(AcmeOms):
    def deliver(self, client, kind, order):
        with contextlib.suppress(Permanent):
            return super().deliver(client, kind, order)
        return Receipt(id="x")


class TakesNewsFromAnybody(AcmeOms):
    def authenticate(self, message):
        return None


class SignsNoBody(AcmeOms):
    def authenticate(self, message):
        if not message.header("x-api-key"):
            super().authenticate(message)


class NewsIsAlwaysShipped(AcmeOms):
    def news_of(self, number, state):
        return replace(super().news_of(number, state), kind=NewsKind.SHIPPED)


class NewsOfEachPollIsNew(AcmeOms):
    polls = 0

    def news_of(self, number, state):
        type(self).polls += 1
        return replace(super().news_of(number, state), key=f"{number}:{type(self).polls}")


class PagesSkip(AcmeOms):
    def write_feed(self, route, message, wish, listing):
        return super().write_feed(route, message, wish, replace(listing, items=list(listing.items)[::2]))


class PagesEndEarly(AcmeOms):
    def write_feed(self, route, message, wish, listing):
        return super().write_feed(route, message, wish, replace(listing, more=False))


class AcknowledgesNothing(AcmeOms):
    def read_acks(self, route, message):
        return ()

    def write_acks(self, route, message, acked):
        return Reply()


class BreaksOnOddBytes(AcmeOms):
    def read_news(self, route, message):
        message.body.decode()
        return super().read_news(route, message)


CAUGHT = {
    LostAnswerIsNotSent: "test_lost_answer_is_uncertain_and_found",
    LostAnswerIsSuccess: "test_lost_answer_is_uncertain_and_found",
    LostAnswerIsFinal: "test_lost_answer_is_uncertain_and_found",
    RoundsToRupees: "test_push_accepts_and_the_sum_is_exact",
    RupeesAsPaise: "test_push_accepts_and_the_sum_is_exact",
    NeverFinds: "test_find_tells_absent_then_done",
    FindsWhateverThereIs: "test_find_never_takes_another_order_for_ours",
    FindsBlindly: "test_find_tells_another_sum",
    GarbageMeansAbsent: "test_find_out_of_garbage_is_never_a_word_on_the_order",
    SecondOrderUnderAnotherNumber: "test_push_accepts_and_the_sum_is_exact",
    TokenIsNeverRenewed: "test_token_that_ends_in_mid_run_is_renewed",
    ThrottlingIsAnError: "test_throttled_is_told_and_nothing_was_done",
    ForgetsRetryAfter: "test_throttled_is_told_and_nothing_was_done",
    NamesNoField: "test_refused_order_names_the_field",
    ShowsThePassword: "nothing_secret_is_logged",
    PlainPassword: "test_settings_are_described_and_secrets_are_secret",
    CancelsNothing: "test_cancel_is_done_once_and_found",
    CancelsWhatIsGone: "test_cancel_after_shipping_is_refused",
    TakesNewsFromAnybody: "test_news_without_its_proof_is_refused",
    SignsNoBody: "test_news_without_its_proof_is_refused",
    NewsIsAlwaysShipped: "test_news_is_told_by_message_or_poll",
    NewsOfEachPollIsNew: "test_news_is_told_by_message_or_poll",
    PagesSkip: "test_pull_reads_every_order_once_whole_and_never_a_missing_one",
    PagesEndEarly: "test_pull_reads_every_order_once_whole_and_never_a_missing_one",
    AcknowledgesNothing: "test_pull_leaves_receipts",
    BreaksOnOddBytes: "test_unreadable_news_says_so",
}
