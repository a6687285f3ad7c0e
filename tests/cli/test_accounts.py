"""Stores, accounts with their secrets, keys and users by command."""

import json

import pytest
from kartify_sandbox import SandboxSimulator
from sqlalchemy import select

from kartify.flows.people import keys, users
from kartify.models import Account, Store, table
from kartify.testing.serve import simulating

PLAIN = ("api_base=http://127.0.0.1:9", "merchant=shop")
SECRETS = ("key_secret=@env:K", "webhook_secret=@env:W")
NAMED = {"K": "key-of-tests", "W": "hook-of-tests"}


def add(cli, *values, code=0, slug="sandbox", stdin=None, **env):
    return cli("account", "add", "demo", slug, *PLAIN, *values, "--json", code=code, stdin=stdin, **env)


def secrets_of(cli, account_id):
    with cli.house() as house, house.database.read() as connection:
        rows = connection.execute(select(table(Account))).mappings().all()
        [row] = [row for row in rows if str(row["id"]) == account_id]
        return row["settings"], house.vault.open(row["secrets"])


def test_an_account_tells_where_the_partner_finds_us(cli):
    told = json.loads(add(cli, *SECRETS, **NAMED).stdout)
    assert told["webhook_url"] == f"http://127.0.0.1:8000/webhooks/{told['id']}"
    assert told["callback_url"] == f"http://127.0.0.1:8000/callbacks/{told['id']}"
    text = cli("account", "set", told["id"], "capture=manual").stdout
    assert f"id: {told['id']}\n" in text
    assert "webhook_url: http" in text


def test_secrets_from_the_environment_are_sealed_and_nobody_is_warned(cli):
    result = add(cli, *SECRETS, **NAMED)
    plain, sealed = secrets_of(cli, json.loads(result.stdout)["id"])
    assert sealed == {"key_secret": "key-of-tests", "webhook_secret": "hook-of-tests"}
    assert plain["merchant"] == "shop"
    assert "key-of-tests" not in json.dumps(plain) + result.output
    assert result.stderr == ""


def test_one_secret_is_all_of_standard_input_and_several_are_lines(cli):
    one = add(cli, "key_secret=-", stdin="first\nsecond\n")
    assert secrets_of(cli, json.loads(one.stdout)["id"])[1] == {"key_secret": "first\nsecond"}
    two = add(cli, "merchant=other", "key_secret=-", "webhook_secret=-", stdin="first\nsecond\n")
    assert secrets_of(cli, json.loads(two.stdout)["id"])[1] == {"key_secret": "first", "webhook_secret": "second"}


def test_a_plain_secret_is_taken_with_a_warning_that_does_not_repeat_it(cli):
    result = add(cli, "key_secret=plain-as-day")
    assert secrets_of(cli, json.loads(result.stdout)["id"])[1] == {"key_secret": "plain-as-day"}
    assert "Warning: key_secret was given on the command line" in result.stderr
    assert "plain-as-day" not in result.output


@pytest.mark.parametrize("value", ["key_secret=@env:NOWHERE", "key_secret"])
def test_a_value_that_cannot_be_read_is_wrong_usage(cli, value):
    assert "key_secret" in add(cli, value, code=2).stderr


def test_too_few_lines_are_wrong_usage(cli):
    assert "1 lines" in add(cli, "key_secret=-", "webhook_secret=-", stdin="one\n", code=2).stderr


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (("key_secret=@env:K", "nonsense=1"), "Error: nonsense: there is no such setting\n"),
        (("webhook_secret=@env:W",), "Error: key_secret: this is needed\n"),
    ],
)
def test_broken_settings_are_one_sentence_that_names_the_field(cli, values, sentence):
    assert add(cli, *values, code=1, **NAMED).stderr == sentence


def test_the_same_merchant_again_is_refused_with_what_to_do(cli):
    add(cli, *SECRETS, **NAMED)
    told = add(cli, *SECRETS, code=1, **NAMED).stderr
    assert "kartify account link" in told
    assert "Traceback" not in told


def test_live_settings_are_refused_with_test(cli):
    told = cli("account", "add", "demo", "sandbox", *PLAIN, *SECRETS, "environment=live", "--test", code=1, **NAMED)
    assert "real money" in told.stderr


def test_an_oms_slug_may_be_written_with_an_underscore(cli):
    told = json.loads(add(cli, "api_key=@env:K", slug="sandbox_oms", **NAMED).stdout)
    assert told["slug"] == "sandbox-oms"
    assert told["webhook_url"] == f"http://127.0.0.1:8000/partners/{told['id']}/news"
    assert told["callback_url"] is None


def test_pause_resume_and_link(cli):
    account = json.loads(add(cli, *SECRETS, **NAMED).stdout)["id"]
    assert json.loads(cli("account", "pause", account, "--reason", "stocktaking", "--json").stdout)["state"] == "paused"
    assert json.loads(cli("account", "resume", "sandbox", "--json").stdout)["state"] == "active"
    cli("store", "create", "second", "--name", "Second")
    assert json.loads(cli("account", "link", "second", account, "--json").stdout)["id"] == account
    assert "uses the account already" in cli("account", "link", "second", account, code=1).stderr
    assert "there is no account 'nobody'" in cli("account", "pause", "nobody", code=1).stderr


def test_an_account_is_tested_with_one_call(cli):
    with simulating(SandboxSimulator) as (_, sandbox):
        values = [f"{name}={value}" for name, value in sandbox.settings().items()]
        account = json.loads(cli("account", "add", "demo", "sandbox", *values, "--json").stdout)["id"]
        assert "knows the key" in cli("account", "test", account).stdout
        cli("account", "set", account, "key_secret=@env:K", **NAMED)
        assert "refused our keys" in cli("account", "test", account, code=1).stderr
    assert cli("account", "test", account, code=1).stderr.startswith("Error: ")


def test_a_store_is_made_once_and_changed_by_name(cli):
    assert "already" in cli("store", "create", "demo", "--name", "Again", code=1).stderr
    cli("store", "set", "demo", "failed_after_minutes=5", "return_origins=https://shop.example/")
    with cli.house() as house, house.database.read() as connection:
        row = connection.execute(select(table(Store))).mappings().one()
    assert row["policy"] == {"failed_after_minutes": 5}
    assert row["return_origins"] == ["https://shop.example"]
    assert "nonsense: expected one of" in cli("store", "set", "demo", "nonsense=1", code=1).stderr


def test_a_key_opens_its_store_for_its_scope_until_it_is_revoked(cli):
    key = json.loads(cli("apikey", "create", "demo", "--scope", "storefront", "--json").stdout)["key"]
    with cli.house() as house:
        assert keys.authenticate(house, f"Bearer {key}", "storefront").store == "demo"
        cli("apikey", "revoke", key[:len("kf_storefront_") + 10])
        with pytest.raises(keys.Unauthorized):
            keys.authenticate(house, f"Bearer {key}", "storefront")


def test_a_user_comes_in_with_the_password_of_standard_input(cli):
    cli("user", "create", "Asha@Example.com", "--role", "support", "--password-stdin", stdin="long enough\n")
    with cli.house() as house:
        assert users.authenticate(house, "asha@example.com", "long enough").role == "support"
    told = cli("user", "create", "b@example.com", "--role", "viewer", "--password-stdin", stdin="short\n", code=1)
    assert told.stderr == "Error: password: expected at least 8 characters\n"
