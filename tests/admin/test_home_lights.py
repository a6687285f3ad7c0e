"""Each light of Home turns with its cause, says why, and leads to where one acts; the sentence on top follows."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from browser import Cockpit, Person
from sqlalchemy import update

from kartify import clock
from kartify.admin.frame import charts
from kartify.admin.frame.charts import Bar, Chart, Span
from kartify.flows.ticking import core_crons
from kartify.models import (
    Account,
    Case,
    Charge,
    Cron,
    Delivery,
    Heartbeat,
    InboxMessage,
    Operation,
    Refusal,
    Run,
    new_id,
    table,
)


def change(cockpit: Cockpit, model: Any, where: dict[str, Any], **values: Any) -> None:
    target = table(model)
    query = update(target).where(*(target.c[name] == value for name, value in where.items())).values(values)
    with cockpit.house.database.write() as connection:
        assert connection.execute(query).rowcount == 1


def ago(**length: int) -> Any:
    return clock.now() - timedelta(**length)


def cron(cockpit: Cockpit, name: str) -> Any:
    return cockpit.rows(Cron, name=name)[0]["id"]


def ran(cockpit: Cockpit, name: str, state: str = "done", **values: Any) -> None:
    row = {"cron_id": cron(cockpit, name), "state": state, "by": "clock", "created_at": ago(minutes=4),
           "finished_at": ago(minutes=3), **values}
    cockpit.put(Run, **row)


@pytest.fixture
def well(cockpit: Cockpit) -> Cockpit:
    return make_well(cockpit)


def make_well(either: Cockpit) -> Cockpit:
    """A house in which every light is green and one order was there."""
    either.missing("K1", status="delivered", clock_at=None)
    for role in ("clock", "worker"):
        either.put(Heartbeat, name=f"{role}@x", role=role, at=clock.now(), started_at=clock.now())
    core_crons.ensure(either.house)
    for one in either.rows(Cron):
        values = {"detail": {"broken": {}}} if one["name"] == "laws" else {}
        ran(either, one["name"], **values)
    return either


def home(person: Person) -> str:
    """What a person reads; words that are side by side in a line stay so."""
    bare = re.sub(r"</?(span|a|strong)\b[^>]*>", "", person.get("/admin/").text)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.unescape(bare)))


def test_all_is_well_where_all_is_well(well: Cockpit) -> None:
    page = home(well.person("viewer"))
    assert "All is well" in page
    assert "No order is missing, and nothing waits for a person." in page
    for text in ("✓ works Plain Pay (test)", "✓ works Ledger (test)", "✓ hold The laws Checked 3 min ago.",
                 "✓ 1 beating Clock", "✓ 1 beating Workers", "✓ empty Inbox", "✓ empty Outbox", "✓ runs Laws",
                 "✓ runs Order lookup: Plain Pay Last run 3 min ago."):
        assert text in page, text


Break = Callable[[Cockpit], None]


def _message(cockpit: Cockpit) -> None:
    cockpit.put(
        InboxMessage, account_id=cockpit.gateway, event_key="e1", channel="webhook", event="x", method="POST", path="/",
        headers={}, body=b"", secret="ok", received_at=ago(minutes=9), state="waiting", due_at=ago(minutes=8),
    )


def _delivery(cockpit: Cockpit, state: str = "due") -> Any:
    return cockpit.put(
        Delivery, order_id=new_id(), store_id=cockpit.shop.id, account_id=cockpit.oms, kind="push", state=state,
        due_at=ago(minutes=20), created_at=ago(minutes=30),
    )


def _parked(cockpit: Cockpit) -> None:
    row = _delivery(cockpit, "dead")
    cockpit.put(
        Case, subject=f"delivery:{row}", type="oms_refused", store_id=cockpit.shop.id, reason="no stock",
        currency="INR", opened_at=ago(minutes=1),
    )


def _refund(cockpit: Cockpit) -> None:
    charge = cockpit.put(Charge, account_id=cockpit.gateway, gateway_payment_id="pay_1", state="captured",
                         first_seen_at=ago(days=1), last_report_at=ago(days=1))
    cockpit.put(
        Operation, key="k", charge_id=charge, account_id=cockpit.gateway, kind="refund", amount=1, currency="INR",
        state="due", by="asha", reason="r", due_at=ago(minutes=11), created_at=ago(minutes=12),
    )


def _account(**values: Any) -> Break:
    return lambda cockpit: change(cockpit, Account, {"id": cockpit.gateway}, **values)


def _cron(**values: Any) -> Break:
    return lambda cockpit: change(cockpit, Cron, {"name": "lookup"}, **values)


def _run(name: str, state: str, **values: Any) -> Break:
    return lambda cockpit: ran(cockpit, name, state, created_at=ago(minutes=1), **values)


def _silent(role: str) -> Break:
    return lambda cockpit: change(cockpit, Heartbeat, {"role": role}, at=ago(minutes=7))


def _refused(cockpit: Cockpit) -> None:
    for minute in (1, 2, 200):
        cockpit.put(Refusal, account_id=cockpit.gateway, minute=ago(minutes=minute), count=4, last_hash="h",
                    last_size=1, last_network="n", reason="wrong signature")


def _throttled(cockpit: Cockpit) -> None:
    change(cockpit, Account, {"id": cockpit.gateway}, paused_until=clock.now() + timedelta(minutes=5))


def _no_plugin(cockpit: Cockpit) -> None:
    change(cockpit, Account, {"id": cockpit.gateway}, slug="gone", version=9)
    cockpit.house.accounts.forget()


CAUSES: dict[str, tuple[Break, str, str]] = {
    "keys revoked": (_account(state="denied", state_reason="401 no such key"),
                     "✕ refuses us Plain Pay (test) 401 no such key", "accounts/"),
    "breaker open": (_account(state="probing", state_reason="timed out"),
                     "✕ does not answer Plain Pay (test) timed out", "accounts/"),
    "paused": (_account(state="paused", state_by="asha", state_reason="moving"),
               "! paused Plain Pay (test) Paused by asha. moving", "accounts/"),
    "throttled": (_throttled,
                  "! rests Plain Pay (test) It asked for fewer calls", "accounts/"),
    "wrong secret": (_refused, "! messages refused Plain Pay (test) 8 messages in the last hour", "accounts/"),
    "plugin gone": (_no_plugin, "✕ cannot work Plain Pay (test) the plugin 'gone' is not installed", "accounts/"),
    "cron off": (_cron(enabled=False), "! switched off Order lookup: Plain Pay It runs only when", "crons/"),
    "cron late": (lambda one: change(one, Cron, {"name": "lookup"}, next_at=ago(minutes=6)),
                  "✕ late Order lookup: Plain Pay It should have started 6 min ago", "crons/"),
    "cron failed": (_run("lookup", "failed", result="the account was paused"),
                    "✕ failed Order lookup: Plain Pay Last run 3 min ago. the account was paused", "crons/"),
    "run lost": (_run("lookup", "lost", result="its worker fell silent"),
                 "✕ lost Order lookup: Plain Pay Last run 3 min ago. its worker fell silent", "crons/"),
    "inbox": (_message, "✕ 1 late Inbox (what reached us) The oldest was due 8 min ago; 1 wait in all.",
              "inbox/?state=waiting"),
    "outbox": (lambda one: _delivery(one) and None, "✕ 1 late Outbox (to the OMS) The oldest was due 20 min ago",
               "deliveries/?state=due"),
    "parked": (_parked, "✕ 1 parked Outbox (to the OMS) They did not reach the OMS", "deliveries/?state=dead"),
    "refund late": (_refund, "✕ 1 late Captures, voids and refunds The oldest was due 11 min ago", "accounts/"),
    "clock silent": (_silent("clock"), "✕ silent Clock No sign of life for 7 min. Nothing starts by itself.", "runs/"),
    "worker silent": (_silent("worker"), "✕ silent Workers No sign of life for 7 min.", "runs/"),
    "law broken": (_run("laws", "done", detail={"broken": {"8": 2}}),
                   "✕ broken The laws Law 8 is broken by 2 rows: Refunds never exceed captures;", "crons/runs/"),
    "check failed": (_run("laws", "failed", result="failed: OperationalError"),
                     "! check failed The laws Checked 3 min ago. failed: OperationalError", "crons/"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_a_light_turns_with_its_cause_and_says_where_to_act(well: Cockpit, cause: str) -> None:
    break_it, light, there = CAUSES[cause]
    person = well.person("viewer")
    assert light not in home(person)
    break_it(well)
    page = home(person)
    assert light in page
    assert "All is well" not in page
    raw = person.get("/admin/").text
    verdict = raw[raw.index('id="verdict"'):raw.index("</section>", raw.index('id="verdict"'))]
    link = re.search(r'href="([^"]+)"', verdict)
    assert link
    assert link[1].startswith(f"/admin/{there}")
    assert person.get(link[1].replace("&amp;", "&")).status_code == 200


def test_the_lights_are_the_same_on_either_database(either: Cockpit) -> None:
    person = make_well(either).person("viewer")
    assert "All is well" in home(person)
    together = ("wrong secret", "run lost", "inbox", "outbox", "refund late", "worker silent", "law broken")
    for cause in together:
        CAUSES[cause][0](either)
    page = home(person)
    assert [light for light in (CAUSES[cause][1] for cause in together) if light not in page] == []
    assert page.count("✕ act now") == 3
    assert "And 4 more below." in page


def test_what_is_under_way_or_decided_turns_no_light(well: Cockpit) -> None:
    """A run that is going on, a message in time, a parked delivery whose exception a person closed."""
    change(well, Cron, {"name": "lookup"}, next_at=clock.now() + timedelta(minutes=5))
    well.put(Run, cron_id=cron(well, "lookup"), state="running", by="clock", created_at=clock.now())
    _message(well)
    change(well, InboxMessage, {"event_key": "e1"}, due_at=clock.now())
    _parked(well)
    change(well, Case, {"type": "oms_refused"}, closed_at=clock.now())
    page = home(well.person("viewer"))
    assert "All is well" in page
    assert "✓ flows Inbox (what reached us) 1 wait for their turn." in page


def test_laws_that_were_never_checked_are_said_so(cockpit: Cockpit) -> None:
    page = home(cockpit.person("viewer"))
    assert "– not checked yet The laws" in page
    core_crons.ensure(cockpit.house)
    assert "– not checked yet The laws" in home(cockpit.person("viewer"))


def test_a_check_of_the_laws_that_is_old_is_no_proof(well: Cockpit) -> None:
    change(well, Run, {"cron_id": cron(well, "laws")}, created_at=ago(hours=3), finished_at=ago(hours=3))
    assert "! held The laws Checked 3 h ago." in home(well.person("viewer"))


def test_exceptions_are_told_by_type_with_the_ones_that_run_out_of_time(well: Cockpit) -> None:
    shared = {"store_id": well.shop.id, "reason": "r", "currency": "INR"}
    for number, (kind, changes) in enumerate((
        ("dispute", {"deadline": clock.now() + timedelta(hours=30, seconds=30), "money_held": 100}),
        ("dispute", {"deadline": clock.now() + timedelta(days=9), "money_held": 200}),
        ("surplus", {"money_held": 50, "currency": "JPY"}), ("surplus", {"money_held": 5}),
        ("underpaid", {"snoozed_until": clock.now() + timedelta(days=1)}),
        ("second_payment", {"closed_at": clock.now()}),
    )):
        well.put(Case, subject=f"charge:{number}", type=kind, opened_at=ago(hours=number + 1), **{**shared, **changes})
    page = home(well.person("viewer"))
    assert "Dispute 2 ₹3.00 2 h" in page
    assert re.search(r"Surplus 2 (₹0.05 ¥50|¥50 ₹0.05) 4 h", page)
    assert "1 more are put off" in page
    assert "Second payment" not in page
    assert "Dispute ₹1.00 ! in 1 d 6 h" in page
    assert "act now Dispute: its deadline is in 1 d 6 h." in page
    assert "4 exceptions wait for a person." in page


def test_what_a_partner_said_is_scrubbed_for_who_may_not_see_personal_data(well: Cockpit) -> None:
    change(well, Account, {"id": well.gateway}, state="denied", state_reason="key of asha@example.com revoked")
    assert "asha@example.com" not in well.person("viewer").get("/admin/").text
    assert "asha@example.com" in well.person("support").get("/admin/").text


# Charts.

CHART = Chart(name="c", title="A <b>title</b>", about='"about" & more')


def test_a_chart_escapes_its_words_and_has_no_style_of_its_own() -> None:
    drawn = str(charts.bars(CHART, [Bar(label="<script>", parts=[1, 2, 3, 4, 5], shown="a&b")]))
    assert "<script>" not in drawn
    assert "A &lt;b&gt;title" in drawn
    assert "a&amp;b" in drawn
    assert "style" not in drawn
    assert 'role="img"' in drawn
    assert 'aria-labelledby="c-title c-about"' in drawn


@pytest.mark.parametrize("rows", [
    [], [Bar(label="x", parts=[], shown="")], [Bar(label="x", parts=[0, 0], shown="0")],
    [Bar(label="x", parts=[10**15, 1], shown="n"), Bar(label="y", parts=[0, 7], shown="7")],
])
def test_a_chart_of_nothing_or_of_much_stays_in_its_frame(rows: list[Bar]) -> None:
    for draw in (charts.bars, charts.columns):
        drawn = str(draw(CHART, rows))
        places = [float(x) + float(wide) for x, wide in re.findall(r'x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', drawn)]
        assert all(0 <= place <= charts.WIDTH + 0.2 for place in places)
        assert "nan" not in drawn
        assert not re.search(r'(x|y|width|height)="-', drawn)


def test_marks_lie_on_a_scale_that_holds_seconds_and_days() -> None:
    drawn = str(charts.spans(CHART, [Span(label="x", marks=[0.0, 1.0, 86_400.0], shown="n")], [(1.0, "1 s")]))
    middle = re.search(r'<polygon class="s2" points="([\d.]+)', drawn)
    last = re.search(r'<rect class="s3" x="([\d.]+)"', drawn)
    assert '<circle class="s1" cx="8"' in drawn
    assert middle
    assert last
    assert 50 < float(middle[1]) < 100
    assert float(last[1]) == charts.WIDTH - 8 - 5
    assert ">1 s<" in drawn
    assert str(charts.spans(CHART, [], [])).startswith("<svg")
