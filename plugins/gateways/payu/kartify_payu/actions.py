"""What was done to a payment: captures, refunds and cancellations, as PayU lists them by its own id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from kartify.plugin import Temporary, Unreadable
from kartify_payu.api import Api
from kartify_payu.wire import Action, clean, read

COMMAND: Final = "check_action_status"
# Says that the id is PayU's and no request's.
BY_PAYMENT: Final = {"var2": "payuid"}
_NONE: Final = "no action status found"
State = Literal["pending", "processed", "failed"]
# REQUESTED, QUEUED, IN PROGRESS, PENDING and od_hit are under way, and so is what we do not know: no money back yet.
_STATES: Final[dict[str, State]] = {"success": "processed", "failure": "failed", "failed": "failed"}


def state_of(one: Action) -> State:
    return _STATES.get(one.word, "pending")


@dataclass(frozen=True, slots=True)
class Done:
    """Sums in paise of what surely was done; ``released``: a cancellation succeeded."""

    captured: int = 0
    refunded: int = 0
    released: bool = False


def listed(api: Api, charge: str) -> tuple[Action, ...]:
    """All of one payment; none where PayU says that there is none. Raises ``PartnerError``."""
    details = api.details(api.call(COMMAND, charge, **BY_PAYMENT))
    found = details.get(charge)
    if found == [] or (isinstance(found, str) and clean(found).lower() == _NONE):
        return ()
    if not isinstance(found, Mapping):
        raise Temporary("PayU does not tell of the payment whose actions were asked for")
    return tuple(_action(one, charge) for one in found.values())


def _action(raw: Any, charge: str) -> Action:
    try:
        one = read(Action, raw)
    except Unreadable as problem:
        raise Temporary(f"PayU's answer cannot be read: {problem}") from None
    if not one.kind or not one.status:
        raise Temporary("PayU lists an action without a name or a status")
    if isinstance(raw.get("mihpayid"), str) and one.mihpayid not in ("", charge):
        raise Temporary("PayU answered about another payment's actions")
    return one


def of_kind(actions: Iterable[Action], kind: str) -> Sequence[Action]:
    return [one for one in actions if one.kind == kind]


def done(actions: Iterable[Action]) -> Done:
    """Raises ``Temporary`` where a sum is missing."""
    made = [one for one in actions if state_of(one) == "processed"]
    return Done(
        captured=sum(sum_of(one) for one in of_kind(made, "capture")),
        refunded=sum(sum_of(one) for one in of_kind(made, "refund")),
        released=bool(of_kind(made, "cancel")),
    )


def sum_of(one: Action) -> int:
    """In paise. Raises ``Temporary``."""
    try:
        found = one.minor("amount")
    except Unreadable as problem:
        raise Temporary(f"PayU's answer cannot be read: {problem}") from None
    if found is None:
        raise Temporary("PayU lists an action without a sum")
    return found
