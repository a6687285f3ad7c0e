"""The form that the browser posts to PayU's page. There is no call that creates anything.

Our reference is PayU's ``txnid``, so nothing is to be found after a lost answer: there is none. The same request gives
the same form. Nothing is sent that changes the formula of the hash (splits, offers, subscriptions, charges).
"""

from __future__ import annotations

import re
from typing import Final

from kartify.plugin import Money, NextStep, Opened, PaymentRequest, Permanent, to_major
from kartify_payu import ids
from kartify_payu.hashing import request_hash
from kartify_payu.settings import PayUSettings
from kartify_payu.wire import CURRENCY

PATH: Final = "/_payment"
# What PayU allows in these fields; "|" above all is not among it, since the join of the hash has no escaping.
_NOT_ALLOWED: Final = re.compile(r"[^A-Za-z0-9_@/. -]")
_MAIL: Final = re.compile(r"[A-Za-z0-9._-]{1,40}@[A-Za-z0-9.-]{1,40}\Z")
_NOBODY: Final = ("Customer", "customer@example.invalid", "9999999999")
_LARGEST: Final = 13  # digits of a sum in paise


def open_session(request: PaymentRequest, settings: PayUSettings) -> Opened:
    """Raises ``Permanent`` for what PayU would refuse."""
    fields = _fields(request, settings)
    fields["hash"] = request_hash(fields, settings.secret("salt") or "")
    step = NextStep(type="form", url=f"{settings.pay_base}{PATH}", fields=fields)
    return Opened(gateway_order_id=fields["txnid"], next=step)


def check_amount(amount: Money) -> str:
    """Rupees as PayU takes and hashes them. Raises ``Permanent``."""
    if amount.currency != CURRENCY:
        raise Permanent(f"PayU takes {CURRENCY} only, not {amount.currency}", field="currency")
    if amount.minor <= 0 or len(str(amount.minor)) > _LARGEST:
        raise Permanent("PayU takes sums above zero of at most 13 digits", field="amount")
    return to_major(amount.minor, CURRENCY)


def _fields(request: PaymentRequest, settings: PayUSettings) -> dict[str, str]:
    name, mail, phone = _customer(request) if settings.send_customer else _NOBODY
    number = _clean(request.order_number, 60)
    return {
        "key": settings.key,
        "txnid": ids.require_txn(request.reference),
        "amount": check_amount(request.amount),
        "productinfo": _clean(f"Order {number}", 100),
        "firstname": name,
        "email": mail,
        "phone": phone,
        "udf1": number,
        # Which of the two is called proves nothing: one address takes both.
        "surl": request.callback_url,
        "furl": request.callback_url,
    }


def _customer(request: PaymentRequest) -> tuple[str, str, str]:
    """PayU insists on all three; where there is none a placeholder stands."""
    given = request.customer
    name = _clean(given.get("name", ""), 60) or _NOBODY[0]
    mail, digits = given.get("email", ""), re.sub(r"[^0-9]", "", given.get("phone", ""))
    good = bool(_MAIL.match(mail)) and len(mail) <= 50
    return name, mail if good else _NOBODY[1], digits[-10:] if 10 <= len(digits) <= 13 else _NOBODY[2]


def _clean(text: str, limit: int) -> str:
    """Without trailing blanks: PayU cuts long values and echoes them cut."""
    return re.sub(r" +", " ", _NOT_ALLOWED.sub(" ", text)).strip()[:limit].strip()
