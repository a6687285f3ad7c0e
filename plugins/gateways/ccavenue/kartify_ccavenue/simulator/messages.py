"""What the stand-in sends: the text of the return and of a notification, and the form around it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from kartify.plugin import to_major
from kartify.simulation import Charge, Return, State, Told
from kartify_ccavenue import crypto, webhooks
from kartify_ccavenue.inbound import FIELD
from kartify_ccavenue.moments import write_trans_date
from kartify_ccavenue.simulator.desk import Desk

# What a customer comes back with: other words than the API's.
WORDS: Final[dict[State, str]] = {
    "captured": "Success", "authorized": "Success", "pending": "Awaited", "failed": "Failure", "voided": "Aborted",
}


def text(charge: Charge, order_status: str) -> str:
    good = charge.state in ("captured", "authorized")
    session = charge.session
    values = {
        "order_id": session.id if session else "",
        "tracking_id": charge.id,
        "bank_ref_no": str(charge.data.get("bank_ref_no", "null")) if good else "null",
        "order_status": order_status,
        "failure_message": "" if good else "Transaction declined",
        "payment_mode": "Unified Payments",
        "card_name": "UPI",
        "status_code": "null",
        "status_message": "SUCCESS" if good else "DECLINED",
        "currency": charge.currency,
        "amount": to_major(charge.amount, charge.currency),
        "merchant_param1": str(session.data.get("merchant_param1", "")) if session else "",
        "vault": "N",
        "offer_type": "null",
        "offer_code": "null",
        "discount_value": "0.0",
        "mer_amount": to_major(charge.amount, charge.currency),
        "eci_value": "null",
        "retry": "N",
        "response_code": "0" if good else "1",
        "trans_date": write_trans_date(charge.created_at),
        "bin_country": "",
    }
    return "&".join(f"{name}={value}" for name, value in values.items())


def notification(desk: Desk, charge: Charge, *, refunded: bool) -> Told:
    hidden = crypto.encrypt(text(charge, "Refunded" if refunded else WORDS[charge.state]), desk.working_key)
    fields = {FIELD: hidden, "order_no": charge.session.id if charge.session else "", "access_code": desk.access_code}
    return Told(body=urlencode(fields).encode(), headers={"Content-Type": webhooks.FORM})


def comeback(desk: Desk, charge: Charge) -> Return:
    session = charge.session
    hidden = crypto.encrypt(text(charge, WORDS[charge.state]), desk.working_key)
    fields = {FIELD: hidden, "orderNo": session.id if session else "", "crossSellUrl": ""}
    return Return(url=session.callback_url if session else "", fields=fields)
