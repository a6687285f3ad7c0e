"""Money that is only held: captured or released. Neither can be done twice, so no key goes with the call; the intent is
read first, and again where Stripe refuses."""

from __future__ import annotations

from typing import Final, Literal

from kartify.plugin import ChargeState, Money, Permanent, Report, Temporary
from kartify_stripe.api import Api, Said
from kartify_stripe.lookup import INTENTS, fetch_intent, same
from kartify_stripe.reports import Told, report_of, state_of
from kartify_stripe.settings import StripeSettings
from kartify_stripe.wire import Intent

Verb = Literal["capture", "cancel"]
_DONE: Final = {"capture": ChargeState.CAPTURED, "cancel": ChargeState.VOIDED}


def hold(api: Api, intent_id: str, verb: Verb, amount: Money, *, settings: StripeSettings) -> Report:
    """Done before is success. Released is always the whole. Raises ``PartnerError``."""
    intent = fetch_intent(api, intent_id)
    if state_of(intent) is not _DONE[verb]:
        _check(intent, verb, amount)
        form = {"amount_to_capture": str(amount.minor)} if verb == "capture" else {}
        intent = _done(api, intent_id, verb, form)
    told = Told(reference=intent.reference, release_after=settings.release_after)
    report = report_of(intent, told)
    if report.state is not _DONE[verb]:
        raise Temporary(f"the {verb} is not through: Stripe says {report.word}")
    return report


def _check(intent: Intent, verb: Verb, amount: Money) -> None:
    """Cancelling what is not held would end a payment that the customer is making."""
    if intent.currency != amount.currency:
        raise Permanent(f"this payment is in {intent.currency}, not in {amount.currency}", field="currency")
    if state_of(intent) is not ChargeState.AUTHORIZED:
        raise Permanent(f"Stripe holds nothing to {verb}: it says {intent.status}", field="gateway_payment_id")


def _done(api: Api, intent_id: str, verb: Verb, form: dict[str, str]) -> Intent:
    try:
        answer = api.post(Intent, f"{INTENTS}/{intent_id}/{verb}", {**form, "expand[0]": "latest_charge"})
        return same(answer, intent_id)
    except Said:
        # A refusal may be about a call before this one that did it.
        intent = fetch_intent(api, intent_id)
        if state_of(intent) is not _DONE[verb]:
            raise
        return intent
