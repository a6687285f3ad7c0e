"""SAP passes the conformance kit."""

from kartify_sap import Sap, SapSimulator

from kartify.testing.oms_kit import OmsKit


class TestKit(OmsKit):
    oms = Sap
    simulator = SapSimulator
    wrong_settings = {"password": "guess-of-tests"}
    pull_settings = {"way": "feed"}
    cannot = {"signed_body": "SAP's middleware logs on with a user and a password; nothing signs the body."}
