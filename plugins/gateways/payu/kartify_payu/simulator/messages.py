"""What the stand-in sends: one set of fields for returns and webhooks, hashed as PayU does; refunds as bare JSON."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import urlencode

from kartify.plugin import to_major
from kartify.simulation import Charge, Refund, State, Told
from kartify_payu.hashing import answer_hash
from kartify_payu.inbound import FORM, JSON
from kartify_payu.moments import write_moment

# status, unmappedstatus, error, error_Message.
WORDS: Final[dict[State, tuple[str, str, str, str]]] = {
    "captured": ("success", "captured", "E000", "No Error"),
    "authorized": ("success", "auth", "E000", "No Error"),
    "pending": ("pending", "pending", "E000", "Transaction is pending"),
    "failed": ("failure", "failed", "E308", "Transaction Failed at bank end."),
    "voided": ("failure", "dropped", "E500", "Dropped"),
}
_SPLIT: Final = json.dumps({"splitStatus": "splitNotReceived", "splitSegments": []}, separators=(",", ":"))
_ECHOED: Final = ("productinfo", "firstname", "email", "phone", "udf1", "udf2", "udf3", "udf4", "udf5")


def fields(charge: Charge, key: str, salt: str) -> dict[str, str]:
    session = charge.session
    status, unmapped, error, said = WORDS[charge.state]
    good = status == "success"
    amount = to_major(charge.amount, charge.currency)
    values = {
        "mihpayid": charge.id, "mode": "UPI" if charge.method == "upi" else "CC", "status": status,
        "unmappedstatus": unmapped, "key": key, "txnid": session.id if session else "", "amount": amount,
        "discount": "0.00", "net_amount_debit": amount.removesuffix(".00") if good else "0.00",
        "addedon": write_moment(charge.created_at),
        **{name: str(session.data.get(name, "")) if session else "" for name in _ECHOED},
        "payment_source": "payu", "PG_TYPE": "UPI-PG", "bank_ref_num": "615212345678" if good else "",
        "bankcode": "UPI", "error": error, "error_Message": said, "splitInfo": _SPLIT,
    }
    return {**values, "hash": answer_hash(values, salt)}


def webhook(charge: Charge, key: str, salt: str) -> Told:
    return Told(body=urlencode(fields(charge, key, salt)).encode(), headers={"Content-Type": FORM})


def refund_webhook(refund: Refund, key: str) -> Told:
    """PayU signs nothing in it."""
    session = refund.charge.session
    body: dict[str, Any] = {
        "action": "refund", "status": "success", "key": key, "merchantTxnId": session.id if session else "",
        "mihpayid": refund.charge.id, "request_id": refund.id, "token": refund.key,
        "amt": to_major(refund.amount, refund.charge.currency), "bank_ref_num": "615212349999", "remark": "",
    }
    return Told(body=json.dumps(body).encode(), headers={"Content-Type": JSON})
