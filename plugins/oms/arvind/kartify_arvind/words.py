"""Data: words for states, the fields that an order needs, our names of fields, and India's states."""

from __future__ import annotations

from typing import Final

STATUSES: Final = {
    "accepted": "accepted", "packed": "accepted", "shipped": "shipped", "out_for_delivery": "shipped",
    "delivered": "delivered", "cancelled": "cancelled", "returned": "returned", "rto": "returned",
}
_ADDRESS: Final = ("line1", "city", "state_code", "pincode", "country")
NEEDED: Final = (
    "number", "customer.name", "customer.phone", *(f"billing_address.{name}" for name in _ADDRESS),
    *(f"shipping_address.{name}" for name in _ADDRESS), "items[].line_id", "items[].sku",
)
# Of an order as the storefront sent it, where the body has another name.
OURS: Final = {"pincode": "postcode", "state_code": "state", "items": "lines", "price": "unit_price"}
STATES: Final = {
    "AN": "Andaman and Nicobar Islands", "AP": "Andhra Pradesh", "AR": "Arunachal Pradesh", "AS": "Assam",
    "BR": "Bihar", "CH": "Chandigarh", "CG": "Chhattisgarh", "DH": "Dadra and Nagar Haveli and Daman and Diu",
    "DL": "Delhi", "GA": "Goa", "GJ": "Gujarat", "HR": "Haryana", "HP": "Himachal Pradesh",
    "JK": "Jammu and Kashmir", "JH": "Jharkhand", "KA": "Karnataka", "KL": "Kerala", "LA": "Ladakh",
    "LD": "Lakshadweep", "MP": "Madhya Pradesh", "MH": "Maharashtra", "MN": "Manipur", "ML": "Meghalaya",
    "MZ": "Mizoram", "NL": "Nagaland", "OD": "Odisha", "PY": "Puducherry", "PB": "Punjab", "RJ": "Rajasthan",
    "SK": "Sikkim", "TN": "Tamil Nadu", "TS": "Telangana", "TR": "Tripura", "UK": "Uttarakhand",
    "UP": "Uttar Pradesh", "WB": "West Bengal",
}
# Older and other codes that shops use.
_ALSO: Final = {"CT": "CG", "OR": "OD", "TG": "TS", "UT": "UK", "UA": "UK", "DN": "DH", "DD": "DH"}
_CODES: Final = {name.casefold(): code for code, name in STATES.items()}


def state_of(text: str) -> tuple[str, str]:
    """Code and name of an Indian state, given either; what is no state stays as it is, without a code."""
    given = text.strip()
    code = given.upper().removeprefix("IN-")
    code = _ALSO.get(code, code)
    if code in STATES:
        return code, STATES[code]
    known = _CODES.get(given.casefold().replace("&", "and"), "")
    return known, STATES.get(known, given)
