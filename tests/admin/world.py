"""A store in which something of everything has happened."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from browser import SECRET_WORDS, Cockpit
from fakes import webhook

from kartify import clock
from kartify.domain.cases import CaseType, CaseWanted
from kartify.flows.delivering import deliver
from kartify.flows.ground import audit
from kartify.flows.lookups import asking, runs
from kartify.flows.people import edit, hold, stores
from kartify.flows.receiving import receive
from kartify.flows.settling import cases
from kartify.models import Case, Cron, Delivery, InboxMessage


def fill(cockpit: Cockpit) -> dict[str, object]:
    """One of everything, so that no page is empty."""
    order = cockpit.missing("K1001", phone="+919876543210", email="asha@example.com", notes="call before noon",
                            customer={"name": "Asha Rao", "email": "asha@example.com", "phone": "+919876543210"},
                            shipping_address={"line1": "12 Secret Lane", "city": "Pune"})
    with cockpit.house.database.write() as connection:
        wanted = CaseWanted(type=CaseType.UNDERPAID, reason="less than is due", currency="INR", held=100)
        cases.raise_case(connection, wanted, subject="order:x", at=clock.now(), order_id=order,
                         store_id=cockpit.shop.id)
    cron = cockpit.rows(Cron)[0]["id"]
    run = runs.start(cockpit.house, cockpit.gateway, by="asha@example.com")
    audit.record(cockpit.house, audit.Act(by="x", action="y", subject="z", text="t"))
    receive.webhook(cockpit.house, cockpit.gateway, webhook("e1", event="unknown", secret="whsec-very-secret"))
    return {"order": order, "cron": cron, "run": run, "account": cockpit.gateway, "store": cockpit.shop.id,
            "message": cockpit.rows(InboxMessage)[0]["id"]}


def dead_delivery(cockpit: Cockpit, number: str = "K1002") -> tuple[UUID, UUID]:
    """A paid order that the OMS refused."""
    order_id = cockpit.missing(number)
    cockpit.bank.paid(f"order_{number}", payment=f"pay_{number}")
    asking.check_order(cockpit.house, order_id, by="test")
    cockpit.ledger.script.append("invalid")
    assert cockpit.oms is not None
    deliver.deliver_due(cockpit.house, cockpit.oms, worker="w")
    row = cockpit.rows(Delivery, order_id=order_id)[0]
    assert row["state"] == "dead"
    return order_id, row["id"]


def open_case(cockpit: Cockpit, kind: CaseType = CaseType.OMS_REFUSED, held: int = 0, **ties: Any) -> UUID:
    with cockpit.house.database.write() as connection:
        wanted = CaseWanted(type=kind, reason="it says why", currency="INR", held=held)
        cases.raise_case(connection, wanted, subject=f"test:{kind}", at=clock.now(), **ties)
    return UUID(str(cockpit.rows(Case, type=kind)[0]["id"]))


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
    found["unfit"] = told(cockpit, "K1008", state="authorized", amount=240000)
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
