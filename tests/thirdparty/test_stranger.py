"""A stranger's gateway: written outside the tree, built, installed beside kartify, certified, used, uninstalled."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3
from cryptography.fernet import Fernet

ROOT = Path(__file__).parents[2]


class Place:
    """An empty folder with a clean environment in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder, folder / "venv" / "bin"
        self.env = {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder),
            "KARTIFY_DATABASE_URL": f"sqlite:///{folder}/kartify.db", "KARTIFY_REDIS_URL": "redis://127.0.0.1:1/0",
            "KARTIFY_SECRET_KEYS": Fernet.generate_key().decode(), "KARTIFY_PUBLIC_URL": "http://127.0.0.1:8000",
        }

    def run(self, *command: str, code: int = 0, text: str | None = None) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False, input=text
        )
        assert done.returncode == code, f"{command}: {done.stdout}{done.stderr}"[-3000:]
        return done.stdout

    def kartify(self, *words: str, code: int = 0) -> str:
        return self.run(str(self.bin / "kartify"), *words, code=code)

    def told(self, *words: str) -> Any:
        return json.loads(self.kartify(*words, "--json"))

    def install(self, *what: str) -> None:
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
        # With what this machine needs to reach its package registry.
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(self.bin / "python"), *what], check=True)

    @contextmanager
    def running(self, *words: str, **env: str) -> Iterator[subprocess.Popen[str]]:
        command = [str(self.bin / "kartify"), *words]
        with (self.folder / "log").open("a") as log, subprocess.Popen(
            command, cwd=self.folder, env={**self.env, **env}, text=True, stdout=subprocess.PIPE, stderr=log
        ) as process:
            try:
                yield process
            finally:
                process.terminate()
                process.wait(20)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    made = Place(tmp_path)
    made.install("-r", str(ROOT / "requirements.txt"))
    source = tmp_path / "source"
    shutil.copytree(ROOT / "kartify", source / "kartify", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    made.install("--no-deps", "--no-build-isolation", str(source))
    return made


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def answers(url: str) -> None:
    for _ in range(300):
        try:
            urllib3.request("GET", url, retries=False, timeout=2)
            return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
    pytest.fail(f"{url} does not answer")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_package_of_a_stranger_takes_a_payment_that_the_lookup_cron_finds(place: Place) -> None:
    place.kartify("plugins", "new", "gateway", "gamma-pay", "--into", ".")
    package = place.folder / "gamma-pay"
    settings = package / "kartify_gamma_pay" / "settings.py"
    filled = settings.read_text("utf-8").replace("https://api.gamma-pay.example", "https://api.gamma.example")
    settings.write_text(filled, "utf-8")
    subprocess.run([str(place.bin / "python"), "-m", "hatchling", "build", "-t", "wheel"], cwd=package, check=True,
                   env=place.env, capture_output=True)
    [wheel] = (package / "dist").glob("*.whl")
    place.install("--no-deps", str(wheel))

    assert "plugins are fine" in place.kartify("plugins", "check")
    assert place.told("plugins", "certify", "gamma-pay", "--tests", str(package / "tests" / "test_kit.py"))["certified"]
    [row] = [one for one in place.told("plugins", "list") if one["slug"] == "gamma-pay"]
    assert (row["certificate"], row["package"]) == ("certified", "kartify-gamma-pay")

    place.kartify("db", "upgrade")
    place.kartify("store", "create", "shop", "--name", "Shop")
    key = place.told("apikey", "create", "shop", "--scope", "storefront")["key"]
    port = free_port()
    with place.running("simulate", "gamma-pay", "--json") as gateway, place.running(
        "web", KARTIFY_HOST="127.0.0.1", KARTIFY_PORT=str(port)
    ):
        simulated = _first_json(gateway)
        values = [f"{name}={value}" for name, value in simulated["settings"].items()]
        account = place.told("account", "add", "shop", "gamma-pay", *values, "--test")["id"]
        answers(f"http://127.0.0.1:{port}/healthz")
        order = _order(port, key)
        session = order["payment"]["gateway_order_id"]
        lost = {"lose_webhook": True, "lose_callback": True}
        paid = urllib3.request("POST", f"{simulated['base_url']}/_control/{session}/pay", json=lost)
        assert paid.json()["charges"][0]["state"] == "captured"
        assert place.told("order", "show", "shop", "G1")["status"] == "missing"
        place.kartify("lookup", account)
        assert place.told("order", "show", "shop", "G1")["status"] == "processing"
    place.kartify("laws")

    place.run(str(place.bin / "python"), "-m", "pip", "uninstall", "-y", "--quiet", "kartify-gamma-pay")
    assert [one for one in place.told("plugins", "list") if one["slug"] == "gamma-pay"] == []
    assert "gamma-pay" in place.kartify("doctor", code=1), "a missing plugin is never silent"


def _first_json(process: subprocess.Popen[str]) -> Any:
    text = ""
    assert process.stdout is not None
    for line in process.stdout:
        text += line
        try:
            return json.loads(text)
        except ValueError:
            continue
    pytest.fail(f"no settings: {text}")


def _order(port: int, key: str) -> Any:
    body = {
        "number": "G1", "currency": "INR", "total": 249900,
        "lines": [{"sku": "SHIRT-M", "name": "Shirt", "quantity": 1, "unit_price": 249900}],
        "customer": {"name": "Asha Rao"}, "payment": {"method": "prepaid", "gateway": "gamma-pay"},
    }
    answer = urllib3.request(
        "POST", f"http://127.0.0.1:{port}/api/v1/orders", json=body, headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status == 201, answer.data
    return answer.json()
