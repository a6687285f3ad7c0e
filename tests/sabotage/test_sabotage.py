"""Every broken gateway is caught, and by the check that is there for it; the right one passes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kartify.cli import template

HERE = Path(__file__).parent
KIT = """
from pathlib import Path
import broken
from kartify_acme.simulator import AcmeSimulator
from kartify.testing.kit import GatewayKit

class TestBroken(GatewayKit):
    gateway = broken.{name}
    simulator = AcmeSimulator
    samples = Path({samples!r})
    cannot = {{"captures": "Money is captured by the gateway itself.", **broken.CANNOT.get({name!r}, {{}})}}
"""


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package that ``kartify plugins new acme`` writes."""
    return template.write("acme", tmp_path_factory.mktemp("sabotage"))


def names() -> list[tuple[str, str]]:
    """Read from the text: the module itself needs the package that is yet to be written."""
    found, check = [], ""
    for line in (HERE / "broken.py").read_text("utf-8").splitlines():
        if line.startswith("@caught_by("):
            check = line.split('"')[1]
        elif line.startswith("class ") and check:
            found.append((line[6:].partition("(")[0], check))
            check = ""
    return found


def run(acme: Path, tmp_path: Path, name: str, only: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "test_broken.py"
    file.write_text(KIT.format(name=name, samples=str(acme / "tests" / "samples")), "utf-8")
    path = os.pathsep.join([str(acme), str(HERE)])
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-rfE", "-p", "no:cacheprovider", "--timeout", "60", "-k", only,
         str(file)],
        capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, check=False,
    )


def test_there_are_at_least_forty():
    assert len(names()) >= 40
    assert len({name for name, _ in names()}) == len(names())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "check"), names(), ids=[name for name, _ in names()])
def test_the_kit_catches(acme, tmp_path, name, check):
    done = run(acme, tmp_path, name, check)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    assert done.returncode == 1, done.stdout[-1500:]
    assert failed
    assert check in failed[0]
    print(f"{name:<32} {failed[0].partition('::test_')[2].partition(' ')[0]}")


@pytest.mark.slow
def test_the_right_one_passes_the_whole_kit(acme, tmp_path):
    (tmp_path / "broken.py").write_text("from kartify_acme.gateway import AcmeGateway as Right\nCANNOT = {}\n", "utf-8")
    file = tmp_path / "test_broken.py"
    file.write_text(KIT.format(name="Right", samples=str(acme / "tests" / "samples")), "utf-8")
    path = os.pathsep.join([str(tmp_path), str(acme)])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)], capture_output=True, text=True,
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, check=False,
    )
    assert done.returncode == 0, done.stdout[-1500:]
