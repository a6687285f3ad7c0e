"""The OMS kit passes a right plugin; what it must catch stands in test_sabotage.py."""

from __future__ import annotations

from acme_oms import AcmeOms, AcmeStandIn

from kartify.testing.oms_kit import OmsKit


class TestAcme(OmsKit):
    oms = AcmeOms
    simulator = AcmeStandIn
    wrong_settings = {"password": "guess-of-tests"}
    pull_settings = {"way": "feed"}
