"""The pull side through a real house: every order whole, kept once however often it is read, never one missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from kartify.domain.delivery import Kind, State
from kartify.domain.errors import KartifyError
from kartify.flows.partners import partner_call
from kartify.flows.proof import laws
from kartify.flows.storefront import place
from kartify.models import Delivery, table
from kartify.plugin import HttpAnswer, Oms, hookimpl
from kartify.simulation import Knock
from kartify.testing.builder import Shop, make_house, make_shop
from kartify.testing.oms_kit.after import inbound
from kartify.testing.oms_kit.base import KitBase, Stage
from kartify.web.problems import status_of

outbox = table(Delivery)
ORDERS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A store whose OMS pulls, and the door that it knocks at."""

    shop: Shop
    account: UUID
    stage: Stage

    def fetch(self) -> list[str]:
        return self.stage.stand_in.fetch(self.knock)

    def knock(self, knock: Knock) -> HttpAnswer:
        try:
            reply = partner_call.answer(self.shop.house, self.account, inbound(knock), knock.path)
        except KartifyError as problem:
            return HttpAnswer(status=status_of(problem), headers={}, body=str(problem).encode())
        headers = {name.lower(): value for name, value in reply.headers.items()}
        return HttpAnswer(status=reply.status, headers=headers, body=reply.body)

    def placed(self, number: str) -> str:
        """An order that becomes processing now."""
        place.place(self.shop.house, self.shop.order(number, method="cod"), by="kit")
        return number

    def states(self) -> set[str]:
        with self.shop.house.database.read() as connection:
            return set(connection.execute(select(outbox.c.state)).scalars())


class _Plugin:
    def __init__(self, kind: type[Oms]) -> None:
        self._kind = kind

    @hookimpl
    def register_oms(self) -> list[type[Oms]]:
        return [self._kind]


class PullChecks(KitBase):
    """``pull_settings``: what makes an account of this plugin one that pulls; None where there is none."""

    pull_settings: dict[str, str] | None = None

    @pytest.fixture
    def feed(self, stage: Stage, tmp_path: Path) -> Iterator[Feed]:
        if self.pull_settings is None:
            pytest.skip("this OMS does not pull")
        # A class of its own, so that an installed plugin of the same slug does not stand in the way.
        kind: type[Oms] = type(self.oms.__name__, (self.oms,), {"slug": f"{self.oms.slug}-kit"})
        house = make_house(f"sqlite:///{tmp_path}/kit.db", plugins=[_Plugin(kind)])
        shop = make_shop(house)
        values = {**stage.stand_in.settings(), **self.settings, **self.pull_settings}
        account = shop.account(kind.slug, values)
        assert house.accounts.get(account).oms().delivery_kind() is Kind.FEED
        yield Feed(shop=shop, account=account, stage=stage)
        house.database.engine.dispose()

    def test_pull_reads_every_order_once_whole_and_never_a_missing_one(self, feed: Feed) -> None:
        placed = [feed.placed(f"P{number}") for number in range(ORDERS)]
        feed.shop.order("MISSING-1")
        assert sorted(set(feed.fetch())) == placed
        later = feed.placed("P-LATER")
        feed.fetch()
        there = [one.number for one in feed.stage.stand_in.book.orders]
        assert sorted(there) == sorted([*placed, later])
        assert {one.amount for one in feed.stage.stand_in.book.orders} == {249900}

    def test_pull_leaves_receipts(self, feed: Feed) -> None:
        feed.placed("P1")
        feed.fetch()
        kind = feed.shop.house.accounts.get(feed.account).oms().receipt
        assert feed.states() == ({State.SENT_UNKNOWN} if kind == "news" else {State.DONE})
        assert [str(one) for one in laws.check(feed.shop.house)] == []

    def test_pull_without_proof_is_refused(self, feed: Feed) -> None:
        feed.placed("P1")
        answers: list[int] = []

        def unproved(knock: Knock) -> HttpAnswer:
            """The same call by somebody who knows no secret."""
            query = [(name, "x") for name, _ in knock.query]
            answer = feed.knock(Knock(method=knock.method, path=knock.path, query=query, body=knock.body))
            answers.append(answer.status)
            return answer

        # How a stand-in takes a refusal is its own affair; what counts is that nothing came out.
        with suppress(Exception):
            feed.stage.stand_in.fetch(unproved)
        assert answers
        assert set(answers) <= {400, 401, 403}
        assert feed.stage.stand_in.book.orders == []
        assert feed.states() == {State.DUE}
