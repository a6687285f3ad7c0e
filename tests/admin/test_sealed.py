"""The order page says whether its history is sealed, and what was touched."""

from __future__ import annotations

from browser import Cockpit
from sqlalchemy import update

from kartify.flows.proof import seals
from kartify.models import TimelineEntry, table


def test_the_order_page_tells_whether_its_history_is_sealed(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    person = cockpit.person("support")
    person.press(f"/admin/orders/{order_id}/note", version=1, note="called")
    assert "Timeline ◷ newest lines not sealed yet" in person.text(f"/admin/orders/{order_id}")
    seals.seal(cockpit.house)
    assert "Timeline ✓ sealed" in person.text(f"/admin/orders/{order_id}")
    with cockpit.house.database.write() as connection:
        connection.execute(update(table(TimelineEntry)).values(text="paid in cash"))
    page = person.text(f"/admin/orders/{order_id}")
    assert "Timeline ✕ chain broken" in page
    assert "is not as it was sealed: it was altered. Tell your engineer" in page
