"""Looking up, cancelling, holding."""

from __future__ import annotations

import pytest

from kartify.plugin import Denied, HttpAnswer, Kind, Permanent, Presence, Temporary, Throttled


class Answers:
    """A client that always gives the same answer, and keeps the headers it was given."""

    def __init__(self, status, body):
        self.headers = None
        self.answer = HttpAnswer(status=status, headers={}, body=body)

    def request(self, method, url, *, headers, **_):
        self.headers = headers
        return self.answer


@pytest.fixture
def pushed(oms, client, order):
    return oms.deliver(client, Kind.PUSH, order).id


def test_an_order_that_is_not_there_is_absent(oms, client, order):
    assert oms.find(client, Kind.PUSH, order).presence is Presence.ABSENT


def test_a_cancelled_order_is_dead_for_a_push(oms, client, server, order, pushed):
    server.cancel("K1001")
    found = oms.find(client, Kind.PUSH, order)
    assert found.presence is Presence.DEAD
    assert found.receipt.id == pushed


def test_two_living_sales_orders_need_a_person(oms, client, order, pushed):
    oms.deliver(client, Kind.PUSH, order)
    found = oms.find(client, Kind.PUSH, order)
    assert found.presence is Presence.DEAD
    assert "2 orders" in found.detail


def test_a_cancelled_duplicate_does_not_hide_the_living_one(oms, client, server, order, pushed):
    second = oms.deliver(client, Kind.PUSH, order).id
    server.book.move(pushed, "cancelled")
    found = oms.find(client, Kind.PUSH, order)
    assert (found.presence, found.receipt.id) == (Presence.DONE, second)


def test_an_order_in_another_currency_is_not_adopted(oms, client, server, order, pushed):
    server.orders[0].currency = "USD"
    assert oms.find(client, Kind.PUSH, order).presence is Presence.DEAD


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"orders": {}}', b'{"orders": [1]}', b'{"orders": [{"id": 1, "number": "K1001", "state": "accepted"}]}'],
)
def test_a_list_that_cannot_be_read_tells_nothing(oms, order, body):
    assert oms.find(Answers(200, body), Kind.PUSH, order).presence is Presence.UNTOLD


def test_an_order_of_another_number_is_never_taken_for_ours(oms, order):
    body = b'{"orders": [{"id": "SO-1", "number": "K10010", "state": "accepted", "total": 254900}]}'
    assert oms.find(Answers(200, body), Kind.PUSH, order).presence is Presence.ABSENT


def test_an_answer_without_an_id_is_unclear(oms, order):
    with pytest.raises(Temporary) as unclear:
        oms.deliver(Answers(201, b"{}"), Kind.PUSH, order)
    assert unclear.value.sent


@pytest.mark.parametrize(("idempotent", "key"), [(True, "K1001"), (False, None)])
def test_the_idempotency_key_goes_along_only_where_the_account_says_so(account, order, idempotent, key):
    client = Answers(201, b'{"id": "SO-1"}')
    account(idempotent=idempotent).deliver(client, Kind.PUSH, order)
    assert client.headers.get("Idempotency-Key") == key


@pytest.mark.parametrize("body", [b"[]", b"<html>", b""])
def test_a_409_without_an_id_is_unclear(oms, order, body):
    with pytest.raises(Temporary) as unclear:
        oms.deliver(Answers(409, body), Kind.PUSH, order)
    assert unclear.value.sent


def test_a_422_without_reasons_is_still_a_refusal(oms, order):
    with pytest.raises(Permanent) as refused:
        oms.deliver(Answers(422, b"<html>"), Kind.PUSH, order)
    assert refused.value.field is None


def test_a_failing_look_up_tells_temporary_or_denied(oms, client, server, order):
    server.mode("error_500", times=1, on=["find"])
    with pytest.raises(Temporary):
        oms.find(client, Kind.PUSH, order)
    server.mode("deny", times=1, on=["find"])
    with pytest.raises(Denied):
        oms.find(client, Kind.PUSH, order)


def test_the_weakest_peer_says_so_and_is_not_asked(account, client, server, order):
    weak = account(lookup="false")
    assert not weak.can.lookup
    assert weak.find(client, Kind.PUSH, order).presence is Presence.UNTOLD
    with pytest.raises(Permanent) as unknown:
        weak.deliver(client, Kind.CANCEL, order)
    assert unknown.value.field == "oms_order_id"
    assert server.calls == {}


