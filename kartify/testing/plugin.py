"""For plugin authors; loaded by pytest wherever kartify is installed. ``--kit-report FILE`` writes how each check of
the conformance kit ended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kit-report", metavar="FILE", help="write how each check of kartify's kit ended")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--kit-report"):
        config.pluginmanager.register(KitReport(Path(config.getoption("--kit-report"))))


class KitReport:
    """Check by its name and sample: passed, failed, or skipped with the reason."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._checks: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.rpartition("::")[2].removeprefix("test_")
        if report.failed:
            self._checks[name] = "failed"
        elif report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            self._checks.setdefault(name, f"skipped: {reason.removeprefix('Skipped: ')}"[:200])
        elif report.when == "call":
            self._checks.setdefault(name, "passed")

    def pytest_sessionfinish(self) -> None:
        self._file.write_text(json.dumps(self._checks, indent=1, sort_keys=True), "utf-8")
