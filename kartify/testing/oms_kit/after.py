"""What comes after the push: cancel and hold, news by message and by poll, and the pull side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kartify.domain.errors import PartnerError, Permanent, Refused, Unreadable
from kartify.plugin import Inbound, Kind, Known, NewsKind, OmsNews, OmsOrder, PartnerRoute, Presence
from kartify.simulation import Knock
from kartify.simulation.oms import OrderState
from kartify.testing.oms_kit import orders
from kartify.testing.oms_kit.base import KitBase, Stage

_PROVES = ("authorization", "apikey", "x-api-key", "x-fp-signature", "x-kartify-signature")
STATES: tuple[OrderState, ...] = ("shipped", "delivered", "cancelled")


class AfterChecks(KitBase):
    @pytest.fixture
    def pushed(self, stage: Stage) -> OmsOrder:
        if stage.oms.delivery_kind() is not Kind.PUSH:
            pytest.skip("this account does not push")
        order = orders.prepaid()
        return replace(order, oms_order_id=stage.deliver(order).id)

    def test_cancel_is_done_once_and_found(self, stage: Stage, pushed: OmsOrder) -> None:
        if not stage.oms.can.cancel:
            pytest.skip("this OMS takes no cancel")
        assert stage.deliver(pushed, Kind.CANCEL).id.strip()
        assert stage.stand_in.book.of(pushed.number)[0].state == "cancelled"
        if stage.oms.can.lookup:
            assert stage.oms.find(stage.client, Kind.CANCEL, pushed).presence is Presence.DONE
            assert stage.oms.find(stage.client, Kind.PUSH, pushed).presence is Presence.DEAD

    def test_cancel_after_shipping_is_refused(self, stage: Stage, pushed: OmsOrder) -> None:
        if not stage.oms.can.cancel:
            pytest.skip("this OMS takes no cancel")
        self.skip_unless("cancel_after_shipping")
        stage.stand_in.move(pushed.number, "shipped")
        with pytest.raises(Permanent):
            stage.deliver(pushed, Kind.CANCEL)
        assert stage.stand_in.book.of(pushed.number)[0].state == "shipped"

    def test_hold_is_taken(self, stage: Stage, pushed: OmsOrder) -> None:
        if not stage.oms.can.hold:
            pytest.skip("this OMS takes no hold")
        assert stage.deliver(pushed, Kind.HOLD).id.strip()

    def test_hold_is_taken_back(self, stage: Stage, pushed: OmsOrder) -> None:
        if not stage.oms.can.unhold:
            pytest.skip("this OMS takes no hold back")
        stage.deliver(pushed, Kind.HOLD)
        assert stage.deliver(pushed, Kind.UNHOLD).id.strip()
        assert stage.stand_in.book.of(pushed.number)[0].state == "accepted"
        if stage.oms.can.lookup:
            assert stage.oms.find(stage.client, Kind.UNHOLD, pushed).presence is Presence.DONE
            assert stage.oms.find(stage.client, Kind.HOLD, pushed).presence is Presence.ABSENT

    @pytest.mark.parametrize("state", STATES)
    def test_news_is_told_by_message_or_poll(self, stage: Stage, pushed: OmsOrder, state: OrderState) -> None:
        stage.stand_in.move(pushed.number, state)
        kinds = {one.kind for knock in self._news(stage, pushed.number) for one in _read(stage, knock)}
        if stage.oms.can.poll:
            kinds |= self._polled(stage, pushed, twice=True)
        if not kinds and not stage.oms.routes:
            pytest.skip("this OMS sends no news and cannot be asked")
        assert NewsKind(state) in kinds
        assert kinds <= {NewsKind(state), NewsKind.ACCEPTED, NewsKind.OTHER, NewsKind.SHIPPED}

    def test_what_has_not_moved_is_no_forward_news(self, stage: Stage, pushed: OmsOrder) -> None:
        if not stage.oms.can.poll:
            pytest.skip("this OMS cannot be asked")
        assert self._polled(stage, pushed, twice=False) <= {NewsKind.ACCEPTED, NewsKind.OTHER}

    def test_news_without_its_proof_is_refused(self, stage: Stage, pushed: OmsOrder) -> None:
        stage.stand_in.move(pushed.number, "shipped")
        for knock in self._news(stage, pushed.number):
            for forged in self._forgeries(knock):
                with pytest.raises(Refused):
                    stage.oms.authenticate(inbound(forged))

    @pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b"\xff\xfe", b"[" * 10_000, b'{"a":'])
    def test_unreadable_news_says_so(self, stage: Stage, body: bytes) -> None:
        for route in (one for one in stage.oms.routes if one.use == "news"):
            message = Inbound(method=route.method, path=f"/partners/a/{route.path}", headers={}, body=body)
            try:
                assert [one for one in stage.oms.read_news(route, message) if one.kind in _FORWARD] == []
            except Unreadable:
                continue

    def _news(self, stage: Stage, number: str) -> Iterator[Knock]:
        for knock in stage.stand_in.news(number):
            stage.oms.authenticate(inbound(knock))
            yield knock

    def _forgeries(self, knock: Knock) -> Iterator[Knock]:
        """Each header that proves spoilt, then all away, then the body where the proof covers it."""
        for name, value in knock.headers.items():
            if name.lower() in _PROVES and value:
                yield replace(knock, headers={**knock.headers, name: value[:-1] + ("0" if value[-1] != "0" else "1")})
        yield replace(knock, headers={})
        if "signed_body" not in self.cannot and knock.body:
            yield replace(knock, body=knock.body[:-2] + b" " + knock.body[-2:])

    def _polled(self, stage: Stage, order: OmsOrder, *, twice: bool) -> set[NewsKind]:
        there = stage.stand_in.book.of(order.number)[0]
        known = Known(
            number=order.number, oms_order_id=order.oms_order_id, status="processing", since=there.created_at
        )
        told = list(stage.oms.poll(stage.client, [known], None))
        if twice:
            again = list(stage.oms.poll(stage.client, [known], None))
            assert {one.key for one in again} == {one.key for one in told}, "the same news must have the same key"
        return {one.kind for one in told if one.number == order.number or one.oms_order_id == order.oms_order_id}

    def test_poll_out_of_garbage_is_an_error_and_no_news(self, stage: Stage, pushed: OmsOrder) -> None:
        if not stage.oms.can.poll:
            pytest.skip("this OMS cannot be asked")
        for fault in ("500", "html", "truncated", "dropped-after"):
            stage.stand_in.faults.next(fault)
            try:
                assert self._polled(stage, pushed, twice=False) <= {NewsKind.ACCEPTED, NewsKind.OTHER}
            except PartnerError:
                continue


_FORWARD = (NewsKind.SHIPPED, NewsKind.DELIVERED, NewsKind.CANCELLED)


def inbound(knock: Knock) -> Inbound:
    headers = {name.lower(): value for name, value in knock.headers.items()}
    return Inbound(
        method=knock.method, path=f"/partners/a/{knock.path}", headers=headers, query=knock.query, body=knock.body
    )


def _read(stage: Stage, knock: Knock) -> list[OmsNews]:
    route = _route(stage, knock)
    return list(stage.oms.read_news(route, inbound(knock)))


def _route(stage: Stage, knock: Knock) -> PartnerRoute:
    parts = knock.path.split("/")
    for route in stage.oms.routes:
        wanted = route.path.strip("/").split("/")
        if len(wanted) == len(parts) and all(
            one.startswith("{") or one == two for one, two in zip(wanted, parts, strict=True)
        ):
            return route
    raise AssertionError(f"the plugin declares no route for {knock.path}")
