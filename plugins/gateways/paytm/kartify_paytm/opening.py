"""Initiate Transaction, and what the browser does with its token.

The order id is our own reference, so there is nothing to find after a lost answer: asking goes by it, and opening again
with the same data is answered with the same session (code 0002). All that is sent is made of the payment's own row, so
that the second call says what the first one said.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote, urlencode

from kartify.plugin import Money, NextStep, Opened, PartnerError, PaymentRequest, Permanent, Temporary, to_major
from kartify_paytm import ids
from kartify_paytm.api import Api
from kartify_paytm.settings import PaytmSettings
from kartify_paytm.wire import CURRENCY, Result, Session

PATH: Final = "/theia/api/v1/initiateTransaction"
PAGE: Final = "/theia/api/v1/showPaymentPage"
SCRIPT: Final = "/merchantpgpui/checkoutjs/merchants/"
# In the return address, for a return that carries nothing of Paytm's (the customer went back).
REFERENCE: Final = "kartify_reference"
_FIELDS: Final = {"2007": "amount", "2013": "mid", "2014": "orderId", "2023": "orderId"}
_NOT_IN_CUSTOMER: Final = re.compile(r"[^A-Za-z0-9_@-]")
_MAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,100}\Z")


def open_session(api: Api, request: PaymentRequest, settings: PaytmSettings) -> Opened:
    check_amount(request.amount)
    order = ids.require_order(request.reference)
    made = api.call(Session, PATH, _body(request, settings), params={"mid": settings.mid, "orderId": order})
    if made.result.status != "S":
        raise _refused(api, made.result)
    if not made.token:
        raise Temporary("Paytm's answer holds no token for the payment page")
    return Opened(gateway_order_id=order, next=_next(request, made.token, settings))


def check_amount(amount: Money) -> None:
    """Raises ``Permanent`` for what Paytm refuses anyway."""
    if amount.currency != CURRENCY:
        raise Permanent(f"Paytm takes Indian rupees, not {amount.currency}", field="currency")
    if amount.minor <= 0:
        raise Permanent("Paytm takes no amount of zero or below", field="amount")


def _body(request: PaymentRequest, settings: PaytmSettings) -> dict[str, Any]:
    return {
        "requestType": "Payment",
        "websiteName": settings.website_name,
        "orderId": request.reference,
        "callbackUrl": return_address(request.callback_url, request.reference),
        "txnAmount": {"value": to_major(request.amount.minor, CURRENCY), "currency": CURRENCY},
        "userInfo": _customer(request, settings),
    }


def return_address(callback_url: str, reference: str) -> str:
    return f"{callback_url}{'&' if '?' in callback_url else '?'}{urlencode({REFERENCE: reference})}"


def _customer(request: PaymentRequest, settings: PaytmSettings) -> dict[str, str]:
    """``custId`` is the one field that Paytm needs; ours stands in where the shop gives none."""
    given = request.customer
    name = _NOT_IN_CUSTOMER.sub("", given.get("id", ""))[:50]
    found = {"custId": name or request.reference}
    if settings.send_customer:
        found |= {"mobile": _mobile(given.get("phone", "")), "email": _mail(given.get("email", ""))}
    return {field: value for field, value in found.items() if value}


def _mobile(text: str) -> str:
    """Ten digits of an Indian number; any other is left out, since Paytm would refuse the whole call."""
    found = re.fullmatch(r"(?:\+?91|0)?([6-9][0-9]{9})", re.sub(r"[\s().-]", "", text))
    return found.group(1) if found else ""


def _mail(text: str) -> str:
    return text if _MAIL.match(text) else ""


def _refused(api: Api, result: Result) -> PartnerError:
    said = api.said(result)
    return api.mistake(result) or Permanent(said, field=_FIELDS.get(result.code))


def _next(request: PaymentRequest, token: str, settings: PaytmSettings) -> NextStep:
    order, mid = request.reference, settings.mid
    if settings.checkout == "form":
        query = urlencode({"mid": mid, "orderId": order})
        fields = {"mid": mid, "orderId": order, "txnToken": token}
        return NextStep(type="form", url=f"{settings.api_base}{PAGE}?{query}", fields=fields)
    script = f"{settings.api_base}{SCRIPT}{quote(mid)}.js"
    paid = {
        "orderId": order, "token": token, "tokenType": "TXN_TOKEN", "amount": to_major(request.amount.minor, CURRENCY)
    }
    # redirect: the result comes to our callback and not only to a function in the browser.
    config = {"root": "", "flow": "DEFAULT", "data": paid, "merchant": {"mid": mid, "redirect": True}}
    return NextStep(type="sdk", url=script, data={"script": script, "config": config})
