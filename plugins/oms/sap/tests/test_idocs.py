"""The pull side: IDocs given, and what comes back."""

import base64
from datetime import timedelta

import pytest
from kartify_sap.xml import parse

from kartify.plugin import (
    Ack,
    Acked,
    FeedWish,
    Invalid,
    Kind,
    Listed,
    Listing,
    NewsKind,
    NoSecret,
    OmsLine,
    Refused,
    Unreadable,
)

FEED = {"way": "feed", "inbound_password": "in-of-tests", "sold_to_party": "17100001", "idoc_receiver": "SAPCLNT100"}


@pytest.fixture
def oms(plugin):
    return plugin(**FEED, fee_conditions="shipping=HD00, discount=HB00", discount_condition="ZDIS",
                  cod_fields="CustomerPaymentTerms=COD1")


def route(oms, name):
    return next(one for one in oms.routes if one.name == name)


@pytest.fixture
def feed(oms, message, clock):
    """The feed's root, of these orders."""
    def make(*orders, **changes):
        items = [
            Listed(**{"position": place, "order": one, "status": "processing", "since": clock.at, "acknowledged": False,
                      **changes})
            for place, one in enumerate(orders, 1)
        ]
        listing = Listing(items=items, cursor=len(items), more=True)
        return oms.write_feed(route(oms, "orders"), message("GET"), FeedWish(), listing)

    return make


def logged_on(user="kartify", password="in-of-tests"):
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_an_account_that_is_fetched_from_calls_nobody(oms):
    assert (oms.delivery_kind(), oms.receipt) == (Kind.FEED, "ack")
    assert (oms.can.lookup, oms.can.poll, oms.can.cancel, oms.can.look_first) == (False, False, False, False)


def test_an_order_as_an_idoc(feed, order):
    line = OmsLine(line_id="1", sku="SHIRT-M", name="टोपी <b>", quantity=2, unit_price=49950, discount=1000)
    fees = [{"kind": "shipping", "amount": 4900}, {"kind": "discount", "amount": -900}]
    reply = feed(order(lines=[line], fees=fees, total=102900))
    [idoc] = parse(reply.body).all("IDOC")
    control = {one.name: one.text for one in idoc.first("EDI_DC40").inside}
    assert control == {
        "TABNAM": "EDI_DC40", "DOCNUM": "0000000000000001", "DIRECT": "2", "IDOCTYP": "ORDERS05", "MESTYP": "ORDERS",
        "SNDPOR": "KARTIFY", "SNDPRT": "LS", "SNDPRN": "KARTIFY", "RCVPRT": "LS", "RCVPRN": "SAPCLNT100",
        "CREDAT": "20261123", "CRETIM": "083000", "ARCKEY": "K1001",
    }
    assert {one.value("QUALF"): one.value("ORGID") for one in idoc.all("E1EDK14")} == {
        "008": "1710", "007": "10", "006": "00", "012": "OR",
    }
    assert [(one.value("KSCHL"), one.value("ALCKZ"), one.value("BETRG")) for one in idoc.all("E1EDK05")] == [
        ("HD00", "+", "49.00"), ("HB00", "-", "9.00"),
    ]
    assert [(one.value("PARVW"), one.value("ORT01"), one.value("PSTLZ")) for one in idoc.all("E1EDKA1")] == [
        ("AG", "Bengaluru", "560001"), ("WE", "Bengaluru", "560001"), ("RE", "Bengaluru", "560001"),
    ]
    item = idoc.first("E1EDP01")
    assert (item.value("POSEX"), item.value("MENGE"), item.value("VPREI"), item.value("NETWR")) == (
        "000010", "2", "499.50", "989.00",
    )
    assert (item.value("E1EDP19", "IDTNR"), item.value("E1EDP19", "KTEXT")) == ("SHIRT-M", "टोपी <b>")
    assert (item.value("E1EDP05", "KSCHL"), item.value("E1EDP05", "BETRG")) == ("ZDIS", "10.00")
    assert {one.value("SUMID"): one.value("SUMME") for one in idoc.all("E1EDS01")} == {"001": "1", "002": "1029.00"}
    assert (reply.headers["X-Kartify-Cursor"], reply.headers["X-Kartify-More"]) == ("1", "true")


