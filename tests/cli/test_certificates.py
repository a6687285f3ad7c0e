"""Certificates: good for the very files that they were given on; a live account asks for one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kartify import certificates, registry
from kartify.domain.errors import Conflict
from kartify.flows.ground import audit
from kartify.flows.people import stores
from kartify.plugin import Gateway

LIVE = {"key_id": "rzp_live_KARTIFY0000001", "key_secret": "key-secret", "webhook_secret": "whsec"}
OMSES = ("arvind", "sap", "unicommerce")
OURS = ("cashfree", "ccavenue", "juspay", "paytm", "payu", "phonepe", "razorpay", "sandbox", "stripe")


@pytest.mark.parametrize("slug", OURS)
def test_our_gateways_are_certified_as_they_are_now(slug):
    standing, known = certificates.standing(registry.load().partners[slug].partner)
    assert standing == "certified", "run make certify"
    assert known.passed > 30


@pytest.mark.parametrize("slug", OMSES)
def test_our_omses_with_a_kit_are_certified_as_they_are_now(slug):
    standing, known = certificates.standing(registry.load().partners[slug].partner)
    assert standing == "certified", "run make certify"
    assert known.passed > 20


def test_a_changed_file_ends_a_certificate(tmp_path):
    here = certificates.folder_of(registry.load().partners["razorpay"].partner)
    copy = Path(shutil.copytree(here, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__")))
    known = certificates.read(copy)
    assert certificates.digest(copy) == known.digest
    (copy / "signing.py").write_text((copy / "signing.py").read_text("utf-8") + "\n# changed\n", "utf-8")
    assert certificates.digest(copy) != known.digest


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"slug": "x"})])
def test_a_certificate_that_cannot_be_read_is_none(tmp_path, text):
    (tmp_path / certificates.FILE).write_text(text, "utf-8")
    assert certificates.read(tmp_path) is None


def test_a_certified_gateway_takes_a_live_account(house, shop):
    assert stores.add_account(house, "demo", "razorpay", LIVE)


def test_a_live_account_without_a_certificate_needs_somebody_who_answers_for_it(house, shop, rows, monkeypatch):
    monkeypatch.setattr(certificates, "standing", lambda _: ("changed since", None))
    with pytest.raises(Conflict, match="kartify plugins certify razorpay"):
        stores.add_account(house, "demo", "razorpay", LIVE)
    act = audit.Act(by="asha", action="uncertified plugin", subject="", text="razorpay: the kit runs tonight")
    account = stores.add_account(house, "demo", "razorpay", LIVE, uncertified=act)
    [entry] = rows("audit")
    assert (entry["by"], entry["subject"]) == ("asha", f"account:{account}")


def test_a_test_account_needs_none(house, shop, monkeypatch):
    monkeypatch.setattr(certificates, "standing", lambda _: ("not certified", None))
    assert issubclass(registry.load().partners["razorpay"].partner, Gateway)
    assert stores.add_account(house, "demo", "razorpay", {**LIVE, "key_id": "rzp_test_KARTIFY0000001"})
