"""The application: a parts list. Importing costs nothing; ``create_app`` builds."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import Migrate
from flask_openapi3 import Info, OpenAPI
from sqlalchemy import make_url

from kartify import registry
from kartify.admin import init_admin
from kartify.database import Database, engine_options, prepare
from kartify.house import House, build
from kartify.http import HttpClient
from kartify.languages import init_languages
from kartify.migrations.run import COMPARE, HERE
from kartify.models import db
from kartify.queue import Wake
from kartify.settings import Settings
from kartify.stack.watch import watch_parent
from kartify.vault import Vault
from kartify.web import explorer, health, inbound, oms, pages, storefront
from kartify.web.access import SCHEMES
from kartify.web.bodies import LimitedRequest
from kartify.web.current import KEY, current_house, house_of
from kartify.web.door import WebhookDoor
from kartify.web.problems import Problem, init_problems, of_fields
from kartify.web.wakes import CoalescedWaker

__all__ = ["create_app", "current_house", "from_environment", "house_of"]
# One for each thread that a web worker has, and one to spare.
CONNECTIONS = 17


def from_environment() -> Flask:
    """For web servers (``kartify.app:from_environment``): each worker ends with the process that started it."""
    watch_parent()
    return create_app(Settings.read())


def create_app(settings: Settings, *, house: House | None = None) -> Flask:
    """``house``: a house that exists already (tests); else it is built here. Raises ``BrokenPlugins``."""
    app = _application(settings)
    _init_database(app, settings)
    app.extensions[KEY] = house or _build_house(app, settings)
    init_problems(app)
    init_languages(app)
    app.register_blueprint(inbound.blueprint)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(explorer.blueprint)
    app.register_api(storefront.blueprint)
    app.register_api(oms.blueprint)
    init_admin(app, house_of(app))
    app.wsgi_app = WebhookDoor(app, house_of(app))  # type: ignore[method-assign]
    return app


def _application(settings: Settings) -> OpenAPI:
    app = OpenAPI(
        "kartify",
        info=Info(title="kartify", version="1", description=explorer.ABOUT),
        security_schemes=SCHEMES,
        doc_prefix="/api",
        doc_url="/openapi.json",
        validation_error_model=Problem,
        validation_error_callback=of_fields,
    )
    app.request_class = LimitedRequest
    app.config.update(_config(settings))
    return app


def _config(settings: Settings) -> dict[str, Any]:
    first, *others = (hashlib.sha256(f"kartify sessions {key}".encode()).hexdigest() for key in settings.fernet_keys)
    return {
        "SECRET_KEY": first,
        "SECRET_KEY_FALLBACKS": others,
        "SQLALCHEMY_DATABASE_URI": _absolute(settings.sqlalchemy_url),
        # Sessions are for reading: on SQLite they do not take the write lock. The flows write with connections.
        "SQLALCHEMY_ENGINE_OPTIONS": {
            **engine_options(settings.sqlalchemy_url, connections=CONNECTIONS),
            "execution_options": {"kartify_read": True},
        },
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.public_url.startswith("https://"),
    }


def _absolute(url: str) -> str:
    """Flask-SQLAlchemy looks for a relative SQLite file elsewhere than everybody else."""
    parsed = make_url(url)
    if parsed.drivername != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return url
    return parsed.set(database=str(Path(parsed.database).absolute())).render_as_string(hide_password=False)


def _init_database(app: Flask, settings: Settings) -> None:
    db.init_app(app)
    Migrate(app, db, directory=str(HERE), **COMPARE)
    with app.app_context():
        prepare(db.engine)


def _build_house(app: Flask, settings: Settings) -> House:
    """On the same pool of connections as the sessions."""
    with app.app_context():
        engine = db.engine.execution_options(kartify_read=False)
    return build(
        Database(engine),
        registry.load(),
        Vault(settings.fernet_keys),
        client=HttpClient(),
        public_url=settings.public_url,
        waker=CoalescedWaker(Wake(settings.redis_url)),
    )
