"""The stand-in's frame: its settings, its two addresses, and how the customer gets to the page."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from kartify.plugin import SimulatorOptions
from kartify.simulation import Charge, Refund, Return, Rules, StandIn, State, Told
from kartify_payu import api, lookup, opening, refunds
from kartify_payu.hashing import command_hash
from kartify_payu.simulator import commands, messages
from kartify_payu.simulator.page import Refusal, submitted

KEY, SALT = "simKEY", "simulated-salt-of-payu-0001"


class PayUSimulator(StandIn):
    """``refunds_take``: what a refund that is asked for becomes at once. ``commands`` counts API calls by command,
    since they all go to one address."""

    slug = "payu"
    throttled: ClassVar[Any] = {"status": 0, "msg": "Requests limit reached"}
    broken: ClassVar[Any] = "Internal server error"

    def __init__(self, options: SimulatorOptions) -> None:
        self.refunds_take: Literal["pending", "processed", "failed"] = "pending"
        self.commands: Counter[str] = Counter()
        self._charges = 0
        super().__init__(options)

    def settings(self) -> dict[str, str]:
        here = self.options.base_url
        return {"api_base": here, "pay_base": here, "environment": "test", "key": KEY, "salt": SALT}

    def rules(self) -> Rules:
        return {f"POST {opening.PATH}": self._page, f"POST {api.PATH}": self._command}

    def _page(self) -> AnyResponse:
        try:
            session = submitted(self.book, request.form, KEY, SALT)
        except Refusal as wrong:
            return Response(f"<h1>{wrong}</h1>", 200, mimetype="text/html")
        return redirect(f"/_pay/{session.id}", 303)

    def _command(self) -> dict[str, Any]:
        form = request.form.to_dict()
        command, var1 = form.get("command", ""), form.get("var1", "")
        if form.get("key") != KEY:
            return {"status": 0, "msg": "Invalid key"}
        if not hmac.compare_digest(command_hash(KEY, command, var1, SALT), form.get("hash", "")):
            return {"status": 0, "msg": "Invalid Hash."}
        self.commands[command] += 1
        match command:
            case lookup.VERIFY:
                return commands.verify(self.book, var1)
            case lookup.BY_CHARGE:
                return commands.by_charge(self.book, var1)
            case lookup.ACTIONS:
                return commands.actions(self.book, var1)
            case refunds.REFUNDING:
                return commands.refund(self.book, form, self.refunds_take)
            case refunds.CAPTURING:
                return commands.capture(self.book, form)
            case _:
                return {"status": 0, "msg": "Invalid command"}

    def arrive(self, step: Mapping[str, Any]) -> None:
        """The form is posted: before that PayU knows nothing of a payment."""
        with self.book.lock:
            submitted(self.book, step["fields"], KEY, SALT)

    def pay(
        self, session_id: str, *, state: State = "captured", amount: int | None = None, method: str = "upi", **data: Any
    ) -> Charge:
        """As the toolkit's, with a number for its id."""
        with self.book.lock:
            charge = super().pay(session_id, state=state, amount=amount, method=method, **data)
            del self.book.charges[charge.id]
            self._charges += 1
            charge.id = str(403_993_715_537_000_000 + self._charges)
            self.book.charges[charge.id] = charge
            return charge

    def told(self, charge: Charge, *, refund: Refund | None = None) -> Sequence[Told]:
        if refund is not None:
            return [messages.refund_webhook(refund, KEY)]
        return [messages.webhook(charge, KEY, SALT)]

    def comeback(self, charge: Charge) -> Return:
        session = charge.session
        return Return(url=session.callback_url if session else "", fields=messages.fields(charge, KEY, SALT))
