"""The stand-in's frame: its settings, its routes, and how a charge gets the id that the plugin gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from kartify.plugin import SimulatorOptions
from kartify.simulation import Charge, Refund, Return, Rules, Session, StandIn, State, Told
from kartify_paytm import bulk, ids, lookup, opening, refunds
from kartify_paytm.simulator import messages
from kartify_paytm.simulator.desk import Desk
from kartify_paytm.simulator.lists import listed
from kartify_paytm.simulator.pages import checkout_script, payment_page
from kartify_paytm.simulator.refunding import apply, refund_state
from kartify_paytm.simulator.sessions import initiate, order_status

MID = "KARTIFSIM00000000001"
MERCHANT_KEY = "simulated-key-16"


class PaytmSimulator(StandIn):
    """``webhook_form``: which of Paytm's two documented forms payment webhooks have. ``refunds_take``: what a refund
    that is asked for becomes at once; Paytm's normal answer is *pending*. ``duplicates``: what a repeated refId is
    answered with, since sources disagree."""

    slug = "paytm"
    charge_prefix = "2026060111121280011016800"
    throttled: ClassVar[Any] = {"body": {"resultInfo": {
        "resultStatus": "F", "resultCode": "429", "resultMsg": "Too many requests",
    }}}  # fmt: skip
    broken: ClassVar[Any] = {"body": {"resultInfo": {
        "resultStatus": "U", "resultCode": "00000900", "resultMsg": "System Error",
    }}}  # fmt: skip

    def __init__(self, options: SimulatorOptions) -> None:
        self.webhook_form: Literal["form", "json"] = "form"
        self.refunds_take: Literal["pending", "processed", "failed"] = "pending"
        self.duplicates: Literal["same", "refused"] = "same"
        super().__init__(options)
        self.desk = Desk(mid=MID, key=MERCHANT_KEY, book=self.book, base_url=options.base_url)

    def settings(self) -> dict[str, str]:
        return {"api_base": self.options.base_url, "environment": "test", "mid": MID, "merchant_key": MERCHANT_KEY}

    def rules(self) -> Rules:
        return {
            f"POST {opening.PATH}": lambda: initiate(self.desk),
            f"POST {lookup.PATH}": lambda: order_status(self.desk),
            f"POST {refunds.APPLY}": lambda: apply(self.desk, takes=self.refunds_take, duplicates=self.duplicates),
            f"POST {refunds.STATUS}": lambda: refund_state(self.desk),
            f"POST {bulk.PATH}": lambda: listed(self.desk),
            f"POST {opening.PAGE}": lambda: payment_page(self.desk),
            f"GET {opening.SCRIPT}<mid>.js": lambda mid: checkout_script(self.desk, mid),
        }

    def pay(
        self, session_id: str, *, state: State = "captured", amount: int | None = None, method: str = "upi", **data: Any
    ) -> Charge:
        """As the toolkit's, with the id that names the order too: both sides then speak of a charge by one name."""
        with self.book.lock:
            charge = super().pay(session_id, state=state, amount=amount, method=method, **data)
            del self.book.charges[charge.id]
            charge.data["txn_id"] = charge.id
            charge.id = ids.charge_id(charge.id, session_id) or charge.id
            self.book.charges[charge.id] = charge
            return charge

    def told(self, charge: Charge, *, refund: Refund | None = None) -> Sequence[Told]:
        return [messages.webhook(self.desk, charge, refund, form=self.webhook_form)]

    def comeback(self, charge: Charge) -> Return:
        session = charge.session
        url = session.callback_url if session else ""
        return Return(url=url, fields=messages.signed_fields(self.desk, charge))

    def charge_data(self, session: Session | None, state: State) -> dict[str, Any]:
        return {"bank_txn_id": self.book.new_id("6152", 8), "code": messages.CODES[state][1]}
