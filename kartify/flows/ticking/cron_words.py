"""What each cron is called and does, in words: the one place, for the admin, the docs and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kartify.flows.lookups import runs
from kartify.flows.ticking.core_crons import CORE


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """``dry``: it can be run so that it changes nothing."""

    title: str
    about: str
    dry: bool = False


OF_ACCOUNTS: Final[Mapping[str, Words]] = {
    runs.LOOKUP: Words(
        title="Order lookup", dry=True,
        about="Asks the gateway for the payment status of orders that wait, and settles what is paid.",
    ),
    runs.NEWS: Words(
        title="OMS news",
        about="Asks the OMS how the orders stand that it has, and moves what was shipped, delivered or cancelled.",
    ),
}


def words(name: str) -> Words:
    """Of a cron that this version does not know, its name."""
    if name in OF_ACCOUNTS:
        return OF_ACCOUNTS[name]
    if name in CORE:
        return Words(title=CORE[name].title, about=CORE[name].about)
    plain = name.replace("_", " ")
    return Words(title=plain[:1].upper() + plain[1:], about="This version does not know what it does.")
