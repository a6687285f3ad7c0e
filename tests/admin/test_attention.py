"""Needs attention: what is listed and in which order, and every button on it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from browser import Cockpit, Person, add_user, plain
from fakes import webhook
from sqlalchemy import update

from kartify import clock
from kartify.admin.attention import until
from kartify.domain.cases import CaseType, CaseWanted
from kartify.domain.errors import Invalid
from kartify.flows.lookups import asking
from kartify.flows.people import case_rows, resolve, stores
from kartify.flows.receiving import receive
from kartify.flows.settling import cases
from kartify.models import AuditEntry, Case, InboxMessage, User, table
from kartify.testing.builder import Shop

LIST = "/admin/attention/"
HOUR = timedelta(hours=1)


def raised(cockpit: Cockpit, subject: str = "delivery:1", kind: CaseType = CaseType.OMS_REFUSED, **given: Any) -> UUID:
    ties = {name: given.pop(name) for name in ("order_id", "store_id", "account_id") if name in given}
    ties.setdefault("store_id", cockpit.shop.id)
    wanted = CaseWanted(type=kind, reason=given.pop("reason", f"why {subject}"), currency="INR", **given)
    with cockpit.house.database.write() as connection:
        cases.raise_case(connection, wanted, subject=subject, at=clock.now(), **ties)
    return UUID(str(cockpit.rows(Case, subject=subject)[0]["id"]))


def account_case(cockpit: Cockpit, account: UUID) -> UUID:
    subject = f"account:{account}"
    return raised(cockpit, subject, CaseType.ACCOUNT_FAILING, account_id=account, store_id=None)


def seen(cockpit: Cockpit, case_id: UUID) -> str:
    return case_rows.stamp(cockpit.one(Case, case_id))


def tick(cockpit: Cockpit, case_id: UUID) -> str:
    return f"{case_id}.{seen(cockpit, case_id)}"


def listed(person: Person, query: str = "") -> list[str]:
    return re.findall(r'id="case-([0-9a-f-]+)"', person.get(f"{LIST}{query}").text)


def only(cockpit: Cockpit, person: Person, *codes: str) -> Person:
    """The person may see these stores only."""
    with cockpit.house.database.write() as connection:
        connection.execute(update(table(User)).where(table(User).c.email == person.email).values(stores=list(codes)))
    return person


def other_shop(cockpit: Cockpit) -> Shop:
    stores.create_store(cockpit.house, "other", name="Other store", currency="INR")
    return Shop(house=cockpit.house, code="other")


def test_the_nearest_deadline_stands_first_then_the_most_money_then_the_oldest(either: Cockpit) -> None:
    now = clock.now()
    old, small = raised(either, "delivery:old"), raised(either, "delivery:small", held=100)
    young = raised(either, "delivery:young")
    missing = raised(either, "order:1", CaseType.STILL_PENDING, difference=-900)
    soon = raised(either, "charge:1", CaseType.DISPUTE, deadline=now + HOUR)
    later = raised(either, "charge:2", CaseType.DISPUTE, deadline=now + 2 * HOUR, held=10_000)
    person = either.person("viewer")
    assert listed(person) == [str(one) for one in (soon, later, missing, small, old, young)]


def test_the_pages_follow_one_another_without_gap_or_repetition(either: Cockpit) -> None:
    for number in range(120):
        deadline = clock.now() + timedelta(days=number % 3 + 1) if number % 2 else None
        raised(either, f"delivery:{number}", held=number % 5, deadline=deadline)
    person, query, found = either.person("viewer"), "", []
    while True:
        page = person.get(f"{LIST}{query}")
        found += re.findall(r'id="case-([0-9a-f-]+)"', page.text)
        following = re.search(r'rel="next" href="[^"]*(\?after=[^"]+)"', page.text)
        if not following:
            break
        query = following[1].replace("&amp;", "&")
    assert len(found) == len(set(found)) == 120
    assert listed(person, "?after=mangled_1_2_3") == found[:50]


@pytest.mark.parametrize(("query", "names"), [
    ("?type=underpaid", ["b"]), ("?owner=mine", ["a"]), ("?owner=nobody", ["b", "c"]), ("?over=10", ["b"]),
    ("?over=9.99", ["b", "c"]), ("?over=1,000", []), ("?type=made-up&owner=x&state=y", ["a", "b", "c"]),
    ("?store=demo", ["a", "b", "c"]), ("?store=nowhere", []),
])
def test_filters(cockpit: Cockpit, query: str, names: list[str]) -> None:
    person = cockpit.person("support")
    known = {
        "a": raised(cockpit, "delivery:a"), "b": raised(cockpit, "order:b", CaseType.UNDERPAID, held=2_000),
        "c": raised(cockpit, "order:c", CaseType.STILL_PENDING, difference=-1_000),
    }
    with cockpit.house.database.write() as connection:
        connection.execute(update(table(Case)).where(table(Case).c.id == known["a"]).values(owner=person.email))
    assert sorted(listed(person, query)) == sorted(str(known[name]) for name in names)


def test_a_sum_that_is_none_is_said_and_filters_nothing(cockpit: Cockpit) -> None:
    case_id = raised(cockpit)
    person = cockpit.person("viewer")
    assert "Money over: expected a decimal number" in person.text(f"{LIST}?over=lots")
    assert listed(person, "?over=lots") == [str(case_id)]


def test_take_give_and_give_back(either: Cockpit) -> None:
    order = either.missing()
    case_id = raised(either, order_id=order)
    support, colleague = either.person("support"), add_user(either.house, "finance")
    path = f"{LIST}{case_id}"
    page = support.press(f"{path}/assign", to="me", seen=seen(either, case_id))
    assert f"OMS refused: taken by {support.email}." in page
    assert "◷ yours" in page
    page = support.press(f"{path}/assign", to=colleague, seen=seen(either, case_id))
    assert f"◷ {colleague}" in page
    support.press(f"{path}/assign", to="nobody", seen=seen(either, case_id))
    assert either.one(Case, case_id)["owner"] is None
    told = [row["action"] for row in either.rows(AuditEntry, subject=f"case:{case_id}")]
    assert told == ["take exception", "give exception", "give back exception"]
    assert [row["by"] for row in either.timeline(order)] == [support.email] * 3
    assert "Take exception" in support.text(f"/admin/orders/{order}")


def test_it_is_given_only_to_who_may(cockpit: Cockpit) -> None:
    case_id = raised(cockpit)
    support, viewer = cockpit.person("support"), add_user(cockpit.house, "viewer")
    for to, said in ((viewer, "may only read"), ("ghost@x", "nobody here is"), ("", "to: expected whom to give it to")):
        answer = support.post(f"{LIST}{case_id}/assign", to=to, seen=seen(cockpit, case_id))
        assert answer.status_code == 422
        assert said in plain(answer)
    assert len(cockpit.audited("assign exception")) == 3
    here = add_user(cockpit.house, "finance")
    there = add_user(cockpit.house, "finance")
    with cockpit.house.database.write() as connection:
        for email, codes in ((here, ["demo"]), (there, ["other"])):
            connection.execute(update(table(User)).where(table(User).c.email == email).values(stores=codes))
    page = support.get(LIST).text
    assert [email in page for email in (viewer, here, there)] == [False, True, False]


def test_two_people_press_by_the_same_page_and_the_second_is_told_who_was_first(either: Cockpit) -> None:
    case_id = raised(either)
    first, second, mark = either.person("support"), either.person("finance"), seen(either, case_id)
    first.press(f"{LIST}{case_id}/assign", to="me", seen=mark)
    for button, values in (("assign", {"to": "me"}), ("snooze", {"for": "1h"}), ("close", {"reason": "done"})):
        answer = second.post(f"{LIST}{case_id}/{button}", seen=mark, **values)
        assert answer.status_code == 409
        assert f"it is {first.email}'s" in plain(answer)
        assert "Look again, then decide" in plain(answer)
    row = either.one(Case, case_id)
    assert (row["owner"], row["snoozed_until"], row["closed_at"]) == (first.email, None, None)
    assert len(either.rows(AuditEntry, by=second.email, action="close exception")) == 1


def test_a_form_without_its_mark_is_refused(cockpit: Cockpit) -> None:
    case_id = raised(cockpit)
    person = cockpit.person("admin")
    for button in ("assign", "snooze", "wake", "close"):
        answer = person.post(f"{LIST}{case_id}/{button}", **{"to": "me", "for": "1h", "reason": "x"})
        assert answer.status_code == 422
        assert "seen: expected the mark" in plain(answer)
    assert cockpit.one(Case, case_id)["owner"] is None


def test_a_snoozed_one_leaves_the_list_and_comes_back_when_its_time_is_over(cockpit: Cockpit) -> None:
    with time_machine.travel("2026-11-26T05:00:00Z", tick=False) as travel:
        case_id = raised(cockpit)
        person = cockpit.person("support")
        page = person.press(f"{LIST}{case_id}/snooze", **{"for": "4h", "seen": seen(cockpit, case_id)})
        assert "rests until 2026-11-26 09:00 UTC" in page
        assert "1 more are snoozed" in page
        assert listed(person) == []
        assert listed(person, "?state=snoozed") == [str(case_id)]
        travel.shift(4 * HOUR)
        assert listed(person) == [str(case_id)]
        assert "came back at 14:30" in person.text(LIST)
        assert listed(person, "?state=snoozed") == []


def test_a_snoozed_one_comes_back_when_it_gets_worse(cockpit: Cockpit) -> None:
    order = cockpit.missing()
    cockpit.bank.paid("order_K1001", amount=100)
    asking.check_order(cockpit.house, order, by="test")
    case_id = UUID(str(cockpit.rows(Case)[0]["id"]))
    person = cockpit.person("support")
    person.press(f"{LIST}{case_id}/snooze", **{"for": "week", "seen": seen(cockpit, case_id)})
    assert listed(person) == []
    message = webhook("e1", {"order": "order_K1001", "payment": "pay_1", "amount": 200}, secret="whsec-very-secret")
    receive.webhook(cockpit.house, cockpit.gateway, message)
    assert listed(person) == [str(case_id)]


def test_waking_it_brings_it_back(cockpit: Cockpit) -> None:
    case_id = raised(cockpit)
    person = cockpit.person("finance")
    person.press(f"{LIST}{case_id}/snooze", **{"for": "1h", "seen": seen(cockpit, case_id)})
    page = person.press(f"{LIST}{case_id}/wake?state=snoozed", seen=seen(cockpit, case_id))
    assert "its rest was ended" in page
    assert listed(person) == [str(case_id)]


def test_it_cannot_rest_past_its_deadline(cockpit: Cockpit) -> None:
    case_id = raised(cockpit, deadline=clock.now() + 2 * HOUR)
    person = cockpit.person("support")
    answer = person.post(f"{LIST}{case_id}/snooze", **{"for": "4h", "seen": seen(cockpit, case_id)})
    assert answer.status_code == 422
    assert "expected a moment before its deadline" in plain(answer)
    person.press(f"{LIST}{case_id}/snooze", **{"for": "1h", "seen": seen(cockpit, case_id)})


@pytest.mark.parametrize(("choice", "typed", "said"), [
    ("1h", "", "2026-11-26 20:30"), ("4h", "", "2026-11-26 23:30"), ("week", "", "2026-12-03 19:30"),
    # It is one o'clock at night in India already, so tomorrow is the 28th there.
    ("tomorrow", "", "2026-11-28 03:30"), ("", "2026-11-30T10:00", "2026-11-30 04:30"),
    ("1h", "2026-11-30T10:00+00:00", "2026-11-30 10:00"),
])
def test_a_rest_is_meant_in_the_stores_zone(choice: str, typed: str, said: str) -> None:
    with time_machine.travel("2026-11-26T19:30:00Z", tick=False):
        assert until(choice, typed, "Asia/Kolkata") == datetime.strptime(said, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


@pytest.mark.parametrize("typed", ["", "soon", "0001-01-01T00:00", "2026-13-01T00:00"])
def test_a_moment_that_is_none_is_refused_in_words(typed: str) -> None:
    with pytest.raises(Invalid, match=r"until: expected (how long|a date and time)"):
        until("", typed, "Asia/Kolkata")


def test_many_are_taken_snoozed_and_closed_with_a_word_for_each(cockpit: Cockpit) -> None:
    order = cockpit.missing()
    cockpit.bank.paid("order_K1001", amount=100)
    asking.check_order(cockpit.house, order, by="test")
    held = UUID(str(cockpit.rows(Case)[0]["id"]))
    one, two = raised(cockpit, "delivery:1"), raised(cockpit, "delivery:2")
    person = cockpit.person("finance")

    def ticks() -> list[str]:
        return [tick(cockpit, case_id) for case_id in (held, one, two)]

    page = plain(person.post(f"{LIST}many", case=ticks(), to="me", do="assign"))
    assert "2 of 3 done" in page
    assert "left out: it holds ₹1.00, so it is decided on its own" in page
    assert [cockpit.one(Case, case_id)["owner"] for case_id in (held, one, two)] == [None, *[person.email] * 2]
    assert "2 of 3 done" in plain(person.post(f"{LIST}many", **{"case": ticks(), "do": "snooze", "for": "1h"}))
    assert listed(person) == [str(held)]
    assert "2 of 3 done" in plain(person.post(f"{LIST}close-many", case=ticks(), reason="same outage"))
    assert cockpit.one(Case, held)["closed_at"] is None
    assert {cockpit.one(Case, case_id)["resolution"] for case_id in (one, two)} == {"same outage"}
    assert [row["subject"] for row in cockpit.audited("close exceptions")] == [f"case:{held}"]
    assert len(cockpit.audited("close exception")) == 2


@pytest.mark.parametrize(("path", "values", "said"), [
    ("many", {"to": "me"}, "got 0"), ("many", {"case": "nonsense", "to": "me"}, "expected the ids that the page has"),
    ("many", {"case": "{tick}"}, "to: expected whom to give it to"),
    ("many", {"case": "{tick}", "do": "snooze", "for": "x"}, "until: expected how long"),
    ("many", {"case": "{id}", "to": "me"}, "seen: expected the mark"),
])
def test_what_cannot_be_done_to_many_is_said_once(
    cockpit: Cockpit, path: str, values: dict[str, str], said: str
) -> None:
    case_id = raised(cockpit)
    given = {name: text.format(tick=tick(cockpit, case_id), id=case_id) for name, text in values.items()}
    answer = cockpit.person("admin").post(f"{LIST}{path}", **given)
    assert answer.status_code == 422
    assert said in plain(answer)
    row = cockpit.one(Case, case_id)
    assert (row["owner"], row["snoozed_until"], row["closed_at"]) == (None, None, None)


def test_closing_many_without_a_reason_closes_none(cockpit: Cockpit) -> None:
    case_id = raised(cockpit)
    page = plain(cockpit.person("finance").post(f"{LIST}close-many", case=tick(cockpit, case_id), reason=" "))
    assert "0 of 1 done" in page
    assert "reason: expected why" in page
    assert cockpit.one(Case, case_id)["closed_at"] is None


def test_what_was_closed_lately_says_by_whom_and_why(cockpit: Cockpit) -> None:
    case_id, old = raised(cockpit), raised(cockpit, "delivery:2")
    resolve.close(cockpit.house, case_id, by="asha@x", reason="sent by hand")
    resolve.close(cockpit.house, old, by="asha@x", reason="long ago")
    with cockpit.house.database.write() as connection:
        long_ago = {"closed_at": clock.now() - timedelta(days=31)}
        connection.execute(update(table(Case)).where(table(Case).c.id == old).values(long_ago))
    person = cockpit.person("viewer")
    assert listed(person, "?state=closed") == [str(case_id)]
    assert "asha@x: sent by hand" in person.text(f"{LIST}?state=closed")
    assert listed(person) == []


def test_a_person_of_one_store_sees_and_touches_only_its_exceptions(cockpit: Cockpit) -> None:
    other = other_shop(cockpit)
    theirs_account = other.account("plain", {"webhook_secret": "x", "merchant": "theirs"}, label="Theirs")
    mine, theirs = raised(cockpit), raised(cockpit, "delivery:2", store_id=other.id)
    failing, elsewhere = account_case(cockpit, cockpit.gateway), account_case(cockpit, theirs_account)
    person = only(cockpit, cockpit.person("admin"), "demo")
    assert sorted(listed(person)) == sorted([str(mine), str(failing)])
    for case_id in (theirs, elsewhere):
        for button, values in (("assign", {"to": "me"}), ("snooze", {"for": "1h"}), ("wake", {}),
                               ("close", {"reason": "x"})):
            path = f"{LIST}{case_id}/{button}"
            assert person.post(path, seen=seen(cockpit, case_id), **values).status_code == 404
        answer = person.post(f"{LIST}many", case=tick(cockpit, case_id), to="me", do="assign")
        assert answer.status_code == 422
        row = cockpit.one(Case, case_id)
        assert (row["owner"], row["snoozed_until"], row["closed_at"]) == (None, None, None)
    assert sorted(listed(cockpit.person("viewer"))) == sorted(str(one) for one in (mine, theirs, failing, elsewhere))


@pytest.mark.parametrize(("role", "sees", "misses"), [
    ("viewer", (), ("Take it", "Snooze…", "Close…", "Check payment now")),
    ("support", ("Take it", "Snooze…", "Check payment now"), ("Close…",)),
    ("finance", ("Take it", "Snooze…", "Close…"), ("Check payment now",)),
    ("admin", ("Take it", "Snooze…", "Close…", "Check payment now"), ()),
])
def test_each_role_sees_what_it_may_do(
    cockpit: Cockpit, role: str, sees: tuple[str, ...], misses: tuple[str, ...]
) -> None:
    order = cockpit.missing()
    raised(cockpit, f"order:{order}", CaseType.STILL_PENDING, order_id=order)
    page = cockpit.person(role).get(LIST).text
    assert [text for text in sees if f">{text}</" not in page] == []
    assert [text for text in misses if f">{text}</" in page] == []


def test_the_next_step_is_a_button_or_a_link_to_where_it_is(cockpit: Cockpit) -> None:
    order = cockpit.missing()
    raised(cockpit, f"order:{order}", CaseType.LOOKUPS_EXHAUSTED, order_id=order)
    account_case(cockpit, cockpit.gateway)
    message = webhook("e1", {"order": "nobody", "payment": "pay_9"}, secret="whsec-very-secret")
    receive.webhook(cockpit.house, cockpit.gateway, message)
    row = cockpit.rows(InboxMessage)[0]
    raised(cockpit, f"message:{row['id']}", CaseType.MESSAGE_FAILING, account_id=cockpit.gateway, store_id=None)
    person = cockpit.person("admin")
    page = person.get(LIST).text
    assert f'action="/admin/orders/{order}/check"' in page
    assert f'href="/admin/orders/{order}#actions"' in page
    assert f'href="/admin/accounts/#account-{cockpit.gateway}"' in page
    assert f'href="/admin/inbox/{row["id"]}"' in page
    assert f'id="account-{cockpit.gateway}"' in person.get("/admin/accounts/").text
    assert 'id="actions"' in person.get(f"/admin/orders/{order}").text
    cockpit.bank.paid("order_K1001")
    answer = person.post(f"/admin/orders/{order}/check", version=cockpit.version(order), seen_at="")
    assert answer.status_code == 303
    assert cockpit.status(order) == "processing"
