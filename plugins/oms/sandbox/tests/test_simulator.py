"""The server: that it misbehaves as told, counts, and tells news."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from kartify_sandbox_oms import SandboxOms, SandboxOmsSimulator
from kartify_sandbox_oms.book import TooLate, Unknown
from kartify_sandbox_oms.desk import ALL
from kartify_sandbox_oms.faults import Behaviour, Call, Faults

from kartify.plugin import Kind, Permanent, Temporary
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


@pytest.mark.parametrize("behaviour", ["drop_before", "drop_after_accept"])
def test_a_dropped_answer_closes_the_connection_without_a_byte(server, behaviour):
    server.mode(behaviour, times=1, on=["test"])
    address = urlsplit(server.base_url)
    lines = [
        "GET /me HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {server.api_key}",
        f"Sandbox-Oms-Merchant: {server.merchant}",
    ]
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        assert connection.recv(100) == b""
    assert server.calls == {"test": 1}
