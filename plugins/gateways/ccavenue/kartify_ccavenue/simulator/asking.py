"""The status call and the order look-up, as the stand-in answers them."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, Final

from kartify.simulation import Charge
from kartify_ccavenue.moments import day_of
from kartify_ccavenue.simulator.desk import Arrival, Desk, number, ordered_at, row, word

LARGEST_PAGE: Final = 100
USUAL_PAGE: Final = 25
_ORDER: Final = re.compile(r"[A-Za-z0-9_-]*\Z")


def wrong(code: str, text: str, **more: Any) -> dict[str, Any]:
    return {"error_desc": text, "error_code": code, **more}


def status(desk: Desk, body: dict[str, Any], *, tells_total: bool) -> dict[str, Any]:
    reference, order = str(body.get("reference_no") or ""), str(body.get("order_no") or "")
    problem = _problem(reference, order)
    if problem is not None:
        return problem
    if reference:
        one = desk.by_number(reference)
        found = [one] if one is not None else []
    else:
        found = desk.of_order(order)
    if not found:
        return wrong("51313", "Order List: Invalid Parameter", status=1)
    total = {"page_count": number("1"), "total_records": number(str(len(found)))} if tells_total else {}
    return {**row(desk, found[-1]), "status": number("0"), "error_desc": "", "error_code": "", **total}


def _problem(reference: str, order: str) -> dict[str, Any] | None:
    if not reference and not order:
        return wrong("51004", "Reference number/Order number: Invalid Parameter", status=1)
    if reference and not reference.isdigit():
        return wrong("51002", "Reference Number: Invalid Parameter", status=1)
    if not _ORDER.match(order):
        return wrong("51017", "Order Number: Invalid Parameter", status=1)
    return wrong("51018", "Order Number: Invalid Parameter", status=1) if len(order) > 30 else None


def listed(desk: Desk, body: dict[str, Any]) -> dict[str, Any]:
    """Newest first, by when the form was posted; days are Indian."""
    begin, end = _day(body.get("from_date")), _day(body.get("to_date"))
    if begin is None or ("to_date" in body and end is None):
        return _refused("51007", "Start/From Date: Invalid Parameter")
    page, size = _whole(body.get("page_number"), 0), _whole(body.get("no_of_records"), USUAL_PAGE)
    if page < 1:
        return _refused("51024", "Page Number: Invalid Parameter")
    size = max(1, min(size, LARGEST_PAGE))
    found = [one for one in _candidates(desk, body) if begin <= day_of(ordered_at(one)) <= (end or date.max)]
    if not found:
        return _refused("51313", "Order List: Invalid Parameter")
    found.sort(key=lambda one: (ordered_at(one), one.id), reverse=True)
    rows = [row(desk, one) for one in found[(page - 1) * size : page * size]]
    return {
        "order_Status_List": [{**one, "reference_no": number(one["reference_no"])} for one in rows],
        "page_count": number(str(-(-len(found) // size))), "total_records": number(str(len(found))),
        "error_desc": "", "error_code": "",
    }


def _candidates(desk: Desk, body: dict[str, Any]) -> list[Charge | Arrival]:
    order, reference = str(body.get("order_no") or ""), str(body.get("reference_no") or "")
    found = desk.of_order(order) if order else desk.everything()
    wanted = {one for one in str(body.get("order_status") or "").split("|") if one}
    return [
        one for one in found
        if (not reference or one.id == reference) and (not wanted or word(desk, one) in wanted)
    ]


def _refused(code: str, text: str) -> dict[str, Any]:
    return wrong(code, text, page_count=0, total_records=0)


def _whole(value: Any, default: int) -> int:
    text = str(value) if value is not None else ""
    return int(text) if text.isdigit() else default


def _day(value: Any) -> date | None:
    try:
        # A day, which has no zone.
        return datetime.strptime(str(value), "%d-%m-%Y").date()  # noqa: DTZ007
    except ValueError:
        return None
