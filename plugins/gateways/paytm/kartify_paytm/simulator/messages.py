"""What Paytm says of a charge: the words of its status, the form of callback and webhook, the JSON of the other."""

from __future__ import annotations

import json
from typing import Final, Literal
from urllib.parse import urlencode

from kartify.plugin import to_major
from kartify.simulation import Charge, Refund, State, Told
from kartify_paytm import checksum, webhooks
from kartify_paytm.moments import write_date
from kartify_paytm.simulator.desk import Desk

# (word, code, text, transaction type)
CODES: Final[dict[State, tuple[str, str, str, str]]] = {
    "captured": ("TXN_SUCCESS", "01", "Txn Success", "SALE"),
    "authorized": ("TXN_SUCCESS", "01", "Txn Success", "PREAUTH"),
    "voided": ("TXN_SUCCESS", "01", "Txn Success", "RELEASE"),
    "pending": ("PENDING", "402", "Looks like the payment is not complete.", "SALE"),
    "failed": ("TXN_FAILURE", "227", "Your payment has been declined by your bank.", "SALE"),
}
REFUND_WORDS: Final = {
    "processed": ("TXN_SUCCESS", "10", "Refund Successful"),
    "pending": ("PENDING", "601", "Refund request was raised for this transaction."),
    "failed": ("TXN_FAILURE", "617", "Refund could not be made."),
}


def txn_id(charge: Charge) -> str:
    return str(charge.data.get("txn_id", charge.id))


def signed_fields(desk: Desk, charge: Charge) -> dict[str, str]:
    """The fields of callback and webhook."""
    word, code, text, _ = CODES[charge.state]
    fields = {
        "ORDERID": charge.session.id if charge.session else "",
        "MID": desk.mid,
        "TXNID": txn_id(charge),
        "TXNAMOUNT": to_major(charge.amount, charge.currency),
        "PAYMENTMODE": charge.method.upper(),
        "CURRENCY": charge.currency,
        "TXNDATE": write_date(charge.created_at),
        "STATUS": word,
        "RESPCODE": code,
        "RESPMSG": text,
        "GATEWAYNAME": "PPBLC",
        "BANKTXNID": "" if charge.state == "failed" else str(charge.data.get("bank_txn_id", "")),
        "BANKNAME": "",
    }
    return {**fields, checksum.FIELD: checksum.sign_fields(fields, desk.key)}


def webhook(desk: Desk, charge: Charge, refund: Refund | None, *, form: Literal["form", "json"]) -> Told:
    """A refund's webhook is JSON in every source."""
    if refund is None and form == "form":
        fields = signed_fields(desk, charge) | {"CUSTID": "CUST77", "TXNTYPE": CODES[charge.state][3]}
        fields[checksum.FIELD] = checksum.sign_fields(fields, desk.key)
        return Told(body=urlencode(fields).encode(), headers={"Content-Type": webhooks.FORM})
    body = _payment(desk, charge) if refund is None else _refund(desk, refund)
    text = json.dumps(body)
    head = json.dumps({"signature": checksum.sign(text, desk.key)})
    return Told(body=f'{{"head": {head}, "body": {text}}}'.encode(), headers={"Content-Type": webhooks.JSON})


def _payment(desk: Desk, charge: Charge) -> dict[str, str]:
    word, code, text, kind = CODES[charge.state]
    return {
        "mid": desk.mid, "orderId": charge.session.id if charge.session else "", "txnId": txn_id(charge),
        "txnAmount": to_major(charge.amount, charge.currency), "status": word, "respCode": code, "respMsg": text,
        "txnType": kind,
    }


def _refund(desk: Desk, refund: Refund) -> dict[str, str]:
    word, code, text = REFUND_WORDS[refund.state]
    charge = refund.charge
    return {
        **_payment(desk, charge), "status": word, "respCode": code, "respMsg": text, "txnType": "REFUND",
        "refundId": refund.id, "refId": refund.key or refund.id,
        "refundAmount": to_major(refund.amount, charge.currency),
        "totalRefundAmount": to_major(charge.refunded, charge.currency),
    }
