"""The browser's return proves nothing: it says which payment to ask about."""

import json
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from kartify.plugin import Inbound, Money, PaymentRef, Refused, Unreadable

from .conftest import HERE

RETURNS = sorted((HERE / "samples" / "callbacks").glob("*.json"))


def _back(query=(), method="GET", body=b""):
    return Inbound(method=method, path="/callbacks/a", headers={}, query=tuple(map(tuple, query)), body=body)


@pytest.mark.parametrize("path", RETURNS, ids=lambda path: path.stem)
def test_a_sample_is_read_as_it_says(gateway, path):
    sample = json.loads(path.read_text())
    ours, expect = sample["payment"], sample["expect"]
    payment = PaymentRef(
        reference=ours["reference"], gateway_order_id=ours["gateway_order_id"],
        amount=Money(ours["amount"], ours["currency"]), created_at=datetime.fromisoformat(ours["created_at"]),
    )
    message = _back(sample["query"], sample["method"])
    if expect.get("refused"):
        with pytest.raises(Refused):
            gateway.read_callback(message, payment)
        return
    read = gateway.read_callback(message, payment)
    assert (read.proved, read.outcome, read.gateway_payment_id, list(read.reports)) == (
        expect["proved"], expect["outcome"], expect["gateway_payment_id"], expect["reports"],
    )


def test_the_way_back_leads_to_the_payment(live, gateway, ref):
    ours = live.opened()
    back = live.simulator.comeback(live.simulator.pay(ours.gateway_order_id))
    message = _back(parse_qsl(urlsplit(back.url).query), back.method)
    assert gateway.callback_key(message).reference == "R7Q2M9"
    assert gateway.read_callback(message, ref()).proved is False


def test_an_address_with_a_query_of_its_own_keeps_it(gateway, canned, wish):
    client = canned((200, {"orderId": "OMO1", "state": "PENDING", "expireAt": 1, "redirectUrl": "https://x.example/"}))
    gateway.open(client, wish(callback_url="https://kartify.example/callbacks/a?shop=1"))
    [(_, _, given)] = client.asked
    assert given["json"]["paymentFlow"]["merchantUrls"]["redirectUrl"].endswith("?shop=1&kartify_reference=R7Q2M9")


@pytest.mark.parametrize(
    "query",
    [[], [("kartify_reference", "")], [("kartify_reference", "R7/Q2")], [("kartify_reference", "x" * 21)],
     [("kartify_reference", "R7Q2M9"), ("kartify_reference", "OTHER")], [("merchantOrderId", "R7Q2M9")]],
)  # fmt: skip
def test_a_return_that_names_no_payment_is_unreadable(gateway, ref, query):
    for read in (gateway.callback_key, lambda message: gateway.read_callback(message, ref())):
        with pytest.raises(Unreadable):
            read(_back(query))


def test_our_parameter_counts_before_a_field_of_a_form(gateway):
    message = _back([("kartify_reference", "R7Q2M9")], "POST", b"kartify_reference=FORGED")
    assert gateway.callback_key(message).reference == "R7Q2M9"


def test_a_form_that_cannot_be_read_is_unreadable(gateway):
    with pytest.raises(Unreadable):
        gateway.callback_key(_back([("kartify_reference", "R7Q2M9")], "POST", b"\xff=1"))
