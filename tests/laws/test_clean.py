"""A town in which everything happened breaks no law; its money adds up day by day."""

from __future__ import annotations

from collections import Counter

from kartify.flows.proof import laws
from kartify.models import Order, table


def test_a_rich_mixture_of_flows_breaks_no_law(town):
    assert [str(one) for one in laws.check(town.house)] == []


def test_the_town_holds_what_the_laws_are_about(town, rows):
    """Else the test above would hold for an empty database too."""
    statuses = Counter(row["status"] for row in rows("orders"))
    assert set(statuses) == {"missing", "processing", "cancelled", "refunded"}
    assert {row["basis"] for row in rows("orders")} == {None, "settlement", "manual", "cod", "nothing_due"}
    assert {row["type"] for row in rows("cases")} >= {
        "underpaid", "surplus", "second_payment", "wrong_currency", "paid_after_cancel", "refund_due", "partly_refunded"
    }
    assert {row["state"] for row in rows("inbox")} == {"done", "ignored", "waiting"}
    assert {row["state"] for row in rows("outbox")} >= {"done", "withdrawn"}


def test_the_sums_of_a_day_show_where_all_money_is(town, rows):
    found = laws.money(town.house)
    assert {one.currency for one in found} == {"INR", "USD"}
    assert sum(one.captured for one in found) == sum(row["captured"] for row in rows("charges"))
    assert [one.missing for one in found] == [0] * len(found)
    rupees = next(one for one in found if one.currency == "INR")
    assert rupees.kept == 900
    assert rupees.day == "2026-11-23"
    assert min(rupees.settled, rupees.returned, rupees.held) > 0


def test_every_law_is_stated_and_asked_or_left_to_tests(town):
    asked = {truth.law for truth in laws.truths(laws.clock.now())}
    assert asked | laws.BY_TESTS == set(laws.LAWS) == set(range(1, 11))


def test_a_check_of_an_empty_database_finds_nothing(house):
    assert laws.check(house.database) == []
    assert table(Order).name == "orders"
