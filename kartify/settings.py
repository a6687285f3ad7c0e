"""The process settings: read from the environment when asked for, never at import.

Every variable can also be given as a file (``KARTIFY_SECRET_KEYS_FILE``), as container platforms mount them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from cryptography.fernet import Fernet
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from kartify.stack import places

_PREFIX = "KARTIFY_"
_POSTGRES = "postgresql+psycopg"


class BrokenSettings(Exception):
    """Lists every broken setting at once, by the name of its variable, never with its value."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        count = "1 setting is" if len(problems) == 1 else f"{len(problems)} settings are"
        super().__init__("\n".join([f"{count} broken:", *(f"  {name}: {text}" for name, text in problems.items())]))
        self.problems = dict(problems)


def _split(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class Settings(BaseSettings):
    """``Settings.read()`` for a process of production, ``Settings.embedded()`` for the stack on one machine."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_url: str = Field(repr=False)
    redis_url: str = Field(repr=False)
    # The first encrypts, all decrypt.
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)] = Field(min_length=1)
    public_url: str
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    home: Path = Path(".kartify")

    @classmethod
    def read(cls) -> Self:
        """From the environment. Raises ``BrokenSettings``."""
        return cls._made({})

    @classmethod
    def embedded(cls, home: Path | str | None = None) -> Self:
        """What the environment leaves open is filled for the embedded stack: SQLite, the Redis of ``home``, and a
        secret key that is made once and kept there. ``home`` overrides the environment's. Raises ``BrokenSettings``."""
        asked = home or _named("home") or ".kartify"
        try:
            kept = places.home(Path(asked))
        except OSError as problem:
            raise BrokenSettings({_label("home"): f"{asked} cannot be made: {problem.strerror}"}) from None
        port = _named("port") or "8000"
        return cls._made({
            "database_url": URL.create("sqlite", database=str(kept / "kartify.db")).render_as_string(),
            "redis_url": places.redis_url(kept),
            "secret_keys": lambda: places.kept_secret(kept / "secret_keys", lambda: Fernet.generate_key().decode()),
            "public_url": f"http://{_named('host') or '127.0.0.1'}:{port}",
        }, home=kept)

    @classmethod
    def _made(cls, fallbacks: Mapping[str, Any], **fixed: Any) -> Self:
        values, problems = _files(cls.model_fields)
        for name, value in fallbacks.items():
            if name not in values and not _variable(name) and _label(name) not in problems:
                values[name] = value() if callable(value) else value
        try:
            made = cls(**values, **fixed)
        except ValidationError as invalid:
            for error in invalid.errors(include_input=False, include_url=False):
                problems.setdefault(_label(str(error["loc"][0])), _text(error))
        if problems:
            raise BrokenSettings(problems)
        return made

    @property
    def sqlalchemy_url(self) -> str:
        """The database as SQLAlchemy wants it: PostgreSQL always by psycopg 3."""
        return _normalised(self.database_url).render_as_string(hide_password=False)

    @property
    def fernet_keys(self) -> tuple[str, ...]:
        """The plain keys, for ``MultiFernet``."""
        return tuple(key.get_secret_value() for key in self.secret_keys)

    _REDIS: ClassVar[tuple[str, ...]] = ("redis://", "rediss://", "unix://")

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        try:
            url = _normalised(value)
        except (ArgumentError, ValueError):
            raise ValueError("not the address of a database") from None
        if url.drivername not in ("sqlite", _POSTGRES):
            raise ValueError("begins with sqlite:/// or postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if not value.startswith(cls._REDIS):
            raise ValueError(f"begins with one of {', '.join(cls._REDIS)}")
        return value

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")) or "?" in value or "#" in value:
            raise ValueError("an http or https address without query, as the world sees this server")
        return value.rstrip("/")

    @field_validator("secret_keys")
    @classmethod
    def _keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for number, key in enumerate(value, 1):
            try:
                Fernet(key.get_secret_value())
            except ValueError:
                raise ValueError(f"key {number} is not a Fernet key (32 bytes in URL-safe base64)") from None
        return value

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()


def _normalised(value: str) -> URL:
    url = make_url(value)
    return url.set(drivername=_POSTGRES) if url.drivername in ("postgres", "postgresql") else url


def _label(name: str) -> str:
    return _PREFIX + name.upper()


def _variable(name: str) -> str:
    return os.environ.get(_label(name), "")


def _named(name: str) -> str:
    """A variable or the content of its file; empty where that cannot be read (``_files`` tells of it)."""
    return _variable(name) or str(_files([name])[0].get(name, ""))


def _files(names: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Values given as files, and what is wrong with them."""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name in names:
        path = os.environ.get(f"{_label(name)}_FILE", "")
        if path and _variable(name):
            problems[_label(name)] = f"given twice, as {_label(name)} and as {_label(name)}_FILE"
        elif path:
            try:
                values[name] = Path(path).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as problem:
                reason = problem.strerror if isinstance(problem, OSError) else "not UTF-8"
                problems[_label(name)] = f"{_label(name)}_FILE names {path}, which cannot be read: {reason}"
    return values, problems


def _text(error: Any) -> str:
    if error["type"] == "missing":
        return "not set"
    return str(error["msg"]).removeprefix("Value error, ")
