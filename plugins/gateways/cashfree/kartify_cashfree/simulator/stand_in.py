"""The stand-in's frame: its settings, its routes, and how a charge gets the id that the plugin gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from kartify.plugin import SimulatorOptions
from kartify.simulation import Charge, Refund, Return, Rules, Session, StandIn, State, Told
from kartify_cashfree import ids
from kartify_cashfree.simulator import messages, money, orders
from kartify_cashfree.simulator.desk import CLIENT_ID, SECRET, Desk
from kartify_cashfree.simulator.recon import recon

ORDER = "/pg/orders/<order_id>"
_FIRST_NUMBER = 5_114_910_000_000


class CashfreeSimulator(StandIn):
    """``refunds_take``: what a refund becomes at once; Cashfree's normal answer is *pending*."""

    slug = "cashfree"
    charge_prefix = ""
    throttled: ClassVar[Any] = {
        "message": "Too many requests from IP. Check headers", "code": "request_failed", "type": "rate_limit_error",
    }  # fmt: skip
    broken: ClassVar[Any] = {"message": "internal Server Error", "code": "internal_error", "type": "api_error"}

    def __init__(self, options: SimulatorOptions) -> None:
        self.refunds_take: money.RefundState = "pending"
        super().__init__(options)
        self.desk = Desk(book=self.book)

    def settings(self) -> dict[str, str]:
        return {
            "environment": "sandbox", "api_base": f"{self.options.base_url}/pg", "client_id": CLIENT_ID,
            "client_secret": SECRET, "merchant_id": "simulated", "recon": "true", "throttle_seconds": "1",
            # Orders of demos and tests seldom have one, and the API opens nothing without.
            "fallback_phone": "9999999999",
        }  # fmt: skip

    def rules(self) -> Rules:
        routes: Rules = {
            "POST /pg/orders": lambda: orders.create(self.desk),
            f"GET {ORDER}": lambda order_id: orders.read(self.desk, order_id),
            f"PATCH {ORDER}": lambda order_id: orders.terminate(self.desk, order_id),
            f"GET {ORDER}/payments": lambda order_id: orders.attempts(self.desk, order_id),
            f"GET {ORDER}/payments/<cf_payment_id>": lambda order_id, cf_payment_id: orders.attempt(
                self.desk, order_id, cf_payment_id
            ),
            f"POST {ORDER}/authorization": lambda order_id: money.authorize(self.desk, order_id),
            f"POST {ORDER}/refunds": lambda order_id: money.refund(self.desk, order_id, takes=self.refunds_take),
            f"GET {ORDER}/refunds": lambda order_id: money.refunds(self.desk, order_id),
            f"GET {ORDER}/refunds/<refund_id>": lambda order_id, refund_id: money.refund_by_id(
                self.desk, order_id, refund_id
            ),
            "POST /pg/recon": lambda: recon(self.desk),
        }
        # The desk is made after the routes: it is looked up when a call comes.
        return {rule: self._behind(act) for rule, act in routes.items()}

    def _behind(self, act: Any) -> Any:
        return lambda **given: self.desk.behind(act)(**given)

    def pay(
        self, session_id: str, *, state: State = "captured", amount: int | None = None, method: str = "upi", **data: Any
    ) -> Charge:
        """As the toolkit's, with the id that names the order too: both sides then speak of a charge by one name."""
        with self.book.lock:
            charge = super().pay(session_id, state=state, amount=amount, method=method, **data)
            del self.book.charges[charge.id]
            charge.data["cf_payment_id"] = str(_FIRST_NUMBER + int(charge.id, 36))
            charge.id = ids.charge_id(charge.data["cf_payment_id"], session_id)
            self.book.charges[charge.id] = charge
            return charge

    def late(self, charge_id: str, state: State = "captured") -> Charge:
        with self.book.lock:
            charge = super().late(charge_id, state)
            if state == "authorized":
                charge.data["held"] = True
            return charge

    def charge_data(self, session: Session | None, state: State) -> dict[str, Any]:
        return {"held": state == "authorized"}

    def told(self, charge: Charge, *, refund: Refund | None = None) -> Sequence[Told]:
        return messages.told(self.desk, charge, refund)

    def comeback(self, charge: Charge) -> Return:
        """A GET of the return address; success, failure and cancel look alike."""
        session = charge.session
        parts = urlsplit(session.callback_url.replace("{order_id}", session.id) if session else "")
        url = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        return Return(url=url, fields=dict(parse_qsl(parts.query)), method="GET")
