"""Users, API keys and the audit: made, changed, limited to stores, refused, and found again."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine
from browser import Cockpit, Person, add_user, plain
from test_approvals import limited

from kartify.domain.errors import Conflict, Invalid
from kartify.flows.ground import audit
from kartify.flows.people import keys, stores, users
from kartify.models import ApiKey, AuditEntry, User


@pytest.fixture
def two(cockpit: Cockpit) -> Cockpit:
    stores.create_store(cockpit.house, "other", name="Other store")
    return cockpit


def of(cockpit: Cockpit, email: str) -> Any:
    return cockpit.rows(User, email=email)[0]


def once(answer: Any) -> str:
    """What is shown this one time."""
    found = re.search(r'<code class="once">([^<]+)</code>', answer.text)
    assert found, plain(answer)[:500]
    return found[1]


def test_a_user_made_with_a_made_password_can_sign_in_with_it(two: Cockpit) -> None:
    admin = two.person("admin")
    answer = admin.post("/admin/users/create", email="New@Shop.Example", role="support", store="other")
    password = once(answer)
    assert Person(two.app.test_client(), "new@shop.example").sign_in(password).status_code == 303
    assert of(two, "new@shop.example")["stores"] == ["other"]
    assert password not in admin.get("/admin/users/").text
    (entry,) = two.rows(AuditEntry, action="user")
    assert (entry["by"], entry["text"]) == (admin.email, "new@shop.example: made, role support, store other")


def test_a_user_made_with_a_typed_password_is_not_shown_it(two: Cockpit) -> None:
    page = two.person("admin").press(
        "/admin/users/create", email="a@shop.example", role="viewer", all_stores="yes", password="typed by hand"
    )
    assert "a@shop.example can sign in now" in page
    assert "typed by hand" not in page
    assert of(two, "a@shop.example")["stores"] is None


@pytest.mark.parametrize(("values", "code", "said"), [
    ({"email": "nobody"}, 422, "email: expected"),
    ({"role": "boss"}, 422, "role: expected"),
    ({"password": "short"}, 422, "password: expected at least 8"),
    ({"store": ["nowhere"]}, 422, "stores: there is no store"),
    ({"store": []}, 422, "stores: expected at least one"),
    ({"all_stores": "yes"}, 422, "stores: expected all of them or some"),
])
def test_a_user_that_cannot_be_made_says_why_and_keeps_what_was_typed(
    two: Cockpit, values: dict[str, Any], code: int, said: str
) -> None:
    given = {"email": "typed@shop.example", "role": "support", "store": ["demo"], **values}
    answer = two.person("admin").post("/admin/users/create", **given)
    assert answer.status_code == code
    assert said in plain(answer)
    assert given["email"] in answer.text
    assert "typed@shop.example" not in {row["email"] for row in two.rows(User)}
    assert two.rows(AuditEntry, action="user")[0]["text"].startswith("make ")


def test_an_email_that_is_taken_is_refused(two: Cockpit) -> None:
    admin = two.person("admin")
    answer = admin.post("/admin/users/create", email=admin.email, role="viewer", store="demo")
    assert answer.status_code == 409


def test_stores_are_changed_and_the_session_ends(two: Cockpit) -> None:
    admin, person = two.person("admin"), two.person("support")
    row = of(two, person.email)
    admin.press(f"/admin/users/{row['id']}/stores", epoch=0, store="other")
    assert of(two, person.email)["stores"] == ["other"]
    assert person.get("/admin/").status_code == 303
    assert two.rows(AuditEntry, action="user")[-1]["text"] == f"{person.email}: stores all stores → store other"


def test_a_form_about_a_user_who_was_changed_meanwhile_says_what_and_by_whom(two: Cockpit) -> None:
    first, second, person = two.person("admin"), two.person("admin"), two.person("support")
    user_id = of(two, person.email)["id"]
    first.press(f"/admin/users/{user_id}/role", epoch=0, role="viewer")
    for path, values in (("role", {"role": "admin"}), ("access", {}), ("sessions", {}), ("stores", {"store": "demo"}),
                         ("password", {})):
        answer = second.post(f"/admin/users/{user_id}/{path}", epoch=0, **values)
        assert answer.status_code == 409, path
        assert f"role support → viewer, by {first.email}" in plain(answer), path
        missing = second.post(f"/admin/users/{user_id}/{path}", **values)
        assert missing.status_code == 409, path
        assert "reload the page" in plain(missing)
    assert of(two, person.email)["role"] == "viewer"
    assert of(two, person.email)["epoch"] == 1


def test_a_new_password_is_shown_once_and_works(two: Cockpit) -> None:
    admin, person = two.person("admin"), two.person("support")
    answer = admin.post(f"/admin/users/{of(two, person.email)['id']}/password", epoch=0)
    assert person.get("/admin/").status_code == 303
    assert person.sign_in(once(answer)).status_code == 303


def test_one_does_not_take_ones_own_right_away_even_with_another_administrator(two: Cockpit) -> None:
    admin = two.person("admin")
    two.person("admin")
    user_id = of(two, admin.email)["id"]
    for path, values in (("role", {"role": "viewer"}), ("access", {}), ("stores", {"store": "demo"})):
        answer = admin.post(f"/admin/users/{user_id}/{path}", epoch=0, **values)
        assert answer.status_code == 409, path
        assert "that is you" in plain(answer)
    assert (of(two, admin.email)["role"], of(two, admin.email)["active"]) == ("admin", True)


def test_the_last_administrator_of_all_stores_stays_one_on_either_database(either: Cockpit) -> None:
    house = either.house
    first = add_user(house, "admin")
    limited(either, "admin", "demo")
    user_id = of(either, first)["id"]
    for changes in ({"role": "viewer"}, {"active": False}, {"stores": ["demo"]}):
        with pytest.raises(Conflict, match="the last active administrator"):
            users.set_user(house, user_id, by="cli", **changes)
    add_user(house, "admin")
    with pytest.raises(Invalid, match="no store 'nowhere'"):
        users.set_user(house, user_id, by="cli", stores=["nowhere"])
    users.set_user(house, user_id, by="cli", stores=["demo"])
    users.set_user(house, user_id, by="cli", stores=None)
    assert of(either, first)["stores"] is None


def test_an_administrator_of_one_store_manages_its_people_and_nobody_else(two: Cockpit) -> None:
    chief, mine, theirs = two.person("admin"), limited(two, "support", "demo"), limited(two, "support", "other")
    both, admin = limited(two, "support", "demo", "other"), limited(two, "admin", "demo")
    page = admin.text("/admin/users/")
    assert mine.email in page
    for person in (chief, theirs, both):
        assert person.email not in page
        user_id = of(two, person.email)["id"]
        for path in ("role", "access", "sessions", "stores", "password"):
            assert admin.post(f"/admin/users/{user_id}/{path}", epoch=0, role="viewer").status_code == 404
    for values in ({"all_stores": "yes"}, {"store": "other"}, {"store": ["demo", "other"]}):
        answer = admin.post("/admin/users/create", email="x@shop.example", role="admin", **values)
        assert answer.status_code == 422
        answer = admin.post(f"/admin/users/{of(two, mine.email)['id']}/stores", epoch=0, **values)
        assert answer.status_code == 409
    assert of(two, mine.email)["stores"] == ["demo"]
    assert admin.post("/admin/users/create", email="x@shop.example", role="admin", store="demo").status_code == 200


def test_a_key_is_shown_once_works_and_is_revoked_with_a_reason(either: Cockpit) -> None:
    admin = either.person("admin")
    key = once(admin.post("/admin/keys/create", store="demo", scope="storefront", label="the site"))
    assert keys.authenticate(either.house, f"Bearer {key}", "storefront").name == "the site"
    row = either.rows(ApiKey)[0]
    page = admin.text("/admin/keys/")
    assert row["prefix"] in page
    assert "the site" in page
    assert key not in admin.get("/admin/keys/").text
    without = admin.post(f"/admin/keys/{row['id']}/revoke", reason=" ")
    assert (without.status_code, "reason: expected why" in plain(without)) == (422, True)
    assert "is refused from now on" in admin.press(f"/admin/keys/{row['id']}/revoke", reason="lost laptop")
    with pytest.raises(keys.Unauthorized):
        keys.authenticate(either.house, f"Bearer {key}", "storefront")
    assert admin.post(f"/admin/keys/{row['id']}/revoke", reason="again").status_code == 409
    made, refused, revoked, _ = [one for one in either.rows(AuditEntry) if "API key" in one["action"]]
    assert made["by"] == admin.email
    assert "not done: reason: expected why" in refused["text"]
    assert revoked["text"].endswith("lost laptop")
    assert all(key not in str(dict(one)) for one in either.rows(AuditEntry))


@pytest.mark.parametrize(("values", "said"), [
    ({"scope": "boss"}, "scope: expected"), ({"store": "nowhere"}, "store: expected"), ({}, "store: expected"),
])
def test_a_key_that_cannot_be_made_says_why(cockpit: Cockpit, values: dict[str, str], said: str) -> None:
    answer = cockpit.person("admin").post("/admin/keys/create", **{"scope": "oms", "store": "", **values, **(
        {"store": "demo"} if "scope" in values else {})})
    assert answer.status_code == 422
    assert said in plain(answer)
    assert cockpit.rows(ApiKey) == []


def test_keys_of_other_stores_are_not_there(two: Cockpit) -> None:
    keys.create_key(two.house, "other", "oms", label="their OMS")
    admin, row = limited(two, "admin", "demo"), two.rows(ApiKey)[0]
    assert "their OMS" not in admin.text("/admin/keys/")
    assert admin.post(f"/admin/keys/{row['id']}/revoke", reason="x").status_code == 404
    assert admin.post("/admin/keys/create", store="other", scope="oms").status_code == 422
    assert two.rows(ApiKey)[0]["revoked_at"] is None


def test_the_audit_is_filtered_and_every_entry_leads_to_what_it_is_about(either: Cockpit) -> None:
    admin, support = either.person("admin"), either.person("support")
    order = either.missing("K77")
    support.post(f"/admin/orders/{order}/note", version=1, note="called back")
    support.get("/admin/audit/")
    admin.press(f"/admin/accounts/{either.gateway}/pause", reason="maintenance")
    keys.create_key(either.house, "demo", "oms", by=admin.email)
    page = admin.get("/admin/audit/")
    for link in (f'href="/admin/orders/{order}">K77', 'href="/admin/accounts/">Plain Pay',
                 f'#user-{of(either, support.email)["id"]}">{support.email}', "/admin/keys/#key-"):
        assert link in page.text, link
    assert "tried GET /admin/audit/" in plain(page)

    def shown(query: str) -> str:
        return plain(admin.get(f"/admin/audit/?{query}")).partition("Clear")[2]

    assert "called back" in shown("about=K77")
    assert "pause account" not in shown("about=K77")
    assert "pause account" in shown("about=plain+pay")
    assert "signed in" in shown(f"about={support.email}&action=LOGIN")
    assert "pause account" not in shown(f"by={support.email[:14]}")
    assert "called back" in shown("by=SUPPORT")
    assert "called back" not in shown("kind=account")
    assert "pause account" in shown("kind=account")
    assert "tried GET" in shown("action=refused")
    assert "Nothing fits these filters." in shown("about=nothing%25")


def test_the_audit_of_a_day_is_from_midnight_to_midnight_there(cockpit: Cockpit) -> None:
    stores.set_store(cockpit.house, "demo", {"timezone": "Asia/Kolkata"})
    for at in ("2026-11-20T18:29:59Z", "2026-11-20T18:30:00Z", "2026-11-21T18:29:59Z", "2026-11-21T18:30:00Z"):
        with time_machine.travel(at, tick=False):
            audit.record(cockpit.house, audit.Act(by="x", action="y", subject="z", text=f"at {at}"))
    page = cockpit.person("admin").text("/admin/audit/?day=2026-11-21")
    assert "at 2026-11-20T18:30:00Z" in page
    assert "at 2026-11-21T18:29:59Z" in page
    assert "at 2026-11-20T18:29:59Z" not in page
    assert "at 2026-11-21T18:30:00Z" not in page
    assert "day: expected a date" in cockpit.person("admin").text("/admin/audit/?day=yesterday")


def test_the_audit_pages_without_losing_anyone_behind_others(two: Cockpit) -> None:
    """Whoever is limited to stores gets full pages although most entries are of others."""
    order = two.missing("K1")
    for number in range(160):
        subject = f"order:{order}" if number % 20 == 0 else "page:elsewhere"
        audit.record(two.house, audit.Act(by="x", action="y", subject=subject, text=f"entry {number:03}"))
    admin = limited(two, "admin", "demo")
    page, path = "", "/admin/audit/?action=y"
    while path:
        answer = admin.get(path)
        page += plain(answer)
        more = re.search(r'rel="next" href="([^"]+)"', answer.text)
        path = more[1].replace("&amp;", "&") if more else ""
    assert re.findall(r"entry (\d+)", page) == [f"{number:03}" for number in range(140, -1, -20)]
