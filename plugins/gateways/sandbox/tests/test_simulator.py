"""The server as other tests and the demo use it: driving, control calls, and its strictness as a REST API."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from kartify_sandbox import SandboxGateway, SandboxSimulator, register_gateways, register_simulators
from kartify_sandbox.server.bank import Terms
from kartify_sandbox.server.book import Rejected
from kartify_sandbox.settings import SandboxSettings

from kartify.plugin import Inbound, Money


@pytest.fixture
def control(client, server):
    def make(path, **options):
        answer = client.request("POST", f"{server.base_url}/control/{path}", json=options)
        return answer.status, json.loads(answer.body)

    return make


@pytest.fixture
def api(client, server):
    def make(method, path, key=None, **given):
        headers = {"Authorization": f"Bearer {key or server.key_secret}", **given.pop("headers", {})}
        answer = client.request(method, f"{server.base_url}/v1/{path}", headers=headers, **given)
        return answer.status, json.loads(answer.body)

    return make


def test_package_announces_gateway_and_simulator():
    assert register_gateways() == [SandboxGateway]
    assert register_simulators() == [SandboxSimulator]
    assert SandboxGateway.slug == SandboxSimulator.slug == "sandbox"


def test_settings_of_the_simulator_make_an_account(server):
    settings = SandboxSettings(**server.settings())
    assert (settings.identity(), settings.mode()) == ("sandbox-shop", "test")
    assert server.webhook_secret not in repr(settings)
    assert server.key_secret not in repr(settings)


def test_every_setting_is_explained_and_none_unknown_is_taken(server):
    assert all(field.title or field.description for field in SandboxSettings.model_fields.values())
    with pytest.raises(ValueError, match="extra"):
        SandboxSettings(**server.settings(), colour="blue")


def test_webhook_is_built_without_being_sent(server, opened, gateway, inbound, shop):
    charge = server.pay(opened.gateway_order_id)
    for subject in (charge, charge.id, opened.gateway_order_id, server.event(charge)):
        message = inbound(*server.webhook(subject))
        assert gateway.verify(message).secret == "current"
        assert gateway.read_webhook(message).reports[0].gateway_payment_id == charge.id
    assert shop.heard == []


def test_webhook_carries_the_moment_of_the_injected_clock(server, opened, gateway, inbound):
    moment = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
    server.now = lambda: moment
    charge = server.pay(opened.gateway_order_id)
    message = inbound(*server.webhook(charge))
    assert gateway.verify(message).signed_at == moment
    assert gateway.read_webhook(message).reports[0].at == moment
    old = inbound(*server.webhook(charge, at=moment - timedelta(days=30)))
    assert gateway.verify(old).signed_at == moment - timedelta(days=30)


def test_rotated_secret_signs_from_then_on(server, opened, account, inbound):
    charge = server.pay(opened.gateway_order_id)
    old = server.webhook_secret
    server.webhook_secret = "another"
    rotated = account(webhook_secret="another", webhook_secret_previous=old)
    assert rotated.verify(inbound(*server.webhook(charge))).secret == "current"
    assert rotated.verify(inbound(*server.webhook(charge, secret=old))).secret == "previous"


def test_delivering_tells_what_the_shop_answered(server, opened, shop):
    charge = server.pay(opened.gateway_order_id)
    shop.answers.append(503)
    assert server.deliver(charge) == 503
    assert server.deliver(charge) == 200
    assert shop.heard[0].body == shop.heard[1].body


def test_nothing_happened_has_no_webhook(server, opened):
    with pytest.raises(Rejected):
        server.webhook(opened.gateway_order_id)


def test_callback_with_a_fee_signs_no_amount(server, opened, gateway, ref):
    charge = server.pay(opened.gateway_order_id, terms=Terms(fee=500))
    fields = server.callback(charge.id)
    assert "amount" not in fields
    message = Inbound(method="GET", path="/", headers={}, query=tuple(fields.items()))
    assert gateway.read_callback(message, ref(opened)).proved


def test_manual_session_is_only_authorised(account, client, wanted, server):
    opened = account(capture="manual").open(client, wanted())
    assert server.pay(opened.gateway_order_id).status == "authorized"


def test_calls_are_counted_by_route(gateway, client, opened, ref, server):
    for _ in range(3):
        gateway.ask(client, ref(opened))
    assert server.calls == {"POST /v1/sessions": 1, "GET /v1/sessions/<session_id>": 3}


def test_hundred_payments_at_once_are_all_booked(server, opened):
    threads = [threading.Thread(target=server.pay, args=(opened.gateway_order_id,)) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.session(opened.gateway_order_id).charges) == len(server.vault.events) == 100


def test_control_drives_a_payment_from_another_process(control, opened, gateway, ref, server, shop):
    status, told = control(f"sessions/{opened.gateway_order_id}/pay")
    assert (status, told["session"]["status"], told["charges"][0]["status"]) == (200, "paid", "captured")
    assert told["callback"]["method"] == "GET"
    query = parse_qsl(urlsplit(told["callback"]["url"]).query)
    message = Inbound(method="GET", path="/", headers={}, query=query)
    assert gateway.read_callback(message, ref(opened)).proved
    assert len(shop.wait(1)) == 1


@pytest.mark.parametrize(
    ("action", "options", "statuses", "captured", "heard"),
    [
        ("pay", {"lose_webhook": True, "lose_callback": True}, ["captured"], 254900, 0),
        ("fail", {}, ["failed"], 0, 1),
        ("pending", {}, ["pending"], 0, 1),
        ("authorize", {}, ["authorized"], 0, 1),
        ("pay_wrong", {}, ["captured"], 229410, 1),
        ("pay_wrong", {"more": True}, ["captured"], 280390, 1),
        ("pay_wrong", {"amount": 100}, ["captured"], 100, 1),
        ("pay_twice", {"webhook_copies": 2}, ["captured", "captured"], 254900, 4),
        ("pay", {"webhook_delay": 0.05, "method": "card", "fee": 500}, ["captured"], 255400, 1),
        ("cancel", {}, [], 0, 0),
    ],
)  # fmt: skip
def test_control_actions_do_what_they_say(control, opened, server, shop, action, options, statuses, captured, heard):
    status, told = control(f"sessions/{opened.gateway_order_id}/{action}", **options)
    assert status == 200
    assert [charge["status"] for charge in told["charges"]] == statuses
    assert {charge["captured"] for charge in told["charges"]} == ({captured} if statuses else set())
    assert (told["callback"] is None) is bool(options.get("lose_callback"))
    shop.wait(heard)
    assert server.courier.wait()
    assert len(shop.heard) == heard


def test_control_moves_a_charge_on(control, opened, server, shop):
    charge = server.pay(opened.gateway_order_id, kind="pending")
    assert control(f"charges/{charge.id}/succeed", lose_webhook=True)[1]["status"] == "captured"
    assert control(f"charges/{charge.id}/refund", amount=100)[1]["refunded"] == 100
    assert len(shop.wait(1)) == 1


def test_control_pays_an_ended_session_only_by_force(control, gateway, client, opened, ref):
    gateway.close(client, ref(opened))
    path = f"sessions/{opened.gateway_order_id}/pay"
    assert control(path)[0] == 409
    assert control(path, force=True)[0] == 200


def test_control_refuses_what_it_does_not_know(control, client, opened, server):
    path = f"sessions/{opened.gateway_order_id}"
    assert control(f"{path}/steal")[0] == 404
    assert control("sessions/sess_KART000000000001/pay")[0] == 404
    assert control(f"{path}/pay", colour="blue")[0] == 422
    assert control(f"{path}/pay", amount="100")[0] == 422
    assert client.request("POST", f"{server.base_url}/control/{path}/pay", form={"amount": "1"}).status == 415
    assert server.session(opened.gateway_order_id).charges == ()


def test_control_is_for_this_machine_only(server, opened):
    app = server.app().test_client()
    path = f"/control/sessions/{opened.gateway_order_id}/pay"
    assert app.post(path, json={}, environ_base={"REMOTE_ADDR": "10.0.0.5"}).status_code == 403
    assert app.post(path, json={"lose_webhook": True}, environ_base={"REMOTE_ADDR": "::1"}).status_code == 200


SESSION = {
    "reference": "PAY1", "amount": 100, "currency": "INR",
    "callback_url": "http://shop.example/cb", "webhook_url": "http://shop.example/wh",
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "100"), ("amount", 100.0), ("amount", 0), ("amount", -1), ("amount", None), ("amount", True),
        ("currency", "inr"), ("currency", None), ("reference", ""), ("reference", "a b"), ("reference", "x" * 41),
        ("callback_url", "ftp://x"), ("webhook_url", ""), ("capture", "later"), ("colour", "blue"),
    ],
)  # fmt: skip
def test_api_names_the_field_that_it_refuses(api, server, field, value):
    status, told = api("POST", "sessions", json={**SESSION, field: value})
    assert (status, told["error"]["code"], told["error"]["field"]) == (422, "bad_request", field)
    assert server.vault.sessions == {}


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\xff", b"[" * 50_000])
def test_api_refuses_what_is_no_object(api, body):
    assert api("POST", "sessions", body=body)[0] == 422


def test_api_reads_no_endless_body(api):
    assert api("POST", "sessions", body=b" " * 70_000)[0] == 413


def test_api_wants_its_key_on_every_route(api, server, opened):
    charge = server.pay(opened.gateway_order_id)
    for method, path in [
        ("POST", "sessions"), ("GET", "sessions"), ("GET", f"sessions/{opened.gateway_order_id}"),
        ("POST", f"sessions/{opened.gateway_order_id}/close"), ("GET", f"charges/{charge.id}"),
        ("POST", f"charges/{charge.id}/capture"), ("POST", f"charges/{charge.id}/void"),
        ("POST", f"charges/{charge.id}/refunds"), ("GET", f"charges/{charge.id}/refunds"),
    ]:  # fmt: skip
        status, told = api(method, path, key="another")
        assert (status, told["error"]["code"]) == (401, "bad_key"), path
    assert server.charge(charge.id).refunded == 0


def test_api_refund_wants_a_key(api, server, opened):
    charge = server.pay(opened.gateway_order_id)
    assert api("POST", f"charges/{charge.id}/refunds", json={"amount": 1})[1]["error"]["field"] == "Idempotency-Key"
    assert server.charge(charge.id).refunded == 0


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "from=-1", "to=1.5", "cursor=nobody"])
def test_api_refuses_a_list_it_cannot_make(api, query):
    assert api("GET", f"sessions?{query}")[0] == 422


def test_api_lists_newest_first_in_pages(api):
    made = [api("POST", "sessions", json=SESSION | {"reference": f"PAY{n}"})[1]["id"] for n in range(5)]
    _, first = api("GET", "sessions?limit=3")
    _, second = api("GET", f"sessions?limit=3&cursor={first['next_cursor']}")
    assert [row["id"] for row in first["data"] + second["data"]] == made[::-1]
    assert second["next_cursor"] is None


def test_parallel_refunds_under_one_key_are_one(gateway, client, server, opened):
    charge = server.pay(opened.gateway_order_id)
    answers = []

    def refund():
        answers.append(gateway.refund(client, charge.id, Money(100, "INR"), key="refund-key-0001"))

    threads = [threading.Thread(target=refund) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer.gateway_refund_id for answer in answers}) == 1
    assert len(answers) == 20
    assert server.charge(charge.id).refunded == 100
