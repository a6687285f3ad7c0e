"""Every recorded sample is read as it says: webhooks, returns, look-ups, openings, refunds, captures."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from kartify_cashfree import CashfreeGateway
from kartify_cashfree.settings import CashfreeSettings

from kartify.plugin import HttpAnswer, Inbound, Money, PaymentRef, PaymentRequest, Refused

SAMPLES = Path(__file__).parent / "samples"
SETTINGS = json.loads((SAMPLES / "settings.json").read_text("utf-8"))


def samples(kind):
    found = sorted((SAMPLES / kind).glob("*.json"))
    assert found
    return [pytest.param(json.loads(path.read_text("utf-8")), id=path.stem) for path in found]


def gateway_of(sample):
    return CashfreeGateway(CashfreeSettings(**{**SETTINGS, **sample.get("settings", {})}))


class Recorded:
    """Answers as recorded, and insists on the recorded calls."""

    def __init__(self, exchanges):
        self.left = list(exchanges)

    def request(self, method, url, **given):
        recorded = self.left.pop(0)
        path = "/pg" + urlsplit(url).path.removeprefix("/pg")
        assert (method, path) == (recorded["request"]["method"], recorded["request"]["path"])
        told = recorded["response"]
        body = told["text"].encode() if "text" in told else json.dumps(told["body"]).encode()
        return HttpAnswer(status=told["status"], headers=told["headers"], body=body)


def plain(value):
    """Enums as their text, moments as ISO."""
    if isinstance(value, datetime):
        return value.isoformat()
    return {name: plain(one) for name, one in value.items()} if isinstance(value, dict) else value


def check_reports(reports, expected):
    assert len(reports) == len(expected)
    for report, wanted in zip(reports, expected, strict=True):
        report.check()
        told = plain(asdict(report))
        assert {name: told[name] for name in wanted} == wanted


def payment_of(sample):
    given = sample["payment"]
    return PaymentRef(
        reference=given["reference"], gateway_order_id=given["gateway_order_id"],
        amount=Money(given["amount"], given["currency"]), created_at=datetime.fromisoformat(given["created_at"]),
    )


@pytest.mark.parametrize("sample", samples("webhooks"))
def test_a_webhook_is_verified_and_read(sample):
    gateway, expect = gateway_of(sample), sample["expect"]
    message = Inbound(method="POST", path="/w", headers=sample["headers"], body=sample["body"].encode())
    gateway.verify(message)
    webhook = gateway.read_webhook(message)
    assert webhook.event == expect["event"]
    check_reports(webhook.reports, expect["reports"])
    assert list(webhook.ask) == expect.get("ask", [])
    assert (webhook.ignored is not None) == expect.get("ignored", False)


@pytest.mark.parametrize("sample", samples("callbacks"))
def test_a_return_proves_nothing(sample):
    gateway, expect = gateway_of(sample), sample["expect"]
    query = [(name, value) for name, value in sample["query"]]
    message = Inbound(method=sample["method"], path="/c", headers={}, query=query,
                      body=urlencode(sample.get("form", {})).encode())
    if expect.get("refused"):
        with pytest.raises(Refused):
            gateway.read_callback(message, payment_of(sample))
        return
    told = asdict(gateway.read_callback(message, payment_of(sample)))
    assert {**told, "reports": list(told["reports"])} == expect


@pytest.mark.parametrize("sample", samples("asks"))
def test_an_answer_is_read(sample):
    client, expect = Recorded(sample["exchanges"]), sample["expect"]
    answer = gateway_of(sample).ask(client, payment_of(sample))
    assert (answer.found, answer.over) == (expect["found"], expect["over"])
    check_reports(answer.reports, expect["reports"])
    assert client.left == []


@pytest.mark.parametrize("sample", samples("opens"))
def test_an_order_is_opened(sample):
    given, client = dict(sample["request"]), Recorded(sample["exchanges"])
    amount = Money(given.pop("amount"), given.pop("currency"))
    opened = gateway_of(sample).open(client, PaymentRequest(amount=amount, **given))
    assert opened.gateway_order_id == sample["expect"]["gateway_order_id"]
    step = opened.next.as_dict()
    assert {name: step[name] for name in sample["expect"]["next"]} == sample["expect"]["next"]
    assert client.left == []


@pytest.mark.parametrize("sample", samples("refunds"))
def test_a_refund_is_told(sample):
    client = Recorded(sample["exchanges"])
    amount = Money(sample["amount"], sample["currency"])
    answer = gateway_of(sample).refund(client, sample["gateway_payment_id"], amount, key=sample["key"])
    assert {"state": answer.state, "amount": answer.amount} == sample["expect"]
    assert client.left == []


@pytest.mark.parametrize("sample", samples("captures"))
def test_a_capture_is_told(sample):
    client = Recorded(sample["exchanges"])
    amount = Money(sample["amount"], sample["currency"])
    report = gateway_of(sample).capture(client, sample["gateway_payment_id"], amount)
    report.check()
    assert {"state": report.state, "amount": report.captured} == sample["expect"]
    assert client.left == []
