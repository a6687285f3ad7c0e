"""The postservice commands, as the stand-in answers them."""

from __future__ import annotations

from typing import Any, Final

from kartify.plugin import Invalid, from_major, to_major
from kartify.simulation import Book, Charge, Refund
from kartify_payu.moments import write_moment
from kartify_payu.simulator.messages import WORDS
from kartify_payu.wire import CURRENCY

Json = dict[str, Any]
_STATES: Final = {"processed": "SUCCESS", "pending": "QUEUED", "failed": "FAILURE"}


def verify(book: Book, var1: str) -> Json:
    """One entry for each id, whatever the others are."""
    asked = var1.split("|")
    found = {txnid: _entry(book.charges_of(txnid)) for txnid in asked}
    count = sum(entry["mihpayid"] != "Not Found" for entry in found.values())
    return {
        "status": 1 if count == len(asked) else 0,
        "msg": f"{count} out of {len(asked)} Transactions Fetched Successfully", "transaction_details": found,
    }


def _entry(charges: list[Charge]) -> Json:
    """The attempt that the money is with, else the last."""
    if not charges:
        return {"mihpayid": "Not Found", "status": "Not Found"}
    best = [one for one in charges if one.state in ("captured", "authorized")]
    return transaction((best or charges)[-1])


def transaction(charge: Charge) -> Json:
    status, unmapped, error, said = WORDS[charge.state]
    session, amount = charge.session, to_major(charge.amount, CURRENCY)
    paid = charge.amount if status == "success" else 0
    return {
        "mihpayid": charge.id, "request_id": "", "bank_ref_num": "615212345678" if paid else None, "amt": amount,
        "transaction_amount": amount, "txnid": session.id if session else "", "additional_charges": "0.00",
        "productinfo": str(session.data.get("productinfo", "")) if session else "", "firstname": "Asha",
        "bankcode": "UPI", "udf1": str(session.data.get("udf1", "")) if session else "", "udf2": "", "udf3": "",
        "udf4": "", "udf5": "", "field9": said, "error_code": error, "addedon": write_moment(charge.created_at),
        "payment_source": "payu", "card_type": None, "error_Message": said,
        "net_amount_debit": paid / 100 if paid % 100 else paid // 100, "disc": "0.00",
        "mode": "UPI" if charge.method == "upi" else "CC", "PG_TYPE": "UPI-PG", "card_no": "",
        "status": status, "unmappedstatus": unmapped, "Merchant_UTR": None, "Settled_At": "0000-00-00 00:00:00",
    }  # fmt: skip


def by_charge(book: Book, mihpayid: str) -> Json:
    charge = book.charges.get(mihpayid)
    if charge is None:
        return {"status": 0, "msg": "Transaction not exists", "transaction_details": []}
    return {"status": 1, "msg": "Transaction Fetched Successfully", "transaction_details": transaction(charge)}


def actions(book: Book, mihpayid: str) -> Json:
    charge = book.charges.get(mihpayid)
    rows = _rows(charge) if charge else {}
    if not rows:
        return {"status": 0, "msg": "0 out of 1 Transactions Fetched Successfully", "transaction_details": []}
    return {
        "status": 1, "msg": "1 out of 1 Transactions Fetched Successfully",
        "transaction_details": {mihpayid: {row["request_id"]: row for row in rows}},
    }


def _rows(charge: Charge) -> list[Json]:
    captured = {"request_id": f"9{charge.id[-8:]}", "action": "capture", "token": "", "status": "SUCCESS"}
    rows = [_row(charge, charge.captured, captured)] if charge.captured else []
    return rows + [
        _row(charge, one.amount, {"request_id": one.id, "action": "refund", "token": one.key,
                                  "status": _STATES[one.state]})
        for one in charge.refunds
    ]


def _row(charge: Charge, amount: int, told: Json) -> Json:
    return {
        "mihpayid": charge.id, "bank_ref_num": "527013524405", "amt": to_major(amount, CURRENCY), "mode": "UPI", **told,
        "bank_arn": None, "settlement_id": None, "amount_settled": None, "UTR_no": None, "value_date": None,
        "refund_mode": "-",
    }


def refund(book: Book, form: Json, takes: Any) -> Json:
    charge, token = book.charges.get(form["var1"]), form.get("var2", "")
    amount = _sum(form.get("var3", ""))
    if charge is None or not charge.captured:
        return {"status": 0, "msg": "Transaction not exists", "error_code": 116}
    if not token or len(token) > 23:
        return {"status": 0, "msg": "Invalid token", "error_code": 105}
    if any(one.key == token for one in charge.refunds):
        return {"status": 0, "msg": "Token already used", "error_code": 106}
    if amount is None or not 0 < amount <= charge.refundable:
        return {"status": 0, "msg": "Refund amount is greater than the transaction amount", "error_code": 107}
    made = book.refund(Refund(
        id=str(13_500_0000 + len(book.refunds) + 1), charge=charge, amount=amount, key=token, state=takes,
        created_at=book.now(),
    ))  # fmt: skip
    return {
        "status": 1, "msg": "Refund Request Queued", "request_id": made.id, "bank_ref_num": None,
        "mihpayid": charge.id, "error_code": 102,
    }


def capture(book: Book, form: Json) -> Json:
    charge, amount = book.charges.get(form["var1"]), _sum(form.get("var3", ""))
    if charge is None:
        return {"status": 0, "msg": "Transaction not exists", "error_code": 116}
    if charge.state == "captured":
        return {"status": 0, "msg": "Capture already successful for this transaction", "error_code": 301}
    if charge.state != "authorized" or amount != charge.amount:
        return {"status": 0, "msg": "Invalid transaction status", "error_code": 111}
    book.move(charge.id, "captured")
    return {"status": 1, "msg": "Capture Request Queued", "request_id": f"9{charge.id[-8:]}", "error_code": 102}


def _sum(text: str) -> int | None:
    try:
        return from_major(text, CURRENCY)
    except Invalid:
        return None
