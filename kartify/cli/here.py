"""Which kartify a command means, and how it logs; light, for processes that need no more."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from getpass import getuser
from pathlib import Path
from typing import Final

import structlog

from kartify.domain.errors import KartifyError
from kartify.settings import Settings

# Written by ``kartify up``: where its web server is, for the addresses that commands beside it print.
ADDRESS: Final = "address"
VARIABLES: Final = tuple(
    f"KARTIFY_{name.upper()}{ending}" for name in Settings.model_fields for ending in ("", "_FILE")
)


def settings_here(*, make: bool = False) -> Settings:
    """The environment's; what it leaves open comes from the embedded home, if there is one or ``make`` is set.

    Raises ``BrokenSettings``, ``NotHere``.
    """
    nothing_named = not any(named(name) for name in ("database_url", "redis_url", "secret_keys", "public_url"))
    if (_home() / "secret_keys").exists() or (make and nothing_named):
        return _beside_up(Settings.embedded())
    if nothing_named:
        raise NotHere
    return Settings.read()


class NotHere(KartifyError):
    """Neither the environment nor a home says which kartify is meant."""

    def __init__(self) -> None:
        super().__init__(
            f"There is no kartify in {_home()}: start one with 'kartify up', or name yours with KARTIFY_HOME or with "
            "KARTIFY_DATABASE_URL, KARTIFY_REDIS_URL, KARTIFY_SECRET_KEYS and KARTIFY_PUBLIC_URL."
        )


def named(name: str) -> str:
    """What the environment says of a setting, directly or as the name of a file."""
    label = f"KARTIFY_{name.upper()}"
    return os.environ.get(label, "") or os.environ.get(f"{label}_FILE", "")


def _home() -> Path:
    given = os.environ.get("KARTIFY_HOME", "")
    file = Path(os.environ.get("KARTIFY_HOME_FILE", "") or os.devnull)
    kept = file.read_text("utf-8").strip() if not given and file.is_file() else ""
    return Path(given or kept or ".kartify").expanduser()


def _beside_up(settings: Settings) -> Settings:
    file = settings.home / ADDRESS
    if any(named(name) for name in ("public_url", "host", "port")) or not file.exists():
        return settings
    return settings.model_copy(update={"public_url": file.read_text("utf-8").strip()})


def as_environment(settings: Settings) -> Mapping[str, str]:
    """For child processes: every setting by name, and no file beside it."""
    given = {
        "database_url": settings.database_url, "redis_url": settings.redis_url,
        "secret_keys": ",".join(settings.fernet_keys), "public_url": settings.public_url, "host": settings.host,
        "port": str(settings.port), "home": str(settings.home),
    }
    return {**dict.fromkeys(VARIABLES, ""), **{f"KARTIFY_{name.upper()}": text for name, text in given.items()}}


def set_logging(level: int) -> None:
    """Logs go to standard error: standard output is for what was asked for."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def me(name: str | None = None) -> str:
    """Who acts, for the timeline. ``name``: who says to be acting, for machines on which all share one login; the
    login stands beside it."""
    try:
        login = getuser()
    except (OSError, KeyError):
        login = ""
    if name and name.strip():
        return f"{name.strip()[:100]} (command line{f', as {login}' if login else ''})"
    return f"{login} (command line)" if login else "command line"
