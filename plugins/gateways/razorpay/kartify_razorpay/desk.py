"""The stand-in driven the way every stand-in is: charges instead of Razorpay's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from kartify.simulation import Charge, Refund, Return, Told
from kartify.simulation.book import State
from kartify_razorpay.ledger import Json
from kartify_razorpay.simulator import RazorpaySimulator

_STATUS: dict[State, str] = {"pending": "created", "voided": "refunded"}
_EVENT = {"captured": "payment.captured", "failed": "payment.failed", "authorized": "payment.authorized"}


class RazorpayStandIn(RazorpaySimulator):
    """``pay``, ``late``, ``told``, ``comeback`` and ``refund_outside`` as ``kartify.simulation.StandIn`` has them."""

    slug: ClassVar[str] = "razorpay"

    def pay(
        self, session_id: str, *, state: State = "captured", amount: int | None = None
    ) -> Charge:
        return _charge(super().pay(session_id, amount=amount, status=_STATUS.get(state, state)), state)

    def arrive(self, step: Mapping[str, Any]) -> None:
        """Razorpay has the session since it was opened."""

    def told(self, charge: Charge, *, refund: Refund | None = None) -> Sequence[Told]:
        """An event about the payment as it stands; nothing is sent about one that is under way."""
        event = _EVENT.get(charge.state)
        if event is None:
            return ()
        body, headers = self.webhook_body(event, payment_id=charge.id)
        return (Told(body=body, headers=headers),)

    def comeback(self, charge: Charge) -> Return:
        order_id = self.ledger.payment(charge.id)["order_id"]
        reference = self.ledger.order(order_id)["receipt"]
        failed = {"error[code]": "BAD_REQUEST_ERROR", "error[reason]": "payment_failed",
                  "error[metadata][order_id]": order_id, "error[metadata][payment_id]": charge.id}
        fields = failed if charge.state == "failed" else self.callback_form(charge.id)
        # Razorpay knows the address from the checkout's script alone.
        return Return(url=f"?kartify_reference={reference}", fields=fields)


def _charge(payment: Json, state: State) -> Charge:
    at = datetime.fromtimestamp(payment["created_at"], UTC)
    return Charge(
        id=payment["id"], session=None, amount=payment["amount"], currency=payment["currency"], state=state,
        created_at=at, updated_at=at, captured=payment["amount"] if state == "captured" else 0,
    )
