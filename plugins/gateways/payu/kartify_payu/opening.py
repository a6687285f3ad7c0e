"""The form that the browser posts to PayU's pay page. There is no call that creates anything.

``txnid`` is our own reference, so nothing is to be found after a lost answer: there is none. The same request gives the
same form, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kartify.plugin import Money, NextStep, Opened, PaymentRequest, Permanent, to_major
from kartify_payu import hashing, ids
from kartify_payu.settings import PayUSettings
from kartify_payu.wire import CURRENCY

PATH: Final = "/_payment"
LONGEST_PRODUCT, LONGEST_NAME, LONGEST_MAIL = 100, 60, 50
_LARGEST: Final = 12  # digits of a sum, decimals and all
_NOT_ALLOWED: Final = re.compile(r"[^A-Za-z0-9_@/. -]")
_MAIL: Final = re.compile(r"[^\s|@\x00-\x1f\x7f]{1,64}@[A-Za-z0-9.-]{1,60}\Z")
_INDIAN: Final = re.compile(r"(?:\+?91|0)?([0-9]{10})\Z")


def open_session(request: PaymentRequest, settings: PayUSettings) -> Opened:
    """Raises ``Permanent`` for what the page would refuse."""
    values = _values(request, settings)
    try:
        values["hash"] = hashing.of_request(values, settings.signing_salt)
    except hashing.Pipe:
        raise Permanent("PayU takes no | in what is signed", field="productinfo") from None
    return Opened(
        gateway_order_id=values["txnid"],
        next=NextStep(type="form", url=settings.pay_base + PATH, fields=values),
    )


def txnid_of(reference: str, settings: PayUSettings) -> str:
    """Raises ``Permanent``."""
    found = settings.id_prefix + reference
    if not ids.OURS.match(reference) or len(found) > ids.LONGEST_TXNID:
        raise Permanent(f"PayU takes at most {ids.LONGEST_TXNID} letters and digits", field="txnid")
    return found


def check_amount(amount: Money) -> str:
    """The sum as PayU writes it; the same text is hashed. Raises ``Permanent``."""
    if amount.currency != CURRENCY:
        raise Permanent(f"PayU India takes {CURRENCY}, not {amount.currency}", field="currency")
    if amount.minor <= 0 or len(str(amount.minor)) > _LARGEST:
        raise Permanent("PayU takes sums above zero of at most 12 digits", field="amount")
    return to_major(amount.minor, amount.currency)


def _values(request: PaymentRequest, settings: PayUSettings) -> dict[str, str]:
    return {
        "key": settings.key,
        "txnid": txnid_of(request.reference, settings),
        "amount": check_amount(request.amount),
        # Cut here, and without a blank at its end: PayU cuts it too, and then signs what it cut.
        "productinfo": _allowed(request.description or f"Order {request.order_number}", LONGEST_PRODUCT) or "Order",
        "firstname": _allowed(request.customer.get("name", ""), LONGEST_NAME) or "Customer",
        "email": _email(request.customer, settings.fallback_email),
        "phone": _phone(request.customer, settings.fallback_phone),
        # Either may be used, and which one proves nothing: what was posted there counts.
        "surl": request.callback_url,
        "furl": request.callback_url,
        "udf1": _allowed(request.order_number, 64),
    }


def _allowed(text: str, longest: int) -> str:
    return re.sub(r" +", " ", _NOT_ALLOWED.sub(" ", text)).strip()[:longest].strip()


def _email(customer: Mapping[str, str], fallback: str) -> str:
    """The customer's own. One with other letters than PayU's documents allow goes as it is where there is no other:
    whether the page refuses it is not known, and without any it surely does. Raises ``Permanent``."""
    given = customer.get("email", "").strip()
    fits = bool(_MAIL.match(given)) and len(given) <= LONGEST_MAIL
    if fits and not _NOT_ALLOWED.search(given):
        return given
    if fallback or fits:
        return fallback or given
    raise Permanent(
        f"PayU needs the customer's mail address, of at most {LONGEST_MAIL} letters; see the setting fallback_email",
        field="email",
    )


def _phone(customer: Mapping[str, str], fallback: str) -> str:
    """Raises ``Permanent``."""
    digits = re.sub(r"[\s().-]", "", customer.get("phone", ""))
    if indian := _INDIAN.match(digits):
        return indian.group(1)
    if re.fullmatch(r"\+[0-9]{7,15}", digits):
        return digits[1:]
    if fallback:
        return fallback
    raise Permanent("PayU needs the customer's phone: 10 digits; see the setting fallback_phone", field="phone")
