"""An order of ours as a sales order: header, items, partners, conditions, a note on what paid it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from kartify.plugin import OmsOrder, Permanent, to_major
from kartify_sap.mapping import fill, line_values, order_values
from kartify_sap.partners import partner_rows
from kartify_sap.prices import fee_conditions, line_conditions
from kartify_sap.settings import SapSettings

MOST_OF_NUMBER = 35


def check_order(settings: SapSettings, order: OmsOrder) -> None:
    """Raises ``Permanent`` where SAP would refuse the order anyway."""
    sales_order(settings, order, blocks={})


def sales_order(settings: SapSettings, order: OmsOrder, *, blocks: Mapping[str, str]) -> dict[str, Any]:
    """The body of the deep insert. ``blocks`` lie over what the mapping says of them."""
    if len(order.number) > MOST_OF_NUMBER:
        raise Permanent(
            f"SAP's PurchaseOrderByCustomer has {MOST_OF_NUMBER} characters, and the order number {len(order.number)}.",
            field="number",
        )
    body: dict[str, Any] = {
        "SalesOrderType": settings.sales_order_type, "SalesOrganization": settings.sales_organization,
        "DistributionChannel": settings.distribution_channel, "OrganizationDivision": settings.organization_division,
        "SoldToParty": settings.sold_to_party, "TransactionCurrency": order.currency,
    }
    by_method = settings.cod_fields if order.method == "cod" else settings.prepaid_fields
    mapped = fill("A_SalesOrder", {**settings.order_fields, **by_method}, order_values(order), ours="")
    body |= {**mapped, "PurchaseOrderByCustomer": order.number, **blocks}
    children = {
        "to_Partner": partner_rows(settings, order), "to_PricingElement": fee_conditions(settings, order),
        "to_Text": _texts(settings, order), "to_PaymentPlanItemDetails": _plan(settings, order),
        "to_Item": _items(settings, order),
    }
    return body | {name: rows for name, rows in children.items() if rows}


def repeatable(order: OmsOrder, body: Mapping[str, Any]) -> dict[str, str]:
    """Headers by which SAP knows a repetition: the same for the same order with the same content, so that a mended
    order is not answered with the refusal of the old one."""
    whole = json.dumps([order.store, order.number, body], sort_keys=True).encode()
    return {
        "RequestID": hashlib.sha256(whole).hexdigest()[:32].upper(),
        "RepeatabilityCreation": f"{order.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
    }


def _items(settings: SapSettings, order: OmsOrder) -> list[dict[str, Any]]:
    fields = settings.item_fields
    return [
        fill("A_SalesOrderItem", fields, line_values(order, line, position + 1), ours=f"lines.{position}")
        | {
            "RequestedQuantity": str(line.quantity), "RequestedQuantityUnit": settings.quantity_unit,
            "to_PricingElement": line_conditions(settings, order, position),
        }
        for position, line in enumerate(order.lines)
    ]


def _texts(settings: SapSettings, order: OmsOrder) -> list[dict[str, Any]]:
    note = payment_note(order)
    if not settings.payment_text_id or not note:
        return []
    return [{"Language": settings.text_language, "LongTextID": settings.payment_text_id, "LongText": note}]


def payment_note(order: OmsOrder) -> str:
    """One line for each tender: its name, the sum, the payment's id."""
    rows = (
        " ".join(part for part in (
            "to collect:" if one.kind == "cod" else "paid:", one.name, to_major(one.amount, order.currency),
            order.currency, one.method, one.gateway_payment_id,
        ) if part)
        for one in order.payments
    )
    return "\n".join(rows)


def _plan(settings: SapSettings, order: OmsOrder) -> list[dict[str, Any]]:
    """Only where digital payments are set up at SAP."""
    provider = settings.payment_service_provider
    paid = [one for one in order.payments if one.kind == "gateway" and one.gateway_payment_id] if provider else []
    return [
        {
            "PaymentServiceProvider": provider, "PaymentByPaymentServicePrvdr": (one.gateway_payment_id or "")[:40],
            "TransactionByPaytSrvcPrvdr": (one.gateway_payment_id or "")[:40],
            "AuthorizedAmountInAuthznCrcy": to_major(one.amount, order.currency),
        }
        for one in paid
    ]
