"""A secret of an account is nowhere but in its own encrypted column: not in logs, answers, error pages, the admin's
pages, exceptions, ``repr`` or any other row, whatever goes wrong and whatever a partner tells back."""

from __future__ import annotations

import base64
import re
import sys
import traceback
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from io import BytesIO
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID

import pytest
import structlog
import time_machine
from browser import Person, add_user
from doors import close, make_app, open_door, order_body
from echo import WAYS, Echo
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from kartify import clock, registry
from kartify.accounts import secret_names
from kartify.cli.output import columns
from kartify.flows.lookups import asking
from kartify.flows.ticking import tick
from kartify.house import House
from kartify.models import Base
from kartify.plugin import Client, Gateway, Money, SimulatorOptions
from kartify.testing.builder import Shop, make_house, make_shop
from kartify.testing.serve import serving

EVERYDAY = ("fynd", "razorpay", "sandbox")
SIMULATED = [pytest.param(slug, id=slug, marks=[] if slug in EVERYDAY else pytest.mark.slow)
             for slug in sorted(registry.load().simulators)]
PAGES = 60


@dataclass
class Seen:
    """Every text that came out, by where."""

    secrets: dict[str, str]
    texts: list[tuple[str, str]] = field(default_factory=list)

    def add(self, where: str, text: object) -> None:
        self.texts.append((where, str(text)))

    def trying(self, where: str, call: Callable[[], Any]) -> None:
        try:
            self.add(where, repr(call()))
        except Exception as problem:
            self.add(f"{where}, raised", "".join(traceback.format_exception(problem)))

    def leaks(self) -> list[str]:
        forms = {name: _forms(value) for name, value in self.secrets.items()}
        return sorted({f"{name} in {where}" for where, text in self.texts for name, found in forms.items()
                       if any(one in text for one in found)})


def _forms(secret: str) -> set[str]:
    """A secret as it is, and as it travels."""
    bare = secret.strip()
    lines = {line for line in bare.splitlines() if len(line) > 30} if "\n" in bare else {bare}
    coded = {base64.b64encode(bare.encode()).decode(), quote(bare, safe=""), quote_plus(bare)}
    return {one for one in lines | coded if len(one) >= 6}


@pytest.fixture
def echo() -> Iterator[tuple[str, Echo]]:
    made = Echo()
    with serving(made) as url:
        yield url, made


@pytest.fixture
def house(tmp_path: Any) -> Iterator[House]:
    made = make_house(f"sqlite:///{tmp_path / 'kartify.db'}")
    yield made
    made.database.engine.dispose()


@pytest.fixture
def app(house: House) -> Iterator[Flask]:
    made = make_app(house)
    yield made
    close(made)


@pytest.mark.parametrize("slug", SIMULATED)
def test_of_this_partner(
    slug: str, house: House, app: Flask, echo: tuple[str, Echo], capfd: pytest.CaptureFixture[str]
) -> None:
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    known = registry.load()
    kind = known.partners[slug].partner
    values = known.simulators[slug](SimulatorOptions(base_url=echo[0])).settings()
    seen = Seen({name: values[name] for name in secret_names(kind) if values.get(name)})
    assert seen.secrets
    shop = make_shop(house)
    account = shop.account(slug, values)
    if kind.kind == "oms":
        shop.account("sandbox", known.simulators["sandbox"](SimulatorOptions(base_url=echo[0])).settings())
    loaded = house.accounts.get(account)
    for what in (loaded, loaded.partner, loaded.partner.settings, vars(loaded.partner)):
        seen.add("repr", f"{what!r} {what}")
    _calls(seen, loaded.partner, house.client)
    client = app.test_client()
    _doors(client, seen, account)
    _orders(app, shop, seen, account, slug if kind.kind == "gateway" else "sandbox")
    _pages(Person(client, add_user(house, "admin")), seen)
    _rows(house, seen)
    out, err = capfd.readouterr()
    seen.add("the log", out + err)
    structlog.reset_defaults()
    assert echo[1].heard, "the partner was never called"
    seen.secrets |= {f"authorization of call {place}": text for place, text in enumerate(sorted(echo[1].credentials))}
    assert seen.leaks() == []


