"""System » Accounts and Stores: set up, tested, rotated and looked after without the command line."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from accounts_of import settings_of
from browser import ROLES, Cockpit, Person, add_user, plain
from fakes import signed
from sqlalchemy import select, update

from kartify import clock, registry
from kartify.admin.partners import fields as forms
from kartify.flows.people import rotation, stores
from kartify.flows.receiving import receive
from kartify.models import Account, AuditEntry, Store, StoreAccount, User, table
from kartify.plugin.partner import Partner

PARTNERS = {slug: one.partner for slug, one in registry.load().partners.items()}
OLD, NEW = "old-secret-of-hooks", "new-secret-of-hooks"


def typed(kind: type[Partner], settings: dict[str, Any]) -> dict[str, str]:
    """What a person would type into the form, the rest as it stands there."""
    found = {}
    for one in forms.fields_of(kind.Settings):
        text = forms.shown(settings[one.name]) if one.name in settings else one.default
        if one.kind != "flag" or text == "true":
            found[one.key] = text
    return found


def secrets_of(kind: type[Partner], settings: dict[str, Any]) -> list[str]:
    made = kind.Settings(**settings)
    names = [one.name for one in forms.fields_of(kind.Settings) if one.kind == "secret"]
    return [text for name in names if len(text := made.secret(name) or "") > 3]


def written(cockpit: Cockpit) -> str:
    """All that was written down about what people did."""
    return json.dumps([[one["text"], one["data"]] for one in cockpit.rows(AuditEntry)], default=str)


def version(cockpit: Cockpit, account: UUID) -> int:
    return int(cockpit.one(Account, account)["version"])


def razorpay(cockpit: Cockpit) -> UUID:
    values = {"key_id": "rzp_test_X", "key_secret": "s3cret-of-razorpay", "webhook_secret": OLD}
    return stores.add_account(cockpit.house, "demo", "razorpay", values)


def limited(cockpit: Cockpit, role: str, *codes: str) -> Person:
    """Somebody who may see these stores only."""
    email = add_user(cockpit.house, role)
    with cockpit.house.database.write() as connection:
        connection.execute(update(table(User)).where(table(User).c.email == email).values(stores=list(codes)))
    person = Person(cockpit.app.test_client(), email)
    assert person.sign_in().status_code == 303
    return person


# A new account.


@pytest.mark.parametrize("slug", sorted(PARTNERS))
def test_the_form_of_every_installed_plugin_makes_a_working_account(cockpit: Cockpit, slug: str) -> None:
    kind, settings, person = PARTNERS[slug], settings_of(slug), cockpit.person("admin")
    page = person.get(f"/admin/accounts/new?store=demo&plugin={slug}")
    assert page.status_code == 200
    for one in forms.fields_of(kind.Settings):
        hidden = one.name == rotation.UNTIL or (rotation.retired(one.name) and one.kind == "secret")
        assert (f'name="{one.key}"' in page.text) != hidden, one.name
    answer = person.post("/admin/accounts/new", store="demo", plugin=slug, mode="test", **typed(kind, settings))
    assert answer.status_code == 303, plain(answer)[:1500]
    account = UUID(answer.location.rstrip("/").rpartition("/")[2])
    made, wanted = cockpit.house.accounts.get(account).partner, kind.Settings(**settings)
    assert made is not None
    retired = {one: None for one in kind.Settings.model_fields if rotation.retired(one) and one in settings}
    assert made.settings == kind.Settings(**{**settings, **retired} if retired else settings) == wanted or retired
    shown = person.get(answer.location).text
    assert [one for one in secrets_of(kind, settings) if one in shown or one in written(cockpit)] == []
    again = person.get(f"/admin/accounts/{account}/edit").text
    assert [one for one in secrets_of(kind, settings) if one in again] == []
    assert "Nothing was different" in plain(person.get(person.post(
        f"/admin/accounts/{account}/edit", version=1, **_as_it_stands(again)).location))
    assert cockpit.house.accounts.get(account, fresh=True).partner.settings == made.settings  # type: ignore[union-attr]


def _as_it_stands(page: str) -> dict[str, str]:
    """What a browser sends when nothing is touched."""
    found = {}
    import html

    for name, value in re.findall(r'<input id="f-[^"]+" name="(s\.[^"]+)" value="([^"]*)"', page):
        found[name] = html.unescape(value)
    for name, value in re.findall(r'<textarea id="f-[^"]+" name="(s\.[^"]+)"[^>]*>([^<]*)</textarea>', page):
        found[name] = html.unescape(value)
    for name in re.findall(r'<input type="checkbox" name="(s\.[^"]+)" value="true" checked', page):
        found[name] = "true"
    for name, options in re.findall(r'<select id="f-[^"]+" name="(s\.[^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', options)
        found[name] = (chosen or re.findall(r'<option value="([^"]*)"', options))[0]
    return found


def test_each_mistake_stands_at_its_field_and_nothing_typed_is_lost_but_secrets(cockpit: Cockpit) -> None:
    person = cockpit.person("admin")
    answer = person.post("/admin/accounts/new", store="demo", plugin="razorpay", mode="test", label="My shop", **{
        "s.key_id": "rzp_nonsense", "s.key_secret": "typed-secret-1", "s.manual_expiry_minutes": "soon",
        "s.release_after_hours": "9999", "s.checkout_name": "Shop & Co", "s.capture": "perhaps",
    })
    text = plain(answer)
    assert answer.status_code == 422
    for said in ("Expected rzp_test_… or rzp_live_… as the dashboard shows it.", "Expected a whole number.",
                 "Expected at most 120.", "Expected one of 'automatic' or 'manual'.", "type them again"):
        assert said in text, said
    assert 'value="Shop &amp; Co"' in answer.text
    assert 'value="rzp_nonsense"' in answer.text
    assert 'value="My shop"' in answer.text
    assert "typed-secret-1" not in answer.text
    assert "typed-secret-1" not in written(cockpit)
    assert cockpit.count(Account) == 2
    assert "not done" in cockpit.audited("add account")[0]["text"]


def test_a_rule_about_two_fields_is_told_without_their_secrets(cockpit: Cockpit) -> None:
    answer = cockpit.person("admin").post("/admin/accounts/new", store="demo", plugin="razorpay", mode="test", **{
        "s.key_id": "rzp_test_X", "s.key_secret": "same-same-same", "s.webhook_secret": "same-same-same"})
    assert "webhook_secret: expected the webhook's own secret, not the key secret" in plain(answer)
    assert "same-same-same" not in answer.text


@pytest.mark.parametrize(("key", "mode", "said"), [
    ("rzp_live_X", "test", "these settings move real money"),
    ("rzp_test_X", "live", "these settings are of a test account"),
    ("rzp_test_X", "", "say whether this account is for tests or for real money"),
])
def test_live_and_test_cannot_be_confused(cockpit: Cockpit, key: str, mode: str, said: str) -> None:
    answer = cockpit.person("admin").post("/admin/accounts/new", store="demo", plugin="razorpay", mode=mode, **{
        "s.key_id": key, "s.key_secret": "a-secret"})
    assert answer.status_code == 422
    assert said in plain(answer).lower()
    assert cockpit.count(Account) == 2


def test_a_live_account_of_an_uncertified_plugin_needs_a_reason_that_is_written_down(cockpit: Cockpit) -> None:
    gateway = cockpit.house.registry.partner("plain")
    gateway.Settings = type("Live", (gateway.Settings,), {"mode": lambda self: "live"})  # type: ignore[union-attr,misc]
    person, values = cockpit.person("admin"), {"s.api_base": "http://127.0.0.1:1", "s.merchant": "other"}
    answer = person.post("/admin/accounts/new", store="demo", plugin="plain", mode="live", **values)
    assert answer.status_code == 409
    assert "moves real money" in plain(answer)
    page = person.press("/admin/accounts/new", store="demo", plugin="plain", mode="live", reason="pilot", **values)
    assert "LIVE: real money moves in this account." in page
    assert "plain: pilot" in cockpit.audited("uncertified plugin")[0]["text"]


def test_a_test_account_does_not_turn_live_behind_the_certificates_back(cockpit: Cockpit) -> None:
    gateway = cockpit.house.registry.partner("plain")
    gateway.Settings = type("Live", (gateway.Settings,), {"mode": lambda self: "live"})  # type: ignore[union-attr,misc]
    path = f"/admin/accounts/{cockpit.gateway}/edit"
    answer = cockpit.person("admin").post(path, version=1, **{"s.api_base": "http://127.0.0.1:2"})
    assert answer.status_code == 409
    assert "moves real money" in plain(answer)
    assert cockpit.one(Account, cockpit.gateway)["mode"] == "test"


def test_a_shop_is_set_up_without_the_command_line(cockpit: Cockpit) -> None:
    person = cockpit.person("admin")
    refused = person.post("/admin/stores/new", code="New Shop", name="New", currency="INR", timezone="Asia/Kolkata")
    assert refused.status_code == 422
    assert "code: expected 1 to 32 of a-z" in plain(refused)
    assert 'value="New Shop"' in refused.text
    zone = person.post("/admin/stores/new", code="new", name="New", currency="INR", timezone="Mars/Base")
    assert "expected a zone such as Asia/Kolkata" in plain(zone)
    answer = person.post("/admin/stores/new", code="new", name="New shop", currency="usd", timezone="Europe/London")
    assert answer.location.endswith("/admin/accounts/new?store=new")
    row = cockpit.rows(Store, code="new")[0]
    assert (row["currency"], row["timezone"]) == ("USD", "Europe/London")
    assert person.post("/admin/stores/new", code="new", name="x", currency="INR", timezone="UTC").status_code == 409
    made = person.post("/admin/accounts/new", store="new", plugin="sandbox", mode="test",
                       **typed(PARTNERS["sandbox"], settings_of("sandbox")))
    assert made.status_code == 303
    with cockpit.house.database.read() as connection:
        served = select(table(StoreAccount).c.account_id).where(table(StoreAccount).c.store_id == row["id"])
        assert len(connection.execute(served).all()) == 1
    assert len(cockpit.audited("create store")) == 4


def test_a_stores_policy_is_a_form_of_what_it_declares(cockpit: Cockpit) -> None:
    person, path = cockpit.person("admin"), f"/admin/stores/{cockpit.shop.id}/edit"
    values = {"version": 1, **_as_it_stands(person.get(path).text)}
    wrong = person.post(path, **{**values, "s.failed_after_minutes": "0"})
    assert wrong.status_code == 422
    assert "Expected at least 1." in plain(wrong)
    page = person.press(path, **{**values, "s.high": "hold", "s.return_origins": "https://shop.example"})
    assert "Saved: return_origins, high." in page
    row = cockpit.one(Store, cockpit.shop.id)
    assert row["policy"] == {"high": "hold"}
    assert row["return_origins"] == ["https://shop.example"]
    stale = person.post(path, **{**values, "s.high": "accept"})
    assert stale.status_code == 409
    assert "Saved meanwhile by somebody else: hold" in plain(stale)
    back = person.press(path, **{**values, "version": 2, "s.return_origins": "https://shop.example"})
    assert "Saved: high." in back
    assert cockpit.one(Store, cockpit.shop.id)["policy"] == {}


# Other settings.


def test_settings_are_changed_secrets_stay_and_the_audit_names_the_fields(cockpit: Cockpit) -> None:
    account, person = razorpay(cockpit), cockpit.person("admin")
    path = f"/admin/accounts/{account}/edit"
    values = {"version": 1, **_as_it_stands(person.get(path).text)}
    page = person.press(path, **{**values, "s.checkout_name": "Shop", "s.key_secret": "another-secret"})
    assert "Saved: key_secret, checkout_name." in page
    settings = cockpit.house.accounts.get(account, fresh=True).partner.settings  # type: ignore[union-attr]
    assert (settings.secret("key_secret"), settings.secret("webhook_secret")) == ("another-secret", OLD)
    entry = cockpit.audited("account settings")[0]
    assert entry["data"] == {"fields": ["key_secret", "checkout_name"]}
    assert "another-secret" not in written(cockpit)
    taken = person.press(path, **{**values, "version": 2, "s.checkout_name": "Shop", "forget.webhook_secret": "yes"})
    assert "Saved: webhook_secret." in taken
    assert re.search(r"webhook_secret – not set", taken)


def test_a_stale_form_is_refused_and_shows_what_changed_without_secrets(cockpit: Cockpit) -> None:
    account, person = razorpay(cockpit), cockpit.person("admin")
    path = f"/admin/accounts/{account}/edit"
    values = {"version": 1, "seen_at": (clock.now() - timedelta(seconds=1)).isoformat(),
              **_as_it_stands(person.get(path).text)}
    stores.set_account(cockpit.house, account, {"checkout_name": "Theirs", "key_secret": "their-secret"}, by="asha")
    answer = person.post(path, **{**values, "s.checkout_name": "Mine"})
    text = plain(answer)
    assert answer.status_code == 409
    assert "somebody else saved meanwhile" in text.lower()
    assert "asha: key_secret, checkout_name" in text
    assert "Saved meanwhile by somebody else: Theirs" in text
    assert 'value="Mine"' in answer.text
    assert "their-secret" not in answer.text
    assert cockpit.one(Account, account)["settings"]["checkout_name"] == "Theirs"
    assert 'name="version" value="2"' in answer.text, "it can be sent again on what is there now"


def test_another_merchant_is_refused_while_payments_refer_to_the_account(cockpit: Cockpit) -> None:
    cockpit.missing()
    answer = cockpit.person("admin").post(f"/admin/accounts/{cockpit.gateway}/edit", version=1, **{
        "s.api_base": "http://127.0.0.1:1", "s.merchant": "another"})
    assert answer.status_code == 409
    assert "these settings are of another merchant or mode" in plain(answer).lower()


def test_a_form_without_its_version_is_refused(cockpit: Cockpit) -> None:
    person = cockpit.person("admin")
    for path in (f"/admin/accounts/{cockpit.gateway}/edit", f"/admin/stores/{cockpit.shop.id}/edit"):
        answer = person.post(path, **{"s.merchant": "x", "s.name": "x", "s.timezone": "UTC"})
        assert "reload the page" in plain(answer).lower(), path


# Rotation.


def test_a_secret_rotates_with_both_valid_and_then_the_old_one_ends(either: Cockpit) -> None:
    account, person = razorpay(either), either.person("admin")
    path = f"/admin/accounts/{account}"
    page = person.press(f"{path}/rotate", secret="webhook_secret", new=NEW, version=1)
    assert "Two secrets are valid since" in page
    assert "No message has come signed by the old one" in page
    for secret in (OLD, NEW):
        assert _comes(either, account, secret) is None
    assert "Messages still come signed by the old one" in person.text(path)
    assert "tick that you want" in person.press(f"{path}/end-old", secret="webhook_secret", version=2)
    page = person.press(f"{path}/end-old", secret="webhook_secret", version=2, sure="yes")
    assert "Two secrets" not in page
    assert _comes(either, account, OLD) == "Refused"
    assert _comes(either, account, NEW) is None
    assert [one["data"]["fields"] for one in either.audited("rotate secret")] == [
        ["webhook_secret", "webhook_secret_previous"]]
    assert NEW not in written(either)
    assert OLD not in written(either)


def _comes(cockpit: Cockpit, account: UUID, secret: str) -> str | None:
    """Whether a message signed by it is refused."""
    body = json.dumps({"event": "merchant.note", "by": secret[:3], "at": str(clock.now())}).encode()
    message = signed(body, secret)
    message.headers["x-razorpay-signature"] = message.headers["x-signature"]  # type: ignore[index]
    try:
        receive.webhook(cockpit.house, account, message)
    except Exception as problem:
        return type(problem).__name__
    return None


@pytest.mark.parametrize(("values", "said"), [
    ({"secret": "webhook_secret", "new": ""}, "expected the new secret"),
    ({"secret": "webhook_secret", "new": OLD}, "this is the secret that is set now"),
    ({"secret": "key_secret", "new": NEW}, "no such secret that can be rotated"),
    ({"secret": "webhook_secret", "new": NEW, "days": "soon"}, "days: expected a whole number"),
    ({"secret": "webhook_secret", "new": NEW, "days": "9999"}, "days: expected 1 to 90"),
    ({"secret": "webhook_secret", "new": NEW, "version": "7"}, "somebody else saved meanwhile"),
    ({"secret": "webhook_secret", "new": "s3cret-of-razorpay"}, "expected the webhook's own secret"),
])
def test_a_rotation_that_makes_no_sense_is_refused(cockpit: Cockpit, values: dict[str, str], said: str) -> None:
    account, person = razorpay(cockpit), cockpit.person("admin")
    page = person.press(f"/admin/accounts/{account}/rotate", **{"version": "1", **values})
    assert said in page
    assert version(cockpit, account) == 1
    assert cockpit.audited("rotate secret")[0]["text"].startswith("not done")
    assert [one for one in (OLD, NEW, "s3cret-of-razorpay") if one in page or one in written(cockpit)] == []


def test_a_third_secret_is_refused_while_two_are_valid(cockpit: Cockpit) -> None:
    account, person = razorpay(cockpit), cockpit.person("admin")
    person.press(f"/admin/accounts/{account}/rotate", secret="webhook_secret", new=NEW, days="7", version=1)
    page = person.press(f"/admin/accounts/{account}/rotate", secret="webhook_secret", new="a-third-one", version=2)
    assert "two secrets are valid already" in page
    assert "The old one ends by itself" in page
    person.press(f"/admin/accounts/{account}/end-old", secret="webhook_secret", version=2)
    assert "there is no old secret" in person.press(f"/admin/accounts/{account}/end-old", secret="webhook_secret",
                                                    version=3)


# The page.


def test_the_page_of_an_account_says_what_a_person_needs(cockpit: Cockpit) -> None:
    account, person = razorpay(cockpit), cockpit.person("admin")
    page = person.text(f"/admin/accounts/{account}")
    for said in ("TEST: no real money moves in this account.", "none in the last day", "none in the last 30 days",
                 "not tested", "order.paid", f"http://127.0.0.1:8000/webhooks/{account}",
                 "◷ open no message has come yet", "✓ done webhook_secret", "Certificate", "demo"):
        assert said in page, said
    assert _comes(cockpit, account, OLD) is None
    assert _comes(cockpit, account, "forged") == "Refused"
    page = person.text(f"/admin/accounts/{account}")
    assert "1 in the last day" in page
    assert "merchant.note" in page
    assert "✓ done a message came" in page


def test_an_account_whose_plugin_is_gone_or_whose_secrets_cannot_be_read_still_has_a_page(cockpit: Cockpit) -> None:
    account, person = razorpay(cockpit), cockpit.person("admin")
    with cockpit.house.database.write() as connection:
        connection.execute(update(table(Account)).where(table(Account).c.id == account).values(
            secrets=b"nonsense", version=9))
    assert "It cannot work" in person.text(f"/admin/accounts/{account}")
    with cockpit.house.database.write() as connection:
        connection.execute(update(table(Account)).where(table(Account).c.id == account).values(slug="gone", version=10))
    assert "The plugin is not installed." in person.text(f"/admin/accounts/{account}")
    assert person.get(f"/admin/accounts/{account}/edit").status_code == 404


def test_a_webhook_test_that_reaches_nobody_is_told_and_kept(cockpit: Cockpit) -> None:
    object.__setattr__(cockpit.house, "public_url", "http://127.0.0.1:1")
    account, person = razorpay(cockpit), cockpit.person("support")
    page = person.press(f"/admin/accounts/{account}/webhook")
    assert "The webhook test found: not reachable." in page
    assert "the connection was refused" in page
    assert "of this machine only" in page
    entry = cockpit.audited("test webhook")[0]
    assert entry["data"]["word"] == "not reachable"
    assert "Not tested" in person.press(f"/admin/accounts/{cockpit.gateway}/webhook")
    assert "not reachable" in person.text(f"/admin/accounts/{account}")


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_may_not_do_is_not_on_the_page(cockpit: Cockpit, role: str) -> None:
    account = razorpay(cockpit)
    page = cockpit.person(role).text(f"/admin/accounts/{account}")
    assert ("Test webhook Takes" in page) == (role in ("support", "admin"))
    for button in ("Rotate", "Change settings", "Pause…", "rzp_test_Y"):
        assert (button in page and role != "admin") is False, button


def test_a_person_of_one_store_sees_and_touches_its_accounts_only(cockpit: Cockpit) -> None:
    stores.create_store(cockpit.house, "second", name="Second")
    theirs = stores.add_account(cockpit.house, "second", "sandbox", settings_of("sandbox"), label="Their sandbox")
    person = limited(cockpit, "admin", "second")
    assert "Their sandbox" in person.text("/admin/accounts/")
    assert "Plain Pay" not in person.text("/admin/accounts/")
    assert "Demo store" not in person.text("/admin/stores/")
    assert person.get(f"/admin/accounts/{theirs}").status_code == 200
    gone = (f"/admin/accounts/{cockpit.gateway}", f"/admin/accounts/{cockpit.gateway}/edit",
            f"/admin/stores/{cockpit.shop.id}/edit")
    assert [person.get(path).status_code for path in gone] == [404] * 3
    for verb in ("pause", "resume", "test", "webhook", "drain", "rotate", "end-old", "edit"):
        assert person.post(f"/admin/accounts/{cockpit.gateway}/{verb}", reason="x").status_code == 404, verb
    assert cockpit.one(Account, cockpit.gateway)["state"] == "active"
    assert person.post("/admin/accounts/new", store="demo", plugin="sandbox", mode="test").status_code == 422
    assert person.post("/admin/stores/new", code="x", name="x", currency="INR", timezone="UTC").status_code == 409
    assert cockpit.rows(Store, code="x") == []
