"""The sandbox driven the way every stand-in is, so that it stands before the conformance kit as the others do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from kartify.plugin import SimulatorOptions
from kartify.plugin.simulator import WsgiApp
from kartify.simulation import Charge, Refund, Return, Told
from kartify.simulation.book import State
from kartify_sandbox.server.book import Charge as Own
from kartify_sandbox.server.book import Kind
from kartify_sandbox.simulator import SandboxSimulator

_KINDS: Mapping[State, Kind] = {
    "captured": "captured", "authorized": "authorized", "failed": "failed", "pending": "pending",
}


class SandboxStandIn:
    """``pay``, ``late``, ``told``, ``comeback`` and ``refund_outside`` as ``kartify.simulation.StandIn`` has them."""

    slug: ClassVar[str] = "sandbox"

    def __init__(self, options: SimulatorOptions) -> None:
        self.house = SandboxSimulator(options)
        # Whoever drives it sends the news; what follows by itself would come twice.
        self.house.auto_webhooks = False
        self.calls = self.house.calls

    def app(self) -> WsgiApp:
        return self.house.app()

    def settings(self) -> dict[str, str]:
        return self.house.settings()

    def arrive(self, step: Mapping[str, Any]) -> None:
        """The sandbox has the session since it was opened."""

    def pay(self, session_id: str, *, state: State = "captured", amount: int | None = None) -> Charge:
        return _charge(self.house.pay(session_id, amount, kind=_KINDS[state]))

    def late(self, charge_id: str, state: State = "captured") -> Charge:
        return _charge(self.house.resolve(charge_id, _KINDS[state]))

    def refund_outside(self, charge_id: str, *, amount: int | None = None) -> Refund:
        made = self.house.refund_outside(charge_id, amount)
        return Refund(id=made.id, charge=_charge(self.house.charge(charge_id)), amount=made.amount, key="",
                      state="processed", created_at=datetime.now(UTC))

    def told(self, charge: Charge, *, refund: Refund | None = None) -> Sequence[Told]:
        body, headers = self.house.webhook(charge.id)
        return (Told(body=body, headers=headers),)

    def comeback(self, charge: Charge) -> Return:
        session = self.house.session(self.house.charge(charge.id).session)
        return Return(url=session.wanted.callback_url, fields=self.house.callback(charge.id), method="GET")


def _charge(own: Own) -> Charge:
    at = datetime.fromtimestamp(own.created_at, UTC)
    state: State = own.status if own.status in _KINDS else "captured"
    return Charge(id=own.id, session=None, amount=own.amount, currency=own.currency, state=state, created_at=at,
                  updated_at=at, captured=own.captured)
