"""What the stand-in sends: the fields of a return, which the webhook has too, and the news of a refund."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import urlencode

from kartify.simulation import Charge, Refund, Return, Told
from kartify_payu import hashing, inbound
from kartify_payu.moments import write_moment
from kartify_payu.simulator.desk import Desk, entry, rupees

# It comes with payments that nobody splits too, and is not hashed then.
NOT_SPLIT: Final = '{"splitStatus":"splitNotReceived","splitSegments":[]}'
_REFUND_WORDS: Final = {"processed": "success", "pending": "queued", "failed": "failure"}


def fields(desk: Desk, charge: Charge) -> dict[str, str]:
    status, state = desk.words(charge)
    good = status == "success"
    told = entry(desk, charge)
    values = charge.session.data.get("values", {}) if charge.session else {}
    fee, discount = int(charge.data.get("fee", 0)), int(charge.data.get("discount", 0))
    made = {
        "mihpayid": charge.id, "mode": "UPI", "status": status, "unmappedstatus": state, "key": desk.key,
        "txnid": told["txnid"], "amount": rupees(charge.amount), "discount": rupees(discount),
        "net_amount_debit": rupees(charge.amount - discount + fee) if good else "0.00",
        "addedon": write_moment(charge.created_at),
        **{name: str(values.get(name, "")) for name in ("productinfo", "firstname", "email", "phone")},
        **dict.fromkeys(("lastname", "address1", "address2", "city", "state", "country", "zipcode"), ""),
        **{f"udf{number}": str(values.get(f"udf{number}", "")) for number in range(1, 11)},
        "field9": told["field9"], "payment_source": "payu", "PG_TYPE": "UPI-PG", "bankcode": "UPI",
        "bank_ref_num": told["bank_ref_num"], "error": told["error_code"],
        "error_Message": "No Error" if good else told["error_Message"], "splitInfo": NOT_SPLIT,
    }
    if fee:
        made["additionalCharges"] = rupees(fee)
    return {**made, "hash": _hash(made, desk.salt)}


def _hash(made: dict[str, str], salt: str) -> str:
    """With a fee, the fee stands before the salt."""
    if made.get("additionalCharges"):
        return hashing.of_answer(made, salt, fee=made["additionalCharges"])
    return hashing.of_answer(made, salt)


def webhook(desk: Desk, charge: Charge) -> Told:
    return Told(body=urlencode(fields(desk, charge)).encode(), headers={"Content-Type": inbound.FORM})


def refund_news(desk: Desk, refund: Refund) -> Told:
    """JSON, and nothing in it is signed."""
    charge = refund.charge
    told: dict[str, Any] = {
        "action": "refund", "status": _REFUND_WORDS[refund.state], "key": desk.key,
        "merchantTxnId": charge.session.id if charge.session else "", "mihpayid": charge.id, "request_id": refund.id,
        "token": refund.key, "amt": rupees(refund.amount), "bank_ref_num": "615212349999", "bank_arn": "",
        "refund_mode": "", "remark": "", "additionalValue1": "", "additionalValue2": "",
    }
    return Told(body=json.dumps(told).encode(), headers={"Content-Type": inbound.JSON})


def comeback(desk: Desk, charge: Charge) -> Return:
    return Return(url=charge.session.callback_url if charge.session else "", fields=fields(desk, charge))
