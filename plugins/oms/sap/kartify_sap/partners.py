"""Partners of a sales order and their addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kartify.plugin import OmsOrder, Permanent
from kartify_sap.mapping import fill
from kartify_sap.settings import SapSettings

# Ours, and SAP's field. Names and streets are cut where SAP's field ends; what finds the house is not.
_FIELDS = {
    "AddresseeFullName": "{name:80}", "StreetName": "{line1:60}", "StreetPrefixName1": "{line2:40}",
    "StreetPrefixName2": "{landmark:40}", "CityName": "{city:40}", "PostalCode": "{postcode}", "Region": "{region}",
    "Country": "{country}", "EmailAddress": "{email}", "MobileNumber": "{phone:30}",
}
NEEDED = ("line1", "city", "postcode")


@dataclass(frozen=True, slots=True)
class Partner:
    """``address`` is SAP's; None for a partner whose own address in SAP counts."""

    function: str
    customer: str
    address: Mapping[str, Any] | None


def partners(settings: SapSettings, order: OmsOrder) -> Iterator[Partner]:
    """By the account's mapping. Raises ``Permanent`` naming the field of an address that is not there or does not
    fit."""
    mapped = dict(settings.partners)
    if settings.address_style == "one_time_customer":
        mapped = {"SP": "billing", **mapped}
    for function, told in mapped.items():
        role, _, customer = told.partition("@")
        wanted = role and settings.address_style != "none"
        yield Partner(
            function, customer or settings.sold_to_party, _address(settings, order, role) if wanted else None
        )


def partner_rows(settings: SapSettings, order: OmsOrder) -> list[dict[str, Any]]:
    """As they go into the order."""
    inside = settings.address_style in ("deep_insert", "one_time_customer")
    return [
        {"PartnerFunction": one.function, "Customer": one.customer}
        | ({"to_Address": [dict(one.address)]} if inside and one.address else {})
        for one in partners(settings, order)
    ]


def values(settings: SapSettings, order: OmsOrder, role: str) -> dict[str, Any]:
    """What an address of ours holds, by our names; ``region`` is SAP's. Without a billing address it is the shipping
    address."""
    ours, told = "shipping_address", order.shipping_address
    if role == "billing" and order.billing_address:
        ours, told = "billing_address", order.billing_address
    if not told:
        raise Permanent("SAP needs an address to deliver to: add one to the order.", field="shipping_address")
    for name in NEEDED:
        if not str(told.get(name) or "").strip():
            raise Permanent(f"SAP needs the {name} of the address: add it to the order.", field=f"{ours}.{name}")
    state = str(told.get("state") or "").strip()
    region = settings.regions.get(state, state)
    if len(region) > 3:
        raise Permanent(
            f"SAP's Region has three characters, and the state is {state!r}: add {state}=… to the account's setting "
            "regions.", field=f"{ours}.state",
        )
    contact = {name: told.get(name) or order.customer.get(name) for name in ("name", "email", "phone")}
    country = str(told.get("country") or "IN")
    return {**told, **contact, "region": region, "country": country, "ours": ours}


def _address(settings: SapSettings, order: OmsOrder, role: str) -> dict[str, Any]:
    held = values(settings, order, role)
    return fill("A_SalesOrderPartnerAddress", _FIELDS, held, ours=held["ours"])
