"""The stand-in driven the way every stand-in is, with the pay page that all have: charges instead of Razorpay's own
words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from kartify.plugin import SimulatorOptions
from kartify.simulation import Book, Charge, Refund, Return, Session, State, Told
from kartify.simulation.courier import Courier, Parcel
from kartify.simulation.gateway import door_beside
from kartify.simulation.paypage import pay_page
from kartify_razorpay.ledger import Json
from kartify_razorpay.simulator import RazorpaySimulator

_STATUS: dict[State, str] = {"pending": "created", "voided": "refunded"}
_EVENT = {"captured": "payment.captured", "failed": "payment.failed", "authorized": "payment.authorized"}


class RazorpayStandIn(RazorpaySimulator):
    """``pay``, ``late``, ``told``, ``comeback`` and ``refund_outside`` as ``kartify.simulation.StandIn`` has them."""

    slug: ClassVar[str] = "razorpay"

    def __init__(self, options: SimulatorOptions) -> None:
        super().__init__(options)
        self.book, self.courier = Book(), Courier()
        self.ledger.opened = self._opened
        self._app.register_blueprint(pay_page(self))

    def _opened(self, order: Json) -> None:
        """Razorpay learns from the checkout's script where the browser goes back to, so the session does not know."""
        self.book.open(Session(
            id=order["id"], reference=order["receipt"] or "", amount=order["amount"], currency=order["currency"],
            callback_url="", created_at=datetime.fromtimestamp(order["created_at"], UTC),
        ))

    def pay(
        self, session_id: str, *, state: State = "captured", amount: int | None = None
    ) -> Charge:
        session = self.book.sessions.get(session_id)
        payment = super().pay(session_id, amount=amount, status=_STATUS.get(state, state))
        return self.book.attempt(session, _charge(payment, session, state))

    def send(self, charge: Charge, *, delay: float = 0.0, copies: int = 1) -> None:
        """Sends the webhook from the background, to the door beside the one that the browser comes back to."""
        address = door_beside(charge.session.callback_url) if charge.session else ""
        for told in self.told(charge) if address else ():
            self.courier.send(Parcel(url=address, body=told.body, headers=told.headers), delay=delay, copies=copies)

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
        session = self.book.sessions.get(order_id)
        return Return(url=(session and session.callback_url) or f"?kartify_reference={reference}", fields=fields)


def _charge(payment: Json, session: Session | None, state: State) -> Charge:
    at = datetime.fromtimestamp(payment["created_at"], UTC)
    return Charge(
        id=payment["id"], session=session, amount=payment["amount"], currency=payment["currency"], state=state,
        created_at=at, updated_at=at, captured=payment["amount"] if state == "captured" else 0,
    )
