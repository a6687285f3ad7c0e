"""Unicommerce's log-in at kartify, and the token that it shows afterwards."""

import base64
import json
from datetime import timedelta

import pytest
from uniware_said import AT, GIVEN, INBOUND, inbound, route

from kartify.plugin import NoSecret, Refused

QUERY = [("username", "unicommerce"), ("password", INBOUND)]


def pulled(uniware, **more):
    return uniware(way="pull", **more)


def logged_in(oms, at=AT):
    message = inbound("GET", "authToken", query=QUERY, at=at)
    oms.authenticate(message)
    return json.loads(oms.answer(route(oms, "authToken"), message).body)


def shown(oms, token, *, at=AT, header="apikey"):
    oms.authenticate(inbound("GET", "orders", headers={header: token}, at=at))


def test_a_log_in_gives_a_token_that_opens_every_door(uniware):
    oms = pulled(uniware)
    told = logged_in(oms)
    assert told["status"] == "SUCCESS"
    shown(oms, told["accessToken"])
    shown(oms, f"Bearer {told['token']}", header="authorization")


def basic(user, password):
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize("message", [
    inbound("POST", "oauth/token", {"username": "unicommerce", "password": INBOUND}),
    inbound("POST", "oauth/token", headers=basic("unicommerce", INBOUND)),
    inbound("POST", "oauth/token", query=QUERY),
])
def test_notifications_log_in_by_body_basic_or_query(uniware, message):
    oms = uniware()
    oms.authenticate(message)
    told = json.loads(oms.answer(route(oms, "oauth/token"), message).body)
    assert told["access_token"] == told["token"]


@pytest.mark.parametrize("message", [
    inbound("GET", "authToken"), inbound("GET", "authToken", query=[("username", "unicommerce"), ("password", "x")]),
    inbound("GET", "authToken", query=[("username", "other"), ("password", INBOUND)]),
    inbound("GET", "authToken", query=[*QUERY, ("password", "x")]),
    inbound("POST", "oauth/token", {"username": ["unicommerce"], "password": INBOUND}),
    inbound("POST", "oauth/token", b"{"), inbound("POST", "oauth/token", b"[]"),
    inbound("POST", "oauth/token", headers={"authorization": "Basic !!"}),
    inbound("POST", "oauth/token", headers=basic("unicommerce", INBOUND + "x")),
    inbound("POST", "oauth/token", headers={"authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()}),
])
def test_a_wrong_log_in_is_refused(uniware, message):
    with pytest.raises(Refused):
        pulled(uniware).authenticate(message)


def test_a_token_ends_when_it_says(uniware):
    oms = pulled(uniware, token_hours=2)
    token = logged_in(oms)["accessToken"]
    shown(oms, token, at=AT + timedelta(hours=2, seconds=-1))
    with pytest.raises(Refused):
        shown(oms, token, at=AT + timedelta(hours=2))


def test_a_token_cannot_be_made_or_changed(uniware):
    oms = pulled(uniware)
    end, _, signature = logged_in(oms)["accessToken"].partition(".")
    for forged in ("", ".", signature, f"{int(end) + 1}.{signature}", f"0{end}.{signature}".replace("0", "1", 1),
                   f"{end}.{signature[:-1]}", f"{end}.{signature.upper()}", f"{end}.{'0' * 64}", f"-1.{signature}",
                   f"{end}.{signature}.", f"{end}.{signature}\n{end}"):
        with pytest.raises(Refused):
            shown(oms, forged)


def test_a_token_of_another_account_opens_nothing(uniware):
    token = logged_in(pulled(uniware, channel="OTHER"))["accessToken"]
    with pytest.raises(Refused):
        shown(pulled(uniware), token)


def test_a_new_password_ends_old_tokens_unless_the_old_one_still_counts(uniware):
    token = logged_in(pulled(uniware))["accessToken"]
    changed = {"inbound_password": "another-password-of-tests"}
    with pytest.raises(Refused):
        shown(pulled(uniware, **changed), token)
    kept = {**changed, "inbound_password_previous": INBOUND, "webhook_secret_previous_until": AT + timedelta(days=1)}
    shown(pulled(uniware, **kept), token)
    pulled(uniware, **kept).authenticate(inbound("GET", "authToken", query=QUERY))
    with pytest.raises(Refused):
        shown(pulled(uniware, **kept), token, at=AT + timedelta(days=1))


@pytest.mark.parametrize("missing", [{"inbound_password": None}, {"inbound_username": ""}])
def test_without_inbound_keys_nobody_is_let_in(uniware, missing):
    oms = uniware(**missing)
    for message in (inbound("POST", "cancelSOItem", {}), inbound("POST", "oauth/token", headers=basic("", ""))):
        with pytest.raises(NoSecret):
            oms.authenticate(message)


def test_an_account_that_pushes_has_no_feed(uniware):
    assert {one.use for one in uniware().routes} == {"own", "news"}
    assert {one.path for one in pulled(uniware).routes} >= {"authToken", "orders", "order/{id}", "oauth/token"}


def test_secrets_are_not_shown(uniware):
    oms = uniware()
    for shown_ in (repr(oms.settings), str(oms.settings), repr(vars(oms))):
        assert GIVEN["password"] not in shown_
        assert INBOUND not in shown_
