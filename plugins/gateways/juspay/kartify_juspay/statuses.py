"""Juspay's status words and their numbers, and what each means for a charge."""

from __future__ import annotations

from typing import Final

from kartify.plugin import ChargeState

AUTO_REFUNDED: Final = "AUTO_REFUNDED"
NOT_FOUND: Final = "NOT_FOUND"
# Nobody has tried yet: the word says nothing about an attempt.
UNTRIED: Final = frozenset({"NEW", "CREATED", ""})

# (state, number); None where no source gives the number for certain.
_WORDS: Final[dict[str, tuple[ChargeState, int | None]]] = {
    "NEW": (ChargeState.PENDING, 10),
    "CREATED": (ChargeState.PENDING, 1),
    "STARTED": (ChargeState.PENDING, 20),
    "PENDING_VBV": (ChargeState.PENDING, 23),
    "VBV_SUCCESSFUL": (ChargeState.PENDING, 24),
    "AUTHORIZING": (ChargeState.PENDING, 28),
    "COD_INITIATED": (ChargeState.PENDING, 29),
    "CHARGED": (ChargeState.CAPTURED, 21),
    AUTO_REFUNDED: (ChargeState.CAPTURED, 36),
    "AUTHORIZED": (ChargeState.AUTHORIZED, None),
    "VOID_INITIATED": (ChargeState.AUTHORIZED, 32),
    "CAPTURE_INITIATED": (ChargeState.AUTHORIZED, 33),
    "CAPTURE_FAILED": (ChargeState.AUTHORIZED, 34),
    "VOID_FAILED": (ChargeState.AUTHORIZED, 35),
    "VOIDED": (ChargeState.VOIDED, 31),
    "JUSPAY_DECLINED": (ChargeState.FAILED, 22),
    "AUTHENTICATION_FAILED": (ChargeState.FAILED, 26),
    "AUTHORIZATION_FAILED": (ChargeState.FAILED, 27),
}


def state_of(word: str, number: int | None = None) -> ChargeState:
    """An unknown word, or one that does not fit its number, is unknown and never paid."""
    state, known = _WORDS.get(word, (ChargeState.UNKNOWN, None))
    return ChargeState.UNKNOWN if None not in (number, known) and number != known else state

