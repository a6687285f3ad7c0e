"""Bad days at the gateway: every one is told as what it is, and none as an answer."""

from __future__ import annotations

import pytest
from kartify_sandbox import SandboxGateway
from kartify_sandbox.settings import SandboxSettings

from kartify.plugin import Money, Temporary, Throttled
from kartify.testing.serve import serving, simulating


@pytest.fixture
def fails(gateway, client, opened, ref, server):
    """Asks once under a fault, and gives what was raised."""

    def make(fault):
        server.faults.plan(fault)
        with pytest.raises(Temporary) as raised:
            gateway.ask(client, ref(opened))
        return raised.value

    return make


def test_throttling_tells_how_long_to_wait_where_it_says_so(fails):
    throttled, silent = fails("throttled"), fails("throttled_silently")
    assert isinstance(throttled, Throttled)
    assert isinstance(silent, Throttled)
    assert (throttled.retry_after, silent.retry_after) == (1.0, None)
    assert not throttled.sent


@pytest.mark.parametrize("fault", ["error", "html", "truncated", "dropped"])
def test_answer_that_tells_nothing_is_temporary(fails, fault):
    problem = fails(fault)
    assert not isinstance(problem, Throttled)
    assert problem.sent


def test_slow_answer_is_an_answer(gateway, client, opened, ref, server):
    server.faults.plan("slow")
    assert gateway.ask(client, ref(opened)).found


def test_call_after_a_fault_goes_well(gateway, client, opened, ref, fails):
    fails("dropped")
    assert gateway.ask(client, ref(opened)).found


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b"<h1>Not Found</h1>"), (404, b"{}"), (404, b'{"error":"no_such_session"}'), (400, b""),
        (200, b"[]"), (200, b"{}"), (200, b'{"id":"sess_KART000000000001","charges":{}}'), (302, b"{}"), (200, b""),
    ],
)  # fmt: skip
def test_answer_that_is_not_the_sandboxs_says_nothing_of_the_payment(account, client, ref, status, body):
    def stranger(environ, start_response):
        start_response(f"{status} -", [("Content-Length", str(len(body)))])
        return [body]

    with serving(stranger) as url:
        with pytest.raises(Temporary):
            account(api_base=url).ask(client, ref("sess_KART000000000001"))


def test_answer_about_another_session_is_not_taken(account, client, ref, sample):
    def stranger(environ, start_response):
        start_response("200 OK", [("Content-Length", str(len(sample("session"))))])
        return [sample("session")]

    with serving(stranger) as url:
        with pytest.raises(Temporary, match="another session"):
            account(api_base=url).ask(client, ref("sess_KART000000000002"))
        assert len(account(api_base=url).ask(client, ref("sess_KART000000000001")).reports) == 2


def play(kind, seed, count):
    """What so many calls end in, under faults of a seed."""
    with simulating(kind, faults=seed) as (_, simulator):
        return [simulator.faults.draw() for _ in range(count)]


def test_seed_plays_the_same_faults_again(server):
    first = play(type(server), 7, 200)
    assert first == play(type(server), 7, 200)
    assert first != play(type(server), 8, 200)
    assert len({fault for fault in first if fault}) == 8


def test_payment_is_recognised_once_through_all_faults(client, wanted, ref, server, shop):
    with simulating(type(server), faults=3) as (_, simulator):
        gateway = SandboxGateway(SandboxSettings(**simulator.settings()))
        opened = insist(lambda: gateway.open(client, wanted()))
        charge = simulator.pay(opened.gateway_order_id)
        for number in range(10):
            insist(lambda number=number: gateway.refund(
                client, charge.id, Money(100, "INR"), key=f"refund-key-{number:04d}"
            ))  # fmt: skip
        report = insist(lambda: gateway.ask(client, ref(opened))).reports[0]
        assert (report.captured, report.refunded) == (254900, 1000)
        assert len(simulator.vault.sessions) == 1
        simulator.close()


def insist(call):
    for _ in range(30):
        try:
            return call()
        except Temporary:
            continue
    raise AssertionError("it never went well")
