"""The stand-in's frame: its settings, its two addresses, and how the customer gets to the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from kartify.plugin import SimulatorOptions
from kartify.simulation import Charge, Refund, Return, Rules, Session, StandIn, State, Told
from kartify_ccavenue import api, confirming, lookup, opening, refunds
from kartify_ccavenue.simulator import asking, messages, moving
from kartify_ccavenue.simulator.desk import Desk
from kartify_ccavenue.simulator.envelope import answered
from kartify_ccavenue.simulator.page import billing_page, submitted

_MERCHANT = {
    "merchant_id": "100001", "access_code": "AVSIM00WEB00PAGE", "working_key": "SIMULATEDWEBKEY0SIMULATEDWEBKEY0",
    "api_access_code": "AVSIM00API00CALL", "api_working_key": "SIMULATEDAPIKEY0SIMULATEDAPIKEY0",
}  # fmt: skip


class CCAvenueSimulator(StandIn):
    """``refunds_take``: what a refund that is asked for becomes at once. ``tells_total``: whether the status call says
    how many transactions an order has, which the documents promise and no source shows. ``commands`` counts API calls
    by command, since they all go to one address."""

    slug = "ccavenue"
    throttled: ClassVar[Any] = "Too many requests"
    broken: ClassVar[Any] = "Internal server error"

    def __init__(self, options: SimulatorOptions) -> None:
        self.refunds_take: moving.RefundState = "pending"
        self.tells_total = True
        self.commands: Counter[str] = Counter()
        super().__init__(options)
        self.desk = Desk(book=self.book, **_MERCHANT)

    def settings(self) -> dict[str, str]:
        here = self.options.base_url
        return {"api_base": here, "pay_base": here, "environment": "test", **_MERCHANT}

    def rules(self) -> Rules:
        return {
            f"POST {api.PATH}": lambda: answered(self.desk, self._commands, self.commands),
            f"POST {opening.PATH}": lambda: billing_page(self.desk),
        }

    @property
    def _commands(self) -> dict[str, Any]:
        return {
            lookup.STATUS: lambda body: asking.status(self.desk, body, tells_total=self.tells_total),
            lookup.LIST: lambda body: asking.listed(self.desk, body),
            lookup.REFUNDS: lambda body: moving.refund_details(self.desk, body),
            confirming.CONFIRM: lambda body: moving.confirm(self.desk, body),
            confirming.CANCEL: lambda body: moving.cancel(self.desk, body),
            refunds.REFUND: lambda body: moving.refund(self.desk, body, self.refunds_take),
        }

    def arrive(self, step: Mapping[str, Any]) -> None:
        """The form is posted: before that CCAvenue knows nothing of an order."""
        with self.book.lock:
            submitted(self.desk, step["fields"])

    def pay(
        self, session_id: str, *, state: State = "captured", amount: int | None = None, method: str = "upi", **data: Any
    ) -> Charge:
        """As the toolkit's, under the number that the submission has; a further attempt is a further submission."""
        with self.book.lock:
            charge = super().pay(session_id, state=state, amount=amount, method=method, **data)
            taken = self.desk.take(self.book.sessions[session_id])
            del self.book.charges[charge.id]
            charge.id = taken.id
            charge.data.setdefault("ordered_at", taken.at)
            self.book.charges[charge.id] = charge
            return charge

    def told(self, charge: Charge, *, refund: Refund | None = None) -> Sequence[Told]:
        return [messages.notification(self.desk, charge, refunded=refund is not None)]

    def comeback(self, charge: Charge) -> Return:
        return messages.comeback(self.desk, charge)

    def charge_data(self, session: Session | None, state: State) -> dict[str, Any]:
        return {"bank_ref_no": self.book.new_id("6152", 8), "bank_response": state}