def test_payment_terms_follow_the_mapping(feed, order):
    assert next(parse(feed(order(method="cod")).body).all("IDOC")).value("E1EDK01", "ZTERM") == "COD1"


@pytest.mark.parametrize("changes", [{"status": "cancelled"}, {"cancel_requested": True}, {"status": "refunded"}])
def test_an_order_that_is_cancelled_takes_its_lines_away(feed, order, changes):
    [idoc] = parse(feed(order(), **changes).body).all("IDOC")
    assert idoc.value("EDI_DC40", "MESTYP") == "ORDCHG"
    assert [one.value("ACTION") for one in idoc.all("E1EDP01")] == ["003"]


def test_characters_that_xml_cannot_hold_are_left_out(feed, order):
    reply = feed(order(customer={"name": "x"}, shipping_address={"name": "A\x0b\x00B & <C>", "line1": "\ud800x"}))
    assert next(parse(reply.body).all("IDOC")).value("E1EDKA1", "NAME1")


@pytest.mark.parametrize(("query", "wish"), [
    ([], FeedWish(unacknowledged=True)),
    ([("cursor", "12"), ("limit", "5")], FeedWish(cursor=12, limit=5)),
])
def test_without_a_cursor_what_is_not_acknowledged_is_listed(oms, message, query, wish):
    assert oms.read_feed(route(oms, "orders"), message("GET", query=query)) == wish


@pytest.mark.parametrize(("name", "text"), [("cursor", "x"), ("cursor", "-1"), ("limit", "0"), ("limit", "501")])
def test_a_wrong_question_names_its_field(oms, message, name, text):
    with pytest.raises(Invalid) as wrong:
        oms.read_feed(route(oms, "orders"), message("GET", query=[(name, text)]))
    assert wrong.value.field == name


@pytest.mark.parametrize(("body", "ack"), [
    (b"", Ack(number="K1001")),
    (b'{"oms_reference": "1001"}', Ack(number="K1001", oms_order_id="1001")),
    (b'{"refused": "no such material"}', Ack(number="K1001", refused="no such material")),
])
def test_an_acknowledgement_of_one_order(oms, message, body, ack):
    assert oms.read_acks(route(oms, "ack"), message(path="idocs/orders/K1001/ack", body=body)) == (ack,)


@pytest.mark.parametrize("body", [b"[]", b'{"oms_reference": 1}', b"\xff"])
def test_an_acknowledgement_that_makes_no_sense_is_unreadable(oms, message, body):
    with pytest.raises(Unreadable):
        oms.read_acks(route(oms, "ack"), message(path="idocs/orders/K1001/ack", body=body))


def responses(*rows):
    idocs = "".join(
        f'<IDOC BEGIN="1"><EDI_DC40 SEGMENT="1"><DOCNUM>7</DOCNUM><MESTYP>ORDRSP</MESTYP></EDI_DC40>'
        f"<E1EDK01><BELNR>{theirs}</BELNR></E1EDK01><E1EDK02><QUALF>001</QUALF><BELNR>{number}</BELNR></E1EDK02>"
        + "".join(f"<E1EDP01><ABGRU>{one}</ABGRU></E1EDP01>" for one in reasons) + "</IDOC>"
        for number, theirs, reasons in rows
    )
    return f"<ORDERS05>{idocs}</ORDERS05>".encode()


def test_order_responses_acknowledge_or_refuse(oms, message):
    body = responses(("K1", "1001", [""]), ("K2", "1002", ["Z1", "Z1"]), ("K3", "K3", []))
    assert oms.read_acks(route(oms, "acks"), message(body=body)) == (
        Ack(number="K1", oms_order_id="1001"),
        Ack(number="K2", oms_order_id="1002", refused="SAP rejects every line of it"), Ack(number="K3"),
    )


@pytest.mark.parametrize("body", [
    b"", b"<x", b"{}", b"<ORDERS05/>", b"<ORDERS05><IDOC/></ORDERS05>", b"\xff\xfe",
    b'<!DOCTYPE a [<!ENTITY b "c">]><ORDERS05/>', b"<!DOCTYPE a><ORDERS05/>",
    b"<a>" * 20 + b"</a>" * 20, b'<?xml version="1.0" encoding="nothing"?><a/>',
])
def test_what_is_no_idoc_is_unreadable(oms, message, body):
    for name, read in (("acks", oms.read_acks), ("news", oms.read_news)):
        with pytest.raises(Unreadable):
            read(route(oms, name), message(body=body))


