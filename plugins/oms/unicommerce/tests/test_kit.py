"""Unicommerce passes the conformance kit."""

from kartify_unicommerce import Unicommerce, UnicommerceSimulator

from kartify.testing.oms_kit import OmsKit


class TestKit(OmsKit):
    oms = Unicommerce
    simulator = UnicommerceSimulator
    wrong_settings = {"password": "guess-of-tests"}
    pull_settings = {"way": "pull"}
    cannot = {"signed_body": "Unicommerce shows a token that it logged in for; nothing signs the body."}
