"""Which kartify a command means, what the doctor finds, and what plugins there are."""

import json
import subprocess
import sys

import pytest
from sqlalchemy import update

from kartify import clock
from kartify.cli.here import ADDRESS
from kartify.flows.proof import laws
from kartify.migrations.run import head
from kartify.models import Account, Order, Store, new_id, table

PLAIN = ("api_base=http://127.0.0.1:9", "merchant=shop", "key_secret=@env:K")


def checks(result):
    return {one["name"]: one for one in json.loads(result.stdout)["checks"]}


def test_without_anything_set_a_command_says_what_to_do(empty):
    told = empty("tick", code=1)
    assert "start one with 'kartify up'" in told.stderr
    assert not empty.home.exists()


def test_a_half_set_environment_lists_what_is_missing(empty):
    told = empty("tick", code=1, KARTIFY_DATABASE_URL="postgresql://nowhere/kartify").stderr
    assert "KARTIFY_SECRET_KEYS: not set" in told
    assert "KARTIFY_PUBLIC_URL: not set" in told


def test_a_database_without_tables_says_which_command_helps(empty):
    empty("db", "upgrade")
    (empty.home / "kartify.db").unlink()
    assert "kartify db upgrade" in empty("tick", code=1).stderr


def test_a_database_out_of_reach_is_one_sentence(empty, tmp_path):
    empty("db", "upgrade")
    nowhere = f"sqlite:///{tmp_path}/no/such/folder.db"
    told = empty("tick", code=1, KARTIFY_DATABASE_URL=nowhere).stderr
    assert told.startswith("Error: The database cannot be used")
    assert "Traceback" not in told


def test_upgrade_tells_from_where_to_where(empty):
    assert json.loads(empty("db", "upgrade", "--json").stdout) == {"before": None, "now": head()}
    assert empty("db", "upgrade").stdout == f"at {head()} already\n"


def test_addresses_are_those_of_the_stack_that_runs_in_the_home(cli):
    (cli.home / ADDRESS).write_text("http://127.0.0.1:8931\n")
    told = json.loads(cli("account", "add", "demo", "sandbox", *PLAIN, "--json", K="k").stdout)
    assert told["webhook_url"].startswith("http://127.0.0.1:8931/webhooks/")
    named = cli("account", "set", told["id"], "capture=manual", "--json", KARTIFY_PUBLIC_URL="https://shop.example")
    assert json.loads(named.stdout)["webhook_url"].startswith("https://shop.example/webhooks/")


def test_the_doctor_finds_a_silent_redis(cli):
    found = checks(cli("doctor", "--json", code=1))
    assert found["redis"]["state"] == "problem"
    assert found["database"]["state"] == "ok"
    assert found["worker"]["state"] == found["clock"]["state"] == "note"


def test_the_doctor_is_content_when_all_is_well(cli, redis_url):
    found = checks(cli("doctor", "--json", KARTIFY_REDIS_URL=redis_url))
    assert {one["state"] for one in found.values()} == {"ok", "note"}


def test_the_doctor_finds_a_database_that_was_not_migrated(empty, redis_url):
    empty("db", "upgrade")
    (empty.home / "kartify.db").unlink()
    found = checks(empty("doctor", "--json", code=1, KARTIFY_REDIS_URL=redis_url))
    assert "kartify db upgrade" in found["database"]["text"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"slug": "gone"}, "the plugin 'gone' is not installed"), ({"settings": {}}, "are broken: api_base, merchant")],
)
def test_the_doctor_finds_accounts_that_cannot_work(cli, redis_url, change, sentence):
    cli("account", "add", "demo", "sandbox", *PLAIN, K="k")
    with cli.house() as house, house.database.write() as connection:
        connection.execute(update(table(Account)).values(change))
    found = checks(cli("doctor", "--json", code=1, KARTIFY_REDIS_URL=redis_url))
    assert sentence in found["account Sandbox"]["text"]


def test_another_key_than_the_secrets_were_sealed_with_is_found(cli, redis_url):
    cli("account", "add", "demo", "sandbox", *PLAIN, K="k")
    (cli.home / "secret_keys").write_text("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    found = checks(cli("doctor", "--json", code=1, KARTIFY_REDIS_URL=redis_url))
    assert "KARTIFY_SECRET_KEYS" in found["account Sandbox"]["text"]


def test_the_installed_plugins_are_listed_with_their_package(empty):
    rows = {row["slug"]: row for row in json.loads(empty("plugins", "list", "--json").stdout)}
    assert rows["sandbox"]["package"] == "kartify-sandbox"
    assert rows["fynd"]["kind"] == "oms"
    assert "plugins are fine" in empty("plugins", "check").stdout


@pytest.mark.slow
def test_a_new_plugin_passes_its_own_tests(empty, tmp_path):
    told = json.loads(empty("plugins", "new", "my-pay", "--into", str(tmp_path), "--json").stdout)
    assert "kartify_my_pay/gateway.py" in told["files"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], cwd=told["folder"],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": told["folder"]}, capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "is there already" in empty("plugins", "new", "my-pay", "--into", str(tmp_path), code=1).stderr
    assert "slug: expected" in empty("plugins", "new", "My Pay", "--into", str(tmp_path), code=1).stderr


def test_an_unknown_simulator_names_those_that_there_are(empty):
    said = empty("simulate", "nobody", code=1).stderr
    assert "there are: arvind, cashfree, ccavenue, fynd, juspay, paytm, payu, phonepe, razorpay" in said


def test_a_broken_law_is_exit_code_1_with_its_row(cli):
    with cli.house() as house, house.database.write() as connection:
        broken_row(connection)
    told = cli("laws", "--json", code=1)
    assert json.loads(told.stdout)["broken"][0]["law"] in laws.LAWS


def broken_row(connection):
    """An order in processing that stands on nothing and goes nowhere."""

    now = clock.now()
    store_id = connection.execute(table(Store).select()).mappings().one()["id"]
    connection.execute(table(Order).insert().values(
        id=new_id(), store_id=store_id, number="K1", status="processing", status_at=now, currency="INR", total=100,
        due=100, method="prepaid", customer={}, body_hash="x", confirmed_at=now, metadata={},
    ))
