"""What every part of the OMS kit has: the plugin in front of its running stand-in, and a log that is read after."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from kartify.http import HttpClient
from kartify.plugin import Kind, Oms, OmsOrder, Receipt
from kartify.simulation import OmsStandIn
from kartify.testing.oms_kit import orders
from kartify.testing.serve import simulating

# What an OMS may lack, with the author's reason. Nothing that guards against a lost or doubled order is among them.
MAY_LACK = frozenset({"cod", "cancel_after_shipping", "refuses_wrong_keys", "refuses_bad_order", "signed_body"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A running stand-in, the plugin's object that talks to it, and the client between them."""

    oms: Oms
    stand_in: OmsStandIn
    client: HttpClient
    make: Callable[..., Oms]

    def deliver(self, order: OmsOrder, kind: Kind = Kind.PUSH) -> Receipt:
        self.oms.check(kind, order)
        return self.oms.deliver(self.client, kind, order)

    def count(self, order: OmsOrder) -> int:
        return len(self.stand_in.book.of(order.number))


class KitBase:
    """``oms`` and ``simulator`` are the plugin's; ``settings`` replace some of the simulator's own; ``wrong_settings``
    are keys that the partner refuses; ``bad_order`` gives an order that the OMS would refuse, and the field that the
    plugin must name. ``cannot``: names of ``MAY_LACK``, each with a reason."""

    oms: ClassVar[type[Oms]]
    simulator: ClassVar[type[OmsStandIn]]
    settings: ClassVar[Mapping[str, Any]] = {}
    wrong_settings: ClassVar[Mapping[str, Any]] = {}
    cannot: ClassVar[Mapping[str, str]] = {}

    def bad_order(self) -> tuple[OmsOrder, str]:
        """An order that cannot be taken, and our name of the field that is wrong."""
        return orders.prepaid(shipping_address=None), "shipping_address"

    def skip_unless(self, name: str) -> None:
        if name in self.cannot:
            pytest.skip(f"{name}: {self.cannot[name]}")

    @pytest.fixture
    def stage(self) -> Iterator[Stage]:
        client = HttpClient(deadline=3)
        with simulating(self.simulator) as (_, stand_in):
            def make(**changes: Any) -> Oms:
                values = {**stand_in.settings(), **self.settings, **changes}
                return self.oms(self.oms.Settings(**values))

            yield Stage(oms=make(), stand_in=stand_in, client=client, make=make)
        client.close()

    @pytest.fixture(autouse=True)
    def nothing_secret_is_logged(self, caplog: Any, capsys: Any) -> Iterator[None]:
        """Whatever a check does: no secret of the account is in a log line or on the terminal."""
        with caplog.at_level(logging.DEBUG):
            yield
        logged = [record.getMessage() for phase in ("setup", "call") for record in caplog.get_records(phase)]
        said = "\n".join([*logged, *capsys.readouterr()])
        assert [name for name, text in self.secrets().items() if text in said] == []

    def secrets(self) -> dict[str, str]:
        """The secret settings of the account, in plain, by name."""
        with simulating(self.simulator) as (_, stand_in):
            values = self.oms.Settings(**{**stand_in.settings(), **self.settings})
        return {
            name: text for name in type(values).model_fields
            if isinstance(getattr(values, name), SecretStr) and (text := values.secret(name))
        }
