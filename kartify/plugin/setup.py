"""What is to be done at the partner's side, as data; and the body of a message that tests the way to us."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

# What a self-test calls its event, where the gateway's form names events: no parser of a plugin acts on it.
SELF_TEST = "kartify.selftest"
_FRAGILE = '"fragile": {"sum": 170.00, "slash": "a\\/b", "word": "\u20b9 \u00e9"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupStep:
    """One thing to do at the partner's side, short and in its words. ``address``: what to paste there (*webhook*,
    *callback*, or the name of a declared route); ``events``: what to tick; ``settings``: what this step gives, by the
    names of our settings; ``unsure``: what the partner's documents leave open."""

    text: str
    address: str = ""
    events: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    unsure: str = ""


def step_of(address: str, method: str) -> SetupStep:
    """For a plugin that declares no set-up: one step for each address that the partner calls."""
    return SetupStep(text=f"Give the partner our address for {address} ({method}).", address=address)


def self_test_body(fields: Mapping[str, str]) -> bytes:
    """The body of ``Gateway.probe``, whose event is ``SELF_TEST``. JSON that does not survive being written anew:
    blanks, a sum with zeros at its end, an escaped slash, signs beyond ASCII. Whoever re-encodes it changes its
    bytes."""
    told = json.dumps(dict(fields))
    return f"{told[:-1]}, {_FRAGILE}}}".encode()
