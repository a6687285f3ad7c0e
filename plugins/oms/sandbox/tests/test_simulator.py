"""The server: that it misbehaves as told, counts, tells news, and shows what it has."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from kartify_sandbox_oms import SandboxOms, SandboxOmsSimulator
from kartify_sandbox_oms.book import TooLate, Unknown
from kartify_sandbox_oms.desk import ALL
from kartify_sandbox_oms.faults import Behaviour, Call, Faults

from kartify.plugin import Kind, Permanent, SimulatorOptions, Temporary
from kartify.testing.serve import serving, simulating


class Receiver:
    """A WSGI application that keeps what it gets."""

    def __init__(self, status="200 OK"):
        self.status = status
        self.got = []

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        self.got.append((body, environ["HTTP_SANDBOX_OMS_SIGNATURE"]))
        start_response(self.status, [("Content-Length", "0")])
        return []


@pytest.fixture
def control(client, server):
    def send(**wish):
        return client.request("POST", f"{server.base_url}/control", json=wish)

    return send


def numbered(order, number):
    return replace(order, number=number)


def test_a_counted_mode_is_used_up_and_modes_queue(oms, client, server, order):
    server.mode("error_500", times=1)
    server.mode("reject", times=1)
    with pytest.raises(Temporary):
        oms.deliver(client, Kind.PUSH, order)
    with pytest.raises(Permanent):
        oms.deliver(client, Kind.PUSH, order)
    assert oms.deliver(client, Kind.PUSH, order).id
    assert server.calls == {"push": 3}


def test_a_standing_mode_lasts_until_another_replaces_it(oms, client, server, order):
    server.mode("error_500", on=ALL)
    server.mode("drop_before", times=5)
    server.mode("error_503", on=ALL)
    for _ in range(3):
        with pytest.raises(Temporary, match="503"):
            oms.find(client, Kind.PUSH, order)
    server.mode("accept")
    assert oms.deliver(client, Kind.PUSH, order).id


def test_a_mode_meets_only_the_calls_it_is_for(oms, client, server, order):
    server.mode("error_500", on=["find"])
    assert oms.deliver(client, Kind.PUSH, order).id
    with pytest.raises(Temporary):
        oms.find(client, Kind.PUSH, order)


def test_a_mode_or_call_that_does_not_exist_is_refused(server):
    with pytest.raises(ValueError, match="explode"):
        server.mode("explode")
    with pytest.raises(ValueError, match="lunch"):
        server.mode("reject", on=["lunch"])


def test_a_running_stall_can_be_released(oms, client, server, order):
    server.mode("stall", times=1)
    receipts = []
    caller = threading.Thread(target=lambda: receipts.append(oms.deliver(client, Kind.PUSH, order)))
    caller.start()
    while not server.orders:
        caller.join(0.01)
    assert receipts == []
    while caller.is_alive():
        server.release()
        caller.join(0.05)
    assert receipts[0].id == server.orders[0].id


def test_a_released_late_worker_books_after_the_caller_has_gone(oms, client, server, order):
    oms.deadline = 0.2
    server.mode("stall_before", times=1)
    with pytest.raises(Temporary):
        oms.deliver(client, Kind.PUSH, order)
    assert server.orders == []
    server.release()
    for _ in range(200):
        if server.orders:
            break
        threading.Event().wait(0.01)
    assert server.by_number == {"K1001": 1}


def test_parallel_orders_are_all_booked_with_ids_of_their_own(oms, client, server, order):
    barrier = threading.Barrier(8)

    def push(number):
        barrier.wait()
        oms.deliver(client, Kind.PUSH, numbered(order, number))

    threads = [threading.Thread(target=push, args=(f"K{index}",)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.id for one in server.orders}) == 8
    assert server.calls["push"] == 8


def test_ids_are_never_given_twice_by_a_server_that_was_started_again(oms, client, server, order):
    before = oms.deliver(client, Kind.PUSH, order).id
    server.reset()
    assert server.orders == []
    assert server.calls == Counter()
    assert oms.deliver(client, Kind.PUSH, order).id != before


def test_the_same_seed_plays_the_same_mixture():
    def played(seed):
        faults = Faults(seed)
        return [faults.take(call) for call in (Call.PUSH, Call.FIND) * 100]

    assert played(7) == played(7) != played(8)
    assert Behaviour.DROP_AFTER_ACCEPT in played(7)[::2]
    assert not {Behaviour.DROP_AFTER_ACCEPT, Behaviour.STALL} & set(played(7)[1::2])
    assert {Faults(None).take(Call.PUSH) for _ in range(50)} == {Behaviour.ACCEPT}


def test_a_deliverer_that_looks_first_delivers_once_through_the_mixture(client, order):
    with simulating(SandboxOmsSimulator, faults=11) as (_, server):
        server.stall_seconds = 0.01
        oms = SandboxOms(SandboxOms.Settings(**server.settings()))
        for number in (f"K{index}" for index in range(25)):
            deliver_once(oms, client, numbered(order, number))
        assert set(server.by_number.values()) == {1}
        assert len(server.orders) == 25
        assert server.calls["push"] > 25


def deliver_once(oms, client, order):
    """Sends, and looks before it repeats."""
    while True:
        try:
            return oms.deliver(client, Kind.PUSH, order)
        except Temporary as problem:
            if problem.sent and (receipt := looked_up(oms, client, order)):
                return receipt


def looked_up(oms, client, order):
    while True:
        try:
            return oms.find(client, Kind.PUSH, order).receipt
        except Temporary:
            continue


def test_news_is_sent_signed_and_moves_the_order(oms, client, server, order):
    oms.deliver(client, Kind.PUSH, order)
    receiver = Receiver()
    with serving(receiver) as url:
        server.news_url = url
        assert server.ship("K1001", partial=True) == 200
        assert server.orders[0].state == "accepted"
        assert server.ship("K1001") == 200
        assert server.deliver("K1001") == 200
        assert server.tell("returned", "K1001") == 200
    assert server.orders[0].state == "returned"
    assert [told.kind for told in server.told] == ["shipped", "shipped", "delivered", "returned"]
    assert len({body for body, _ in receiver.got}) == 4


def test_what_a_receiver_refuses_or_does_not_answer_is_known(oms, client, server, order):
    oms.deliver(client, Kind.PUSH, order)
    with serving(Receiver("503 Service Unavailable")) as url:
        server.news_url = url
        assert server.ship("K1001") == 503
    assert server.deliver("K1001") is None
    assert [told.status for told in server.told] == [503, None]


def test_news_of_an_unknown_order_or_an_impossible_move_is_refused(oms, client, server, order):
    with pytest.raises(Unknown):
        server.ship("K1001")
    oms.deliver(client, Kind.PUSH, order)
    server.ship("K1001")
    with pytest.raises(TooLate):
        server.cancel("K1001")
    assert server.orders[0].state == "shipped"


def test_control_commands_modes_news_and_duplicates(control, oms, client, server, order):
    receiver = Receiver()
    with serving(receiver) as url:
        state = control(
            mode="throttle", times=1, on=["push"], retry_after=3, duplicates="conflict", news_url=url, stall_seconds=0.5
        ).json()
        assert state["behaviour"] == ["throttle (1 more) on push"]
        assert (server.retry_after, server.duplicates, server.stall_seconds) == (3, "conflict", 0.5)
        with pytest.raises(Temporary):
            oms.deliver(client, Kind.PUSH, order)
        oms.deliver(client, Kind.PUSH, order)
        told = control(news={"kind": "shipped", "number": "K1001"}).json()
    assert told["orders"][0]["state"] == "shipped"
    assert told["told"] == [{"kind": "shipped", "number": "K1001", "status": 200}]
    assert told["calls"] == {"push": 2}
    assert told["by_number"] == {"K1001": 1}
    assert control(reset=True).json()["orders"] == []


@pytest.mark.parametrize(
    ("wish", "status", "field"),
    [
        ({"modus": "stall"}, 422, "modus"),
        ({"mode": "explode"}, 422, "mode"),
        ({"mode": ["stall"]}, 422, "mode"),
        ({"mode": "stall", "times": -1}, 422, "times"),
        ({"mode": "stall", "times": "2"}, 422, "times"),
        ({"mode": "stall", "on": ["lunch"]}, 422, "on"),
        ({"mode": "stall", "on": "push"}, 422, "on"),
        ({"duplicates": "third"}, 422, "duplicates"),
        ({"stall_seconds": True}, 422, "stall_seconds"),
        ({"news_url": "file:///etc/passwd"}, 422, "news_url"),
        ({"news": {"kind": "shipped"}}, 422, "news"),
        ({"news": {"kind": "shipped", "number": "K9"}}, 404, "id"),
    ],
)
def test_control_refuses_what_it_does_not_understand(control, server, wish, status, field):
    answer = control(**wish)
    assert (answer.status, answer.json()["field"]) == (status, field)
    assert server.faults.describe() == ["accept"]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "body"),
        ({}, "number"),
        ({"number": ""}, "currency"),
        ({"number": "", "currency": "INR", "total": 1, "lines": [1]}, "number"),
        ({"number": "K1", "currency": "INR", "total": True, "lines": []}, "total"),
        ({"number": "K1", "currency": "INR", "total": 1.5, "lines": []}, "total"),
        ({"number": "K1", "currency": "INR", "total": 1, "lines": []}, "lines"),
        ({"number": "K1", "currency": "INR", "total": 1, "lines": [1]}, "lines[0]"),
        ({"number": "K1", "currency": "INR", "total": 1, "lines": [{"sku": "A", "quantity": 0}]}, "lines[0].quantity"),
        ({"number": "K1", "currency": "INR", "total": 1, "lines": [{"sku": "A", "quantity": 1}]}, "total"),
        (
            {"number": "K1", "currency": "INR", "total": 0, "lines": [{"sku": "A", "quantity": 1}], "fees": [{}]},
            "fees[0].amount",
        ),
        (
            {
                "number": "K1",
                "currency": "INR",
                "total": 0,
                "lines": [{"sku": "A", "quantity": 1}],
                "shipping_address": "here",
            },
            "shipping_address",
        ),
    ],
)
def test_the_api_names_the_field_that_is_wrong(client, server, document, field):
    headers = {"Authorization": f"Bearer {server.api_key}", "Sandbox-Oms-Merchant": server.merchant}
    answer = client.request("POST", f"{server.base_url}/orders", json=document, headers=headers)
    assert (answer.status, answer.json()["field"]) == (422, field)
    assert server.orders == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"x" * 1_000_001, "application/json", 413),
    ],
)
def test_a_body_that_is_not_an_order_is_refused(client, server, body, kind, status):
    headers = {
        "Authorization": f"Bearer {server.api_key}",
        "Sandbox-Oms-Merchant": server.merchant,
        "Content-Type": kind,
    }
    assert client.request("POST", f"{server.base_url}/orders", body=body, headers=headers).status == status


class Cells(HTMLParser):
    """The text of the page, and every tag."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def page_of(client, server):
    answer = client.request("GET", server.base_url)
    assert answer.status == 200
    assert "script-src" not in answer.headers["content-security-policy"]
    return Cells(answer.body.decode())


