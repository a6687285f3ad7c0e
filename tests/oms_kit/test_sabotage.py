"""Every broken OMS plugin is caught, and by the check that is there for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from broken_oms import CAUGHT

TESTS = Path(__file__).parents[1]
KIT = """
from acme_oms import AcmeStandIn
from broken_oms import {name}
from kartify.testing.oms_kit import OmsKit

class TestBroken(OmsKit):
    oms = {name}
    simulator = AcmeStandIn
    cannot = {cannot!r}
    wrong_settings = {{"password": "guess-of-tests"}}
    pull_settings = {{"way": "feed"}}
"""


def failures(tmp_path: Path, name: str, cannot: dict[str, str]) -> str:
    file = tmp_path / "test_broken.py"
    file.write_text(KIT.format(name=name, cannot=cannot), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", "--timeout", "60", str(file)],
        capture_output=True, text=True, cwd=tmp_path, check=False,
        env={"PYTHONPATH": str(TESTS), "PATH": "/usr/bin:/bin"},
    )
    return done.stdout if done.returncode == 1 else ""


@pytest.mark.slow
@pytest.mark.parametrize("kind", CAUGHT, ids=lambda kind: kind.__name__)
def test_the_kit_catches(kind, tmp_path):
    assert CAUGHT[kind] in failures(tmp_path, kind.__name__, {})


@pytest.mark.slow
@pytest.mark.parametrize("cannot", [{"lookup_after_a_lost_answer": "we would rather not"}, {"cod": "no"}])
def test_no_declaration_switches_off_a_check_that_guards_an_order(cannot, tmp_path):
    assert "test_what_cannot_be_done_is_declared_with_a_reason" in failures(tmp_path, "AcmeOms", cannot)