def _doors(client: FlaskClient, seen: Seen, account: UUID) -> None:
    bodies = (b"", b"{}", b'{"event":"x"}', b"a=b&c=d", b"\xff\xfe", b"[" * 2000)
    for body in bodies:
        for path in (f"/webhooks/{account}", f"/callbacks/{account}", f"/partners/{account}/orders",
                     f"/partners/{account}/authToken", f"/partners/{account}/webhooks"):
            for method in ("GET", "POST"):
                answer = client.open(path, method=method, data=body, content_type="application/json",
                                     headers={"x-signature": "0" * 64, "authorization": "Basic eDp5"})
                seen.add(f"{method} {path.rpartition('/')[0]}", f"{dict(answer.headers)} {answer.text}")


def _orders(app: Flask, shop: Shop, seen: Seen, account: UUID, gateway: str) -> None:
    """Opened, asked about, delivered, by machines and by people, while the partner answers nonsense."""
    door, house = open_door(app, shop), shop.house
    for number in range(4):
        body = order_body(number=f"S{number}", payment={"method": "prepaid", "gateway": gateway})
        seen.add("the storefront's API", door.post("", body).text)
        seen.add("the storefront's API", door.get(f"/S{number}").text)
    seen.add("the storefront's API", door.post("", order_body(number="COD1", payment={"method": "cod"})).text)
    seen.add("the storefront's API", door.post("/COD1/place").text)
    asked = [shop.order(f"T{number}") for number in range(len(WAYS))]
    if house.accounts.get(account).kind == "gateway":
        for number, order in enumerate(asked):
            shop.payment(order, account, f"order_T{number}")
    for minutes in (5, 60, 600):
        with time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=True):
            tick.inline(house)
            for order in asked:
                seen.trying("asked", partial(asking.check_order, house, order, by="asha"))


def _calls(seen: Seen, partner: Any, client: Client) -> None:
    """What else a plugin calls, in each way that the partner refuses."""
    money, key = Money(100, "INR"), "refund-0123456789"
    calls: dict[str, Callable[[], Any]] = {"test": lambda: partner.test(client)}
    if isinstance(partner, Gateway):
        calls |= {
            "capture": lambda: partner.capture(client, "pay_1", money),
            "void": lambda: partner.void(client, "pay_1", money),
            "refund": lambda: partner.refund(client, "pay_1", money, key=key),
            "refund status": lambda: partner.refund_status(client, "pay_1", key=key, gateway_refund_id="rfnd_1"),
        }
    for name, call in calls.items():
        for _ in WAYS:
            seen.trying(name, call)


def _text(answer: TestResponse) -> str:
    """What can be read in it: a workbook is a packed folder of texts."""
    if not answer.data.startswith(b"PK"):
        return answer.text
    with zipfile.ZipFile(BytesIO(answer.data)) as packed:
        return "\n".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())


def _pages(person: Person, seen: Seen) -> None:
    """Every page that can be reached by a link, as the most powerful role, in its source."""
    person.sign_in()
    waiting, known = ["/admin/"], {"/admin/"}
    while waiting and len(known) < PAGES * 4:
        path = waiting.pop(0)
        answer = person.get(path)
        text = _text(answer)
        seen.add(f"the admin's {path}", text)
        for link in re.findall(r'href="(/admin/[^"#]*)"', text):
            target = link.replace("&amp;", "&")
            if target not in known and "logout" not in target and "static" not in target:
                known.add(target)
                waiting.append(target)
    assert len(known) > 10, "the admin was not seen"


def _rows(house: House, seen: Seen) -> None:
    """What any other row holds; a dump or an export is made of nothing else."""
    for name, target in Base.metadata.tables.items():
        names = [one for one in target.c if (name, one.name) != ("accounts", "secrets")]
        with house.database.read() as connection:
            for row in connection.execute(select(*names)):
                seen.add(f"table {name}", " ".join(
                    bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else repr(value)
                    for value in row
                ))
    with house.database.read() as connection:
        stored = connection.execute(select(Base.metadata.tables["accounts"].c.secrets)).scalars().all()
    seen.add("the encrypted column", stored)


def test_the_test_itself_finds_a_secret_that_is_told() -> None:
    seen = Seen({"key": "s3cr3t-key-of-acme", "pem": "-----BEGIN KEY-----\n" + "A" * 40 + "\n-----END KEY-----"})
    seen.add("a page", "nothing here")
    assert seen.leaks() == []
    seen.add("a page", columns([("x", "s3cr3t-key-of-acme")]))
    seen.trying("a call", lambda: int("A" * 40))
    assert seen.leaks() == ["key in a page", "pem in a call, raised"]
