"""Push and look-up: accepted once, exact to the minor unit, and every failure told apart."""

from __future__ import annotations

import pytest

from kartify.domain.errors import Denied, PartnerError, Permanent, Temporary, Throttled
from kartify.plugin import Kind, Presence
from kartify.simulation.faults import Fault
from kartify.testing.oms_kit import orders
from kartify.testing.oms_kit.base import KitBase, Stage

# After these the OMS has the order; after the others it surely has not.
ACTED: tuple[Fault, ...] = ("dropped-after", "truncated", "html")
NOT_ACTED: tuple[Fault, ...] = ("dropped-before", "500", "html-502")


class PushChecks(KitBase):
    @pytest.fixture(autouse=True)
    def only_where_it_pushes(self, stage: Stage) -> None:
        if stage.oms.delivery_kind() is not Kind.PUSH:
            pytest.skip("this account does not push")

    @pytest.mark.parametrize("kind", sorted(orders.KINDS))
    def test_push_accepts_and_the_sum_is_exact(self, stage: Stage, kind: str) -> None:
        if kind == "cod":
            self.skip_unless("cod")
        order = orders.KINDS[kind]()
        receipt = stage.deliver(order)
        [there] = stage.stand_in.book.of(order.number)
        assert receipt.id.strip()
        assert (there.amount, there.currency) == (order.total, order.currency)

    def test_find_tells_absent_then_done(self, stage: Stage) -> None:
        if not stage.oms.can.lookup:
            pytest.skip("this OMS cannot be asked")
        order = orders.prepaid()
        assert stage.oms.find(stage.client, Kind.PUSH, order).presence is Presence.ABSENT
        receipt = stage.deliver(order)
        found = stage.oms.find(stage.client, Kind.PUSH, order)
        assert (found.presence, found.receipt and found.receipt.id) == (Presence.DONE, receipt.id)
        assert found.number in (None, order.number)
        assert found.amount in (None, order.total)

    def test_find_never_takes_another_order_for_ours(self, stage: Stage) -> None:
        if not stage.oms.can.lookup:
            pytest.skip("this OMS cannot be asked")
        order = orders.prepaid()
        stage.deliver(order)
        other = orders.prepaid(number=f"{order.number}9")
        assert stage.oms.find(stage.client, Kind.PUSH, other).presence is Presence.ABSENT

    def test_find_tells_another_sum(self, stage: Stage) -> None:
        """The core compares what the plugin tells: a plugin that tells no sum must say that a person should look."""
        if not stage.oms.can.lookup:
            pytest.skip("this OMS cannot be asked")
        order = orders.prepaid()
        stage.deliver(order)
        stage.stand_in.book.of(order.number)[0].amount -= 1
        found = stage.oms.find(stage.client, Kind.PUSH, order)
        assert found.amount != order.total or found.presence in (Presence.DEAD, Presence.UNTOLD)

    def test_push_again_makes_no_second_order_unless_the_core_looks_first(self, stage: Stage) -> None:
        order = orders.prepaid()
        first = stage.deliver(order)
        try:
            second = stage.deliver(order).id
        except PartnerError:
            second = first.id
        if stage.count(order) == 1:
            assert second == first.id
            return
        assert not stage.oms.can.idempotent, "it promises that a repetition is harmless, and it is not"
        if stage.oms.can.lookup:
            found = stage.oms.find(stage.client, Kind.PUSH, order)
            assert found.presence in (Presence.DEAD, Presence.UNTOLD), "two orders there are no success"

    @pytest.mark.parametrize("fault", ACTED)
    def test_lost_answer_is_uncertain_and_found(self, stage: Stage, fault: Fault) -> None:
        self._warm(stage)
        order = orders.prepaid()
        stage.stand_in.faults.next(fault)
        with pytest.raises(Temporary) as lost:
            stage.deliver(order)
        assert lost.value.sent is True
        assert stage.count(order) == 1
        if stage.oms.can.lookup:
            assert stage.oms.find(stage.client, Kind.PUSH, order).presence is Presence.DONE

    @pytest.mark.parametrize("fault", NOT_ACTED)
    def test_failure_before_the_act_is_temporary_and_absent(self, stage: Stage, fault: Fault) -> None:
        self._warm(stage)
        order = orders.prepaid()
        stage.stand_in.faults.next(fault)
        with pytest.raises(Temporary):
            stage.deliver(order)
        assert stage.count(order) == 0
        if stage.oms.can.lookup:
            assert stage.oms.find(stage.client, Kind.PUSH, order).presence is Presence.ABSENT

    @pytest.mark.parametrize("fault", [*ACTED, *NOT_ACTED, "429"])
    def test_find_out_of_garbage_is_never_a_word_on_the_order(self, stage: Stage, fault: Fault) -> None:
        if not stage.oms.can.lookup:
            pytest.skip("this OMS cannot be asked")
        order = orders.prepaid()
        stage.deliver(order)
        stage.stand_in.faults.next(fault)
        try:
            found = stage.oms.find(stage.client, Kind.PUSH, order)
        except Temporary:
            return
        assert found.presence in (Presence.UNTOLD, Presence.DONE)

    @pytest.mark.parametrize(("fault", "wait"), [("429", None), ("429-wait", 1.0)])
    def test_throttled_is_told_and_nothing_was_done(self, stage: Stage, fault: Fault, wait: float | None) -> None:
        self._warm(stage)
        order = orders.prepaid()
        stage.stand_in.faults.next(fault)
        with pytest.raises(Throttled) as slowed:
            stage.deliver(order)
        assert slowed.value.retry_after == wait
        assert stage.count(order) == 0

    def test_token_that_ends_in_mid_run_is_renewed(self, stage: Stage) -> None:
        for _ in range(3):
            order = orders.prepaid()
            stage.deliver(order)
            assert stage.count(order) == 1
            stage.stand_in.expire()

    def test_refused_order_names_the_field(self, stage: Stage) -> None:
        self.skip_unless("refuses_bad_order")
        order, field = self.bad_order()
        with pytest.raises(Permanent) as refused:
            stage.deliver(order)
        assert refused.value.field == field
        assert not isinstance(refused.value, Denied)
        assert stage.count(order) == 0

    def test_wrong_keys_pause_the_account_and_are_not_shown(self, stage: Stage) -> None:
        self.skip_unless("refuses_wrong_keys")
        stranger = stage.make(**self.wrong_settings)
        for call in (lambda: stranger.deliver(stage.client, Kind.PUSH, orders.prepaid()),
                     lambda: stranger.test(stage.client)):
            with pytest.raises(Denied) as refused:
                call()
            shown = [str(value) for value in self.wrong_settings.values() if str(value) in str(refused.value)]
            assert shown == []

    def test_connection_test_says_a_sentence(self, stage: Stage) -> None:
        assert len(stage.oms.test(stage.client).split()) >= 3

    def _warm(self, stage: Stage) -> None:
        """Log-ins and sessions are there, so that the next fault meets the order itself."""
        stage.deliver(orders.prepaid())
