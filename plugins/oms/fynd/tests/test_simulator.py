"""The simulator holds itself to FYND's ways."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from kartify_fynd.faults import Fault, Faults
from kartify_fynd.settings import FyndSettings

from kartify.plugin import Denied, Kind, Permanent, Temporary

FYND_ID = "FY637CFCC00177713D47"
CONFIRM = "/service/platform/payment/v1.0/company/42/application/65a1b2c3d4e5f60718293a4b/payment/confirm"


def test_its_settings_make_an_account(simulator):
    assert FyndSettings.model_validate(simulator.settings()).mode() == "test"
    simulator.way = "b"
    assert FyndSettings.model_validate(simulator.settings()).way == "b"


def token_of(simulator, client):
    body = {"grant_type": "client_credentials", "client_id": simulator.client_id,
            "client_secret": simulator.client_secret}
    url = f"{simulator.base_url}/service/panel/authentication/v1.0/company/42/oauth/token"
    return client.request("POST", url, json=body).json()["access_token"]


def test_a_call_without_a_token_is_401_and_without_a_signature_403(simulator, client):
    url = simulator.base_url + CONFIRM
    assert client.request("POST", url, json={}).status == 401
    headers = {"authorization": f"Bearer {token_of(simulator, client)}"}
    assert client.request("POST", url, json={}, headers=headers).status == 403
    wrong = {**headers, "x-fp-date": "20260102T030405Z", "x-fp-signature": "v1.1:00"}
    assert client.request("POST", url, json={}, headers=wrong).status == 403


def test_a_second_confirmation_shows_or_is_refused(simulator, account, client, order):
    simulator.add_order("K1001", FYND_ID, 149900)
    plugin = account()
    plugin.deliver(client, Kind.CONFIRM, order())
    plugin.deliver(client, Kind.CONFIRM, order())
    assert simulator.confirmed == {FYND_ID: 2}
    simulator.world.second_confirm = "refuse"
    with pytest.raises(Permanent, match="INVALID_STATE"):
        plugin.deliver(client, Kind.CONFIRM, order())
    assert simulator.confirmed == {FYND_ID: 2}


def test_a_cancelled_order_is_not_confirmed(simulator, account, client, order):
    simulator.add_order("K1001", FYND_ID, 149900)
    simulator.cancel(FYND_ID)
    with pytest.raises(Permanent, match="cancelled_fynd"):
        account().deliver(client, Kind.CONFIRM, order())
    assert simulator.confirmed == {}


def test_a_duplicate_can_be_refused(simulator, account, client, order):
    simulator.world.duplicates = "refuse"
    plugin = account(way="b")
    plugin.deliver(client, Kind.PUSH_UNPAID, order())
    with pytest.raises(Permanent, match="exists already"):
        plugin.deliver(client, Kind.PUSH_UNPAID, order())
    assert len(simulator.world.orders) == 1


def test_missing_rights_are_a_403(simulator, account, client):
    plugin = account(client_id="other")
    with pytest.raises(Denied):
        plugin.test(client)


@pytest.mark.parametrize(("fault", "effects"), [
    (Fault.DROP, 1), (Fault.BROKEN, 1), (Fault.ERROR, 0), (Fault.UNAVAILABLE, 0), (Fault.THROTTLE, 0),
])
def test_faults_act_or_not_as_they_say(simulator, account, client, order, fault, effects):
    simulator.add_order("K1001", FYND_ID, 149900)
    simulator.faults.ask("confirm", fault)
    with pytest.raises(Temporary):
        account().deliver(client, Kind.CONFIRM, order())
    assert simulator.confirmed[FYND_ID] == effects


def test_a_slow_answer_comes_within_a_second_or_so(simulator, account, client):
    simulator.faults.ask("orders", Fault.SLOW)
    begun = time.monotonic()
    account().test(client)
    assert 0.1 < time.monotonic() - begun < 5


def test_faults_follow_their_seed():
    drawn = [[faults.next("x") for _ in range(200)] for faults in (Faults(7), Faults(7), Faults(8), Faults(None))]
    assert drawn[0] == drawn[1] != drawn[2]
    assert set(drawn[3]) == {None}
    assert Fault.REFUSE not in drawn[0]
    assert Fault.DROP in drawn[0]


def test_parallel_confirmations_are_all_counted(simulator, account, client, order):
    plugin = account()
    names = [f"FY{place:018d}" for place in range(16)]
    for name in names:
        simulator.add_order(name, name, 149900)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: plugin.deliver(client, Kind.CONFIRM, order(oms_order_id=name)), names))
    assert simulator.confirmed == dict.fromkeys(names, 1)
    assert simulator.calls["confirm"] == 16


def test_it_can_be_driven_from_another_process(simulator, account, client, order):
    given = {"number": "K1001", "fynd_id": FYND_ID, "amount": 149900}
    assert client.request("POST", f"{simulator.base_url}/simulator/orders", json=given).status == 201
    account().deliver(client, Kind.CONFIRM, order())
    url = f"{simulator.base_url}/simulator/orders/{FYND_ID}/status"
    assert client.request("POST", url, json={"status": "bag_picked"}).status == 200
    assert json.loads(simulator.webhook(FYND_ID)[1])["payload"]["shipment"]["shipment_status"]["status"] == "bag_picked"


def test_the_transactions_of_an_order_are_told(simulator, account, client, order):
    simulator.add_order("K1001", FYND_ID, 149900)
    account().deliver(client, Kind.CONFIRM, order())
    (told,) = simulator.world.transactions(FYND_ID)["items"]
    assert (told["transaction_id"], told["status"]) == ("pay_Nx1", "complete")


def test_testing_the_connection_says_what_answered(simulator, account, client):
    simulator.add_order("K1001", FYND_ID, 149900)
    assert account().test(client) == "FYND answers for company 42 and lists 1 recent orders."
