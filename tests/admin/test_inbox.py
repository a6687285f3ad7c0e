"""System » Inbox: what is listed, what a message's page says, and its two buttons."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from browser import Cockpit, Person, plain
from fakes import webhook
from sqlalchemy import update
from test_attention import only, other_shop

from kartify import clock
from kartify.flows.proof import laws
from kartify.flows.receiving import receive
from kartify.models import (
    AuditEntry,
    Case,
    Charge,
    InboxMessage,
    Report,
    Settlement,
    StoreAccount,
    first_id,
    new_id,
    table,
)

LIST = "/admin/inbox/"
SECRET = "whsec-very-secret"


def tell(cockpit: Cockpit, event_id: str = "e1", account: UUID | None = None, secret: str = SECRET,
         **given: object) -> UUID:
    """A webhook, and the row it became."""
    known = {row["id"] for row in cockpit.rows(InboxMessage)}
    event = {"event": given.pop("event")} if "event" in given else {}
    reports = () if event else ({"order": "order_K1001", "payment": "pay_1", **given},)
    receive.webhook(cockpit.house, account or cockpit.gateway, webhook(event_id, *reports, secret=secret, **event))
    (row_id,) = {row["id"] for row in cockpit.rows(InboxMessage)} - known
    return UUID(str(row_id))


def listed(person: Person, query: str = "") -> list[str]:
    return re.findall(r'href="/admin/inbox/([0-9a-f-]{36})"', person.get(f"{LIST}{query}").text)


def changed(cockpit: Cockpit, message_id: UUID, **values: object) -> None:
    with cockpit.house.database.write() as connection:
        connection.execute(update(table(InboxMessage)).where(table(InboxMessage).c.id == message_id).values(values))


def test_filters(either: Cockpit) -> None:
    either.missing()
    done, unknown = tell(either), tell(either, "e2", event="unknown")
    orphan = tell(either, "e3", order="nobody", payment="pay_9")
    bad = tell(either, "e4", event="unknown")
    changed(either, bad, state="exception", channel="callback", event="callback success")
    person = either.person("viewer")
    today = clock.now().astimezone().date()
    for query, ids in {
        "": [bad, orphan, unknown, done], "?state=done": [done], "?state=ignored": [unknown],
        "?state=waiting": [orphan], "?state=exception": [bad], "?channel=callback": [bad], "?event=unknown": [unknown],
        f"?account={either.gateway}": [bad, orphan, unknown, done], f"?account={either.oms}": [],
        "?state=made-up&account=nonsense&day=nonsense&channel=x": [bad, orphan, unknown, done],
        f"?day={today - timedelta(days=3)}": [], "?day=0001-01-01": [bad, orphan, unknown, done],
    }.items():
        assert listed(person, query) == [str(one) for one in ids], query


def test_a_day_is_the_stores_day(either: Cockpit) -> None:
    """Half past seven in the evening (UTC) is one o'clock of the next day in India."""
    message_id = tell(either, event="unknown")
    evening = (clock.now() - timedelta(days=5)).replace(hour=19, minute=30, second=0, microsecond=0)
    moved = UUID(int=first_id(evening).int | (new_id().int & ((1 << 80) - 1)))
    changed(either, message_id, id=moved, received_at=evening)
    person = either.person("viewer")
    assert listed(person, f"?day={evening.date() + timedelta(days=1)}") == [str(moved)]
    assert listed(person, f"?day={evening.date()}") == []


def test_ids_are_in_the_order_of_time_as_the_day_filter_takes_them() -> None:
    before, made, after = clock.now() - timedelta(seconds=1), new_id(), clock.now() + timedelta(seconds=1)
    assert first_id(before) < made < first_id(after)


def test_the_page_says_what_it_touched_and_shows_no_content(cockpit: Cockpit) -> None:
    order = cockpit.missing()
    message_id = tell(cockpit)
    receive.webhook(cockpit.house, cockpit.gateway, webhook(
        "e1", {"order": "order_K1001", "payment": "pay_1"}, secret=SECRET))
    page = cockpit.person("viewer").get(f"{LIST}{message_id}")
    text = plain(page)
    assert f'href="/admin/orders/{order}"' in page.text
    for said in ("pay_1", "₹2,499.00", "It was worked off.", "came 1 more times", "POST /webhooks/x",
                 "the current secret", "Plain Pay"):
        assert said in text
    assert '"reports"' not in text


