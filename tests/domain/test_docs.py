"""The law book in the docs shows the tables that the code goes by."""

from __future__ import annotations

from pathlib import Path

import pytest

from kartify.domain.delivery import TABLE
from kartify.domain.render import TABLES, refresh
from kartify.domain.settling import ACTIONS, STANDING
from kartify.domain.status import MOVES

PAGE = Path(__file__).parents[2] / "docs" / "decisions.md"


def test_the_page_holds_exactly_the_tables_of_the_code():
    text = PAGE.read_text(encoding="utf-8")
    assert refresh(text) == text, "write it anew: python -m kartify.docs"


def test_a_page_without_a_marked_place_is_refused():
    with pytest.raises(ValueError, match="moves"):
        refresh("# nothing here")


@pytest.mark.parametrize(
    ("name", "rows"), [("actions", len(ACTIONS)), ("standing", len(STANDING)), ("delivery", len(TABLE))]
)
def test_every_row_is_shown(name, rows):
    assert TABLES[name]().count("\n") == rows + 2


def test_moves_that_differ_only_in_where_they_start_share_a_row():
    cells = [line.split(" | ")[0].strip("| ") for line in TABLES["moves"]().splitlines()[2:]]
    assert sum(len(cell.split(", ")) for cell in cells) == len(MOVES)
