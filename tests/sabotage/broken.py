"""Gateways that are wrong in one way each, made from the right one of ``kartify plugins new acme``, and the check of
the kit that must catch each."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import logging
import os
import time
import urllib.request
from dataclasses import replace
from datetime import datetime

from kartify_acme import gateway as right
from kartify_acme import reports, signing
from kartify_acme.gateway import AcmeGateway
from kartify_acme.settings import AcmeSettings
from pydantic import Field

from kartify.plugin import (
    Callback,
    Capabilities,
    ChargeState,
    Gateway,
    PaymentAnswer,
    Permanent,
    Proof,
    RefundAnswer,
    Refused,
    Temporary,
    Throttled,
    Webhook,
)

CAUGHT: dict[str, str] = {}
CANNOT: dict[str, dict[str, str]] = {}


def caught_by(check: str, **cannot: str):
    def note(kind):
        CAUGHT[kind.__name__], CANNOT[kind.__name__] = check, cannot
        return kind

    return note


def secret_of(self, name="webhook_secret"):
    return self.settings.secret(name) or ""


# Form.


@caught_by("test_form_slug_name_and_module")
class LacksAMethod(AcmeGateway):
    ask = Gateway.ask


# Trust.


@caught_by("test_trust_one_byte_of_the_body")
class ChecksNoSignature(AcmeGateway):
    def verify(self, message):
        return Proof()


@caught_by("test_trust_headers_that_prove")
class ComparesAPrefix(AcmeGateway):
    def verify(self, message):
        wanted = signing.sign(message.body, secret_of(self))
        given = message.header("x-signature")
        if not given or not wanted.startswith(given.strip()[:8]):
            return super().verify(message)
        return Proof()


@caught_by("test_trust_headers_that_prove")
class ComparesWithoutCase(AcmeGateway):
    def verify(self, message):
        given = message.header("x-signature").lower().strip()[:64]
        signing.check(message.body, given, secret_of(self))
        return Proof()


@caught_by("test_trust_headers_that_prove")
class TakesAnyOfAJoinedHeader(AcmeGateway):
    def verify(self, message):
        for given in message.header("x-signature").split(","):
            if given.strip() == signing.sign(message.body, secret_of(self)):
                return Proof()
        return super().verify(message)


@caught_by("test_trust_one_byte_of_the_body")
class SignsTheParsedBody(AcmeGateway):
    def verify(self, message):
        try:
            told = json.loads(message.body)
        except ValueError:
            raise Refused("not JSON") from None
        body = json.dumps(told, separators=(",", ":")).encode()
        return super().verify(replace(message, body=body))


@caught_by("test_trust_one_byte_of_the_body")
class SignsTheTrimmedBody(AcmeGateway):
    def verify(self, message):
        return super().verify(replace(message, body=message.body.strip()))


@caught_by("test_trust_one_byte_of_the_body")
class SignsTheFirstHalf(AcmeGateway):
    def verify(self, message):
        if hmac.compare_digest(message.header("x-signature").encode(), b""):
            raise Refused("no signature")
        if message.body[:40] in self.seen:
            return Proof()
        proof = super().verify(message)
        self.seen.add(message.body[:40])
        return proof

    seen: set[bytes] = set()


@caught_by("test_trust_without_anything_is_refused")
class MissingHeaderPasses(AcmeGateway):
    def verify(self, message):
        return super().verify(message) if message.header("x-signature") else Proof()


@caught_by("test_trust_without_a_secret_nothing_is_taken")
class NoSecretPasses(AcmeGateway):
    def verify(self, message):
        return super().verify(message) if self.settings.secret("webhook_secret") else Proof()


@caught_by("test_trust_genuine_webhook_is_taken")
class KnowsOneSecretOnly(AcmeGateway):
    def verify(self, message):
        signing.check(message.body, message.header("x-signature"), secret_of(self))
        return Proof()


@caught_by("test_trust_genuine_webhook_is_taken")
class TellsNotWhichSecret(AcmeGateway):
    def verify(self, message):
        super().verify(message)
        return Proof()


@caught_by("test_trust_another_secret_is_refused")
class KnowsASecretOfItsOwn(AcmeGateway):
    def verify(self, message):
        signing.check(message.body, message.header("x-signature"), "secret-of-samples")
        return Proof()


@caught_by("test_trust_changed_return_proves_nothing_else")
class TakesAnyReturn(AcmeGateway):
    def read_callback(self, message, payment):
        return Callback(proved=True, outcome="success", gateway_payment_id=signing.fields_of(message).get("payment"))


@caught_by("test_trust_return_of_another_payment")
class TakesTheBrowsersSession(AcmeGateway):
    def read_callback(self, message, payment):
        session = signing.fields_of(message).get("session")
        return super().read_callback(message, replace(payment, gateway_order_id=session))


@caught_by("test_trust_changed_return_proves_nothing_else")
class BelievesAnUnsignedReturn(AcmeGateway):
    def read_callback(self, message, payment):
        told = super().read_callback(message, payment)
        if told.proved:
            return told
        paid = reports.report_of({"id": "pay_1", "session": "sess_1", "status": "paid", "amount": payment.amount.minor,
                                  "currency": "INR"})
        return replace(told, reports=(paid,))


@caught_by("test_trust_one_byte_of_the_body", signed_body="The header proves who sent it, not what.")
class ReportsWithoutASignedBody(AcmeGateway):
    def verify(self, message):
        if len(message.header("x-signature")) != 64:
            raise Refused("no header")
        return Proof()


@caught_by("test_form_what_cannot_be_done", trust="We would rather not check signatures.")
class DeclaresTrustAway(AcmeGateway):
    pass


@caught_by("test_form_what_cannot_be_done", captures="no")
class GivesNoReason(AcmeGateway):
    pass


# Reading.


class _Reading(AcmeGateway):
    def told(self, message, change):
        webhook = AcmeGateway.read_webhook(self, message)
        return replace(webhook, reports=tuple(change(one) for one in webhook.reports))


@caught_by("test_reading_unknown_word_is_never_money")
class UnknownWordIsPaid(AcmeGateway):
    def read_webhook(self, message):
        told = json.loads(message.body)
        payment = told.get("payment") if isinstance(told, dict) else None
        if isinstance(payment, dict) and payment.get("status") != "failed":
            payment["status"] = "paid"
            return replace(super().read_webhook(replace(message, body=json.dumps(told).encode())), key=_key(message))
        return super().read_webhook(message)


def _key(message):
    return hashlib.sha256(message.body).hexdigest()


@caught_by("test_reading_webhook_says_what_is_expected")
class RupeesForPaise(_Reading):
    def read_webhook(self, message):
        return self.told(message, lambda one: replace(one, captured=one.captured // 100 or one.captured))


@caught_by("test_reading_webhook_says_what_is_expected")
class HundredsForEveryCurrency(_Reading):
    def read_webhook(self, message):
        times = {"JPY": 100}
        return self.told(message, lambda one: replace(one, captured=one.captured * times.get(one.currency, 1)))


@caught_by("test_reading_money_is_exact")
class MoneyThroughFloat(_Reading):
    def read_webhook(self, message):
        return self.told(message, lambda one: replace(one, captured=int(float(f"{one.captured / 100:.2f}") * 100)))


@caught_by("test_reading_webhook_says_what_is_expected")
class IgnoresTheCurrency(_Reading):
    def read_webhook(self, message):
        return self.told(message, lambda one: replace(one, currency="INR"))


@caught_by("test_reading")
class NaiveMoment(_Reading):
    def read_webhook(self, message):
        return self.told(message, lambda one: replace(one, at=datetime(2026, 11, 23, 8)))  # noqa: DTZ001


@caught_by("test_reading_key_tells_messages_apart")
class KeyWithoutTheBytes(AcmeGateway):
    def read_webhook(self, message):
        return replace(super().read_webhook(message), key=str(json.loads(message.body).get("id")))


@caught_by("test_reading_key_tells_messages_apart")
class OneKeyForAll(AcmeGateway):
    def read_webhook(self, message):
        return replace(super().read_webhook(message), key="event")


@caught_by("test_reading_twice_is_the_same")
class RemembersWhatItRead(AcmeGateway):
    count = 0

    def read_webhook(self, message):
        type(self).count += 1
        return replace(super().read_webhook(message), event=f"payment.{self.count}")


@caught_by("test_reading_garbage_says_so_quickly")
class ErrorsOfItsOwn(AcmeGateway):
    def read_webhook(self, message):
        return super().read_webhook(replace(message, body=json.dumps(json.loads(message.body)).encode()))


@caught_by("test_reading_garbage_says_so_quickly")
class KeyErrors(AcmeGateway):
    def read_webhook(self, message):
        told = right.read_json(message.body)
        told["event"]
        return super().read_webhook(message)


@caught_by("test_reading_garbage_says_so_quickly")
class SlowOnLargeBodies(AcmeGateway):
    def read_webhook(self, message):
        if len(message.body) > 1_000_000:
            time.sleep(2.5)
        return super().read_webhook(message)


@caught_by("test_reading_webhook_says_what_is_expected")
class GivesNothingBack(AcmeGateway):
    def read_webhook(self, message):
        super().read_webhook(message)


@caught_by("test_reading_webhook_says_what_is_expected")
class GivesADictionary(AcmeGateway):
    def read_webhook(self, message):
        return {"event": super().read_webhook(message).event}


@caught_by("test_reading_touches_nothing_but_the_bytes")
class AsksWhileItReads(AcmeGateway):
    def read_webhook(self, message):
        with contextlib.suppress(OSError):
            urllib.request.urlopen("http://127.0.0.1:9/", timeout=0.2)
        return super().read_webhook(message)


@caught_by("test_reading_touches_nothing_but_the_bytes")
class SleepsWhileItReads(AcmeGateway):
    def read_webhook(self, message):
        time.sleep(0.01)
        return super().read_webhook(message)


@caught_by("test_reading_touches_nothing_but_the_bytes")
class StartsAProcess(AcmeGateway):
    def verify(self, message):
        os.system("true")
        return super().verify(message)


@caught_by("test_reading_webhook_says_what_is_expected")
class DropsWhatItDoesNotKnow(AcmeGateway):
    def read_webhook(self, message):
        told = super().read_webhook(message)
        return Webhook(key=told.key, event=told.event) if told.ignored else told


# Asking.


@caught_by("test_asking_says_what_is_expected")
class FirstAttemptOnly(AcmeGateway):
    def ask(self, client, payment):
        told = super().ask(client, payment)
        return replace(told, reports=told.reports[:1])


@caught_by("test_asking_says_what_is_expected")
class FailedHidesPaid(AcmeGateway):
    def ask(self, client, payment):
        told = super().ask(client, payment)
        failed = [one for one in told.reports if one.state is ChargeState.FAILED]
        return replace(told, reports=tuple(failed) or told.reports)


@caught_by("test_asking_says_what_is_expected")
class FailedEndsIt(AcmeGateway):
    def ask(self, client, payment):
        told = super().ask(client, payment)
        return replace(told, over=told.over or any(one.state is ChargeState.FAILED for one in told.reports))


@caught_by("test_asking_failure_is_never_a_fact")
class TimeOutIsNotFound(AcmeGateway):
    def ask(self, client, payment):
        try:
            return super().ask(client, payment)
        except Temporary:
            return PaymentAnswer(found=False)


@caught_by("test_asking_failure_is_never_a_fact")
class EveryNotFoundIsUnknown(AcmeGateway):
    def ask(self, client, payment):
        try:
            return super().ask(client, payment)
        except Permanent as problem:
            if "404" in str(problem):
                return PaymentAnswer(found=False)
            raise


@caught_by("test_asking_failure_is_never_a_fact")
class GarbageEndsIt(AcmeGateway):
    def ask(self, client, payment):
        try:
            return super().ask(client, payment)
        except Temporary:
            return PaymentAnswer(over=True)


@caught_by("test_asking_failure_is_never_a_fact")
class TwoHundredIsPaid(AcmeGateway):
    def ask(self, client, payment):
        try:
            return super().ask(client, payment)
        except Temporary as problem:
            if "200" not in str(problem):
                raise
            paid = {"id": "pay_1", "session": "sess_1", "status": "paid", "amount": 249900, "currency": "INR"}
            return PaymentAnswer(reports=(reports.report_of(paid),))


@caught_by("test_asking_for_fewer_calls_is_understood")
class ThrottlingIsAnError(AcmeGateway):
    def ask(self, client, payment):
        try:
            return super().ask(client, payment)
        except Throttled as problem:
            raise Temporary(str(problem)) from None


@caught_by("test_asking_for_fewer_calls_is_understood")
class ForgetsRetryAfter(AcmeGateway):
    def ask(self, client, payment):
        try:
            return super().ask(client, payment)
        except Throttled as problem:
            raise Throttled(str(problem)) from None


@caught_by("test_asking_with_revoked_keys_is_denied")
class DeniedIsTemporary(AcmeGateway):
    def ask(self, client, payment):
        try:
            return super().ask(client, payment)
        except right.Permanent as problem:
            if isinstance(problem, right.Unknown):
                raise
            raise Temporary(str(problem)) from None


@caught_by("test_asking_with_revoked_keys_is_denied")
class ShowsTheKey(AcmeGateway):
    def ask(self, client, payment):
        try:
            return super().ask(client, payment)
        except Permanent as problem:
            raise type(problem)(f"{problem} (key {self.settings.secret('api_key')})") from None


@caught_by("test_asking_says_what_is_expected")
class LogsTheKey(AcmeGateway):
    def _call(self, client, method, path, body=None):
        logging.getLogger("acme").info("calling with %s", self.settings.secret("api_key"))
        return super()._call(client, method, path, body)


@caught_by("test_asking_failure_is_never_a_fact")
class ErrorsOfPython(AcmeGateway):
    def ask(self, client, payment):
        answer = client.request("GET", f"{self.settings.api_base}/sessions/{payment.gateway_order_id}")
        json.loads(answer.body)["payments"]
        return PaymentAnswer(found=False)


@caught_by("test_opening_failure_is_told")
class OpensWithoutASession(AcmeGateway):
    def open(self, client, request):
        try:
            return super().open(client, request)
        except Temporary:
            return right.Opened(gateway_order_id=request.reference, next=right.NextStep(type="none"))


@caught_by("test_refund_says_what_is_expected")
class PendingRefundIsProcessed(AcmeGateway):
    def refund(self, client, gateway_payment_id, amount, *, key):
        return replace(super().refund(client, gateway_payment_id, amount, key=key), state="processed")


@caught_by("test_refund_failure_is_never_processed")
class LostRefundIsProcessed(AcmeGateway):
    def refund(self, client, gateway_payment_id, amount, *, key):
        try:
            return super().refund(client, gateway_payment_id, amount, key=key)
        except Temporary:
            return RefundAnswer(gateway_refund_id=key, state="processed", amount=amount.minor)


# Form.


@caught_by("test_form_account_is_named_without_its_secrets")
class ShowsSecretsOfItself(AcmeGateway):
    def __repr__(self):
        return f"Acme({self.settings.secret('api_key')})"


@caught_by("test_form_settings_are_described_and_secrets_are_secret")
class KeepsASecretPlain(AcmeGateway):
    class Settings(AcmeSettings):
        webhook_secret: str = Field(description="Signs webhooks.")


@caught_by("test_form_settings_are_described_and_secrets_are_secret")
class DescribesNothing(AcmeGateway):
    class Settings(AcmeSettings):
        channel: str = "web"


@caught_by("test_form_plan_and_capabilities")
class PromisesWhatItCannot(AcmeGateway):
    can = Capabilities(refund=True, capture=True)


@caught_by("test_form_plan_and_capabilities")
class StopsAskingTooEarly(AcmeGateway):
    plan = replace(AcmeGateway.plan, late_window=right.timedelta(days=30))


@caught_by("test_form_account_is_named_without_its_secrets")
class TestIsLive(AcmeGateway):
    class Settings(AcmeSettings):
        def mode(self):
            return "live"


# The journey.


@caught_by("test_journey_unpaid_stays_missing")
class PendingIsPaid(AcmeGateway):
    def ask(self, client, payment):
        told = super().ask(client, payment)
        return replace(told, reports=tuple(
            replace(one, state=ChargeState.CAPTURED, captured=payment.amount.minor)
            if one.state is ChargeState.PENDING else one for one in told.reports
        ))


@caught_by("test_journey_another_sum_is_an_exception")
class ReportsWhatWasDue(AcmeGateway):
    def ask(self, client, payment):
        told = super().ask(client, payment)
        return replace(told, reports=tuple(
            replace(one, captured=payment.amount.minor) if one.captured else one for one in told.reports
        ))


@caught_by("test_journey_paid_twice_is_an_exception")
class LastAttemptOnly(AcmeGateway):
    def ask(self, client, payment):
        told = super().ask(client, payment)
        return replace(told, reports=told.reports[-1:])


@caught_by("test_journey_refunded_outside")
class HidesRefunds(AcmeGateway):
    def ask(self, client, payment):
        told = super().ask(client, payment)
        return replace(told, reports=tuple(
            replace(one, state=ChargeState.CAPTURED, refunded=0) if one.refunded else one for one in told.reports
        ))


@caught_by("test_journey_in_every_order_and_twice")
class AnotherChargeEachTime(AcmeGateway):
    times = 0

    def ask(self, client, payment):
        type(self).times += 1
        told = super().ask(client, payment)
        return replace(told, reports=tuple(
            replace(one, gateway_payment_id=f"{one.gateway_payment_id}-{self.times}") for one in told.reports
        ))