def test_process_again_changes_nothing_but_the_timeline(either: Cockpit) -> None:
    order = either.missing()
    message_id = tell(either)
    version, settled = either.version(order), either.rows(Settlement)
    page = either.person("support").press(f"{LIST}{message_id}/again")
    assert "Processed again: done." in page
    assert (either.version(order), either.rows(Settlement), either.rows(Case)) == (version, settled, [])
    assert len(either.rows(Report)) == 2
    assert len(either.audited("process again")) == 1
    assert laws.check(either.house) == []


def test_process_again_of_a_waiting_one_settles_it_once_its_order_is_there(cockpit: Cockpit) -> None:
    message_id = tell(cockpit)
    assert "It waits and is read again by itself." in cockpit.person("viewer").text(f"{LIST}{message_id}")
    order = cockpit.missing()
    cockpit.person("support").press(f"{LIST}{message_id}/again")
    assert cockpit.status(order) == "processing"


def test_discard_with_a_reason(either: Cockpit) -> None:
    message_id = tell(either, state="failed")
    person = either.person("finance")
    page = person.press(f"{LIST}{message_id}/discard", reason=" ")
    assert "Not done: reason: expected why" in page
    page = person.press(f"{LIST}{message_id}/discard", reason="a test of theirs")
    assert "Discarded: a test of theirs." in page
    assert f"discarded by {person.email}: a test of theirs" in page
    assert either.one(InboxMessage, message_id)["state"] == "ignored"
    assert [row["text"] for row in either.audited("discard message")] == [
        "not done: reason: expected why, in a few words: it stays with the message", "discarded: a test of theirs",
    ]
    assert laws.check(either.house) == []


def test_the_only_proof_of_money_is_not_discarded(cockpit: Cockpit) -> None:
    message_id = tell(cockpit)
    page = cockpit.person("admin").press(f"{LIST}{message_id}/discard", reason="not ours", looked="yes")
    assert "it is the only proof of ₹2,499.00 (pay_1)" in page
    assert cockpit.one(InboxMessage, message_id)["state"] == "waiting"
    assert cockpit.rows(Charge) == []


@pytest.mark.parametrize(("role", "sees", "misses"), [
    ("viewer", ["processing again is for support"], ["Process again", "Discard the message"]),
    ("support", ["Process again", "Discarding it is for finance"], ["Discard the message"]),
    ("finance", ["Discard the message"], ["Process again"]),
    ("admin", ["Process again", "Discard the message"], []),
])
def test_each_role_sees_what_it_may_do(cockpit: Cockpit, role: str, sees: list[str], misses: list[str]) -> None:
    page = cockpit.person(role).get(f"{LIST}{tell(cockpit)}").text
    assert [text for text in sees if text.lower() not in page.lower()] == []
    assert [text for text in misses if f">{text}</button>" in page] == []


def test_in_a_workers_hands_it_has_no_buttons(cockpit: Cockpit) -> None:
    message_id = tell(cockpit)
    changed(cockpit, message_id, lease_until=clock.now() + timedelta(minutes=1))
    person = cockpit.person("admin")
    assert "A worker has it in hand right now" in person.text(f"{LIST}{message_id}")
    assert "Not done: a worker has it in hand" in person.press(f"{LIST}{message_id}/again")


def test_a_person_of_one_store_sees_messages_of_its_accounts_only(cockpit: Cockpit) -> None:
    other = other_shop(cockpit)
    account = other.account("plain", {"webhook_secret": "theirs", "merchant": "theirs"}, label="Theirs")
    mine, theirs = tell(cockpit), tell(cockpit, account=account, secret="theirs")
    person = only(cockpit, cockpit.person("admin"), "demo")
    assert listed(person) == [str(mine)]
    assert "Theirs" not in person.text(LIST)
    assert person.get(f"{LIST}{theirs}").status_code == 404
    for button in ("again", "discard"):
        assert person.post(f"{LIST}{theirs}/{button}", reason="x").status_code == 404
    assert cockpit.one(InboxMessage, theirs)["attempts"] == 0
    assert cockpit.rows(AuditEntry, subject=f"message:{theirs}") == []


def test_an_account_that_serves_two_stores_does_not_show_the_other_stores_order(cockpit: Cockpit) -> None:
    other = other_shop(cockpit)
    cockpit.missing()
    message_id = tell(cockpit)
    person = only(cockpit, cockpit.person("viewer"), "other")
    with cockpit.house.database.write() as connection:
        connection.execute(table(StoreAccount).insert().values(
            store_id=other.id, account_id=cockpit.gateway, kind="gateway", active=True, added_at=clock.now()))
    page = person.text(f"{LIST}{message_id}")
    assert "of another store" in page
    assert "K1001" not in page