@pytest.mark.parametrize(("kind", "state"), [(Kind.CANCEL, "cancelled"), (Kind.HOLD, "on_hold")])
def test_a_change_is_done_and_then_found(oms, client, server, known, pushed, kind, state):
    order = known(pushed)
    assert oms.find(client, kind, order).presence is Presence.ABSENT
    assert oms.deliver(client, kind, order).id == pushed
    assert server.orders[0].state == state
    assert oms.find(client, kind, order).presence is Presence.DONE
    assert oms.deliver(client, kind, order).id == pushed


def test_a_held_order_can_be_cancelled_and_let_go(oms, client, server, known, pushed):
    oms.deliver(client, Kind.HOLD, known(pushed))
    assert oms.find(client, Kind.CANCEL, known(pushed)).presence is Presence.ABSENT
    server.book.move(pushed, "accepted")
    assert oms.find(client, Kind.HOLD, known(pushed)).presence is Presence.ABSENT


@pytest.mark.parametrize("kind", [Kind.CANCEL, Kind.HOLD])
def test_after_shipping_it_is_too_late(oms, client, server, known, pushed, kind):
    server.ship("K1001")
    with pytest.raises(Permanent, match="Too late: the order is shipped"):
        oms.deliver(client, kind, known(pushed))
    found = oms.find(client, kind, known(pushed))
    assert found.presence is Presence.DEAD
    assert "shipped" in found.detail


def test_a_lost_cancel_is_found_done(oms, client, server, known, pushed):
    server.mode("drop_after_accept", times=1, on=["cancel"])
    with pytest.raises(Temporary) as lost:
        oms.deliver(client, Kind.CANCEL, known(pushed))
    assert lost.value.sent
    assert oms.find(client, Kind.CANCEL, known(pushed)).presence is Presence.DONE


def test_a_cancel_without_an_id_finds_the_order_by_number(oms, client, server, order, pushed):
    assert oms.deliver(client, Kind.CANCEL, order).id == pushed
    assert server.orders[0].state == "cancelled"
    assert oms.deliver(client, Kind.CANCEL, order).id == pushed


def test_a_cancel_of_an_order_that_is_not_there_is_for_a_person(oms, client, known, order):
    for one in (order, known("SO-none")):
        with pytest.raises(Permanent):
            oms.deliver(client, Kind.CANCEL, one)
        assert oms.find(client, Kind.CANCEL, one).presence is Presence.DEAD


def test_of_two_living_orders_none_is_cancelled_by_guessing(oms, client, server, order, pushed):
    oms.deliver(client, Kind.PUSH, order)
    with pytest.raises(Permanent, match="2 orders"):
        oms.deliver(client, Kind.CANCEL, order)
    assert [one.state for one in server.orders] == ["accepted", "accepted"]


def test_with_an_id_only_that_order_is_changed(oms, client, server, order, known, pushed):
    second = oms.deliver(client, Kind.PUSH, order).id
    oms.deliver(client, Kind.CANCEL, known(second))
    assert [one.state for one in server.orders] == ["accepted", "cancelled"]
    assert oms.find(client, Kind.CANCEL, known(pushed)).presence is Presence.ABSENT
    assert oms.find(client, Kind.CANCEL, known(second)).presence is Presence.DONE


def test_a_look_up_that_fails_before_a_cancel_has_surely_changed_nothing(oms, client, server, order, pushed):
    server.mode("drop_before", times=1, on=["find"])
    with pytest.raises(Temporary) as unsent:
        oms.deliver(client, Kind.CANCEL, order)
    assert not unsent.value.sent
    server.mode("throttle", times=1, on=["find"])
    with pytest.raises(Throttled):
        oms.deliver(client, Kind.CANCEL, order)
    assert server.orders[0].state == "accepted"


def test_an_id_of_any_form_stays_one_part_of_the_path(oms, client, server, known, pushed):
    with pytest.raises(Permanent):
        oms.deliver(client, Kind.CANCEL, known(f"../orders/{pushed}?x="))
    assert server.orders[0].state == "accepted"
