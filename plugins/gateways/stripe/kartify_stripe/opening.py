"""Opening a Checkout session, and closing one.

The session is opened under a key made from our reference: the same call again gives the same session. No moment goes
with it, since the parameters must be the same then too; Stripe's own 24 hours hold.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from kartify.plugin import NextStep, Opened, PaymentRequest, Permanent, Temporary, keeps_secrets
from kartify_stripe import ids
from kartify_stripe.amounts import problem_of
from kartify_stripe.api import Api, Kept
from kartify_stripe.lookup import INTENTS, SESSIONS
from kartify_stripe.settings import StripeSettings
from kartify_stripe.wire import Intent, Session

SESSION_ID: Final = "session_id"
CANCELLED: Final = "cancelled"
# Stripe puts the session's id in its place.
_PLACE: Final = "{CHECKOUT_SESSION_ID}"
_EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}\Z")


def open_session(api: Api, request: PaymentRequest, settings: StripeSettings) -> Opened:
    """Raises ``Permanent`` naming what Stripe would refuse anyway."""
    check(request, settings)
    try:
        session = api.post(Session, SESSIONS, form_of(request, settings), key=f"kartify-{request.reference}-session")
    except Kept as problem:
        # Nobody was ever given the address of a session that may have been made: nobody can pay it.
        raise Permanent(f"{problem}. Open another payment", field="reference") from None
    return _opened(session, request)


def _opened(session: Session, request: PaymentRequest) -> Opened:
    if session.object != "checkout.session" or session.reference != request.reference:
        raise Temporary("Stripe's answer is not about this session")
    if (session.amount_total, session.currency) != (request.amount.minor, request.amount.currency):
        raise Permanent("Stripe opened a session of another amount: switch taxes and discounts off", field="amount")
    if session.url is None or not keeps_secrets(session.url):
        raise Temporary("Stripe's answer brings no address of a payment page")
    return Opened(
        gateway_order_id=session.id, next=NextStep(type="redirect", url=session.url), expires_at=session.expires_at
    )


def check(request: PaymentRequest, settings: StripeSettings) -> None:
    amount = request.amount
    if ids.reference(request.reference) is None:
        raise Permanent("a reference is at most 20 letters and digits", field="client_reference_id")
    if not settings.takes(amount.currency):
        raise Permanent(f"this Stripe account takes {settings.currencies}, not {amount.currency}", field="currency")
    problem = problem_of(amount.minor, amount.currency)
    if problem is not None:
        raise Permanent(problem, field="amount")
    if not keeps_secrets(request.callback_url):
        raise Permanent("browsers are sent back to https addresses only", field="success_url")


def form_of(request: PaymentRequest, settings: StripeSettings) -> dict[str, str]:
    """Ids go on the session and on the intent: Stripe copies none from one to the other."""
    marks = {
        ids.REFERENCE: request.reference, ids.ORDER: request.order_number[:200], ids.CAPTURE: settings.capture_method
    }
    name = (request.description or f"Order {request.order_number}")[:200]
    back = _with(request.callback_url, f"{ids.REFERENCE}={request.reference}")
    return {
        "mode": "payment",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": request.amount.currency.lower(),
        "line_items[0][price_data][unit_amount]": str(request.amount.minor),
        "line_items[0][price_data][product_data][name]": name,
        "client_reference_id": request.reference,
        "success_url": f"{back}&{SESSION_ID}={_PLACE}",
        "cancel_url": f"{back}&{CANCELLED}=1",
        "payment_intent_data[description]": name,
        **{f"metadata[{key}]": text for key, text in marks.items()},
        **{f"payment_intent_data[metadata][{key}]": text for key, text in marks.items()},
        **_wishes(request, settings),
    }


def _wishes(request: PaymentRequest, settings: StripeSettings) -> dict[str, str]:
    email = request.customer.get("email", "")
    methods = settings.payment_methods.split(",") if settings.payment_methods else []
    given = {
        "payment_intent_data[capture_method]": "manual" if settings.capture_method == "manual" else "",
        "billing_address_collection": "required" if settings.billing_address else "",
        "customer_email": email if _EMAIL.match(email) else "",
        **{f"payment_method_types[{number}]": method for number, method in enumerate(methods)},
    }
    return {key: text for key, text in given.items() if text}


def _with(url: str, query: str) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{query}"


def close(api: Api, name: str) -> None:
    """Raises ``Permanent`` where it is not open any more."""
    if ids.is_intent(name):
        api.post(Intent, f"{INTENTS}/{ids.require(name, 'gateway_order_id')}/cancel", {})
    else:
        api.post(Session, f"{SESSIONS}/{ids.require(name, 'gateway_order_id')}/expire", {})
