"""The samples: written messages with genuine checksums, and what must come of them."""

import json
from datetime import datetime
from enum import Enum
from pathlib import Path
from urllib.parse import urlencode

import pytest
from kartify_paytm import PaytmGateway

from kartify.plugin import HttpAnswer, Inbound, Money, PaymentRef, PaymentRequest, Refused

HOME = Path(__file__).parent / "samples"
SETTINGS = json.loads((HOME / "settings.json").read_text("utf-8"))


def samples(kind):
    found = sorted((HOME / kind).glob("*.json"))
    assert found, kind
    params = [pytest.param(json.loads(one.read_text("utf-8")), id=one.stem) for one in found]
    return pytest.mark.parametrize("sample", params)


@pytest.fixture
def own(sample):
    return PaytmGateway(PaytmGateway.Settings(**{**SETTINGS, **sample.get("settings", {})}))


def money(given) -> Money:
    return Money(given["amount"], given["currency"])


def payment(given) -> PaymentRef:
    return PaymentRef(
        reference=given["reference"], gateway_order_id=given["gateway_order_id"], amount=money(given),
        created_at=datetime.fromisoformat(given["created_at"]),
    )  # fmt: skip


class Replayed:
    """Answers the written exchanges in order, to the written calls only."""

    def __init__(self, exchanges):
        self.left = list(exchanges)

    def request(self, method, url, **given):
        exchange = self.left.pop(0)
        assert method == exchange["request"]["method"]
        assert url == SETTINGS_BASE + exchange["request"]["path"]
        answer = exchange["response"]
        return HttpAnswer(status=answer["status"], headers=answer["headers"], body=json.dumps(answer["body"]).encode())


SETTINGS_BASE = PaytmGateway.Settings(**SETTINGS).api_base


def plain(value):
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else value


def check_reports(reports, expected):
    assert len(reports) == len(expected)
    for report, wanted in zip(reports, expected, strict=True):
        report.check()
        assert {name: plain(getattr(report, name)) for name in wanted} == wanted


@samples("webhooks")
def test_a_written_webhook(own, sample):
    message = Inbound(
        method="POST", path="/", headers=sample["headers"], query=[tuple(pair) for pair in sample["query"]],
        body=sample["body"].encode(),
    )  # fmt: skip
    own.verify(message)
    webhook, expect = own.read_webhook(message), sample["expect"]
    assert (webhook.event, list(webhook.ask)) == (expect["event"], expect["ask"])
    assert (webhook.ignored is not None) == expect.get("ignored", False)
    check_reports(webhook.reports, expect["reports"])


@samples("callbacks")
def test_a_written_return(own, sample):
    message = Inbound(
        method=sample["method"], path="/", headers=sample["headers"], query=[tuple(pair) for pair in sample["query"]],
        body=urlencode(sample["form"]).encode(),
    )  # fmt: skip
    expect = sample["expect"]
    if expect.get("refused"):
        with pytest.raises(Refused):
            own.read_callback(message, payment(sample["payment"]))
        return
    assert own.callback_key(message).reference == sample["payment"]["reference"]
    callback = own.read_callback(message, payment(sample["payment"]))
    assert {name: plain(getattr(callback, name)) for name in expect if name != "reports"} == {
        name: value for name, value in expect.items() if name != "reports"
    }
    check_reports(callback.reports, expect["reports"])


@samples("asks")
def test_a_written_answer(own, sample):
    client, expect = Replayed(sample["exchanges"]), sample["expect"]
    answer = own.ask(client, payment(sample["payment"]))
    assert (answer.found, answer.over, client.left) == (expect["found"], expect["over"], [])
    check_reports(answer.reports, expect["reports"])


@samples("opens")
def test_a_written_opening(own, sample):
    given = dict(sample["request"])
    amount = Money(given.pop("amount"), given.pop("currency"))
    opened = own.open(Replayed(sample["exchanges"]), PaymentRequest(**given, amount=amount))
    assert opened.gateway_order_id == sample["expect"]["gateway_order_id"]
    assert opened.next.as_dict() == sample["expect"]["next"]


@samples("refunds")
def test_a_written_refund(own, sample):
    client = Replayed(sample["exchanges"])
    answer = own.refund(client, sample["gateway_payment_id"], money(sample), key=sample["key"])
    assert {name: getattr(answer, name) for name in sample["expect"]} == sample["expect"]
    assert client.left == []
