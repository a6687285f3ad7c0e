"""What FYND's shipment states mean to us."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kartify.plugin import NewsKind, Presence

UNPAID: Final = frozenset({"pending", "awaiting_payment_confirmation", "payment_failed"})
CANCELLED: Final = frozenset({"cancelled_customer", "cancelled_fynd", "bag_not_confirmed"})
# Placed and not yet on its way: can still be cancelled.
PLACED: Final = frozenset(
    {"placed", "store_reassigned", "bag_confirmed", "bag_invoiced", "dp_assigned", "bag_packed"}
)
SHIPPED: Final = frozenset({"bag_picked", "out_for_delivery"})
DELIVERED: Final = frozenset({"delivery_done", "handed_over_to_customer"})
CONFIRMED: Final = PLACED | SHIPPED | DELIVERED


def is_returned(state: str) -> bool:
    return state.startswith("return_")


def is_refund(state: str) -> bool:
    return state.startswith("refund_") or state in ("credit_note_generated", "manual_refund")


def news_kind(state: str) -> NewsKind:
    for states, kind in (
        (PLACED, NewsKind.ACCEPTED), (SHIPPED, NewsKind.SHIPPED), (DELIVERED, NewsKind.DELIVERED),
        (CANCELLED, NewsKind.CANCELLED),
    ):
        if state in states:
            return kind
    return NewsKind.RETURNED if is_returned(state) else NewsKind.OTHER


def confirmation(state: str, history: Sequence[str]) -> Presence:
    """Whether the payment of a shipment in this state is confirmed; DEAD where it cannot be any more."""
    was_confirmed = any(past in CONFIRMED for past in history)
    if state in CONFIRMED:
        return Presence.DONE
    if state in UNPAID:
        # Unpaid now and placed before contradicts FYND's own map: sending again would not be safe.
        return Presence.UNTOLD if was_confirmed else Presence.ABSENT
    if state in CANCELLED:
        return Presence.DEAD
    if is_returned(state) or is_refund(state):
        return Presence.DONE if was_confirmed else Presence.DEAD
    return Presence.UNTOLD


def together(each: Sequence[Presence]) -> Presence:
    """One answer for all shipments of an order: DONE where the rest is cancelled, ABSENT only where all agree."""
    found = set(each)
    if not found or Presence.UNTOLD in found:
        return Presence.UNTOLD
    if len(found) == 1:
        return found.pop()
    if Presence.ABSENT in found:
        return Presence.UNTOLD if Presence.DONE in found else Presence.DEAD
    return Presence.DONE


def cancellation(state: str, unpaid_cancel_status: str) -> Presence:
    """DONE: cancelled. ABSENT: can be. DEAD: too late."""
    if state in CANCELLED or state == unpaid_cancel_status:
        return Presence.DONE
    if state in UNPAID or state in PLACED:
        return Presence.ABSENT
    if state in SHIPPED or state in DELIVERED or is_returned(state) or is_refund(state):
        return Presence.DEAD
    return Presence.UNTOLD


def all_cancelled(each: Sequence[Presence]) -> Presence:
    """One answer for all shipments: one that is too late decides, then one that is unclear, then one that is left."""
    for presence in (Presence.DEAD, Presence.UNTOLD, Presence.ABSENT):
        if presence in each:
            return presence
    return Presence.DONE if each else Presence.UNTOLD
