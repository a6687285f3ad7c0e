"""The access token: early renewal, one at a time, once after a 401."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from kartify_fynd.faults import Fault

from kartify.plugin import Denied, Kind, Temporary, Throttled

FYND_ID = "FY637CFCC00177713D47"


def test_one_token_serves_many_calls(simulator, account, client):
    plugin = account()
    plugin.test(client)
    plugin.test(client)
    assert simulator.calls == {"token": 1, "orders": 2}


@pytest.mark.parametrize("form", ["body", "basic"])
def test_both_forms_of_the_token_call_are_spoken(simulator, account, client, form):
    assert "FYND answers" in account(token_form=form).test(client)


def test_the_token_is_renewed_two_minutes_before_its_end(simulator, account, client, clock):
    plugin = account()
    plugin.test(client)
    clock.forward(3600 - 125)
    plugin.test(client)
    assert simulator.calls["token"] == 1
    clock.forward(10)
    plugin.test(client)
    assert simulator.calls["token"] == 2


def test_a_short_lived_token_is_not_renewed_at_every_call(simulator, account, client, clock):
    simulator.token_seconds = 60
    plugin = account()
    plugin.test(client)
    plugin.test(client)
    assert simulator.calls["token"] == 1
    clock.forward(31)
    plugin.test(client)
    assert simulator.calls["token"] == 2


def test_a_token_that_ended_early_is_renewed_once_and_the_call_repeated(simulator, account, client, order):
    simulator.add_order("K1001", FYND_ID, 149900)
    plugin = account()
    plugin.test(client)
    simulator.expire_tokens()
    assert plugin.deliver(client, Kind.CONFIRM, order()).id == FYND_ID
    assert (simulator.calls["token"], simulator.calls["confirm"], simulator.confirmed[FYND_ID]) == (2, 2, 1)


def test_eight_threads_renew_once(simulator, account, client):
    plugin = account()
    plugin.test(client)
    simulator.expire_tokens()
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(lambda _: plugin.test(client), range(8)))) == 8
    assert simulator.calls["token"] == 2


def test_a_second_401_is_denied(simulator, account, client):
    simulator.faults.ask("orders", Fault.EXPIRE, Fault.EXPIRE)
    with pytest.raises(Denied, match="401"):
        account().test(client)
    assert simulator.calls["token"] == 2


def test_a_wrong_client_secret_is_denied_and_stands_in_no_message(account, client):
    with pytest.raises(Denied) as caught:
        account(client_secret="a-wrong-secret").test(client)
    assert "a-wrong-secret" not in repr(caught.value)


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.UNAVAILABLE, Fault.DROP])
def test_trouble_with_the_token_means_the_call_was_never_sent(simulator, account, client, order, fault):
    simulator.add_order("K1001", FYND_ID, 149900)
    simulator.faults.ask("token", fault)
    with pytest.raises(Temporary) as caught:
        account().deliver(client, Kind.CONFIRM, order())
    assert caught.value.sent is False
    assert simulator.calls["confirm"] == 0


def test_a_throttled_token_call_is_throttled(simulator, account, client):
    simulator.faults.ask("token", Fault.THROTTLE)
    with pytest.raises(Throttled) as caught:
        account().test(client)
    assert caught.value.retry_after == 1.0
