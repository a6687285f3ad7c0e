"""The body of Confirm payment. Pure."""

from __future__ import annotations

import re
from typing import Any, Final

from kartify.plugin import OmsOrder, OmsPayment, Permanent
from kartify_fynd.settings import FyndSettings
from kartify_fynd.wire import amount

_ORDER_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def order_id_of(order: OmsOrder) -> str:
    """FYND's id of the order, the only name that Confirm payment knows. Raises ``Permanent``."""
    found = order.oms_order_id or ""
    if not found:
        raise Permanent("FYND's order id is not known for this order", field="oms_order_id")
    if not _ORDER_ID.match(found):
        raise Permanent("This cannot be an order id of FYND's", field="oms_order_id")
    return found


def check_confirm(settings: FyndSettings, order: OmsOrder) -> None:
    order_id_of(order)
    if order.currency != settings.currency:
        raise Permanent(f"Confirm payment is in {settings.currency} for this channel", field="currency")
    if any(payment.amount < 0 for payment in order.payments):
        raise Permanent("A payment is negative", field="payments.amount")
    if sum(payment.amount for payment in order.payments) != order.total:
        raise Permanent("The payments do not add up to the order's total", field="payments")


def confirm_body(settings: FyndSettings, order: OmsOrder) -> dict[str, Any]:
    """One entry per tender; together they are the total."""
    check_confirm(settings, order)
    paid = [payment for payment in order.payments if payment.amount]
    if not paid:
        raise Permanent("There is nothing to confirm, and FYND takes no empty list of payments", field="payments")
    if any(payment.kind == "cod" for payment in paid) and not settings.confirm_cod:
        raise Permanent(
            "FYND shows this cash-on-delivery order as unpaid, and this account does not confirm such orders "
            "(setting confirm_cod)",
            field="method",
        )
    return {"order_id": order_id_of(order), "payment_methods": [_entry(settings, order, payment=it) for it in paid]}


def _entry(settings: FyndSettings, order: OmsOrder, *, payment: OmsPayment) -> dict[str, Any]:
    meta = {
        "order_id": order.oms_order_id,
        "payment_id": payment.gateway_payment_id,
        "current_status": settings.current_status,
        "payment_gateway_slug": _slug(settings, payment),
        "extra_meta": {"store_order": order.number, "store": order.store},
    }
    return {
        "mode": settings.fynd_mode(_method(payment)),
        "name": payment.name or _method(payment),
        "amount": amount(payment.amount, order.currency, unit=settings.amount_unit),
        "meta": {name: value for name, value in meta.items() if value},
    }


def _method(payment: OmsPayment) -> str:
    if payment.kind == "cod":
        return "cod"
    return payment.method or ("store_credit" if payment.kind == "tender" else "default")


def _slug(settings: FyndSettings, payment: OmsPayment) -> str | None:
    return settings.gateway_slugs.get(payment.gateway, payment.gateway) if payment.gateway else None
