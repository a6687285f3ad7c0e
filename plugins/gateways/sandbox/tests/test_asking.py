"""Opening, finding, asking and closing, against the running sandbox."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from kartify_sandbox.server.bank import Terms

from kartify.plugin import ChargeState, Denied, Permanent, Temporary


def states(answer):
    return [report.state for report in answer.reports]


def test_opening_leads_to_the_pay_page(server, opened):
    session = server.session(opened.gateway_order_id)
    assert opened.next.as_dict() == {"type": "redirect", "url": session.pay_url}
    assert opened.expires_at == datetime.fromtimestamp(session.expires_at, UTC)
    assert (session.wanted.reference, session.wanted.amount, session.wanted.order_number) == ("PAY1", 254900, "K1001")


def test_opening_again_gives_the_same_session(gateway, client, wanted, opened, server):
    assert gateway.open(client, wanted()) == opened
    assert len(server.vault.sessions) == 1


def test_opening_again_for_another_sum_is_refused(gateway, client, wanted, opened):
    with pytest.raises(Permanent, match="key_reused"):
        gateway.open(client, wanted(minor=100))


def test_lost_opening_is_found_by_our_reference(gateway, client, wanted, server):
    assert gateway.find(client, wanted()) is None
    server.faults.plan("dropped")
    with pytest.raises(Temporary) as lost:
        gateway.open(client, wanted())
    assert lost.value.sent
    found = gateway.find(client, wanted())
    assert found.gateway_order_id in server.vault.sessions
    assert gateway.open(client, wanted()) == found
    assert server.calls["POST /v1/sessions"] == 2


def test_session_that_ended_has_no_next_step(gateway, client, wanted, opened, ref):
    gateway.close(client, ref(opened))
    assert gateway.find(client, wanted()).next.as_dict() == {"type": "none"}


def test_refused_opening_names_the_field(gateway, client, wanted):
    with pytest.raises(Permanent) as refused:
        gateway.open(client, replace(wanted(), webhook_url="not an address"))
    assert refused.value.field == "webhook_url"


def test_unpaid_payment_is_found_and_not_over(gateway, client, opened, ref):
    answer = gateway.ask(client, ref(opened))
    assert (answer.found, answer.reports, answer.over, answer.word) == (True, (), False, "open")


def test_every_attempt_is_told(gateway, client, opened, ref, server):
    for kind in ("failed", "pending", "captured"):
        server.pay(opened.gateway_order_id, kind=kind)
    answer = gateway.ask(client, ref(opened))
    assert states(answer) == [ChargeState.FAILED, ChargeState.PENDING, ChargeState.CAPTURED]
    for report in answer.reports:
        report.check()
    assert answer.word == "paid"


def test_payment_without_a_known_session_is_asked_by_reference(gateway, client, opened, ref, server):
    server.pay(opened.gateway_order_id)
    answer = gateway.ask(client, ref(None))
    assert states(answer) == [ChargeState.CAPTURED]
    assert not gateway.ask(client, ref(None, reference="PAY9")).found


def test_unknown_session_is_not_found(gateway, client, ref):
    assert not gateway.ask(client, ref("sess_KART000000000001")).found


def test_id_never_leads_to_another_call(gateway, client, ref, opened, server):
    for odd in ("../sessions", "..", "sess_1/../../charges", f"{opened.gateway_order_id}?x=1", "sess 1#"):
        with suppress(Permanent, Temporary):
            assert not gateway.ask(client, ref(odd)).found
    assert set(server.calls) <= {"POST /v1/sessions", "GET /v1/sessions/<session_id>"}


def test_closing_ends_a_session_for_good(gateway, client, opened, ref):
    assert gateway.close(client, ref(opened)).over
    assert gateway.close(client, ref(opened)).over
    assert gateway.ask(client, ref(opened)).word == "closed"


def test_closing_after_the_payment_tells_of_it(gateway, client, opened, ref, server):
    server.pay(opened.gateway_order_id)
    answer = gateway.close(client, ref(opened))
    assert (states(answer), answer.over) == ([ChargeState.CAPTURED], False)


def test_session_expires_by_the_sandboxs_clock_and_says_so(gateway, client, opened, ref, server, shop):
    server.now = lambda: datetime.now(UTC) + timedelta(minutes=31)
    answer = gateway.ask(client, ref(opened))
    assert (answer.over, answer.word) == (True, "expired")
    (message,) = shop.wait(1)
    assert gateway.read_webhook(message).ask == (opened.gateway_order_id,)


def test_session_with_an_undecided_charge_is_not_over(gateway, client, opened, ref, server):
    charge = server.pay(opened.gateway_order_id, kind="pending")
    assert not gateway.close(client, ref(opened)).over
    server.resolve(charge.id, "captured")
    answer = gateway.ask(client, ref(opened))
    assert (states(answer), answer.over) == ([ChargeState.CAPTURED], True)


def test_fee_and_discount_are_declared(gateway, client, opened, ref, server):
    server.pay(opened.gateway_order_id, terms=Terms(fee=500, discount=2000))
    (report,) = gateway.ask(client, ref(opened)).reports
    assert (report.captured, report.fee, report.discount) == (253400, 500, 2000)


def test_test_call_says_who_answered(gateway, client):
    assert "sandbox-shop" in gateway.test(client)


def test_wrong_key_is_denied(account, client, wanted, ref):
    stranger = account(key_secret="another")
    for call in (
        lambda: stranger.test(client),
        lambda: stranger.open(client, wanted()),
        lambda: stranger.ask(client, ref("sess_KART000000000001")),
        lambda: list(stranger.ask_many(client, [ref("sess_KART000000000001")])),
    ):
        with pytest.raises(Denied):
            call()


def test_nobody_there_is_temporary_and_surely_not_sent(account, client, ref):
    with pytest.raises(Temporary) as refused:
        account(api_base="http://127.0.0.1:9").ask(client, ref("sess_KART000000000001"))
    assert not refused.value.sent


def test_dashboard_link_shows_the_charge(gateway, client, opened, server):
    charge = server.pay(opened.gateway_order_id)
    page = client.request("GET", gateway.dashboard_url(charge.id))
    assert page.status == 200
    assert charge.id in page.body.decode()
