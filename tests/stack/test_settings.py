"""Process settings: from the environment, from files, and all faults at once."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from kartify.settings import BrokenSettings, Settings

KEY, OLD = Fernet.generate_key().decode(), Fernet.generate_key().decode()
WHOLE = {
    "KARTIFY_DATABASE_URL": "postgres://u:p%40ss@db.example/shop",
    "KARTIFY_REDIS_URL": "redis://cache.example/0",
    "KARTIFY_SECRET_KEYS": f"{KEY}, {OLD}",
    "KARTIFY_PUBLIC_URL": "https://orders.example/",
}


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """Sets exactly these variables, in an empty current directory."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("KARTIFY_")]:
        monkeypatch.delenv(name)

    def give(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))

    return give


def test_everything_comes_from_the_environment(environment, tmp_path):
    environment(**WHOLE)
    settings = Settings.read()
    assert settings.sqlalchemy_url == "postgresql+psycopg://u:p%40ss@db.example/shop"
    assert settings.fernet_keys == (KEY, OLD)
    assert settings.public_url == "https://orders.example"
    assert (settings.host, settings.port, settings.home) == ("127.0.0.1", 8000, tmp_path / ".kartify")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgres://h/d", "postgresql+psycopg://h/d"),
        ("postgresql://h/d?sslmode=require", "postgresql+psycopg://h/d?sslmode=require"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
        ("sqlite:////srv/k.db", "sqlite:////srv/k.db"),
    ],
)
def test_the_database_address_is_made_sqlalchemys(environment, given, expected):
    environment(**{**WHOLE, "KARTIFY_DATABASE_URL": given})
    assert Settings.read().sqlalchemy_url == expected


def test_every_broken_setting_is_named_in_one_message(environment):
    environment(
        KARTIFY_DATABASE_URL="mysql://u:hush@h/d", KARTIFY_SECRET_KEYS="hush", KARTIFY_PUBLIC_URL="orders.example",
        KARTIFY_PORT="http", KARTIFY_REDIS_URL_FILE="nowhere.txt",
    )
    with pytest.raises(BrokenSettings) as caught:
        Settings.read()
    text = str(caught.value)
    assert text.startswith("5 settings are broken:")
    assert set(caught.value.problems) == {
        f"KARTIFY_{name}" for name in ("DATABASE_URL", "SECRET_KEYS", "PUBLIC_URL", "PORT", "REDIS_URL")
    }
    assert "KARTIFY_REDIS_URL_FILE names nowhere.txt" in text
    assert "hush" not in text


def test_what_is_missing_is_named(environment):
    with pytest.raises(BrokenSettings) as caught:
        Settings.read()
    assert caught.value.problems == dict.fromkeys(WHOLE, "not set")


def test_an_empty_list_of_keys_is_broken(environment):
    environment(**{**WHOLE, "KARTIFY_SECRET_KEYS": " , "})
    with pytest.raises(BrokenSettings, match="KARTIFY_SECRET_KEYS"):
        Settings.read()


def test_each_variable_can_be_a_file(environment, tmp_path):
    for name, value in {**WHOLE, "KARTIFY_HOST": "0.0.0.0", "KARTIFY_PORT": "9000", "KARTIFY_HOME": "/srv/k"}.items():
        (tmp_path / name).write_text(f"{value}\n")
        environment(**{f"{name}_FILE": tmp_path / name})
    settings = Settings.read()
    assert settings.fernet_keys == (KEY, OLD)
    assert (settings.host, settings.port, settings.home) == ("0.0.0.0", 9000, Path("/srv/k"))


def test_a_variable_given_twice_is_broken(environment, tmp_path):
    (tmp_path / "port").write_text("1")
    environment(**WHOLE, KARTIFY_PORT="9000", KARTIFY_PORT_FILE=tmp_path / "port")
    with pytest.raises(BrokenSettings, match="given twice, as KARTIFY_PORT and as KARTIFY_PORT_FILE"):
        Settings.read()


def test_secrets_are_in_no_repr(environment):
    environment(**WHOLE)
    shown = repr(Settings.read())
    assert KEY not in shown
    assert "p%40ss" not in shown


def test_the_embedded_stack_needs_no_environment(environment, tmp_path):
    first, second = Settings.embedded(), Settings.embedded()
    assert first == second
    home = tmp_path / ".kartify"
    assert first.home == home
    assert first.sqlalchemy_url == f"sqlite:///{home}/kartify.db"
    assert first.public_url == "http://127.0.0.1:8000"
    assert first.redis_url.startswith("unix:///")
    assert stat.S_IMODE((home / "secret_keys").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_the_environment_wins_over_the_embedded_defaults(environment, tmp_path):
    environment(**WHOLE, KARTIFY_HOME=tmp_path / "there", KARTIFY_PORT="9000")
    settings = Settings.embedded()
    assert settings.sqlalchemy_url.startswith("postgresql+psycopg://")
    assert settings.home == tmp_path / "there"
    assert not (tmp_path / "there" / "secret_keys").exists()
    assert Settings.embedded(tmp_path / "here").home == tmp_path / "here"


def test_a_broken_file_is_not_papered_over_by_an_embedded_default(environment):
    environment(KARTIFY_SECRET_KEYS_FILE="nowhere.txt")
    with pytest.raises(BrokenSettings, match="KARTIFY_SECRET_KEYS_FILE names nowhere"):
        Settings.embedded()


def test_the_secret_key_is_made_once_by_many(environment, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = {made.fernet_keys for made in pool.map(lambda _: Settings.embedded(tmp_path / "h"), range(16))}
    assert len(keys) == 1
    assert sorted(path.name for path in (tmp_path / "h").iterdir()) == ["secret_keys"]


def test_a_home_that_cannot_be_made_is_told(environment, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BrokenSettings, match=r"KARTIFY_HOME: .* cannot be made"):
        Settings.embedded(tmp_path / "file" / "home")