def test_the_page_shows_number_id_sum_and_state(oms, client, server, order):
    assert "No order has arrived yet." in page_of(client, server).text
    receipt = oms.deliver(client, Kind.PUSH, order)
    oms.deliver(client, Kind.HOLD, replace(order, oms_order_id=receipt.id))
    shown = page_of(client, server)
    for words in ("K1001", receipt.id, "₹2,549.00", "on hold", "1 sales order"):
        assert words in shown.text
    assert "duplicate" not in shown.text
    assert oms.order_url(receipt.id).partition("#")[2] in [attributes.get("id") for _, attributes in shown.tags]
    assert "script" not in {tag for tag, _ in shown.tags}


def test_the_page_marks_a_number_that_has_two_sales_orders(oms, client, server, order):
    oms.deliver(client, Kind.PUSH, order)
    oms.deliver(client, Kind.PUSH, order)
    assert page_of(client, server).text.count("duplicate") == 2


def test_the_page_shows_hostile_text_as_text(oms, client, server, order):
    oms.deliver(client, Kind.PUSH, numbered(order, "<script>alert(1)</script>"))
    shown = page_of(client, server)
    assert "<script>alert(1)</script>" in shown.text
    assert "script" not in {tag for tag, _ in shown.tags}


def test_the_answer_is_broken_off_on_servers_that_show_no_socket_too():
    simulator = SandboxOmsSimulator(SimulatorOptions(base_url="http://127.0.0.1:1"))
    simulator.mode("drop_before", times=1, on=["test"])
    with pytest.raises(ConnectionAbortedError):
        simulator.app().test_client().get("/me")
