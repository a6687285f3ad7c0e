"""A store in which something of everything has happened."""

from __future__ import annotations

from uuid import UUID

from browser import Cockpit
from test_actions import dead_delivery, open_case
from test_pages import fill

from kartify.domain.cases import CaseType
from kartify.flows.lookups import asking


def lively(cockpit: Cockpit) -> dict[str, UUID]:
    """Orders in each state, money that does not fit, a delivery that was refused, a run, an exception to close."""
    found = {name: one for name, one in fill(cockpit).items() if isinstance(one, UUID)}
    found["dead"], found["delivery"] = dead_delivery(cockpit)
    found["case"] = open_case(cockpit, CaseType.OMS_REFUSED)
    found["paid"] = cockpit.missing("K1003")
    cockpit.bank.paid("order_K1003", payment="pay_K1003")
    asking.check_order(cockpit.house, found["paid"], by="test")
    found["unpaid"] = cockpit.missing("K1004")
    return found
