"""Signing in: lock-out, sessions that end, cookies, and where one may be sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from argon2 import PasswordHasher
from browser import PASSWORD, Cockpit, Person, add_user, plain, token_of

from kartify import clock
from kartify.admin.frame.doors import inside
from kartify.domain.errors import Conflict, Invalid
from kartify.flows.people import users
from kartify.models import AuditEntry, User


def test_a_wrong_password_is_refused_and_says_nothing_about_accounts(cockpit: Cockpit) -> None:
    known = Person(cockpit.app.test_client(), add_user(cockpit.house, "support"))
    stranger = Person(cockpit.app.test_client(), "nobody@shop.example")
    answers = [known.sign_in("wrong wrong"), stranger.sign_in("wrong wrong")]
    assert [one.status_code for one in answers] == [401, 401]
    said = [plain(one).split("Sign in to kartify")[1] for one in answers]
    assert "E-mail or password is wrong." in said[0]
    assert said[0] == said[1]
    assert known.email in answers[0].text  # what was typed stays, the password does not
    assert "wrong wrong" not in answers[0].text
    assert cockpit.count(AuditEntry) == 0


def test_after_five_wrong_tries_the_right_password_has_to_wait(cockpit: Cockpit) -> None:
    with time_machine.travel("2026-11-23T10:00:00Z", tick=False) as travel:
        person = Person(cockpit.app.test_client(), add_user(cockpit.house, "support"))
        for _ in range(users.TRIES_BEFORE_LOCK):
            assert person.sign_in("wrong").status_code == 401
        assert person.sign_in().status_code == 401
        travel.shift(timedelta(seconds=61))
        assert person.sign_in().status_code == 303
        assert cockpit.rows(User)[0]["failed_logins"] == 0


def test_four_wrong_tries_lock_nobody_out(cockpit: Cockpit) -> None:
    person = Person(cockpit.app.test_client(), add_user(cockpit.house, "support"))
    for _ in range(users.TRIES_BEFORE_LOCK - 1):
        person.sign_in("wrong")
    assert person.sign_in().status_code == 303


def test_each_further_wrong_try_doubles_the_rest(cockpit: Cockpit) -> None:
    with time_machine.travel("2026-11-23T10:00:00Z", tick=False) as travel:
        person = Person(cockpit.app.test_client(), add_user(cockpit.house, "support"))
        rests = []
        for _ in range(users.TRIES_BEFORE_LOCK + 2):
            person.sign_in("wrong")
            until = cockpit.rows(User)[0]["locked_until"]
            if until:
                rests.append(until - clock.now())
                travel.move_to(until)
        assert rests == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]


def test_a_hash_that_costs_less_than_is_due_is_made_anew_at_sign_in(cockpit: Cockpit) -> None:
    person = Person(cockpit.app.test_client(), add_user(cockpit.house, "support"))
    before = cockpit.rows(User)[0]["password_hash"]
    person.sign_in()
    assert cockpit.rows(User)[0]["password_hash"] == before
    dearer = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)
    users.authenticate(replace(cockpit.house, passwords=dearer), person.email, PASSWORD)
    after = cockpit.rows(User)[0]["password_hash"]
    assert before != after
    assert not dearer.check_needs_rehash(after)
    assert person.sign_in().status_code == 303


def test_ending_sessions_signs_out_everywhere(cockpit: Cockpit) -> None:
    person, admin = cockpit.person("support"), cockpit.person("admin")
    user_id = next(row["id"] for row in cockpit.rows(User) if row["email"] == person.email)
    assert person.get("/admin/orders/").status_code == 200
    assert "Every session of this person has ended." in admin.press(f"/admin/users/{user_id}/sessions", epoch=0)
    assert person.get("/admin/orders/").status_code == 303


def test_access_taken_away_ends_sessions_and_keeps_the_door_shut(cockpit: Cockpit) -> None:
    person, admin = cockpit.person("support"), cockpit.person("admin")
    user_id = next(row["id"] for row in cockpit.rows(User) if row["email"] == person.email)
    admin.press(f"/admin/users/{user_id}/access", epoch=0)
    assert person.get("/admin/").status_code == 303
    assert person.sign_in().status_code == 401
    admin.press(f"/admin/users/{user_id}/access", active="yes", epoch=1)
    assert person.sign_in().status_code == 303
    assert cockpit.audited("user")[0]["text"].startswith(f"{person.email}: active True → False")


def test_the_last_administrator_stays_one(cockpit: Cockpit) -> None:
    admin = cockpit.person("admin")
    user_id = cockpit.rows(User)[0]["id"]
    for path, values, said in (
        ("role", {"role": "viewer"}, "the last active administrator"), ("access", {}, "that is you"),
        ("stores", {"store": "demo"}, "the last active administrator"),
    ):
        answer = admin.post(f"/admin/users/{user_id}/{path}", epoch=0, **values)
        assert answer.status_code == 409
        assert said in plain(answer)
    assert cockpit.rows(User)[0]["role"] == "admin"
    assert admin.get("/admin/users/").status_code == 200


def test_signing_out_is_a_post_and_ends_the_session(cockpit: Cockpit) -> None:
    person = cockpit.person("viewer")
    assert person.get("/admin/logout").status_code == 405
    assert person.post("/admin/logout").status_code == 303
    assert person.get("/admin/").status_code == 303


def test_a_token_from_before_signing_in_is_worth_nothing_after(cockpit: Cockpit) -> None:
    client = cockpit.app.test_client()
    person = Person(client, add_user(cockpit.house, "support"))
    old = token_of(client.get("/admin/login"))
    person.sign_in()
    assert person.post("/admin/logout", token=old).status_code == 400


@pytest.mark.parametrize(("public_url", "secure"), [("http://127.0.0.1:8000", False), ("https://shop.example", True)])
def test_the_session_cookie_is_guarded(
    tmp_path: Path, build: Callable[..., Cockpit], public_url: str, secure: bool
) -> None:
    cockpit = build(f"sqlite:///{tmp_path / 'k.db'}", public_url=public_url)
    cookie = cockpit.app.test_client().get("/admin/login").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/admin" in cookie
    assert ("Secure" in cookie) is secure


@pytest.mark.parametrize("there", [
    "https://evil.example/admin/", "//evil.example/admin/", "/\\evil.example", "/admin/\\evil", "javascript:alert(1)",
    "", "/elsewhere", "/admin/logout", "/admin/login?next=x",
])
def test_sign_in_never_sends_elsewhere(there: str) -> None:
    assert inside(there, "/admin/") == "/admin/"


def test_sign_in_goes_to_the_page_that_was_asked_for(cockpit: Cockpit) -> None:
    person = Person(cockpit.app.test_client(), add_user(cockpit.house, "support"))
    assert person.sign_in(next="/admin/orders/?view=all").location == "/admin/orders/?view=all"
    assert person.sign_in(next="//evil.example/").location == "/admin/"


def test_create_user_checks_what_it_is_given(cockpit: Cockpit) -> None:
    users.create_user(cockpit.house, " Asha@Shop.Example ", "support", PASSWORD)
    assert users.authenticate(cockpit.house, "asha@shop.example", PASSWORD).role == "support"
    for email, role, password, field in (
        ("nobody", "support", PASSWORD, "email"), ("a@b.c", "boss", PASSWORD, "role"),
        ("a@b.c", "admin", "short", "password"),
    ):
        with pytest.raises(Invalid) as problem:
            users.create_user(cockpit.house, email, role, password)
        assert problem.value.field == field
        assert password not in str(problem.value)
    with pytest.raises(Conflict):
        users.create_user(cockpit.house, "asha@shop.example", "admin", PASSWORD)


def test_a_new_password_opens_the_lock_and_ends_sessions(cockpit: Cockpit) -> None:
    person = cockpit.person("support")
    for _ in range(users.TRIES_BEFORE_LOCK):
        Person(cockpit.app.test_client(), person.email).sign_in("wrong")
    users.set_password(cockpit.house, cockpit.rows(User)[0]["id"], "another good one", by="cli")
    assert person.get("/admin/").status_code == 303
    assert person.sign_in("another good one").status_code == 303
