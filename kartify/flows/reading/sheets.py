"""Rows of an export as CSV and as XLSX. No cell becomes a formula or a link, and money stays exact."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from xlsxwriter import Workbook

from kartify.domain.money import exponent, to_major
from kartify.flows.reading.order_cells import COLUMNS, Row

# A spreadsheet takes a cell of a CSV that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
# What a spreadsheet's numbers hold exactly; more digits stay text.
_EXACT_DIGITS: Final = 15
_LONGEST_CELL: Final = 32_767
_WIDTHS: Final = {"text": 18, "money": 14, "moment": 20}
MEDIA: Final = {
    "csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_KINDS: Final = tuple(COLUMNS.values())


def csv_head() -> str:
    return _line(COLUMNS)


def csv_lines(rows: Iterable[Row]) -> str:
    return "".join(_line(_text(value, kind) for value, kind in zip(row, _KINDS, strict=True)) for row in rows)


def _line(values: Iterable[Any]) -> str:
    paper = io.StringIO(newline="")
    csv.writer(paper).writerow([defused(value) for value in values])
    return paper.getvalue()


def defused(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _text(value: Any, kind: str) -> str | None:
    if value is None or kind == "text":
        return value
    return to_major(*value) if kind == "money" else f"{_utc(value):%Y-%m-%d %H:%M:%S} UTC"


def _utc(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).astimezone(UTC)


class Sheet:
    """A workbook of one sheet, written row by row to ``path`` in little memory."""

    def __init__(self, path: Path) -> None:
        self._book = Workbook(str(path), {
            "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
            "strings_to_numbers": False,
        })
        self._sheet = self._book.add_worksheet("Orders")
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._money = {
            decimals: self._book.add_format({"num_format": f"#,##0.{'0' * decimals}".rstrip(".")})
            for decimals in (0, 2, 3)
        }
        self._row = 0
        self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self._book.close()

    def _begin(self) -> None:
        bold = self._book.add_format({"bold": True})
        self._sheet.freeze_panes(1, 0)
        for place, (name, kind) in enumerate(COLUMNS.items()):
            self._sheet.set_column(place, place, _WIDTHS[kind])
            self._sheet.write_string(0, place, name, bold)
        self._row = 1

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            for place, (value, kind) in enumerate(zip(row, _KINDS, strict=True)):
                if value is not None:
                    self._cell(place, value, kind)
            self._row += 1

    def _cell(self, place: int, value: Any, kind: str) -> None:
        if kind == "moment":
            self._sheet.write_datetime(self._row, place, _utc(value).replace(tzinfo=None), self._moment)
        elif kind == "money" and len(str(abs(value[0]))) <= _EXACT_DIGITS:
            minor, currency = value
            # A Decimal is printed digit by digit: no float stands between.
            amount = Decimal(to_major(minor, currency))
            self._sheet.write_number(self._row, place, amount, self._money[exponent(currency)])
        else:
            self._sheet.write_string(self._row, place, str(_text(value, kind))[:_LONGEST_CELL])


__all__ = ["MEDIA", "Sheet", "csv_head", "csv_lines", "defused"]
