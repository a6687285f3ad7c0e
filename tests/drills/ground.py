"""A house whose web server, worker and clock are processes of their own, to be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
import urllib3
from cryptography.fernet import Fernet
from flask.testing import FlaskClient
from kartify_sandbox import SandboxSimulator
from kartify_sandbox_oms import SandboxOmsSimulator
from sqlalchemy import select

from kartify import registry
from kartify.app import create_app
from kartify.database import Database, make_engine
from kartify.flows.people.keys import create_key
from kartify.house import House, build
from kartify.http import HttpClient
from kartify.migrations.run import upgrade
from kartify.models import Base, db
from kartify.settings import Settings
from kartify.stack.watch import parenthood
from kartify.testing.builder import make_shop
from kartify.testing.serve import simulating
from kartify.vault import Vault

# Far more than a start takes on a quiet machine: three seconds.
PATIENCE = 45.0


def wait_for(what: Callable[[], object], seconds: float = PATIENCE) -> object:
    """What ``what`` gives as soon as it is true; the test fails where that takes too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.02)
    pytest.fail(f"did not happen within {seconds} s")


class Child:
    """One ``kartify`` process and all that it starts: a process group."""

    def __init__(self, arguments: list[str], env: dict[str, str], folder: Path) -> None:
        self._command = [sys.executable, "-m", "kartify.cli", *arguments]
        self._env, self._folder = env, folder
        self.log = folder / f"{arguments[0]}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env=self._env, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                process_group=0,
            )

    @property
    def pid(self) -> int:
        assert self.process
        assert self.process.poll() is None, f"it ended by itself: {self.log.read_text()[-2000:]}"
        return self.process.pid

    def kill(self) -> None:
        """kill -9, of all its processes at once."""
        os.killpg(self.pid, signal.SIGKILL)
        self._reap()

    def stop(self) -> None:
        """Asks it to end, and sees to it that nothing is left of it."""
        if self.process is None:
            return
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._reap()

    def _reap(self) -> None:
        process, self.process = self.process, None
        assert process
        process.wait(10)
        wait_for(lambda: not in_group(process.pid), 5)


def in_group(group: int) -> list[int]:
    """The living processes of a group."""
    found = []
    for process in psutil.process_iter(["status"]):
        with suppress(ProcessLookupError, psutil.Error):
            if process.info["status"] != psutil.STATUS_ZOMBIE and os.getpgid(process.pid) == group:
                found.append(process.pid)
    return found


@dataclass(kw_only=True)
class Ground:
    """A store, its accounts at the simulators, its key, and the processes."""

    house: House
    settings: Settings
    account: UUID
    key: str
    gateway: SandboxSimulator
    oms: SandboxOmsSimulator
    web: Child
    worker: Child
    clock: Child
    pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(maxsize=16, timeout=10, retries=False)
    )

    @property
    def port(self) -> int:
        return self.settings.port

    def web_answers(self) -> bool:
        assert self.web.pid
        return self.call("GET", "/healthz", timeout=2)[0] == 200

    def worker_beats(self) -> bool:
        """Whether this very worker process has told the database that it lives."""
        return any(row["name"].endswith(f":{self.worker.pid}") for row in self.rows("heartbeats"))

    def call(self, method: str, path: str, **given: Any) -> tuple[int | None, Any]:
        """Status and body; no status where no answer came."""
        try:
            answer = self.pool.request(method, f"http://127.0.0.1:{self.port}{path}", **given)
            return answer.status, answer.json() if "json" in answer.headers.get("content-type", "") else None
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            return None, None

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def place(self, number: str) -> tuple[int | None, Any]:
        return self.call("POST", "/api/v1/orders", json=order_body(number), headers=self.headers())

    def bring(self, charge_id: str) -> int | None:
        """One try to bring the webhook of a charge, signed now: its status."""
        body, headers = self.gateway.webhook(charge_id)
        return self.call("POST", f"/webhooks/{self.account}", body=body, headers=headers)[0]

    def event_id(self, charge_id: str) -> str:
        return self.gateway.event(charge_id).id

    def rows(self, name: str) -> list[dict[str, Any]]:
        with self.house.database.read() as connection:
            return [dict(row) for row in connection.execute(select(Base.metadata.tables[name])).mappings()]


@contextmanager
def in_process(stage: Ground) -> Iterator[FlaskClient]:
    """The doors in this process, where the clock can be moved."""
    app = create_app(stage.settings, house=stage.house)
    try:
        yield app.test_client()
    finally:
        with app.app_context():
            db.engine.dispose()


def order_body(number: str) -> dict[str, Any]:
    return {
        "number": number, "currency": "INR", "total": 129900,
        "lines": [{"line_id": "1", "sku": "SHIRT-M", "name": "Shirt", "quantity": 1, "unit_price": 129900}],
        "customer": {"name": "Asha Rao", "email": "asha@example.com", "phone": "+919000000000"},
        "shipping_address": {"line1": "1 MG Road", "city": "Pune", "state": "MH", "postcode": "411001",
                             "country": "IN"},
        "payment": {"method": "prepaid", "gateway": "sandbox"},
    }


def session_of(answer: Any) -> str | None:
    """The gateway's session that the customer is sent to, if he is sent to one."""
    step = ((answer or {}).get("payment") or {}).get("next") or {}
    return step["url"].rsplit("/", 1)[1] if step.get("url") else None


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def make_settings(database_url: str, redis_url: str, folder: Path) -> Settings:
    port = free_port()
    return Settings(
        database_url=database_url, redis_url=redis_url, secret_keys=Fernet.generate_key().decode(),
        public_url=f"http://127.0.0.1:{port}", port=port, home=folder,
    )


def make_house(settings: Settings) -> House:
    """In this process, with the key of the others; its tables made by the migrations."""
    engine = make_engine(settings.sqlalchemy_url)
    upgrade(engine)
    return build(
        Database(engine), registry.load(), Vault(settings.fernet_keys), client=HttpClient(),
        public_url=settings.public_url,
    )


def child(settings: Settings, *arguments: str) -> Child:
    names = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url,
             "SECRET_KEYS": settings.fernet_keys[0], "PUBLIC_URL": settings.public_url, "HOST": "127.0.0.1",
             "PORT": str(settings.port), "HOME": str(settings.home)}
    others = {name: value for name, value in os.environ.items() if not name.startswith("KARTIFY_")}
    env = {**others, **{f"KARTIFY_{name}": value for name, value in names.items()}, **parenthood()}
    return Child([*arguments], env, settings.home)


@contextmanager
def ground(database_url: str, redis_url: str, folder: Path) -> Iterator[Ground]:
    """Nothing runs yet; whatever was started has ended afterwards."""
    settings = make_settings(database_url, redis_url, folder)
    house = make_house(settings)
    shop = make_shop(house)
    with simulating(SandboxSimulator) as (_, gateway), simulating(SandboxOmsSimulator) as (_, oms):
        gateway.auto_webhooks = False
        account = shop.account("sandbox", gateway.settings())
        shop.account("sandbox-oms", oms.settings())
        made = Ground(
            house=house, settings=settings, account=account, key=create_key(house, shop.code, "storefront"),
            gateway=gateway, oms=oms, web=child(settings, "web", "--quiet", "--workers", "1"),
            worker=child(settings, "worker", "--quiet"), clock=child(settings, "clock", "--quiet"),
        )
        try:
            yield made
        finally:
            for one in (made.clock, made.worker, made.web):
                one.stop()
            made.pool.clear()
            house.database.engine.dispose()
