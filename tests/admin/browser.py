"""A person at the admin: signs in, reads pages, and sends their forms as a browser would."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fake_oms import Ledger
from fakes import Bank, PlainGateway, report
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select
from werkzeug.test import TestResponse

from kartify import clock
from kartify.admin import init_admin
from kartify.house import House
from kartify.languages import init_languages
from kartify.models import AuditEntry, Base, Order, TimelineEntry, User, new_id, table
from kartify.plugin import Capabilities, Client, Gateway, Money, RefundAnswer, Report, Tool, hookimpl
from kartify.testing.builder import CHEAP, Shop
from kartify.testing.templates import keep_templates

PASSWORD = "correct horse battery"
HASHED = CHEAP.hash(PASSWORD)
ROLES = ("viewer", "support", "finance", "admin")
TOOL = Tool(name="confirm-payment", title="Confirm payment", verb="confirm_payment", explanation="Confirms it there.")
SECRET_WORDS = ("whsec-very-secret", "ledger-very-secret", PASSWORD)


class LinkedGateway(PlainGateway):
    """With a dashboard, captures, voids and refunds, as real gateways have."""

    can = Capabilities(capture=True, void=True, refund=True)

    def capture(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        return report(payment=gateway_payment_id, amount=amount.minor)

    def void(self, client: Client, gateway_payment_id: str, amount: Money) -> Report:
        return report(payment=gateway_payment_id, amount=amount.minor, state="voided", at=1_900_000_000)

    def refund(self, client: Client, gateway_payment_id: str, amount: Money, *, key: str) -> RefundAnswer:
        return RefundAnswer(gateway_refund_id=f"rf_{key[-6:]}", state="processed", amount=amount.minor)

    def test(self, client: Client) -> str:
        if self.bank.answers.get("test") is not None:
            raise self.bank.answers["test"]  # type: ignore[misc]
        return "Plain Pay knows the key."

    def refund_status(
        self, client: Client, gateway_payment_id: str, *, key: str, gateway_refund_id: str | None
    ) -> RefundAnswer | None:
        return None

    def dashboard_url(self, gateway_payment_id: str) -> str | None:
        return f"https://dashboard.example/payments/{gateway_payment_id}"


class LinkedPlugin:
    def __init__(self, bank: Bank) -> None:
        self.gateway = type("LinkedPlain", (LinkedGateway,), {"bank": bank})

    @hookimpl
    def register_gateways(self) -> list[type[Gateway]]:
        return [self.gateway]


@dataclass
class Cockpit:
    """The admin of one shop with a gateway and an OMS whose other sides the test can read."""

    app: Flask
    house: House
    shop: Shop
    bank: Bank
    ledger: Ledger
    gateway: UUID
    oms: UUID | None




    def person(self, role: str) -> Person:
        """A person of that role, signed in through the form."""
        email = add_user(self.house, role)
        person = Person(self.app.test_client(), email)
        assert person.sign_in().status_code == 303
        return person

    def missing(self, number: str = "K1001", gateway_order_id: str | None = None, **changes: Any) -> UUID:
        """A missing order with one open payment."""
        order_id = self.shop.order(number, **changes)
        self.shop.payment(order_id, self.gateway, gateway_order_id or f"order_{number}")
        return order_id

    def put(self, model: type[Base], **values: Any) -> Any:
        """A row as it stands, without a flow; its id."""
        row = {"id": new_id(), **values} if "id" in table(model).c else values
        with self.house.database.write() as connection:
            connection.execute(insert(table(model)).values(row))
        return row.get("id")

    def one(self, model: type[Base], row_id: UUID) -> Any:
        with self.house.database.read() as connection:
            return connection.execute(select(table(model)).where(table(model).c.id == row_id)).mappings().one()

    def rows(self, model: type[Base], **where: Any) -> list[Any]:
        target = table(model)
        found = select(target).where(*(target.c[name] == value for name, value in where.items()))
        with self.house.database.read() as connection:
            return list(connection.execute(found.order_by(target.c.id)).mappings())

    def status(self, order_id: UUID) -> str:
        return str(self.one(Order, order_id)["status"])

    def version(self, order_id: UUID) -> int:
        return int(self.one(Order, order_id)["version"])

    def audited(self, action: str) -> list[Any]:
        return self.rows(AuditEntry, action=action)

    def timeline(self, order_id: UUID) -> list[Any]:
        return self.rows(TimelineEntry, order_id=order_id)

    def count(self, model: type[Base]) -> int:
        with self.house.database.read() as connection:
            return connection.execute(select(func.count()).select_from(table(model))).scalar_one()


class Person:
    """One browser. ``get`` and ``post`` remember nothing but cookies."""

    def __init__(self, client: FlaskClient, email: str) -> None:
        self.client, self.email = client, email

    def sign_in(self, password: str = PASSWORD, **more: str) -> TestResponse:
        self.client.delete_cookie("kartify", path="/admin")
        token = token_of(self.client.get("/admin/login"))
        values = {"email": self.email, "password": password, "csrf_token": token, **more}
        return self.client.post("/admin/login", data=values)

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def text(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, plain(answer)[:500])
        return plain(answer)

    def post(self, path: str, token: str | None = None, **values: Any) -> TestResponse:
        """With the token of a page that everybody who is signed in has."""
        known = token if token is not None else token_of(self.client.get("/admin/tools/"))
        return self.client.post(path, data={"csrf_token": known, **values})

    def press(self, path: str, **values: Any) -> str:
        """Sends it and reads the page it leads to."""
        answer = self.post(path, **values)
        assert answer.status_code == 303, (answer.status_code, plain(answer)[:800])
        return self.text(answer.location)


def token_of(answer: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
    assert found, answer.text[:500]
    return found[1]


def plain(answer: TestResponse) -> str:
    """What a person reads: no tags, one space between words."""
    bare = re.sub(r"<[^>]+>", " ", answer.text)
    return re.sub(r"\s+", " ", html.unescape(bare)).strip()


def add_user(house: House, role: str, email: str | None = None) -> str:
    values = {
        "id": new_id(), "email": email or f"{role}.{new_id().hex[-6:]}@shop.example", "role": role,
        "password_hash": HASHED, "created_at": clock.now(),
    }
    with house.database.write() as connection:
        connection.execute(insert(table(User)).values(values))
    return str(values["email"])


def make_cockpit(
    house: House, shop: Shop, bank: Bank, ledger: Ledger, *, way: str | None = "push", **languages: Any
) -> Cockpit:
    """A small application with the admin and nothing else. ``way``: what the store's OMS needs; None for no OMS."""
    gateway = shop.account("plain", {"webhook_secret": SECRET_WORDS[0]}, label="Plain Pay")
    oms = shop.account("ledger", {"way": way, "secret_word": SECRET_WORDS[1]}, label="Ledger") if way else None
    app = Flask("cockpit")
    app.secret_key = "for tests"
    app.testing = True
    keep_templates(app)
    init_languages(app, **languages)
    init_admin(app, house)
    return Cockpit(app=app, house=house, shop=shop, bank=bank, ledger=ledger, gateway=gateway, oms=oms)
