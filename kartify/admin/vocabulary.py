"""Every text that the admin shows and that a lower room wrote: the names of states, kinds and fields, and what crons,
laws and a store's choices say of themselves. By this list they stand in the catalogue; ``translated`` looks them up."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from typing import Any, Final, get_args

from kartify.admin.frame.look import TONES
from kartify.admin.frame.permissions import ROLES, Permission
from kartify.admin.partners.fields import fields_of
from kartify.admin.sales.order_edit import GROUPS
from kartify.admin.subjects import KINDS
from kartify.domain import telling
from kartify.domain.cases import NEXT_ACTION, CaseType
from kartify.domain.conclude import Answer
from kartify.domain.delivery import Event, Hold, Kind, State
from kartify.domain.reports import Channel, ChargeState
from kartify.domain.status import Status
from kartify.flows.people.users import LoginRefused
from kartify.flows.proof.laws import LAWS
from kartify.flows.reading import order_list, order_query
from kartify.flows.settling.policy import StorePolicy
from kartify.flows.storefront.order_body import Fee
from kartify.flows.ticking import cron_words
from kartify.flows.ticking.core_crons import CORE

ENUMS: Final[tuple[type[StrEnum], ...]] = (
    Answer, CaseType, Channel, ChargeState, Event, Hold, Kind, Permission, State, Status,
)


# Machines that stand where a person's name may stand.
MACHINES: Final = (
    "clock", "worker", "storefront", "customer", "order lookup", "place", "the feed", "the OMS", "oms", "kartify",
)


def texts() -> Iterator[str]:
    for name in _names():
        yield from (telling.words(name), telling.title(name))
    yield from _sentences()
    yield from _choices()


def _names() -> Iterator[str]:
    """Words of the code, as columns and fields hold them."""
    yield from chain.from_iterable(ENUMS)
    yield from (*TONES, *MACHINES, *ROLES, *KINDS, *CORE, *GROUPS, *chain.from_iterable(GROUPS.values()))
    yield from get_args(Fee.model_fields["kind"].annotation)


def _sentences() -> Iterator[str]:
    yield from (*NEXT_ACTION.values(), *LAWS.values(), str(LoginRefused()))
    yield from (*order_query.VIEWS.values(), *order_query.ANSWERS.values(), *order_query.HAPPENED.values())
    yield from (*order_query.NAMES.values(), *(text for text, _ in order_query.AGES.values()))
    yield from (order_query.UNNAMED, order_query.FROM_NEWEST)
    yield from (order_list.NOT_PLACED, order_list.UNOPENED, order_list.UNASKED, order_list.UNDELIVERED)
    for one in map(cron_words.words, (*cron_words.OF_ACCOUNTS, *CORE, "")):
        yield from (one.title, one.about)


def _choices() -> Iterator[str]:
    for one in fields_of(StorePolicy):
        yield from (one.label, one.about, *(words for _, words in one.choices))


def extract(*_: Any, **_options: Any) -> Iterator[tuple[int, None, str, tuple[()]]]:
    """For Babel, which gathers the other texts from the files."""
    return ((0, None, text, ()) for text in sorted(set(filter(None, texts()))))
