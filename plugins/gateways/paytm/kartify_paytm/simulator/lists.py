"""The order list: transactions of a window by their creation, newest first, a page at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from flask import Response

from kartify.plugin import to_major
from kartify.simulation import Charge
from kartify_paytm.moments import read_moment, write_moment
from kartify_paytm.simulator.desk import Desk, Wrong
from kartify_paytm.simulator.messages import txn_id

LARGEST_PAGE: Final = 50
WIDEST: Final = timedelta(days=30)
WORDS: Final = {
    "captured": "SUCCESS", "authorized": "SUCCESS", "voided": "SUCCESS", "pending": "PENDING", "failed": "FAILURE",
}


def listed(desk: Desk) -> Response:
    try:
        body, _ = desk.read()
        begin, end = _window(body)
        size, number = int(body["pageSize"]), int(body["pageNumber"])
        if not (1 <= size <= LARGEST_PAGE and number >= 1):
            raise Wrong("1001", "pageSize or pageNumber is out of range")
        wanted = set(str(body.get("orderSearchStatus")).split("|"))
        if body.get("orderSearchType") != "TRANSACTION" or not wanted <= {"SUCCESS", "FAILURE", "PENDING"}:
            raise Wrong("1001", "Request parameters are not valid")
    except (KeyError, ValueError):
        return _refused(desk, Wrong("1001", "Request parameters are not valid"))
    except Wrong as wrong:
        return _refused(desk, wrong)
    found = [one for one in desk.book.newest_first() if begin <= one.created_at <= end and _word(one) in wanted]
    rows = [_row(one) for one in found[(number - 1) * size : number * size]]
    told = {"pageNum": number, "pageSize": size, "orders": rows}
    return desk.answer(told, status="SUCCESS", code="SUCCESS", text="SUCCESS")


def _refused(desk: Desk, wrong: Wrong) -> Response:
    code = {"checksum": "2005", "mid": "2006"}.get(wrong.code, wrong.code)
    return desk.answer({"orders": []}, status="FAILURE", code=code, text=wrong.text)


def _window(body: dict[str, Any]) -> tuple[datetime, datetime]:
    begin, end = read_moment(str(body.get("fromDate"))), read_moment(str(body.get("toDate")))
    if begin is None or end is None or not timedelta() <= end - begin <= WIDEST:
        raise Wrong("1001", "fromDate and toDate are at most 30 days apart")
    return begin, end


def _word(charge: Charge) -> str:
    return str(charge.data.get("list_word", WORDS[charge.state]))


def _row(charge: Charge) -> dict[str, Any]:
    return {
        "merchantOrderId": charge.session.id if charge.session else "",
        "txnId": txn_id(charge),
        "amount": to_major(charge.amount, charge.currency),
        "payMode": charge.method.upper(),
        "orderCreatedTime": write_moment(charge.created_at),
        "orderCompletedTime": write_moment(charge.updated_at),
        "orderSearchStatus": _word(charge),
        "rrn": charge.data.get("bank_txn_id"),
    }
