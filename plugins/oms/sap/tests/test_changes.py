"""Blocks, holds, rejections, and addresses that come after the order."""

import contextlib

import pytest

from kartify.plugin import Kind, OmsLine, Permanent, Presence, Temporary

BLOCKED = {"way": "blocked", "unpaid_delivery_block": "Z1", "unpaid_billing_block": "Z2"}


def lines(count):
    return [OmsLine(line_id=str(one), sku=f"S{one}", name="x", quantity=1, unit_price=100) for one in range(count)]


def header(simulator, number="K1001"):
    return simulator.book.of(number)[0].data["header"]


def test_an_unpaid_order_stands_blocked_until_its_money_is_there(account, simulator, client, order):
    oms = account(**BLOCKED)
    assert (oms.delivery_kind(), oms.pushes_unpaid(), oms.can.look_first) == (Kind.CONFIRM, True, True)
    made = oms.deliver(client, Kind.PUSH_UNPAID, order())
    assert (header(simulator)["DeliveryBlockReason"], header(simulator)["HeaderBillingBlockReason"]) == ("Z1", "Z2")
    assert oms.find(client, Kind.PUSH_UNPAID, order()).presence is Presence.DONE
    assert oms.find(client, Kind.CONFIRM, order()).presence is Presence.ABSENT
    assert oms.deliver(client, Kind.CONFIRM, order()).id == made.id
    assert (header(simulator)["DeliveryBlockReason"], header(simulator)["HeaderBillingBlockReason"]) == ("", "")
    assert oms.find(client, Kind.CONFIRM, order()).presence is Presence.DONE
    assert len(simulator.book.orders) == 1


def test_a_block_that_staff_set_at_sap_stays(account, simulator, client, order):
    oms = account(**BLOCKED)
    oms.deliver(client, Kind.PUSH_UNPAID, order())
    header(simulator)["DeliveryBlockReason"] = "07"
    receipt = oms.deliver(client, Kind.CONFIRM, order())
    assert (header(simulator)["DeliveryBlockReason"], header(simulator)["HeaderBillingBlockReason"]) == ("07", "")
    assert "07" in receipt.detail


def test_an_order_that_never_got_there_goes_out_unblocked_when_it_is_paid(account, simulator, client, order):
    account(**BLOCKED).deliver(client, Kind.CONFIRM, order())
    assert "DeliveryBlockReason" not in header(simulator)


def test_an_order_that_sap_rejected_meanwhile_is_not_made_again(account, simulator, client, order):
    oms = account(**BLOCKED)
    oms.deliver(client, Kind.PUSH_UNPAID, order())
    simulator.move("K1001", "cancelled")
    assert oms.find(client, Kind.CONFIRM, order()).presence is Presence.DEAD
    with pytest.raises(Permanent):
        oms.deliver(client, Kind.CONFIRM, order())
    assert len(simulator.book.orders) == 1


def test_a_change_carries_the_etag_of_what_was_read(sap, plugin, order):
    blocked = sap.row(DeliveryBlockReason="Z1")
    client = sap.canned(sap.listed(blocked), (200, {"d": blocked}), (204, b""), (200, {"d": sap.row()}))
    plugin(**BLOCKED).deliver(client, Kind.CONFIRM, order())
    method, url, given = client.asked[2]
    assert (method, url.rpartition("/")[2]) == ("PATCH", "A_SalesOrder('1001')")
    assert given["headers"]["if-match"] == 'W/"1001-1"'
    assert given["body"] == b'{"DeliveryBlockReason":""}'


@pytest.mark.parametrize("status", [412, 428])
def test_where_somebody_was_faster_it_is_read_and_decided_again(sap, plugin, order, status):
    blocked = sap.row(DeliveryBlockReason="Z1")
    theirs = sap.row(DeliveryBlockReason="07")
    client = sap.canned(sap.listed(blocked), (200, {"d": blocked}), (status, {}), (200, {"d": theirs}))
    assert "07" in plugin(**BLOCKED).deliver(client, Kind.CONFIRM, order()).detail


def test_after_three_clashes_it_waits(sap, plugin, order):
    blocked = sap.row(DeliveryBlockReason="Z1")
    turns = [(200, {"d": blocked}), (412, {})] * 3
    with pytest.raises(Temporary) as clash:
        plugin(**BLOCKED).deliver(sap.canned(sap.listed(blocked), *turns), Kind.CONFIRM, order())
    assert clash.value.sent is False


def test_a_success_whose_message_is_an_error_is_none(account, simulator, client, order):
    oms = account(**BLOCKED)
    oms.deliver(client, Kind.PUSH_UNPAID, order())
    simulator.message = '{"code": "V1/9", "message": "The block cannot be taken off", "severity": "error"}'
    with pytest.raises(Permanent, match="The block cannot be taken off"):
        oms.deliver(client, Kind.CONFIRM, order())


def test_hold_sets_its_block_once(account, simulator, client, order):
    oms = account(hold_billing_block="Z3")
    oms.deliver(client, Kind.PUSH, order())
    assert oms.find(client, Kind.HOLD, order()).presence is Presence.ABSENT
    oms.deliver(client, Kind.HOLD, order())
    assert (header(simulator)["DeliveryBlockReason"], header(simulator)["HeaderBillingBlockReason"]) == ("Z2", "Z3")
    assert oms.find(client, Kind.HOLD, order()).presence is Presence.DONE
    oms.deliver(client, Kind.HOLD, order())
    assert simulator.calls["PATCH /sap/opu/odata/sap/API_SALES_ORDER_SRV/<resource>"] == 1


