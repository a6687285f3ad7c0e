"""Four eyes: when a second person must agree to a move by hand, who may, and that it ends in one move or none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from fakes import SECRET, report

from kartify.domain.errors import Conflict, Invalid, NotFound, Temporary
from kartify.domain.status import Status
from kartify.flows.people import byhand, edit, second, stores
from kartify.flows.people.approvals import NeedsSecond, same_person
from kartify.models import new_id
from kartify.plugin import PaymentAnswer

ASHA, BINA = "asha@shop.example", "bina@shop.example"


@pytest.fixture
def order(shop):
    account = shop.account("plain", {"webhook_secret": SECRET})
    order_id = shop.order("K1")
    shop.payment(order_id, account, "ord_1")
    return order_id


@pytest.fixture
def strict(house, shop, order):
    stores.set_store(house, shop.code, {"second_person": "true"})
    return order


def pending(bank):
    bank.answers["ord_1"] = PaymentAnswer(reports=(report(state="pending", order="ord_1"),))


def wish(house, order_id, by=ASHA, **more):
    return byhand.move(house, order_id, target=Status.PROCESSING, by=by, reason="bank slip seen", **more)


def asked(house, order_id, **more):
    with pytest.raises(NeedsSecond) as waits:
        wish(house, order_id, **more)
    return waits.value


def status(rows):
    return rows("orders")[0]["status"]


def test_without_a_policy_one_person_is_enough(house, order, rows):
    assert wish(house, order).status == "processing"
    assert rows("approvals") == []


def test_what_the_gateway_does_not_confirm_waits_with_everything_the_second_needs(house, strict, rows, bank):
    pending(bank)
    waits = asked(house, strict, evidence="UTR 42")
    assert "a second person must agree" in str(waits)
    assert "still under way (pending)" in str(waits)
    assert "Approvals" in str(waits)
    (row,) = rows("approvals")
    assert (row["id"], row["state"], row["target"], row["asked_by"]) == (waits.approval_id, "open", "processing", ASHA)
    assert (row["reason"], row["evidence"]) == ("bank slip seen", "UTR 42")
    assert (row["amount"], row["currency"]) == (249900, "INR")
    assert (row["version"], row["data"]) == (1, {"gateway": ["still under way (pending)"]})
    assert (status(rows), rows("order_moves"), rows("outbox")) == ("missing", [], [])
    (entry,) = rows("audit", action="second person asked")
    assert (entry["by"], entry["subject"]) == (ASHA, f"order:{strict}")
    assert rows("timeline", order_id=strict)[0]["kind"] == "second person asked"


@pytest.mark.parametrize("answer", [
    Temporary("the gateway answered 502"), PaymentAnswer(reports=(report(state="failed", order="ord_1"),)),
])
def test_no_answer_and_a_no_are_not_a_yes(house, strict, rows, bank, answer):
    bank.answers["ord_1"] = answer
    asked(house, strict)
    assert status(rows) == "missing"


def test_not_asking_the_gateway_is_no_way_round(house, strict, rows):
    assert "not asked" in str(asked(house, strict, ask=False))
    assert status(rows) == "missing"


def test_an_order_without_any_payment_needs_the_second_too(house, shop, strict, rows):
    asked(house, shop.order("K2"))
    assert rows("orders", number="K2")[0]["status"] == "missing"


@pytest.mark.parametrize("changes", [{"method": "cod"}, {"due": 0}])
def test_where_no_gateway_could_confirm_anything_one_is_enough(house, shop, strict, changes):
    assert wish(house, shop.order("K2", **changes)).status == "processing"


def test_what_the_gateway_confirms_moves_by_that(house, strict, rows, bank):
    bank.paid("ord_1")
    assert wish(house, strict).by_gateway
    assert rows("approvals") == []


def test_above_the_limit_it_always_takes_two(house, shop, order, rows):
    stores.set_store(house, shop.code, {"second_person_over": "249899"})
    assert "₹2,499.00 is above this store's limit of ₹2,498.99" in str(asked(house, order))
    stores.set_store(house, shop.code, {"second_person_over": "249900"})
    assert wish(house, shop.order("K2")).status == "processing"


def test_above_the_limit_cash_on_delivery_takes_two(house, shop, order):
    stores.set_store(house, shop.code, {"second_person_over": "100"})
    asked(house, shop.order("K2", method="cod"))


def test_the_limit_is_checked_and_can_be_taken_away(house, shop, order):
    with pytest.raises(Invalid, match="second_person_over"):
        stores.set_store(house, shop.code, {"second_person_over": "-1"})
    stores.set_store(house, shop.code, {"second_person_over": "100"})
    stores.set_store(house, shop.code, {"second_person_over": ""})
    assert wish(house, order).status == "processing"


def test_only_to_processing_takes_two(house, strict, rows):
    second.approve(house, asked(house, strict).approval_id, by=BINA)
    byhand.move(house, strict, target=Status.SHIPPED, by=ASHA, reason="courier called")
    assert status(rows) == "shipped"


def test_a_move_that_is_not_allowed_troubles_no_second_person(house, shop, strict, rows):
    cancelled = shop.order("K2", status="cancelled")
    with pytest.raises(Conflict, match="only with a matching capture"):
        wish(house, cancelled)
    shipped = shop.order("K3", status="shipped")
    with pytest.raises(Conflict, match="cannot become processing"):
        wish(house, shipped)
    assert rows("approvals") == []


def test_a_second_person_agrees_and_it_is_moved_once_with_both_names(house, strict, rows, bank):
    pending(bank)
    waits = asked(house, strict)
    before = bank.asked["ord_1"]
    done = second.approve(house, waits.approval_id, by=BINA)
    assert (done.status, done.by_gateway) == ("processing", False)
    assert bank.asked["ord_1"] == before + 1
    (move,) = rows("order_moves")
    assert move["reason"] == f"bank slip seen (asked by {ASHA}, agreed by {BINA})"
    assert move["by"] == f"{ASHA} and {BINA}"
    evidence = move["evidence"]
    assert (evidence["asked_by"], evidence["agreed_by"]) == (ASHA, BINA)
    assert evidence["gateway_before"] == evidence["gateway"] == ["still under way (pending)"]
    assert len(rows("outbox")) == 1
    (row,) = rows("approvals")
    assert (row["state"], row["decided_by"]) == ("approved", BINA)
    (entry,) = rows("audit", action="second person agreed")
    assert (entry["by"], entry["data"]) == (BINA, {"asked_by": ASHA, "decided_by": BINA})
    assert ASHA in entry["text"]


def test_the_gateway_may_confirm_when_it_is_asked_again(house, strict, rows, bank):
    pending(bank)
    waits = asked(house, strict)
    bank.paid("ord_1")
    assert second.approve(house, waits.approval_id, by=BINA).by_gateway
    assert [move["actor"] for move in rows("order_moves")] == ["gateway"]
    assert rows("approvals")[0]["decision"] == "the gateway, asked again, confirmed it"


@pytest.mark.parametrize("by", [ASHA, "ASHA@shop.example", "asha (command line)", "asha"])
def test_ones_own_request_cannot_be_agreed_to_or_refused(house, strict, rows, by):
    waits = asked(house, strict)
    with pytest.raises(Conflict, match="your own request"):
        second.approve(house, waits.approval_id, by=by)
    with pytest.raises(Conflict, match="your own request"):
        second.refuse(house, waits.approval_id, by=by, reason="x")
    assert (status(rows), rows("approvals")[0]["state"]) == ("missing", "open")


def test_names_are_told_apart():
    assert same_person("root (command line)", "root")
    assert not same_person("asha@a.example", "asha@b.example")
    assert not same_person("asha (command line, as root)", "bina (command line, as root)")


def test_two_who_agree_at_once_make_one_move(house, shop, strict, rows):
    ids = [strict, *(shop.order(f"R{number}") for number in range(5))]
    for order_id in ids:
        waits, barrier = asked(house, order_id), Barrier(3)

        def agree(by, barrier=barrier, approval_id=waits.approval_id):
            barrier.wait()
            try:
                return second.approve(house, approval_id, by=by)
            except Conflict as beaten:
                return beaten

        with ThreadPoolExecutor(3) as pool:
            found = list(pool.map(agree, (BINA, "chandra", "dev")))
        late = [one for one in found if isinstance(one, Conflict)]
        assert len(late) == 2
        assert all("already" in str(one) or "stale" in str(one) for one in late), late
        assert len(rows("order_moves", order_id=order_id)) == 1
        assert len(rows("outbox", order_id=order_id)) == 1
        assert [row["state"] for row in rows("approvals", order_id=order_id)] == ["approved"]


def test_an_order_that_changed_makes_the_request_stale_and_says_who_changed_it(house, strict, rows):
    waits = asked(house, strict)
    edit.edit_order(house, strict, {"notes": "secret words"}, form=edit.Form(version=1), by="chandra")
    with pytest.raises(second.Outdated) as stale:
        second.approve(house, waits.approval_id, by=BINA)
    assert "notes edited by chandra" in str(stale.value)
    assert "secret words" not in str(stale.value)
    assert [one.field for one in stale.value.differences] == ["notes"]
    assert (status(rows), rows("approvals")[0]["state"]) == ("missing", "stale")
    assert len(rows("audit", action="request stale")) == 1
    with pytest.raises(Conflict, match="stale already"):
        second.approve(house, waits.approval_id, by=BINA)


def test_an_order_that_moved_meanwhile_is_not_moved_again(house, strict, rows, bank):
    waits = asked(house, strict)
    bank.paid("ord_1")
    assert wish(house, strict, by="chandra").by_gateway
    with pytest.raises(second.Outdated, match="missing → processing"):
        second.approve(house, waits.approval_id, by=BINA)
    assert len(rows("order_moves")) == 1


def test_a_change_between_the_question_and_the_move_makes_it_stale(house, strict, rows, bank):
    waits = asked(house, strict)

    def meanwhile():
        edit.edit_order(house, strict, {"notes": "x"}, form=edit.Form(version=1), by="chandra")
        return PaymentAnswer(word="created")

    bank.answers["ord_1"] = meanwhile
    with pytest.raises(second.Outdated):
        second.approve(house, waits.approval_id, by=BINA)
    assert (status(rows), rows("approvals")[0]["state"]) == ("missing", "stale")


def test_asking_twice_is_one_request_and_another_who_asks_is_sent_to_it(house, strict, rows):
    first, again, other = asked(house, strict), asked(house, strict), asked(house, strict, by=BINA)
    assert first.approval_id == again.approval_id == other.approval_id
    assert f"{ASHA} asked for it already" in str(other)
    assert len(rows("approvals")) == 1


def test_after_a_change_it_is_asked_for_anew(house, strict, rows):
    asked(house, strict)
    edit.edit_order(house, strict, {"notes": "x"}, form=edit.Form(version=1), by="chandra")
    anew = asked(house, strict, by=BINA)
    assert sorted(row["state"] for row in rows("approvals")) == ["open", "stale"]
    assert second.approve(house, anew.approval_id, by=ASHA).status == "processing"


def test_refused_with_a_reason_nothing_moves_and_it_may_be_asked_again(house, strict, rows):
    waits = asked(house, strict)
    with pytest.raises(Invalid, match="reason"):
        second.refuse(house, waits.approval_id, by=BINA, reason=" ")
    assert "Refused" in second.refuse(house, waits.approval_id, by=BINA, reason="the slip is of another order")
    (row,) = rows("approvals")
    assert (row["state"], row["decision"]) == ("refused", "the slip is of another order")
    assert (status(rows), rows("order_moves")) == ("missing", [])
    assert [one["by"] for one in rows("audit", action="second person refused")] == [BINA]
    with pytest.raises(Conflict, match="refused already, by bina"):
        second.approve(house, waits.approval_id, by=BINA)
    assert asked(house, strict).approval_id != waits.approval_id


def test_only_whoever_asked_may_take_it_back(house, strict, rows):
    waits = asked(house, strict)
    with pytest.raises(Conflict, match="refuse it instead"):
        second.withdraw(house, waits.approval_id, by=BINA)
    second.withdraw(house, waits.approval_id, by=ASHA)
    assert (status(rows), rows("approvals")[0]["state"]) == ("missing", "withdrawn")
    assert [one["by"] for one in rows("audit", action="request withdrawn")] == [ASHA]
    with pytest.raises(Conflict, match="withdrawn already"):
        second.approve(house, waits.approval_id, by=BINA)


def test_a_request_that_there_is_not(house, order):
    with pytest.raises(NotFound):
        second.approve(house, new_id(), by=BINA)


def test_a_changed_policy_is_in_the_audit(house, shop, rows):
    stores.set_store(house, shop.code, {"second_person": "true"}, by=ASHA)
    (entry,) = rows("audit", action="store")
    assert (entry["by"], entry["text"]) == (ASHA, "demo: second_person=true")
