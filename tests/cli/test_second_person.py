"""``kartify order move`` obeys the store's policy; ``approve``, ``refuse``, ``withdraw`` end it; users and stores."""

import json

import pytest

from kartify.flows.people import users
from kartify.testing.builder import Shop

WAITS = 3


@pytest.fixture
def strict(cli):
    cli("store", "set", "demo", "second_person=true")
    with cli.house() as house:
        Shop(house=house, code="demo").order("K1")
    return cli


def move(cli, *more, code=WAITS):
    return cli("order", "move", "demo", "K1", "processing", "--reason", "bank slip", *more, code=code)


def told(result):
    return json.loads(result.stdout)


def test_without_a_policy_a_move_is_made(cli):
    with cli.house() as house:
        Shop(house=house, code="demo").order("K1")
    assert told(move(cli, "--json", code=0))["status"] == "processing"


def test_a_move_that_takes_two_says_so_with_an_exit_code_of_its_own(strict):
    result = move(strict)
    assert "Not moved: a second person must agree" in result.stderr
    assert "kartify order approve demo K1 --by NAME" in result.stderr
    assert result.stdout == ""
    answer = told(move(strict, "--json"))
    assert (answer["status"], answer["waits_for"]) == ("missing", "second person")
    assert answer["approval"]


def test_no_ask_is_no_way_round(strict):
    move(strict, "--no-ask")


def test_the_same_name_cannot_agree_and_another_can(strict):
    move(strict, "--by", "asha")
    result = strict("order", "approve", "demo", "K1", "--by", "Asha", code=1)
    assert "your own request" in result.output
    answer = told(strict("order", "approve", "demo", "K1", "--by", "bina", "--json"))
    assert (answer["status"], answer["answers"]) == ("processing", ["no payment to ask about"])
    assert "nothing of order K1 waits" in strict("order", "approve", "demo", "K1", "--by", "bina", code=1).output
    shown = strict("order", "show", "demo", "K1").stdout
    assert "asha (command line" in shown
    assert "agreed by bina (command line" in shown


def test_refused_and_withdrawn_by_command(strict):
    move(strict, "--by", "asha")
    answer = told(strict("order", "refuse", "demo", "K1", "--by", "bina", "--reason", "wrong slip", "--json"))
    assert answer["request"] == "refused"
    move(strict, "--by", "asha")
    assert "refuse it instead" in strict("order", "withdraw", "demo", "K1", "--by", "bina", code=1).output
    assert told(strict("order", "withdraw", "demo", "K1", "--by", "asha", "--json"))["request"] == "withdrawn"
    assert told(strict("order", "show", "demo", "K1", "--json"))["status"] == "missing"


def test_a_name_of_the_admin_may_here_no_more_than_there(strict):
    strict("store", "create", "other", "--name", "Other")
    with strict.house() as house:
        users.create_user(house, "viewer@x.example", "viewer", "long enough")
        users.create_user(house, "away@x.example", "support", "long enough", stores=["other"])
        users.create_user(house, "bina@x.example", "support", "long enough", stores=["demo"])
    move(strict, "--by", "asha@x.example")
    approve = ("order", "approve", "demo", "K1", "--by")
    assert "may not agree" in strict(*approve, "viewer@x.example", code=1).output
    assert "may not see store demo" in strict(*approve, "away@x.example", code=1).output
    strict("user", "set", "bina@x.example", "--inactive")
    assert "may not agree" in strict(*approve, "bina@x.example", code=1).output
    strict("user", "set", "bina@x.example", "--active")
    strict(*approve, "bina@x.example")


def test_the_policy_is_set_and_the_change_is_audited(strict, cli):
    assert "second_person_over" in cli("store", "set", "demo", "second_person_over=many", code=1).output
    cli("store", "set", "demo", "second_person=false", "second_person_over=")
    assert told(move(cli, "--json", code=0))["status"] == "processing"


def test_a_users_stores_are_set_and_must_exist(cli):
    made = told(cli("user", "create", "a@x.example", "--role", "support", "--store", "demo", "--password-stdin",
                    "--json", stdin="long enough\n"))
    assert made["stores"] == ["demo"]
    result = cli("user", "create", "b@x.example", "--role", "support", "--store", "nowhere", "--password-stdin", code=1,
                 stdin="long enough\n")
    assert "there is no store 'nowhere'" in result.output
    assert told(cli("user", "set", "a@x.example", "--all-stores", "--json"))["stores"] == "all"
    assert told(cli("user", "set", "a@x.example", "--store", "demo", "--role", "viewer", "--json")) == {
        "email": "a@x.example", "role": "viewer", "stores": ["demo"], "active": True}
    assert "nothing to change" in cli("user", "set", "a@x.example", code=2).output
    assert "exclude" in cli("user", "set", "a@x.example", "--store", "demo", "--all-stores", code=2).output
    assert "there is no user" in cli("user", "set", "c@x.example", "--role", "viewer", code=1).output
