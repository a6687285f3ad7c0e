"""Every button: who may press it, that its form must be genuine, and that it does what it says."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from browser import ROLES, Cockpit, plain, token_of
from fakes import report, webhook
from world import dead_delivery, open_case

from kartify import clock
from kartify.domain.errors import Temporary
from kartify.domain.status import Status
from kartify.flows.delivering import deliver
from kartify.flows.exporting import export_rows
from kartify.flows.lookups import asking, lookup, runs
from kartify.flows.operating import operations
from kartify.flows.people import byhand, case_rows, keys, stores
from kartify.flows.people.approvals import NeedsSecond
from kartify.flows.receiving import receive
from kartify.models import (
    Account,
    ApiKey,
    AuditEntry,
    Case,
    Charge,
    Cron,
    Delivery,
    InboxMessage,
    Operation,
    OrderMove,
    Run,
    Settlement,
    User,
)
from kartify.plugin import Denied, PaymentAnswer

EVERYBODY = ("viewer", "support", "finance", "admin")
WORKERS, FINANCE, ADMINS = ("support", "admin"), ("finance", "admin"), ("admin",)
ATTENDING = ("support", "finance", "admin")
POSTS = {
    "/admin/orders/{order}/check": WORKERS,
    "/admin/orders/check-many": WORKERS,
    "/admin/orders/export": EVERYBODY,
    "/admin/exports/{export}/stop": EVERYBODY,
    "/admin/orders/{order}/move": WORKERS,
    "/admin/orders/{order}/confirm": WORKERS,
    "/admin/orders/{order}/push/{delivery}": WORKERS,
    "/admin/orders/{order}/oms-id/{delivery}": WORKERS,
    "/admin/orders/{order}/cancel": WORKERS,
    "/admin/orders/{order}/note": WORKERS,
    "/admin/orders/{order}/refund/{charge}": FINANCE,
    "/admin/orders/{order}/capture/{charge}": FINANCE,
    "/admin/orders/{order}/void/{charge}": FINANCE,
    "/admin/orders/{order}/accept/{case}": FINANCE,
    "/admin/orders/{order}/messages/{message}/reveal": FINANCE,
    "/admin/orders/{order}/hold": WORKERS,
    "/admin/orders/{order}/let-go": WORKERS,
    "/admin/orders/{order}/edit": WORKERS,
    "/admin/crons/{cron}/run": WORKERS,
    "/admin/crons/runs/{run}/stop": WORKERS,
    "/admin/crons/runs/{run}/rest": WORKERS,
    "/admin/crons/{cron}/schedule": ADMINS,
    "/admin/attention/{case}/close": FINANCE,
    "/admin/attention/{case}/assign": ATTENDING,
    "/admin/attention/{case}/snooze": ATTENDING,
    "/admin/attention/{case}/wake": ATTENDING,
    "/admin/attention/many": ATTENDING,
    "/admin/attention/close-many": FINANCE,
    "/admin/inbox/{message}/again": WORKERS,
    "/admin/inbox/{message}/discard": FINANCE,
    "/admin/deliveries/{delivery}/again": WORKERS,
    "/admin/deliveries/{delivery}/discard": WORKERS,
    "/admin/deliveries/again-many": WORKERS,
    "/admin/jobs/wake": WORKERS,
    "/admin/tools/ledger/confirm-payment": WORKERS,
    "/admin/accounts/{account}/pause": ADMINS,
    "/admin/accounts/{account}/resume": ADMINS,
    "/admin/accounts/{account}/drain": WORKERS,
    "/admin/accounts/{account}/test": WORKERS,
    "/admin/accounts/{account}/webhook": WORKERS,
    "/admin/accounts/{account}/rotate": ADMINS,
    "/admin/accounts/{account}/end-old": ADMINS,
    "/admin/accounts/{account}/edit": ADMINS,
    "/admin/accounts/new": ADMINS,
    "/admin/stores/new": ADMINS,
    "/admin/stores/{store}/edit": ADMINS,
    "/admin/users/{user}/role": ADMINS,
    "/admin/users/{user}/access": ADMINS,
    "/admin/users/create": ADMINS,
    "/admin/users/{user}/sessions": ADMINS,
    "/admin/users/{user}/stores": ADMINS,
    "/admin/users/{user}/password": ADMINS,
    "/admin/approvals/{approval}/agree": WORKERS,
    "/admin/approvals/{approval}/refuse": WORKERS,
    "/admin/approvals/{approval}/withdraw": WORKERS,
    "/admin/keys/create": ADMINS,
    "/admin/keys/{key}/revoke": ADMINS,
}
PUBLIC = {"admin.login"}


def seen(cockpit: Cockpit, case_id: UUID) -> str:
    """The mark that the page gives the forms of an exception."""
    return case_rows.stamp(cockpit.one(Case, case_id))


def waiting_request(cockpit: Cockpit, number: str = "A1") -> UUID:
    """An order that waits for a second person."""
    stores.set_store(cockpit.house, cockpit.shop.code, {"second_person": "true"})
    with pytest.raises(NeedsSecond) as waits:
        byhand.move(cockpit.house, cockpit.missing(number), target=Status.PROCESSING, by="first@shop.example",
                    reason="bank slip seen")
    return waits.value.approval_id


def api_key(cockpit: Cockpit) -> UUID:
    keys.create_key(cockpit.house, cockpit.shop.code, "storefront", label="site")
    return UUID(str(cockpit.rows(ApiKey)[0]["id"]))


def stored_message(cockpit: Cockpit) -> UUID:
    receive.webhook(cockpit.house, cockpit.gateway, webhook("e1", event="unknown", secret="whsec-very-secret"))
    return UUID(str(cockpit.rows(InboxMessage)[0]["id"]))


@pytest.fixture
def targets(cockpit: Cockpit) -> dict[str, object]:
    order, delivery = dead_delivery(cockpit)
    return {
        "order": order, "delivery": delivery, "cron": cockpit.rows(Cron)[0]["id"], "account": cockpit.gateway,
        "store": cockpit.shop.id,
        "run": runs.start(cockpit.house, cockpit.gateway, by="x"), "case": open_case(cockpit),
        "charge": cockpit.rows(Charge, order_id=order)[0]["id"], "approval": waiting_request(cockpit),
        "key": api_key(cockpit), "message": stored_message(cockpit),
        "export": export_rows.ask(cockpit.house, export_rows.Wanted(
            by="x", format="csv", params={"view": "all"}, stores=None, personal=True)),
    }


def test_the_table_names_every_post_of_the_admin(cockpit: Cockpit) -> None:
    """A new button must be added to the table, so that its permission is tested."""
    known = {path.replace("{", "<").replace("}", ">") for path in POSTS}
    served = {
        rule.rule for rule in cockpit.app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.endpoint not in PUBLIC and rule.rule != "/admin/logout"
    }
    names = {"uuid:order_id": "order", "uuid:delivery_id": "delivery", "uuid:cron_id": "cron", "uuid:run_id": "run",
             "uuid:case_id": "case", "uuid:charge_id": "charge", "uuid:account_id": "account", "uuid:user_id": "user",
             "uuid:approval_id": "approval", "uuid:key_id": "key", "uuid:message_id": "message",
             "uuid:store_id": "store", "uuid:export_id": "export", "uuid:inbox_id": "message"}
    for long, short in names.items():
        served = {rule.replace(long, short) for rule in served}
    assert {rule.replace("<slug>/<verb>", "ledger/confirm-payment") for rule in served} == known


@pytest.mark.parametrize("role", ROLES)
def test_sc_84_a_post_without_the_right_is_403_audited_and_changes_nothing(
    cockpit: Cockpit, targets: dict[str, object], role: str
) -> None:
    person = cockpit.person(role)
    user = next(row["id"] for row in cockpit.rows(User) if row["email"] == person.email)
    for path, allowed in POSTS.items():
        if role in allowed:
            continue
        before = len(cockpit.audited("refused")), cockpit.count(AuditEntry)
        answer = person.post(path.format(**targets, user=user), reason="x", version=1, target="shipped")
        assert answer.status_code == 403, (role, path)
        assert "Nothing was changed" in plain(answer)
        assert (len(cockpit.audited("refused")), cockpit.count(AuditEntry)) == (before[0] + 1, before[1] + 1), path
    assert cockpit.status(targets["order"]) == "processing"  # type: ignore[arg-type]


def test_every_post_without_its_token_is_refused(cockpit: Cockpit, targets: dict[str, object]) -> None:
    person = cockpit.person("admin")
    user = cockpit.rows(User)[0]["id"]
    before = cockpit.count(AuditEntry)
    for path in (*POSTS, "/admin/logout", "/admin/login"):
        for token in ("", "made up"):
            answer = person.post(path.format(**targets, user=user), token=token, reason="x", version=1)
            assert answer.status_code == 400, (path, plain(answer)[:200])
            assert "nothing was changed" in plain(answer)
    assert cockpit.count(AuditEntry) == before
    assert person.get("/admin/").status_code == 200


def test_every_post_of_someone_signed_out_leads_to_the_login(cockpit: Cockpit, targets: dict[str, object]) -> None:
    client = cockpit.app.test_client()
    for path in POSTS:
        answer = client.post(path.format(**targets, user=targets["order"]))
        assert (answer.status_code, answer.location) == (303, "/admin/login"), path


def test_another_persons_token_does_not_fit(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    foreign = token_of(cockpit.person("admin").get("/admin/tools/"))
    answer = cockpit.person("support").post(f"/admin/orders/{order_id}/note", token=foreign, note="x", version=1)
    assert answer.status_code == 400
    assert cockpit.timeline(order_id) == []


def test_check_payment_recovers_a_paid_order_and_says_what_the_gateway_said(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    cockpit.bank.paid("order_K1001", payment="pay_7")
    person = cockpit.person("support")
    page = person.press(f"/admin/orders/{order_id}/check", version=1)
    assert "Plain Pay: paid (captured). The order moved missing → processing." in page
    assert "₹2,499.00 captured at Plain Pay, told by lookup." in page
    assert cockpit.status(order_id) == "processing"
    assert cockpit.rows(Settlement)[0]["by"] == person.email
    assert [row["by"] for row in cockpit.audited("check payment")] == [person.email]
    assert [row["kind"] for row in cockpit.timeline(order_id)] == ["check payment"]


def test_check_payment_tells_unknown_from_unpaid(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    person = cockpit.person("support")
    cockpit.bank.answers["order_K1001"] = Temporary("the gateway answered 502")
    page = person.press(f"/admin/orders/{order_id}/check", version=1)
    assert "Plain Pay: no answer, the gateway answered 502. The order stays missing." in page
    cockpit.bank.answers["order_K1001"] = PaymentAnswer(reports=(report(state="failed", order="order_K1001"),))
    page = person.press(f"/admin/orders/{order_id}/check", version=1)
    assert "Plain Pay: not paid, and nothing under way (failed). The order stays missing." in page
    assert "No callback, no webhook." in page
    assert cockpit.status(order_id) == "missing"


def test_move_by_hand_keeps_reason_and_the_gateways_answer(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    person = cockpit.person("support")
    cockpit.bank.answers["order_K1001"] = PaymentAnswer(reports=(report(state="pending", order="order_K1001"),))
    page = person.press(
        f"/admin/orders/{order_id}/move", version=1, target="processing", reason="bank slip seen", evidence="UTR 42"
    )
    assert "moved by hand. The gateway said: still under way (pending)" in page
    assert f"moved by hand by {person.email} (bank slip seen); no payment is proved." in page
    assert "evidence: UTR 42" in page
    move = cockpit.rows(OrderMove, order_id=order_id)[-1]
    assert (move["by"], move["reason"], move["evidence"]["note"]) == (person.email, "bank slip seen", "UTR 42")
    assert cockpit.bank.asked["order_K1001"] == 1


def test_move_to_processing_settles_when_the_gateway_confirms(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    cockpit.bank.paid("order_K1001")
    page = cockpit.person("support").press(
        f"/admin/orders/{order_id}/move", version=1, target="processing", reason="customer insists"
    )
    assert "the gateway confirmed it, so it moved by itself" in page
    assert len(cockpit.rows(Settlement)) == 1


@pytest.mark.parametrize(("values", "code", "said"), [
    ({"target": "processing", "reason": " "}, 422, "reason: expected why"),
    ({"target": "missing", "reason": "typed words"}, 422, "target: expected one of"),
    ({"target": "delivered", "reason": "typed words"}, 409, "cannot become delivered by staff"),
    ({"target": "processing", "reason": "typed words", "version": "x"}, 422, "version: expected"),
    ({"target": "processing", "reason": "typed words", "version": "0"}, 409, "the order changed meanwhile"),
])
def test_a_move_that_cannot_be_made_says_why_and_keeps_what_was_typed(
    cockpit: Cockpit, values: dict[str, str], code: int, said: str
) -> None:
    order_id = cockpit.missing()
    answer = cockpit.person("support").post(f"/admin/orders/{order_id}/move", **{"version": "1", **values})
    assert answer.status_code == code
    assert said in plain(answer)
    assert values["reason"] in answer.text
    assert cockpit.status(order_id) == "missing"
    assert cockpit.audited("move")[0]["text"].startswith("not done: ")


def test_confirm_payment_moves_confirms_and_a_second_press_says_done_already(confirming: Cockpit) -> None:
    order_id = confirming.missing(oms_order_id="FY1")
    confirming.ledger.orders.append({"id": "FY1", "number": "K1001", "total": 249900, "state": "new"})
    confirming.bank.paid("order_K1001")
    person = confirming.person("support")
    assert "Confirm payment at Ledger" in person.text(f"/admin/orders/{order_id}")
    page = person.press(f"/admin/orders/{order_id}/confirm", version=1, reason="asked by phone")
    assert "Ledger has it since" in page
    assert confirming.ledger.sent("K1001", "confirm") == 1
    page = confirming.person("support").press(f"/admin/orders/{order_id}/confirm", version=1, reason="again")
    assert "Already confirmed at the OMS as FY1." in page
    assert confirming.ledger.sent("K1001", "confirm") == 1
    assert len(confirming.audited("confirm payment")) == 2


def test_sc_31_the_second_presser_of_confirm_payment_is_told_who_is_at_it(confirming: Cockpit) -> None:
    order_id = confirming.missing(oms_order_id="FY1")
    confirming.ledger.orders.append({"id": "FY1", "number": "K1001", "total": 249900, "state": "new"})
    confirming.bank.paid("order_K1001")
    asking.check_order(confirming.house, order_id, by="test")
    first, second = confirming.person("support"), confirming.person("admin")
    inside, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        inside.set()
        assert go_on.wait(10)

    confirming.ledger.script.append(hold)
    answers: list[int] = []
    press = threading.Thread(
        target=lambda: answers.append(first.post(f"/admin/orders/{order_id}/confirm", version=2).status_code)
    )
    press.start()
    assert inside.wait(10)
    answer = second.post(f"/admin/orders/{order_id}/confirm", version=2)
    go_on.set()
    press.join(10)
    assert answer.status_code == 409
    assert f"by {first.email}" in plain(answer)
    assert "in progress since" in plain(answer)
    assert answers == [303]
    assert confirming.ledger.sent("K1001", "confirm") == 1


def test_the_tools_page_confirms_by_the_oms_id_or_our_number(confirming: Cockpit) -> None:
    first, second = confirming.missing("K1", oms_order_id="FY1"), confirming.missing("K2", oms_order_id="FY2")
    for number in ("1", "2"):
        confirming.ledger.orders.append({"id": f"FY{number}", "number": f"K{number}", "total": 249900, "state": "new"})
        confirming.bank.paid(f"order_K{number}", payment=f"pay_{number}")
    person = confirming.person("support")
    assert "Ledger OMS › Confirm payment" in person.text("/admin/tools/")
    for named in ("FY1", " K2 "):
        person.press("/admin/tools/ledger/confirm-payment", order=named, reason="phone")
    assert [confirming.status(one) for one in (first, second)] == ["processing", "processing"]
    assert [confirming.ledger.sent(number, "confirm") for number in ("K1", "K2")] == [1, 1]
    answer = person.post("/admin/tools/ledger/confirm-payment", order="FY9", reason="phone")
    assert answer.status_code == 409
    assert "no order has the number or OMS id 'FY9'" in plain(answer)
    assert 'value="FY9"' in answer.text
    assert person.get("/admin/tools/ledger/other").status_code == 404


def test_push_again_makes_it_due_and_it_goes_out_once(cockpit: Cockpit) -> None:
    order_id, delivery_id = dead_delivery(cockpit)
    person = cockpit.person("support")
    page = person.text(f"/admin/orders/{order_id}")
    assert "Ledger does not have it: shipping_address.postcode: The postcode is not served." in page
    version = cockpit.version(order_id)
    page = person.press(f"/admin/orders/{order_id}/push/{delivery_id}", version=version, reason="postcode mended")
    assert "Due now" in page
    assert "Confirm payment" not in page.split("Tools")[1]  # this OMS gets orders by push
    deliver.deliver_due(cockpit.house, cockpit.oms, worker="w")  # type: ignore[arg-type]
    assert "Ledger has it since" in person.text(f"/admin/orders/{order_id}")
    assert len(cockpit.ledger.of("K1002")) == 1
    again = person.post(f"/admin/orders/{order_id}/push/{delivery_id}", version=version, reason="once more")
    assert again.status_code == 409


def test_the_omss_id_closes_a_parked_delivery_and_sends_nothing(cockpit: Cockpit) -> None:
    order_id, delivery_id = dead_delivery(cockpit)
    sent = cockpit.ledger.sent("K1002")
    person = cockpit.person("support")
    page = person.press(
        f"/admin/orders/{order_id}/oms-id/{delivery_id}", version=cockpit.version(order_id), receipt="OMS77",
        reason="found by hand",
    )
    assert "Recorded OMS77" in page
    assert 'href="https://oms.example/orders/OMS77"' in person.get(f"/admin/orders/{order_id}").text
    row = cockpit.one(Delivery, delivery_id)
    assert (row["state"], row["receipt"]) == ("done", "OMS77")
    assert cockpit.ledger.sent("K1002") == sent


def test_a_delivery_of_another_order_is_not_found(cockpit: Cockpit) -> None:
    order_id, (_, delivery_id) = cockpit.missing(), dead_delivery(cockpit)
    answer = cockpit.person("support").post(f"/admin/orders/{order_id}/push/{delivery_id}", version=1, reason="x")
    assert answer.status_code == 404
    assert cockpit.one(Delivery, delivery_id)["state"] == "dead"


def test_cancel_asks_about_open_attempts_first(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    person = cockpit.person("support")
    answer = person.post(f"/admin/orders/{order_id}/cancel", version=1, reason="changed her mind", form="cancel")
    assert answer.status_code == 409
    assert "the customer may still pay" in plain(answer)
    assert "changed her mind" in answer.text
    page = person.press(f"/admin/orders/{order_id}/cancel", version=1, reason="changed her mind", confirmed="yes")
    assert "Cancelled since" in page
    assert cockpit.status(order_id) == "cancelled"


def test_cancel_of_a_paid_order_moves_no_money_and_leaves_refund_due(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    cockpit.bank.paid("order_K1001")
    asking.check_order(cockpit.house, order_id, by="test")
    person, version = cockpit.person("support"), cockpit.version(order_id)
    answer = person.post(f"/admin/orders/{order_id}/cancel", version=version, reason="out of stock")
    assert answer.status_code == 409
    assert "decide about the refund" in plain(answer)
    page = person.press(
        f"/admin/orders/{order_id}/cancel", version=version, reason="out of stock", refund_decided="yes"
    )
    assert "₹2,499.00 is still held and must go back." in page
    assert [row["type"] for row in cockpit.rows(Case)] == ["refund_due"]


def test_a_note_is_on_the_timeline_and_in_the_audit(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    person = cockpit.person("support")
    page = person.press(f"/admin/orders/{order_id}/note", version=1, note="Customer <b>called</b>")
    assert "Customer <b>called</b>" in page  # shown as typed: the tags were escaped
    assert cockpit.audited("note")[0]["by"] == person.email
    assert person.post(f"/admin/orders/{order_id}/note", version=1, note="  ").status_code == 422


def test_run_now_watch_and_result(cockpit: Cockpit) -> None:
    for number in ("K1", "K2"):
        cockpit.missing(number)
    cockpit.bank.paid("order_K1", payment="pay_1")
    cron = cockpit.rows(Cron)[0]["id"]
    person = cockpit.person("support")
    assert "Waiting for a worker." in person.press(f"/admin/crons/{cron}/run")
    run = cockpit.rows(Run)[0]
    assert (run["by"], run["dry"]) == (person.email, False)
    assert person.get(f"/admin/crons/runs/{run['id']}.json").json == {
        "state": "waiting", "total": 0, "asked": 0, "recovered": 0, "unknown": 0, "money": "–", "living": True,
    }
    assert "is under way" in person.press(f"/admin/crons/{cron}/run")
    lookup.work_run(cockpit.house, run["id"], worker="w")
    told = person.get(f"/admin/crons/runs/{run['id']}.json").json
    assert told == {"state": "done", "total": 2, "asked": 2, "recovered": 1, "unknown": 0, "money": "₹2,499.00",
                    "living": False}
    assert "2 asked, 1 recovered (₹2,499.00)" in person.text("/admin/crons/")
    assert "2 of 2" in person.text(f"/admin/crons/{cron}")
    assert [row["text"][:7] for row in cockpit.audited("run")] == ["Started", "not don"]


def test_a_dry_run_changes_nothing(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    cockpit.bank.paid("order_K1001")
    cron = cockpit.rows(Cron)[0]["id"]
    person = cockpit.person("support")
    person.press(f"/admin/crons/{cron}/run", dry="yes")
    run = cockpit.rows(Run)[0]
    lookup.work_run(cockpit.house, run["id"], worker="w")
    page = person.text(f"/admin/crons/runs/{run['id']}")
    assert "It was a dry run: nothing was changed." in page
    assert "₹2,499.00" in page
    assert cockpit.status(order_id) == "missing"
    assert cockpit.count(Settlement) == 0


def test_stop_ends_a_waiting_run(cockpit: Cockpit) -> None:
    run = runs.start(cockpit.house, cockpit.gateway, by="x")
    page = cockpit.person("support").press(f"/admin/crons/runs/{run}/stop")
    assert "Stopped before it began." in page
    assert cockpit.one(Run, run)["state"] == "stopped"


def test_a_schedule_shows_its_next_five_times_before_it_is_saved(cockpit: Cockpit) -> None:
    cron = cockpit.rows(Cron)[0]["id"]
    person = cockpit.person("admin")
    page = person.text(f"/admin/crons/{cron}?schedule=0+9+*+*+*&timezone=Asia/Kolkata&enabled=yes")
    assert "Next five times with what is typed, not saved yet" in page
    assert cockpit.one(Cron, cron)["schedule"] == "every 300"
    refused = person.text(f"/admin/crons/{cron}?schedule=every+1&timezone=UTC")
    assert "This cannot work: schedule: expected 'every N' with N from 5" in refused
    saved = person.press(f"/admin/crons/{cron}/schedule", schedule="*/5 * * * *", timezone="UTC",
                         enabled="yes", version=1)
    assert "Saved. Next run" in saved
    assert cockpit.one(Cron, cron)["schedule"] == "*/5 * * * *"


@pytest.mark.parametrize(("values", "said"), [
    ({"schedule": "every 3"}, "expected 'every N'"),
    ({"schedule": "never"}, "five cron fields"),
    ({"timezone": "Mars/Base"}, "expected a zone"),
    ({"version": 0}, "changed by someone else meanwhile"),
])
def test_a_schedule_that_cannot_work_is_refused_with_the_reason(
    cockpit: Cockpit, values: dict[str, Any], said: str
) -> None:
    cron = cockpit.rows(Cron)[0]["id"]
    given = {"schedule": "*/7 * * * *", "timezone": "UTC", "enabled": "yes", "version": 1, **values}
    answer = cockpit.person("admin").post(f"/admin/crons/{cron}/schedule", **given)
    assert answer.status_code == 409
    assert said in plain(answer)
    assert f'value="{given["schedule"]}"' in answer.text
    assert cockpit.one(Cron, cron)["schedule"] == "every 300"


def test_closing_an_exception_without_money_takes_a_reason(cockpit: Cockpit) -> None:
    case_id = open_case(cockpit)
    person = cockpit.person("finance")
    assert person.post(f"/admin/attention/{case_id}/close", reason=" ", seen=seen(cockpit, case_id)).status_code == 422
    page = person.press(f"/admin/attention/{case_id}/close", reason="solved by phone", seen=seen(cockpit, case_id))
    assert "OMS refused closed: solved by phone." in page
    row = cockpit.one(Case, case_id)
    assert (row["closed_by"], row["resolution"]) == (person.email, "solved by phone")
    again = person.post(f"/admin/attention/{case_id}/close", reason="again", seen=seen(cockpit, case_id))
    assert again.status_code == 409


def test_closing_an_omss_refusal_touches_no_money(cockpit: Cockpit) -> None:
    """Its figure tells what is at stake; the money itself is settled."""
    dead_delivery(cockpit)
    case = cockpit.rows(Case, type="oms_refused")[0]
    assert case["money_held"] > 0
    person = cockpit.person("finance")
    assert "₹2,499.00 Money at stake" in person.text("/admin/attention/")
    person.press(f"/admin/attention/{case['id']}/close", reason="sent by hand", seen=seen(cockpit, case["id"]))
    assert cockpit.one(Case, case["id"])["closed_at"] is not None
    assert cockpit.rows(Charge)[0]["kept"] == 0


def test_closing_an_exception_with_money_says_that_it_is_kept(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    cockpit.bank.paid("order_K1001", amount=250000)
    asking.check_order(cockpit.house, order_id, by="test")
    case = cockpit.rows(Case)[0]
    assert (case["type"], case["money_held"]) == ("surplus", 100)
    person = cockpit.person("finance")
    assert "₹1.00" in person.text("/admin/attention/")
    answer = person.post(f"/admin/attention/{case['id']}/close", reason="a tip", seen=seen(cockpit, case["id"]))
    assert answer.status_code == 409
    assert "this exception holds ₹1.00" in plain(answer)
    assert "a tip" in answer.text
    mark = seen(cockpit, case["id"])
    person.press(f"/admin/attention/{case['id']}/close", reason="a tip", keep="yes", seen=mark)
    assert cockpit.rows(Charge)[0]["kept"] == 100
    # The same news again does not open it again: the money is kept by decision.
    asking.check_order(cockpit.house, order_id, by="test")
    assert cockpit.one(Case, case["id"])["closed_at"] is not None
    assert cockpit.timeline(order_id)[-1]["by"] == person.email


def test_pause_and_resume_an_account(cockpit: Cockpit) -> None:
    person = cockpit.person("admin")
    path = f"/admin/accounts/{cockpit.gateway}"
    assert "reason: expected why" in person.press(f"{path}/pause")
    page = person.press(f"{path}/pause", reason="keys leaked")
    assert "keys leaked" in page
    assert cockpit.one(Account, cockpit.gateway)["state"] == "paused"
    person.press(f"{path}/resume")
    assert cockpit.one(Account, cockpit.gateway)["state"] == "active"
    assert f"http://127.0.0.1:8000/webhooks/{cockpit.gateway}" in page
    assert f"http://127.0.0.1:8000/partners/{cockpit.oms}/news" in person.text(f"/admin/accounts/{cockpit.oms}")


def test_the_order_page_tells_every_source_and_links_to_the_gateway(cockpit: Cockpit) -> None:
    order_id = cockpit.missing()
    cockpit.bank.paid("order_K1001", payment="pay_9", at=datetime.now(UTC).timestamp())
    asking.check_order(cockpit.house, order_id, by="order lookup cron")
    deliver.deliver_due(cockpit.house, cockpit.oms, worker="w")  # type: ignore[arg-type]
    person = cockpit.person("viewer")
    page = person.text(f"/admin/orders/{order_id}")
    for said in ("Plain Pay said captured: captured ₹2,499.00", "missing → processing", "Ledger was told: accepted",
                 "Ledger has it since", "paid this order", "receipt OMS1"):
        assert said in page, said
    assert 'href="https://dashboard.example/payments/pay_9"' in person.get(f"/admin/orders/{order_id}").text
    assert "Check payment" not in page


def test_an_account_that_is_shared_by_two_stores_names_both(cockpit: Cockpit) -> None:
    stores.create_store(cockpit.house, "second", name="Second")
    stores.link_account(cockpit.house, "second", cockpit.gateway)
    assert "demo, second" in cockpit.person("viewer").text("/admin/accounts/")


def test_an_oms_account_tells_its_queue_and_is_drained_now(cockpit: Cockpit) -> None:
    assert cockpit.oms is not None
    order_id = cockpit.missing()
    cockpit.bank.paid("order_K1001", payment="pay_1")
    asking.check_order(cockpit.house, order_id, by="test")
    cockpit.ledger.script.append("down")
    deliver.deliver_due(cockpit.house, cockpit.oms, worker="w")
    row = cockpit.rows(Delivery, order_id=order_id)[0]
    assert row["state"] == "due"
    assert row["due_at"] > clock.now()
    person = cockpit.person("support")
    page = person.text(f"/admin/accounts/{cockpit.oms}")
    assert "1 waiting , the oldest for" in page
    assert row["last_error"] in page
    assert "1 delivery is tried now" in person.press(f"/admin/accounts/{cockpit.oms}/drain")
    assert cockpit.rows(Delivery, order_id=order_id)[0]["due_at"] <= clock.now()
    deliver.deliver_due(cockpit.house, cockpit.oms, worker="w")
    assert "Queue empty" in person.text("/admin/accounts/")


def test_a_parked_delivery_stands_beside_the_queue_and_is_not_drained(cockpit: Cockpit) -> None:
    dead_delivery(cockpit)
    person = cockpit.person("support")
    assert "1 parked" in person.text("/admin/accounts/")
    assert "Nothing waits" in person.press(f"/admin/accounts/{cockpit.oms}/drain")


def test_a_paused_account_is_not_drained_and_says_so(cockpit: Cockpit) -> None:
    stores.pause_account(cockpit.house, cockpit.oms, by="x", reason="stock count")  # type: ignore[arg-type]
    person = cockpit.person("support")
    assert "Drain now" not in person.text(f"/admin/accounts/{cockpit.oms}")
    assert "resume it first" in person.press(f"/admin/accounts/{cockpit.oms}/drain")


@pytest.fixture
def paid(cockpit: Cockpit) -> tuple[UUID, UUID]:
    """An order that is processing, and its charge."""
    order_id = cockpit.missing()
    cockpit.bank.paid("order_K1001", payment="pay_1")
    asking.check_order(cockpit.house, order_id, by="test")
    return order_id, cockpit.rows(Charge, order_id=order_id)[0]["id"]


def test_finance_refunds_a_part_once_however_often_it_is_pressed(cockpit: Cockpit, paid: tuple[UUID, UUID]) -> None:
    order_id, charge_id = paid
    person, path = cockpit.person("finance"), f"/admin/orders/{order_id}/refund/{charge_id}"
    page = person.get(f"/admin/orders/{order_id}").text
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    assert 'value="2499.00"' in page
    form = {"version": cockpit.version(order_id), "amount": "1,000.00", "reason": "torn", "confirmed": "yes",
            "key": key[1]}
    assert "₹1,000.00 is on its way back" in person.press(path, **form)
    assert "₹1,000.00 is on its way back" in person.press(path, **form)
    assert [(row["kind"], row["amount"], row["by"]) for row in cockpit.rows(Operation)] == [
        ("refund", 100000, person.email)]
    assert len(cockpit.audited("refund")) == 1
    assert cockpit.status(order_id) == "processing"
    operations.work_operations(cockpit.house, limit=10, worker="w")
    assert cockpit.rows(Operation)[0]["state"] == "done"
    assert "at most ₹1,499.00" in person.text(f"/admin/orders/{order_id}")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"amount": "2499.01"}, "at most ₹2,499.00"), ({"amount": "0"}, "expected more than zero"),
        ({"amount": "12.345"}, "amount"), ({"amount": "lots"}, "amount"), ({"reason": " "}, "reason: expected why"),
        ({"confirmed": ""}, "confirmed"), ({"version": 0}, "Not done"), ({"key": "x"}, "key"),
    ],
)
def test_a_refund_that_cannot_be_is_refused_with_what_was_typed(
    cockpit: Cockpit, paid: tuple[UUID, UUID], changed: dict[str, Any], said: str
) -> None:
    order_id, charge_id = paid
    form = {"version": cockpit.version(order_id), "amount": "10.00", "reason": "torn", "confirmed": "yes"} | changed
    answer = cockpit.person("finance").post(f"/admin/orders/{order_id}/refund/{charge_id}", **form)
    assert answer.status_code in (409, 422)
    assert said in plain(answer) or said == "Not done"
    assert cockpit.rows(Operation) == []


def test_support_and_viewers_see_no_refund_button(cockpit: Cockpit, paid: tuple[UUID, UUID]) -> None:
    for role in ("viewer", "support"):
        assert "Refund money" not in cockpit.person(role).text(f"/admin/orders/{paid[0]}")
    assert "Refund money" in cockpit.person("admin").text(f"/admin/orders/{paid[0]}")


def test_a_charge_of_another_order_is_not_refunded_here(cockpit: Cockpit, paid: tuple[UUID, UUID]) -> None:
    other = cockpit.missing("K1009")
    answer = cockpit.person("finance").post(
        f"/admin/orders/{other}/refund/{paid[1]}", version=1, amount="1", reason="x", confirmed="yes")
    assert answer.status_code == 404


def test_a_connection_is_tested_from_the_accounts_page(cockpit: Cockpit) -> None:
    person, path = cockpit.person("support"), f"/admin/accounts/{cockpit.gateway}/test"
    assert "Test connection" in person.text(f"/admin/accounts/{cockpit.gateway}")
    assert "It works. Plain Pay knows the key." in person.press(path)
    cockpit.bank.answers["test"] = Denied("the partner refused our keys or rights (401)")
    assert "Not done: the partner refused our keys or rights (401)." in person.press(path)
    assert cockpit.one(Account, cockpit.gateway)["state"] == "active"
    assert len(cockpit.audited("test connection")) == 2


def test_sc_32_many_orders_are_checked_as_a_run_with_a_word_for_each(cockpit: Cockpit) -> None:
    ids = [cockpit.missing(f"B{number}") for number in range(6)]
    cockpit.bank.paid("order_B1", payment="pay_B1")
    cash = cockpit.shop.order("CASH", method="cod")
    person = cockpit.person("support")
    page = person.press("/admin/orders/check-many", which="ticked", order=[str(one) for one in (*ids[:3], cash)])
    assert "3 orders asked about at Plain Pay. 1 without a payment at a gateway" in page
    run = cockpit.rows(Run)[0]
    assert (run["orders"], run["state"]) == (["B0", "B1", "B2"], "waiting")
    lookup.work_run(cockpit.house, run["id"], worker="w")
    page = person.text(f"/admin/crons/runs/{run['id']}")
    assert "3 of 3" in page
    assert re.search(r"B1 . processing paid", page)
    assert cockpit.status(ids[1]) == "processing"
    assert len(cockpit.audited("check payments")) == 1


def test_sc_32_all_that_the_filters_show_are_checked_whatever_the_page(cockpit: Cockpit) -> None:
    for number in range(70):
        cockpit.missing(f"A{number:03}")
    person = cockpit.person("support")
    assert "70 orders asked about" in person.press("/admin/orders/check-many", which="all", view="missing")
    assert len(cockpit.rows(Run)[0]["orders"]) == 70
    said = person.press("/admin/orders/check-many", which="all", view="missing")
    assert "Plain Pay: a run of this cron is under way" in said


@pytest.mark.parametrize("form", [{"which": "ticked"}, {"which": "ticked", "order": "nonsense"}])
def test_no_order_ticked_is_told(cockpit: Cockpit, form: dict[str, Any]) -> None:
    assert "Not done: order" in cockpit.person("support").press("/admin/orders/check-many", **form)
    assert cockpit.rows(Run) == []
