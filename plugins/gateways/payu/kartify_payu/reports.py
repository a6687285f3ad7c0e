"""What one payment of PayU's means: its words, its sums, its moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kartify.plugin import ChargeState, Report
from kartify_payu import ids
from kartify_payu.actions import Done
from kartify_payu.wire import CURRENCY, Entry, clean

S = ChargeState
# The finer word, and the word that must stand beside it.
_QUIET: Final[dict[str, tuple[str, ChargeState]]] = {
    "initiated": ("pending", S.PENDING), "in progress": ("pending", S.PENDING), "pending": ("pending", S.PENDING),
    "failed": ("failure", S.FAILED), "bounced": ("failure", S.FAILED), "dropped": ("failure", S.FAILED),
    "usercancelled": ("failure", S.FAILED), "autorefund": ("failure", S.FAILED),
}  # fmt: skip
_HELD: Final = frozenset({"captured", "auth"})
_WHY: Final = {
    "autorefund": "PayU found a success late and gave the money back by itself",
    "usercancelled": "the customer left the pay page",
    "bounced": "the customer did not pay on the pay page",
    "dropped": "the bank did not answer PayU",
}
_METHODS: Final = {
    "CC": "credit card", "DC": "debit card", "NB": "net banking", "UPI": "upi", "CASH": "wallet", "EMI": "emi",
    "BNPL": "pay later",
}


@dataclass(frozen=True, slots=True)
class Stand:
    """How the money stands, in paise. ``why``: a sentence where the word is not clear."""

    state: ChargeState
    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    fee: int = 0
    discount: int = 0
    why: str = ""


def is_money(entry: Entry) -> bool:
    """Whether money is, or was, held: then what was done to it must be asked too."""
    return entry.status.lower() == "success" and entry.state.lower() in _HELD


def report_of(entry: Entry, txnid: str, reference: str | None, done: Done | None = None) -> Report:
    """``done`` is needed where it is money. Raises ``Unreadable`` where a sum cannot be read."""
    stand = _stand(entry, done)
    said = f"{entry.message}; {entry.note}".strip("; ") if stand.state is S.FAILED else ""
    why = stand.why or _WHY.get(entry.state.lower(), "")
    # Of a release PayU tells no moment, and of what is not clear none counts.
    dated = stand.state not in (S.UNKNOWN, S.VOIDED)
    return Report(
        state=stand.state,
        word=entry.state or entry.status or "no word",
        gateway_order_id=txnid,
        gateway_payment_id=ids.charge_id(entry.mihpayid),
        reference=reference,
        currency=CURRENCY,
        authorized=stand.authorized,
        captured=stand.captured,
        refunded=stand.refunded,
        fee=stand.fee,
        discount=stand.discount,
        at=entry.added_at if dated else None,
        method=_METHODS.get(entry.mode.upper(), entry.mode.lower() or None),
        detail=clean("; ".join(part for part in (why, said) if part)) or None,
    )


def _stand(entry: Entry, done: Done | None) -> Stand:
    status, word = entry.status.lower(), entry.state.lower()
    if word in _QUIET:
        beside, state = _QUIET[word]
        if status == beside:
            return Stand(state)
        return Stand(S.UNKNOWN, why=f"PayU's words '{entry.status}' and '{entry.state}' do not fit together")
    if not is_money(entry):
        return Stand(S.UNKNOWN, why=f"kartify does not know PayU's words '{entry.status}' and '{entry.state}'")
    if ids.charge_id(entry.mihpayid) is None:
        return Stand(S.UNKNOWN, why="a success without PayU's id")
    if done is None:
        return Stand(S.UNKNOWN, why="a success, and what was done to it is not known")
    return _held(entry, done, only_authorized=word == "auth")


def _held(entry: Entry, done: Done, *, only_authorized: bool) -> Stand:
    whole = entry.minor("amount")
    if not whole:
        return Stand(S.UNKNOWN, why="a success without a sum")
    if only_authorized and not done.captured:
        return Stand(S.VOIDED, why="released") if done.released else Stand(S.AUTHORIZED, authorized=whole)
    paid = _paid(entry, whole, done.captured)
    if not paid.captured:
        return Stand(S.UNKNOWN, why="a success of which PayU says that nothing was paid")
    back = min(done.refunded, paid.captured)
    state = S.CAPTURED if not back else S.PARTIALLY_REFUNDED if back < paid.captured else S.REFUNDED
    return Stand(state, captured=paid.captured, refunded=back, fee=paid.fee, discount=paid.discount, why=paid.why)


def _paid(entry: Entry, whole: int, captured: int) -> Stand:
    """``whole`` is what we asked for. Fee and discount count only where they explain what was paid in the end; of what
    is not explained the smaller sum is taken, so that a person looks."""
    fee, discount, net = entry.minor("fee") or 0, entry.minor("discount") or 0, entry.net_minor()
    if net is not None and net == whole - discount + fee:
        found = Stand(S.CAPTURED, captured=net, fee=fee, discount=discount)
    elif net is None or net >= whole:
        found = Stand(S.CAPTURED, captured=whole)
    else:
        found = Stand(S.CAPTURED, captured=net, why="less was paid than asked for, and no discount explains it")
    if 0 < captured < found.captured:
        return Stand(S.CAPTURED, captured=captured, why="" if captured == whole else "captured in part")
    return found
