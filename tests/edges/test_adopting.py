"""A session whose opening was never answered: what a look-up finds of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from doors import Till
from fakes import SECRET, Bank

from kartify.flows.lookups import lookup, runs
from kartify.house import House
from kartify.testing.builder import Shop


@pytest.fixture
def account(shop: Shop) -> UUID:
    return shop.account("till", {"webhook_secret": SECRET})


def lost(shop: Shop, account: UUID, till: Till, bank: Bank, number: str) -> str:
    """An order whose session is open at the gateway, and paid; we were never told its id."""
    reference = f"REF{number}"
    shop.payment(shop.order(number), account, None, reference=reference, state="unknown")
    session = till.sessions[reference] = f"ses_{reference}"
    bank.paid(session, payment=f"pay_{number}")
    return session


def run(house: House, account: UUID, *, dry: bool = False) -> lookup.Tally:
    tally = lookup.work_run(house, runs.start(house, account, by="asha", dry=dry), worker="w")
    assert tally is not None
    return tally


def test_it_is_adopted_and_settles(
    house: House, shop: Shop, till: Till, bank: Bank, account: UUID, rows: Callable[..., list[dict[str, Any]]]
) -> None:
    session = lost(shop, account, till, bank, "K1")
    tally = run(house, account)
    assert tally.recovered == 1
    assert rows("payments")[0]["gateway_order_id"] == session


def test_a_dry_run_tells_of_it_and_keeps_nothing(
    house: House, shop: Shop, till: Till, bank: Bank, account: UUID, rows: Callable[..., list[dict[str, Any]]]
) -> None:
    lost(shop, account, till, bank, "K1")
    tally = run(house, account, dry=True)
    assert tally.recovered == 1
    assert rows("payments")[0]["gateway_order_id"] is None
    assert rows("orders")[0]["status"] == "missing"


def test_a_session_of_another_payment_is_not_adopted_and_the_others_are_asked(
    house: House, shop: Shop, till: Till, bank: Bank, account: UUID, rows: Callable[..., list[dict[str, Any]]]
) -> None:
    lost(shop, account, till, bank, "K1")
    till.sessions["REFK1"] = "ses_of_another"
    shop.payment(shop.order("K2"), account, "ses_of_another")
    bank.paid("ses_of_another", payment="pay_K2")
    lost(shop, account, till, bank, "K3")
    tally = run(house, account)
    assert (tally.asked, tally.recovered, tally.unknown) == (3, 2, 1)
    assert {row["number"]: row["status"] for row in rows("orders")} == {
        "K1": "missing", "K2": "processing", "K3": "processing",
    }
    (first,) = rows("payments", reference="REFK1")
    assert "another payment's" in first["last_answer"]
