"""``kartify plugins certify``: runs the conformance kit for a plugin and keeps its verdict beside the plugin's code."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from kartify import certificates, clock, registry
from kartify.certificates import Certificate
from kartify.cli.output import columns, json_option, show
from kartify.domain.errors import Conflict, NotFound
from kartify.plugin.oms import Oms

KIT = "1"
# The checks by which a kit is known, and its name.
_KITS = {"trust_": "kartify.testing.kit.GatewayKit", "push_": "kartify.testing.oms_kit.OmsKit"}


@click.command()
@click.argument("slug")
@click.option("--tests", type=click.Path(exists=True, path_type=Path),
              help="Where its kit test is; else tests/test_kit.py beside the package.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the whole report here as well.")
@json_option
def certify(slug: str, tests: Path | None, report: Path | None, as_json: bool) -> None:
    """Run the conformance kit for plugin SLUG. Exit code 1 when a check failed; then there is no certificate."""
    found = registry.load()
    installed = found.partners.get(slug)
    if installed is None:
        raise NotFound(f"no plugin '{slug}' is installed; there are: {', '.join(sorted(found.partners))}")
    folder = certificates.folder_of(installed.partner)
    kit = "push_" if issubclass(installed.partner, Oms) else "trust_"
    checks = _run(tests or folder.parent / "tests" / "test_kit.py", kit)
    made = Certificate(
        slug=slug, package=installed.distribution, version=installed.version, digest=certificates.digest(folder),
        kit=KIT, made_at=clock.now().isoformat(timespec="seconds"), checks=_by_check(checks), cannot=_lacking(checks),
    )
    failed = sorted(name for name, outcome in checks.items() if outcome == "failed")
    if report is not None:
        report.write_text(json.dumps({**asdict(made), "every": checks}, indent=1, sort_keys=True), "utf-8")
    if not failed:
        _keep(folder, made)
    show({"certified": not failed, "failed": failed, **asdict(made)}, as_json=as_json, text=_text(made, failed))
    if failed:
        raise click.exceptions.Exit(1)


def _run(tests: Path, kit: str) -> dict[str, str]:
    if importlib.util.find_spec("pytest") is None:
        raise click.ClickException("the kit runs with pytest: install it first (pip install pytest pytest-timeout)")
    if not tests.exists():
        raise click.ClickException(f"there is no {tests}: name the plugin's kit test with --tests")
    with tempfile.TemporaryDirectory() as place:
        told = Path(place) / "report.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", place,
                   "--kit-report", str(told), str(tests)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=place)
        if done.returncode not in (0, 1) or not told.exists():
            raise click.ClickException(f"the kit did not run:\n{(done.stdout + done.stderr)[-2000:]}")
        checks: dict[str, str] = json.loads(told.read_text("utf-8"))
    if not any(name.startswith(kit) for name in checks):
        raise Conflict(f"{tests} does not run the conformance kit: inherit {_KITS[kit]}")
    return checks


def _by_check(checks: dict[str, str]) -> dict[str, str]:
    """One line a check: failed where it failed for any sample, skipped where it ran for none."""
    found: dict[str, str] = {}
    for name, outcome in sorted(checks.items()):
        check = name.partition("[")[0]
        known = found.get(check)
        if known is None or outcome == "failed" or (known.startswith("skipped") and outcome == "passed"):
            found[check] = outcome
    return found


def _lacking(checks: dict[str, str]) -> dict[str, str]:
    """What the author declared that the gateway cannot do, as the skipped checks say it."""
    said = [outcome.removeprefix("skipped: ") for outcome in checks.values() if outcome.startswith("skipped: ")]
    return {name: reason for name, _, reason in (one.partition(": ") for one in said) if reason}


def _keep(folder: Path, made: Certificate) -> None:
    try:
        text = json.dumps(asdict(made), indent=1, sort_keys=True)
        (folder / certificates.FILE).write_text(text + "\n", "utf-8")
    except OSError as problem:
        raise click.ClickException(f"the certificate cannot be kept in {folder}: {problem.strerror}") from None


def _text(made: Certificate, failed: list[str]) -> str:
    rows: list[tuple[Any, ...]] = [(check, outcome) for check, outcome in made.checks.items()]
    verdict = (
        f"Not certified: {len(failed)} failed\n  " + "\n  ".join(failed) if failed
        else f"{made.package} {made.version} is certified: {made.passed} checks passed."
    )
    return f"{columns(rows)}\n\n{verdict}"
