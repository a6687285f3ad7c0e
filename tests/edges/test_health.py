"""Health, numbers, and the description of the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from doors import COD, Door, close, order_body, settings_for
from fakes import SECRET
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert

from kartify import clock
from kartify.app import create_app, house_of
from kartify.database import make_engine
from kartify.migrations.run import downgrade, upgrade
from kartify.models import Heartbeat, table


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return request.getfixturevalue("postgres_database")


@pytest.fixture
def migrated(empty_url: str) -> Iterator[Flask]:
    """The application as it runs: its own house, a migrated database."""
    engine = make_engine(empty_url)
    upgrade(engine)
    made = create_app(settings_for(empty_url))
    yield made
    close(made)
    engine.dispose()


def numbers(client: FlaskClient) -> dict[str, float]:
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_ready_once_migrated(migrated: Flask, empty_url: str) -> None:
    client = migrated.test_client()
    with house_of(migrated).database.write() as connection:
        connection.execute(insert(table(Heartbeat)).values(name="w1", role="worker", at=clock.now(),
                                                           started_at=clock.now()))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["ready"]) == (200, True)
    assert answer.json["checks"]["heartbeats"]["worker"] <= 5
    engine = make_engine(empty_url)
    downgrade(engine, "base")
    engine.dispose()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "kartify db upgrade" in answer.json["checks"]["migrations"]


def test_reading_sessions_do_not_wait_for_a_writer(migrated: Flask) -> None:
    """On SQLite a session must not take the write lock."""
    from sqlalchemy import select

    from kartify.models import Order, db

    with house_of(migrated).database.write() as connection:
        connection.execute(insert(table(Heartbeat)).values(name="w", role="web", at=clock.now(),
                                                           started_at=clock.now()))
        with migrated.app_context():
            assert db.session.execute(select(Order)).all() == []


def test_alive_tells_only_that(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}


def test_numbers_follow_what_happens(door: Door) -> None:
    assert numbers(door.client)["kartify_orders_missing"] == 0
    door.post("", order_body(payment=COD))
    door.client.post(f"/webhooks/{door.shop.account('plain', {'webhook_secret': SECRET})}", data=b"{}")
    found = numbers(door.client)
    assert found["kartify_orders_missing"] == 1
    assert found["kartify_refusals"] == 1
    assert found["kartify_database_up"] == 1
    for name in ("cases_open", "inbox_waiting", "inbox_oldest_due_seconds", "outbox_due", "outbox_oldest_due_seconds"):
        assert found[f"kartify_{name}"] == 0


def test_description_is_openapi_31_and_knows_every_route(app: Flask, client: FlaskClient) -> None:
    description = client.get("/api/openapi.json").json
    assert description["openapi"].startswith("3.1")
    described = {
        (method.upper(), path.replace("{", "<string:").replace("}", ">") if "{" in path else path)
        for path, item in description["paths"].items() for method in item
    }
    served = {
        (method, rule.rule) for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")
        for method in rule.methods or () if method not in ("HEAD", "OPTIONS")
    }
    assert described == served


def test_explorer_loads_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "connect-src 'self'" in policy
    with client.get("/api/scalar/js/scalar.standalone.js") as script:
        assert script.status_code == 200
        assert len(script.data) > 1_000_000
