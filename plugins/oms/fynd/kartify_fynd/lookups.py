"""From what FYND tells of an order to what a delivery may do. Pure."""

from __future__ import annotations

from kartify.plugin import Found, Kind, Presence, Receipt
from kartify_fynd.settings import FyndSettings
from kartify_fynd.states import all_cancelled, cancellation, confirmation, together
from kartify_fynd.wire import Details


def found(settings: FyndSettings, kind: Kind, *, details: Details) -> Found:
    """What this delivery finds: confirmed, created or cancelled."""
    presence = _presence(settings, kind, details=details)
    done = presence is Presence.DONE
    return Found(
        presence=presence,
        receipt=Receipt(id=details.order_id, detail=f"FYND says {details.states}") if done else None,
        number=details.number or None if settings.way == "b" else None,
        amount=details.amount if settings.compare_amount else None,
        detail=f"{details.order_id} at FYND: {details.states}",
    )


def _presence(settings: FyndSettings, kind: Kind, *, details: Details) -> Presence:
    if kind is Kind.CANCEL:
        return all_cancelled([cancellation(it.state, settings.unpaid_cancel_status) for it in details.shipments])
    confirmed = together([confirmation(it.state, it.history) for it in details.shipments])
    if kind is Kind.PUSH_UNPAID:
        # The order is there: only a dead one is not what was wanted.
        return Presence.DEAD if confirmed is Presence.DEAD else Presence.DONE
    return confirmed


def untold(detail: str) -> Found:
    return Found(presence=Presence.UNTOLD, detail=detail)
