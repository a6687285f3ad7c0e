"""Sums: integers of the smallest unit on both sides, except where Stripe counts a currency in another one."""

from __future__ import annotations

from typing import Final

# Stripe takes ISK and UGX in hundreds and MGA whole, unlike ISO 4217; of the others no source says how it counts.
_STRANGE: Final = frozenset({"ISK", "UGX", "MGA", "UYI", "IQD", "LYD"})
# Three decimals, of which the last must be 0.
_THREE: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def is_exact(currency: str) -> bool:
    """Whether a sum means the same here and there."""
    return currency not in _STRANGE


def problem_of(minor: int, currency: str) -> str | None:
    """Why Stripe would refuse this sum."""
    if minor <= 0:
        return "Stripe takes no sum of nothing"
    if currency in _THREE and minor % 10:
        return f"Stripe takes {currency} with two decimals only"
    return None
