"""Sums and moments as the account writes them. No float."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from kartify.plugin import Invalid, from_major, to_major
from kartify_arvind.contract import Contract


class Writer:
    """Writes and reads values by one contract, for one currency."""

    def __init__(self, contract: Contract, currency: str) -> None:
        self._contract, self._currency = contract, currency
        self._zone = zone_of(contract.utc_offset)

    def money(self, minor: int) -> Any:
        if self._contract.money == "paise":
            return minor
        text = to_major(minor, self._currency)
        return text if self._contract.money == "decimal_text" else Decimal(text)

    def read(self, value: Any) -> int | None:
        """Minor units; None where nothing, or nothing that is a sum, is told."""
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            return None
        try:
            if self._contract.money != "paise":
                return from_major(value, self._currency)
            return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else None
        except Invalid:
            return None

    def moment(self, at: datetime) -> Any:
        if self._contract.times == "rfc3339":
            return at.astimezone(self._zone).isoformat(timespec="seconds")
        milliseconds = (at - datetime.fromtimestamp(0, self._zone)) // timedelta(milliseconds=1)
        return milliseconds // 1000 if self._contract.times == "seconds" else milliseconds


def zone_of(offset: str) -> timezone:
    hours, _, minutes = offset[1:].partition(":")
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-ahead if offset[0] == "-" else ahead)


def tax_of(tax: Mapping[str, Any] | None) -> int:
    amount = (tax or {}).get("amount")
    return amount if isinstance(amount, int) else 0
