"""What SAP's answers mean: whether trying again helps, which field to mend, and what a person should do."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kartify.plugin import Denied, HttpAnswer, PartnerError, Permanent, Temporary, Throttled
from kartify_sap.odata import Said, read_error
from kartify_sap.session import wants_token

OUTDATED = "/IWBEP/CM_COS/005"
# SAP's name of a field, or a word of its message, and what we call it.
FIELDS = {
    "Material": "lines.sku", "MaterialByCustomer": "lines.sku", "RequestedQuantity": "lines.quantity",
    "RequestedQuantityUnit": "quantity_unit", "SoldToParty": "sold_to_party", "PostalCode": "shipping_address.postcode",
    "Region": "shipping_address.state", "Country": "shipping_address.country", "CityName": "shipping_address.city",
    "StreetName": "shipping_address.line1", "AddresseeFullName": "shipping_address.name",
    "EmailAddress": "customer.email", "MobileNumber": "customer.phone", "PurchaseOrderByCustomer": "number",
    "TransactionCurrency": "currency", "ConditionType": "price_condition", "ConditionRateValue": "lines.unit_price",
    "SalesOrderType": "sales_order_type", "SalesOrganization": "sales_organization", "PartnerFunction": "partners",
}
WORDS = (
    ("postal code", "shipping_address.postcode"), ("region", "shipping_address.state"),
    ("condition type", "price_condition"), ("sales area", "sales_organization"),
    ("customer", "sold_to_party"), ("material", "lines.sku"), ("currency", "currency"), ("unit", "quantity_unit"),
)
_PLACE = re.compile(r"[A-Za-z0-9_]+")
_ROW = re.compile(r"to_Item(?:/results)?[/(\[]'?([0-9]{1,5})")


class Changed(Temporary):
    """Somebody changed the order at SAP between our reading and our change (412, 428): nothing was done."""


class Unknown(Permanent):
    """There is no such entity (404)."""


def said(details: Sequence[Said]) -> str:
    """One sentence of several, each once; the code helps who searches SAP's notes."""
    texts = dict.fromkeys(f"{one.text} ({one.code})" if one.code else one.text for one in details)
    return "; ".join(texts)[:400] or "it gave no reason"


def field_of(details: Sequence[Said]) -> str | None:
    """Our name of the field that a refusal is about."""
    for one in details:
        names = [name for name in _PLACE.findall(one.place) if not name.startswith(("to_", "A_"))]
        known = next((name for name in reversed(names) if name in FIELDS), None)
        if known is not None:
            row = _ROW.search(one.place)
            ours = FIELDS[known]
            return ours.replace("lines.", f"lines.{row[1]}.") if row else ours
        if named := next((name for name in reversed(names) if not name.isdigit() and name != "results"), None):
            return named
    text = " ".join(one.text for one in details).lower()
    return next((field for word, field in WORDS if word in text), None)


def check(answer: HttpAnswer, what: str, *, locked: frozenset[str], clean: Callable[[str], str]) -> HttpAnswer:
    """The answer where it is a success. Raises what the rest means."""
    if 200 <= answer.status < 300:
        return answer
    if answer.status == 429:
        raise Throttled(f"SAP asks for fewer calls ({what}, 429)", retry_after=answer.retry_after())
    if answer.status in (401, 403):
        raise _denied(answer, what, clean)
    if answer.status in (412, 428):
        raise Changed(f"SAP's order was changed by somebody else meanwhile ({what}, {answer.status})", sent=False)
    if answer.status >= 500 or answer.status in (408, 425) or answer.status < 400:
        hint = ": it leads to a log-on page, so check the user and the address" if 300 <= answer.status < 400 else ""
        raise Temporary(f"SAP answered {what} with {answer.status}{hint}", retry_after=answer.retry_after())
    details = read_error(answer)
    words = clean(said(details))
    if answer.status == 404:
        raise Unknown(f"SAP does not know what was asked for ({what}, 404): {words}")
    if {one.code for one in details} & locked:
        raise Temporary(f"SAP cannot do it now, somebody there is at work on it ({what}): {words}", sent=False)
    if any(one.code == OUTDATED for one in details):
        raise Temporary(f"SAP says this request was made before ({what}): {words}")
    raise Permanent(f"SAP refused {what}: {words}", field=field_of(details))


def _denied(answer: HttpAnswer, what: str, clean: Callable[[str], str]) -> PartnerError:
    words = clean(said(read_error(answer)))
    if wants_token(answer):
        return Temporary(
            "SAP takes no CSRF token that it gave a moment before: see whether a proxy drops its cookies, or whether "
            "calls reach different servers", sent=False,
        )
    if answer.status == 401:
        return Denied(f"SAP did not let us in ({what}, 401): check user and password, or the OAuth client")
    return Denied(
        f"SAP refused the right to do this ({what}, 403, {words}): in the cloud the user needs scenario SAP_COM_0109, "
        "on premise the authorisations of the sales order service"
    )
