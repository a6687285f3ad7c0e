"""A store in which something of everything has happened."""

from __future__ import annotations

from uuid import UUID

from browser import SECRET_WORDS, Cockpit
from fakes import webhook
from test_actions import dead_delivery, open_case
from test_pages import fill

from kartify.domain.cases import CaseType
from kartify.flows.delivering import deliver
from kartify.flows.lookups import asking
from kartify.flows.people import edit, hold, stores
from kartify.flows.receiving import receive


def lively(cockpit: Cockpit) -> dict[str, UUID]:
    """Orders in each state, money that does not fit, a delivery that was refused, a run, an exception to close."""
    found = {name: one for name, one in fill(cockpit).items() if isinstance(one, UUID)}
    found["dead"], found["delivery"] = dead_delivery(cockpit)
    found["case"] = open_case(cockpit, CaseType.OMS_REFUSED)
    found["paid"] = cockpit.missing("K1003")
    cockpit.bank.paid("order_K1003", payment="pay_K1003")
    asking.check_order(cockpit.house, found["paid"], by="test")
    found["unpaid"] = cockpit.missing("K1004")
    stores.set_store(cockpit.house, cockpit.shop.code, {"auto_capture": "false"})
    found["underpaid"] = told(cockpit, "K1005", amount=240000)
    found["authorized"] = told(cockpit, "K1006", state="authorized")
    found["held"] = held(cockpit, "K1007")
    return found


def told(cockpit: Cockpit, number: str, **given: object) -> UUID:
    """An order of which a webhook has told."""
    order_id = cockpit.missing(number)
    charge = {"order": f"order_{number}", "payment": f"pay_{number}", **given}
    receive.webhook(cockpit.house, cockpit.gateway, webhook(f"e{number}", charge, secret=SECRET_WORDS[0]))
    return order_id


def held(cockpit: Cockpit, number: str) -> UUID:
    """One that the OMS holds back."""
    assert cockpit.oms is not None
    order_id = told(cockpit, number)
    deliver.deliver_due(cockpit.house, cockpit.oms, worker="w")
    wish = hold.Wish(by="asha", reason="another size", form=edit.Form(version=cockpit.version(order_id)))
    hold.hold(cockpit.house, order_id, wish)
    deliver.deliver_due(cockpit.house, cockpit.oms, worker="w")
    return order_id
