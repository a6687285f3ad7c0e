"""The command line in this process, on an embedded home of its own; nothing of the real environment reaches it."""

from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner

from kartify.cli import main
from kartify.cli.here import VARIABLES
from kartify.cli.house import house_of
from kartify.settings import Settings
from kartify.testing.redis import redis_server_url, redis_url

__all__ = ["redis_server_url", "redis_url"]


class Cli:
    """``cli("store", "create", …)``; ``env`` is what the environment has besides the home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = {**dict.fromkeys(VARIABLES, ""), "KARTIFY_HOME": str(home)}

    def __call__(self, *arguments: str, code: int = 0, stdin: str | None = None, **env: str):
        try:
            result = CliRunner().invoke(main, arguments, input=stdin, env={**self.env, **env})
        finally:
            structlog.reset_defaults()
        told = (result.output, result.exception)
        assert result.exit_code == code, told
        return result

    @contextmanager
    def house(self):
        with house_of(Settings.embedded(self.home)) as house:
            yield house


@pytest.fixture
def empty(tmp_path) -> Cli:
    """No database yet."""
    return Cli(tmp_path / "home")


@pytest.fixture
def cli(empty) -> Cli:
    """Migrated, with one store."""
    empty("db", "upgrade")
    empty("store", "create", "demo", "--name", "Demo store")
    return empty
