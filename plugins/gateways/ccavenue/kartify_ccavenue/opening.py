"""The form that the browser posts to CCAvenue's billing page. There is no call that creates anything.

The order number at CCAvenue is our own reference, so nothing is to be found after a lost answer: there is none. The
same request gives the same form, byte for byte.
"""

from __future__ import annotations

import re
from typing import Final

from kartify.plugin import Money, NextStep, Opened, PaymentRequest, Permanent, to_major
from kartify_ccavenue import crypto, fields, ids
from kartify_ccavenue.settings import CCAvenueSettings

PATH: Final = "/transaction/transaction.do"
COMMAND: Final = "initiateTransaction"
LONGEST_ADDRESS: Final = 100
# Whether the page decodes every field is not certain: so these hold nothing that would be written otherwise.
_NOT_IN_NAME: Final = re.compile(r"[^A-Za-z0-9 .'_-]")
_MAIL: Final = re.compile(r"[A-Za-z0-9._-]{1,40}@[A-Za-z0-9.-]{1,29}\Z")
_LARGEST: Final = 12  # digits of a sum, decimals and all


def open_session(request: PaymentRequest, settings: CCAvenueSettings) -> Opened:
    """Raises ``Permanent`` for what the page would refuse."""
    values = _values(request, settings)
    posted = {"encRequest": crypto.encrypt(fields.join(values), settings.key), "access_code": settings.access_code}
    url = f"{settings.pay_base}{PATH}?command={COMMAND}"
    return Opened(gateway_order_id=values["order_id"], next=NextStep(type="form", url=url, fields=posted))


def check_amount(amount: Money, settings: CCAvenueSettings) -> str:
    """The sum as CCAvenue writes it. Raises ``Permanent``."""
    if amount.currency not in settings.currencies.split(","):
        raise Permanent(
            f"this account takes {settings.currencies}, not {amount.currency}; see the setting currencies",
            field="currency",
        )
    if amount.minor <= 0 or len(str(amount.minor)) > _LARGEST:
        raise Permanent("CCAvenue takes sums above zero of at most 12 digits", field="amount")
    return to_major(amount.minor, amount.currency)


def _values(request: PaymentRequest, settings: CCAvenueSettings) -> dict[str, str]:
    if len(request.callback_url) > LONGEST_ADDRESS:
        raise Permanent(f"CCAvenue takes return addresses of at most {LONGEST_ADDRESS} letters", field="redirect_url")
    values = {
        "merchant_id": settings.merchant_id,
        "order_id": ids.require_order(request.reference),
        "currency": request.amount.currency,
        "amount": check_amount(request.amount, settings),
        "redirect_url": request.callback_url,
        "cancel_url": request.callback_url,
        "language": "EN",
        **(_customer(request) if settings.send_customer else {}),
        "merchant_param1": _NOT_IN_NAME.sub("-", request.order_number)[:100],
    }
    return {name: value for name, value in values.items() if value}


def _customer(request: PaymentRequest) -> dict[str, str]:
    given = request.customer
    name = re.sub(r" +", " ", _NOT_IN_NAME.sub("", given.get("name", ""))).strip()
    mail, digits = given.get("email", ""), re.sub(r"[^0-9]", "", given.get("phone", ""))
    return {
        "billing_name": name[:60].strip(),
        "billing_tel": digits[-10:] if 10 <= len(digits) <= 13 else "",
        "billing_email": mail if _MAIL.match(mail) else "",
    }
