"""What one transaction of CCAvenue's means: its word, its sums, its moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from kartify.plugin import ChargeState, Dispute, Report, Unreadable
from kartify_ccavenue import ids
from kartify_ccavenue.settings import CCAvenueSettings
from kartify_ccavenue.wire import Refunds, Row, clean

S = ChargeState
# What nobody confirmed is given back after 12 days.
CONFIRM_WITHIN: Final = timedelta(days=12)
_WORDS: Final[dict[str, ChargeState]] = {
    "initiated": S.PENDING, "awaited": S.PENDING, "unsuccessful": S.FAILED, "invalid": S.FAILED, "aborted": S.FAILED,
    "timeout": S.FAILED, "fraud": S.FAILED, "cancelled": S.VOIDED, "autocancelled": S.VOIDED,
}
_REFUND_WORDS: Final = frozenset({"refunded", "systemrefund"})
_CONFIRMED: Final = "TS-REFC"
_METHODS: Final = {
    "OPTCRDC": "credit card", "OPTDBCRD": "debit card", "OPTNBK": "net banking", "OPTUPI": "upi", "OPTWLT": "wallet",
    "OPTMOBP": "wallet", "OPTEMI": "emi", "OPTCASHC": "cash card",
}
_WHY: Final = {
    "fraud": "the sum at the bank is another one (found in CCAvenue's reconciliation)",
    "autocancelled": "nobody confirmed it within 12 days",
    "autoreversed": "reversed by CCAvenue: a second success for the same order",
    "timeout": "the billing page was left",
}


@dataclass(frozen=True, slots=True)
class Stand:
    """How the money stands, in minor units. ``why``: a sentence where the word is not clear."""

    state: ChargeState
    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    disputed: bool = False
    why: str = ""


def word_of(row: Row) -> str:
    """Without capitals, blanks and dashes: "Auto-Reversed", "System refund" and "Systemrefund" are told."""
    return "".join(letter for letter in row.status.lower() if letter.isalnum())


def needs_refunds(row: Row) -> bool:
    """Whether the word alone does not tell how much went back: *Refunded* is said of parts too."""
    return word_of(row) in _REFUND_WORDS


def is_money(row: Row) -> bool:
    """Whether money is, or was, held by it."""
    return word_of(row) in {"shipped", "successful", "chargeback", "autoreversed", *_REFUND_WORDS}


def may_be_refunded(row: Row, settings: CCAvenueSettings) -> bool:
    """Whether refunds are looked for though the word tells of none."""
    word = word_of(row)
    return word in ("shipped", "chargeback") or (word == "successful" and settings.auto_confirm)


def report_of(row: Row, reference: str | None, settings: CCAvenueSettings, refunds: Refunds | None = None) -> Report:
    """Raises ``Unreadable`` where a sum cannot be read."""
    word, stand = word_of(row), _stand(row, settings, refunds)
    if word == "initiated" and _looked_long_ago(row, settings):
        stand = Stand(S.FAILED, why="the customer only looked at the billing page")
    clear = stand.state is not S.UNKNOWN
    return Report(
        state=stand.state,
        word=row.status or "no word",
        gateway_order_id=row.order_no or None,
        gateway_payment_id=ids.charge_id(row.reference_no),
        reference=reference,
        currency=row.currency or None,
        authorized=stand.authorized,
        captured=stand.captured,
        refunded=min(stand.refunded, stand.captured),
        discount=_discount(row, stand.captured),
        at=row.changed_at if clear else None,
        method=_METHODS.get(row.option, row.option.removeprefix("OPT").lower() or None),
        detail=_detail(row, stand.why or _WHY.get(word, ""), failed=stand.state is S.FAILED),
        release_at=row.created_at + CONFIRM_WITHIN if row.created_at and stand.state is S.AUTHORIZED else None,
        dispute=Dispute() if stand.disputed else None,
    )


def _looked_long_ago(row: Row, settings: CCAvenueSettings) -> bool:
    hours = settings.initiated_over_after_hours
    return bool(hours) and row.created_at is not None and datetime.now(UTC) - row.created_at > timedelta(hours=hours)


def _stand(row: Row, settings: CCAvenueSettings, refunds: Refunds | None) -> Stand:
    word = word_of(row)
    if word in _WORDS:
        return _quiet(row, _WORDS[word])
    if ids.charge_id(row.reference_no) is None or not row.currency:
        return Stand(S.UNKNOWN, why="CCAvenue names no reference number or no currency")
    whole, captured = row.minor("amount"), row.minor("captured")
    # An account that confirms by itself always confirms the whole.
    confirmed = captured or (whole if settings.auto_confirm else 0)
    match word:
        case "successful" if not settings.auto_confirm:
            return Stand(S.AUTHORIZED, authorized=whole) if whole else Stand(S.UNKNOWN, why="a success without a sum")
        case "shipped" | "successful":
            return _held(confirmed, _returned(refunds), "it is confirmed, but CCAvenue tells no captured sum")
        case "chargeback":
            return _held(captured or whole, _returned(refunds), "a chargeback without a sum", disputed=True)
        case "autoreversed":
            # Of two successes for one order CCAvenue gives one back. Unconfirmed, it never was money of the shop's.
            return _held(confirmed, confirmed, "") if confirmed else Stand(S.VOIDED)
        case "refunded" | "systemrefund":
            return _given_back(word, captured or whole, refunds)
        case _:
            return Stand(S.UNKNOWN, why=f"kartify does not know CCAvenue's word '{row.status}'")


def _quiet(row: Row, state: ChargeState) -> Stand:
    """Nothing is held. A release needs a charge, and a currency to be noted with."""
    lacks = ids.charge_id(row.reference_no) is None or not row.currency
    if state is S.VOIDED and lacks:
        return Stand(S.UNKNOWN, why="CCAvenue names no reference number or no currency")
    return Stand(state)


def _held(captured: int, refunded: int, why: str, *, disputed: bool = False) -> Stand:
    if not captured:
        return Stand(S.UNKNOWN, why=why)
    state = S.CAPTURED if not refunded else S.PARTIALLY_REFUNDED if refunded < captured else S.REFUNDED
    return Stand(state, captured=captured, refunded=refunded, disputed=disputed)


def _given_back(word: str, captured: int, refunds: Refunds | None) -> Stand:
    """By the list of refunds. CCAvenue's own refunds need not be in it: those are of the whole."""
    if not captured:
        return Stand(S.UNKNOWN, why="refunded, but CCAvenue tells no sum")
    if refunds is None:
        if word == "systemrefund":
            return _held(captured, captured, "")
        return Stand(S.UNKNOWN, why="refunded, but CCAvenue lists no refund: how much went back is not clear")
    back = _returned(refunds)
    if not back:
        return Stand(S.CAPTURED, captured=captured, why="a refund is asked for and not confirmed")
    return _held(captured, back, "")


def _returned(refunds: Refunds | None) -> int:
    """Confirmed refunds only, in minor units."""
    if refunds is None:
        return 0
    sums = [one.amount for one in refunds.refunds if one.status == _CONFIRMED and one.amount is not None]
    if sums and not refunds.currency:
        raise Unreadable("the refunds have no currency")
    return Row(order_currncy=refunds.currency, order_amt=sum(sums)).minor("amount") if sums else 0


def _discount(row: Row, captured: int) -> int:
    """What CCAvenue declares that an offer took off: only where captured and discount make up the whole."""
    if not captured or not row.discount:
        return 0
    taken, whole = row.minor("discount"), max(row.minor("amount"), row.minor("gross"))
    return taken if captured + taken == whole else 0


def _detail(row: Row, why: str, *, failed: bool) -> str | None:
    risk = "CCAvenue rates the risk High" if row.risk.lower() == "high" else ""
    said = clean(row.bank_response) if failed else ""
    return "; ".join(part for part in (why, said, risk) if part)[:200] or None
