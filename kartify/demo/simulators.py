"""Where the demo's stand-ins listen."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import urllib3

from kartify.domain.errors import KartifyError
from kartify.stack.web import port_problem

SLUGS: Final = ("sandbox", "sandbox-oms", "fynd")
HOST: Final = "127.0.0.1"
_LONGEST_START: Final = 60.0


class NoSimulator(KartifyError):
    """A stand-in did not come up."""


def addresses(home: Path, slugs: Sequence[str] = SLUGS, *, after: int) -> dict[str, str]:
    """The addresses of last time where they are free, else the ports after the web server's, else any."""
    file = home / "simulators.json"
    known: dict[str, int] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    ports = {slug: _port(known.get(slug, after + place)) for place, slug in enumerate(slugs, 1)}
    file.write_text(json.dumps(ports), "utf-8")
    return {slug: f"http://{HOST}:{port}" for slug, port in ports.items()}


def _port(wanted: int) -> int:
    return wanted if wanted <= 65_535 and port_problem(HOST, wanted) is None else free_port()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for(urls: Mapping[str, str]) -> None:
    """Until each answers, whatever it answers. Raises ``NoSimulator``."""
    until = time.monotonic() + _LONGEST_START
    with urllib3.PoolManager(retries=False, timeout=2.0) as http:
        for slug, url in urls.items():
            while not _answers(http, url):
                if time.monotonic() > until:
                    raise NoSimulator(f"the simulator '{slug}' did not answer at {url}")
                time.sleep(0.1)


def _answers(http: urllib3.PoolManager, url: str) -> bool:
    try:
        http.request("GET", url, redirect=False)
    except urllib3.exceptions.HTTPError:
        return False
    return True
