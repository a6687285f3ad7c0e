"""The stand-in's frame: its settings, its two addresses, and how the customer gets to the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from kartify.plugin import SimulatorOptions
from kartify.simulation import Charge, Refund, Return, Rules, Session, StandIn, State, Told
from kartify_payu import actions, api, holds, lookup, opening, refunds
from kartify_payu.simulator import asking, messages, moving
from kartify_payu.simulator.desk import Desk
from kartify_payu.simulator.envelope import Commands, answered
from kartify_payu.simulator.page import pay_page, submitted
from kartify_payu.webhooks import TOKEN

_MERCHANT: Final = {"key": "SIMKEY", "salt": "SIMULATED0SALT0OF0PAYU0INDIA0001"}
_TOKEN: Final = "SIMULATED-WEBHOOK-TOKEN"
_COMMANDS: Final[Commands] = {
    lookup.VERIFY: asking.verify,
    lookup.CHECK: asking.check,
    actions.COMMAND: asking.actions,
    refunds.COMMAND: moving.cancel_or_refund,
    holds.COMMANDS["capture"]: moving.capture,
}


class PayUSimulator(StandIn):
    """``desk`` holds what tests may turn: what refunds become, how many ids a look-up takes. ``commands`` counts API
    calls by command, since they all go to one address."""

    slug = "payu"
    throttled: ClassVar[Any] = {"status": 0, "msg": "Requests limit reached"}
    broken: ClassVar[Any] = {"status": 0, "msg": "Something went wrong"}

    def __init__(self, options: SimulatorOptions) -> None:
        self.commands: Counter[str] = Counter()
        super().__init__(options)
        self.desk = Desk(book=self.book, **_MERCHANT)

    def settings(self) -> dict[str, str]:
        here = self.options.base_url
        return {"api_base": here, "pay_base": here, "environment": "test", "webhook_token": _TOKEN, **_MERCHANT}

    def rules(self) -> Rules:
        return {
            f"POST {api.PATH}": lambda: answered(self.desk, _COMMANDS, self.commands),
            f"POST {opening.PATH}": lambda: pay_page(self.desk),
        }

    def arrive(self, step: Mapping[str, Any]) -> None:
        """The form is posted: before that PayU knows nothing of a payment."""
        with self.book.lock:
            submitted(self.desk, step["fields"])

    def pay(
        self, session_id: str, *, state: State = "captured", amount: int | None = None, method: str = "upi", **data: Any
    ) -> Charge:
        """As the toolkit's, under a number of PayU's kind."""
        with self.book.lock:
            charge = super().pay(session_id, state=state, amount=amount, method=method, **data)
            del self.book.charges[charge.id]
            charge.id = str(next(self.desk.payments))
            self.book.charges[charge.id] = charge
            return charge

    def webhook_url(self, charge: Charge) -> str:
        """As it stands in the dashboard: with the token."""
        address = super().webhook_url(charge)
        return f"{address}?{TOKEN}={_TOKEN}" if address else ""

    def told(self, charge: Charge, *, refund: Refund | None = None) -> Sequence[Told]:
        if refund is not None:
            return [messages.refund_news(self.desk, refund)]
        return [messages.webhook(self.desk, charge)]

    def comeback(self, charge: Charge) -> Return:
        return messages.comeback(self.desk, charge)

    def charge_data(self, session: Session | None, state: State) -> dict[str, Any]:
        return {"bank_ref_num": self.book.new_id("6152", 8)}