def test_acknowledgements_are_answered_one_by_one(oms, message):
    rows = [Acked(number="K1", receipt="1001"), Acked(number="K2", problem="conflict", text="it was <1000> before")]
    reply = oms.write_acks(route(oms, "acks"), message(), rows)
    assert reply.status == 409
    told = [(one.value("NUMBER"), one.value("RECEIPT"), one.value("PROBLEM"), one.value("TEXT"))
            for one in parse(reply.body).all("ACK")]
    assert told == [("K1", "1001", "", ""), ("K2", "", "conflict", "it was <1000> before")]
    assert oms.write_acks(route(oms, "acks"), message(), rows[:1]).status == 200
    assert oms.write_acks(route(oms, "acks"), message(), [Acked(number="K", problem="unknown")]).status == 404


@pytest.mark.parametrize(("reasons", "kind", "whole"), [
    (["", ""], NewsKind.ACCEPTED, True), (["Z1", ""], NewsKind.CANCELLED, False),
    (["Z1", "Z1"], NewsKind.CANCELLED, True),
])
def test_order_responses_are_news_too(oms, message, reasons, kind, whole):
    [news] = oms.read_news(route(oms, "news"), message(body=responses(("K1", "1001", reasons))))
    assert (news.kind, news.whole, news.number, news.oms_order_id) == (kind, whole, "K1", "1001")


def delivery(kind, *numbers):
    lines = "".join(
        f"<E1EDL24><VGBEL>10{number[1:]}</VGBEL><E1EDL41><QUALI>001</QUALI><BSTNR>{number}</BSTNR></E1EDL41></E1EDL24>"
        for number in numbers
    )
    head = f"<EDI_DC40><DOCNUM>9</DOCNUM><MESTYP>{kind}</MESTYP></EDI_DC40>"
    return f"<DELVRY03><IDOC>{head}<E1EDL20><VBELN>80</VBELN>{lines}</E1EDL20></IDOC></DELVRY03>".encode()


@pytest.mark.parametrize(("kind", "news"), [("DESADV", NewsKind.SHIPPED), ("STPPOD", NewsKind.DELIVERED)])
@pytest.mark.parametrize("single", [False, True])
def test_a_dispatch_note_speaks_of_the_whole_order_only_where_that_is_promised(plugin, message, kind, news, single):
    oms = plugin(**FEED, single_delivery=single)
    told = oms.read_news(route(oms, "news"), message(body=delivery(kind, "K1", "K1", "K2")))
    assert [(one.kind, one.number, one.oms_order_id, one.whole) for one in told] == [
        (news, "K1", "101", single), (news, "K2", "102", single),
    ]
    assert len({one.key for one in told}) == 2


@pytest.mark.parametrize("body", [delivery("DESADV"), delivery("INVOIC", "K1")])
def test_other_idocs_are_not_news(oms, message, body):
    with pytest.raises(Unreadable):
        oms.read_news(route(oms, "news"), message(body=body))


def test_user_and_password_open_the_doors(oms, message):
    oms.authenticate(message(**logged_on()))


@pytest.mark.parametrize("headers", [
    {}, logged_on(password="in-of-testS"), logged_on(user="other"), {"authorization": "Basic ????"},
    {"authorization": "Bearer x"}, {"authorization": "Basic é"}, {"authorization": "Basic"},
])
def test_nobody_else_comes_in(oms, message, headers):
    with pytest.raises(Refused):
        oms.authenticate(message(**headers))


def test_without_a_password_the_doors_are_closed(plugin, message):
    with pytest.raises(NoSecret):
        plugin().authenticate(message(**logged_on()))


def test_the_retired_password_counts_until_its_end(plugin, message, clock):
    oms = plugin(**{**FEED, "inbound_password": "new-of-tests"}, inbound_password_previous="in-of-tests",
                 webhook_secret_previous_until=clock.at + timedelta(hours=1))
    oms.authenticate(message(**logged_on()))
    clock.forward(hours=2)
    with pytest.raises(Refused):
        oms.authenticate(message(**logged_on()))
    oms.authenticate(message(**logged_on(password="new-of-tests")))