def test_a_hold_of_what_is_in_delivery_is_too_late(account, simulator, client, order):
    oms = account()
    oms.deliver(client, Kind.PUSH, order())
    simulator.move("K1001", "shipped")
    with pytest.raises(Permanent, match="too late"):
        oms.deliver(client, Kind.HOLD, order())


def test_without_codes_there_is_no_cancel_and_no_hold(plugin):
    assert (plugin().can.cancel, plugin().can.hold) == (False, False)


def test_a_cancel_that_was_lost_half_way_is_gone_on_with(account, simulator, client, order):
    oms = account()
    told = order(lines=lines(3), total=300)
    oms.deliver(client, Kind.PUSH, told)
    simulator.faults.next("none", "none", "none", "none", "dropped-after")  # look, read, patch, read, patch
    with pytest.raises(Temporary):
        oms.deliver(client, Kind.CANCEL, told)
    items = simulator.book.of("K1001")[0].data["to_Item"]
    assert [bool(item.get("SalesDocumentRjcnReason")) for item in items] == [True, True, False]
    assert oms.find(client, Kind.CANCEL, told).presence is Presence.ABSENT
    oms.deliver(client, Kind.CANCEL, told)
    assert oms.find(client, Kind.CANCEL, told).presence is Presence.DONE
    assert {item["SalesDocumentRjcnReason"] for item in items} == {"Z1"}


def test_of_two_living_orders_none_is_cancelled_by_guessing(account, simulator, client, order):
    oms = account()
    oms.deliver(client, Kind.PUSH, order())
    oms.deliver(client, Kind.PUSH, order())
    assert oms.find(client, Kind.CANCEL, order()).presence is Presence.DEAD
    with pytest.raises(Permanent, match="by hand"):
        oms.deliver(client, Kind.CANCEL, order())


def test_a_cancel_of_what_is_not_there_is_for_a_person(account, client, order):
    with pytest.raises(Permanent, match="no order of this number"):
        account().deliver(client, Kind.CANCEL, order())


@pytest.fixture
def after(account):
    return account(address_style="patch_after", pending_delivery_block="Z8", cod_fields="DeliveryBlockReason=Z5")


def test_addresses_that_come_after_keep_the_order_blocked_until_they_are_there(after, simulator, client, order):
    receipt = after.deliver(client, Kind.PUSH, order())
    [there] = simulator.book.of("K1001")
    assert receipt.id == there.id
    assert there.data["header"]["DeliveryBlockReason"] == ""
    assert {row["CityName"] for one in there.data["to_Partner"] for row in one["to_Address"]} == {"Bengaluru"}
    assert after.find(client, Kind.PUSH, order()).presence is Presence.DONE


def test_the_block_of_the_mapping_comes_in_place_of_the_pending_one(after, simulator, client, order):
    after.deliver(client, Kind.PUSH, order(method="cod"))
    assert header(simulator)["DeliveryBlockReason"] == "Z5"


@pytest.mark.parametrize("at", range(1, 9))
def test_wherever_it_breaks_off_it_is_gone_on_with_and_no_second_order_is_made(after, simulator, client, order, at):
    # look, log-on, create, partners, address, address, header, patch, header
    simulator.faults.next(*["none"] * at, "dropped-after")
    for _ in range(5):
        with contextlib.suppress(Temporary):
            receipt = after.deliver(client, Kind.PUSH, order())
            break
    [there] = simulator.book.of("K1001")
    assert receipt.id == there.id
    assert there.data["header"]["DeliveryBlockReason"] == ""


def test_a_partner_without_an_address_at_sap_is_named_and_where_the_order_stands(sap, plugin, order):
    oms = plugin(address_style="patch_after", pending_delivery_block="Z8", partners="SH=shipping")
    partners = {"results": [{"to_Address": {"results": []}}]}
    client = sap.canned(sap.listed(sap.row(DeliveryBlockReason="Z8")), (200, {"d": partners}))
    with pytest.raises(Permanent, match=r"no address for the partner SH.*at SAP as 1001, blocked") as refused:
        oms.deliver(client, Kind.PUSH, order())
    assert refused.value.field == "partners"


def test_keys_that_are_revoked_after_the_order_is_there_do_not_make_it_unknown(sap, plugin, order):
    oms = plugin(address_style="patch_after", pending_delivery_block="Z8")
    client = sap.canned(sap.listed(sap.row(DeliveryBlockReason="Z8")), (401, b""))
    with pytest.raises(Temporary) as lost:
        oms.deliver(client, Kind.PUSH, order())
    assert lost.value.sent is True


def test_what_breaks_off_after_the_order_is_there_is_uncertain(after, simulator, client, order):
    simulator.faults.next(*["none"] * 3, "500")
    with pytest.raises(Temporary, match="at SAP as 0000001, blocked") as lost:
        after.deliver(client, Kind.PUSH, order())
    assert lost.value.sent is True
    assert after.find(client, Kind.PUSH, order()).presence is Presence.ABSENT
