"""A deliverer in a process of its own, whose clock is ahead by so many seconds: ``worker.py URL KEY ACCOUNT AHEAD``."""

from __future__ import annotations

import logging
import sys
import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from uuid import UUID

import structlog
import time_machine

from kartify import registry
from kartify.database import Database, make_engine
from kartify.flows.delivering import deliver
from kartify.house import build
from kartify.http import HttpClient
from kartify.vault import Vault


def main(url: str, key: str, account: str, ahead: str, extra: str = "") -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    plugins = [getattr(import_module(extra.partition(":")[0]), extra.partition(":")[2])()] if extra else []
    house = build(
        Database(make_engine(url, connections=2)), registry.load(extra=plugins), Vault([key]), client=HttpClient(),
        public_url="http://127.0.0.1:8000",
    )
    oms = house.accounts.get(UUID(account)).oms()
    # The partner's own limit is played by the stand-in; here it would only make the drill long.
    type(oms).rate = 10_000.0
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=float(ahead)), tick=True):
        rests = 0
        while rests < 300:
            drained = deliver.deliver_due(house, UUID(account), limit=2_000, worker=f"drill {ahead}")
            if drained.problem:  # the account rests: throttled, or its breaker is open
                rests += 1
                time.sleep(0.05)
            elif not drained.handled:
                break
    house.database.engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
