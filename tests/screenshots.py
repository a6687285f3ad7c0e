"""``make screenshots``: pictures of the running admin for the docs, from a demo store in a temporary home."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

PICTURES = Path("docs/pictures")
# The ten main pages. A pattern is clicked on the page before it: the first link whose address has it.
PAGES: dict[str, tuple[str, str | None]] = {
    "home": ("/admin/", None),
    "orders": ("/admin/orders/", None),
    "order": ("/admin/orders/?view=attention", "main table a[href*='/admin/orders/']"),
    "attention": ("/admin/attention/", None),
    "crons": ("/admin/crons/", None),
    "account": ("/admin/accounts/", "main section.account h2 a"),
    "inbox": ("/admin/inbox/", None),
    "deliveries": ("/admin/deliveries/", None),
    "audit": ("/admin/audit/", None),
    "users": ("/admin/users/", None),
}
WIDTHS = {"": (1280, 860), "-narrow": (390, 844)}
CALM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--no-first-run"]


@contextmanager
def demo(home: Path) -> Iterator[str]:
    """``kartify up --demo`` on a free port; the base URL once its store tells the story."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {**os.environ, "KARTIFY_HOME": str(home), "KARTIFY_PORT": str(port)}
    command = [sys.executable, "-m", "kartify.cli", "up", "--demo"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "found by lookup" in line:
                break
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)


def log_in(page: Page, base: str, home: Path) -> None:
    page.goto(f"{base}/admin/login")
    page.fill("input[name=email]", "admin@kartify.example")
    page.fill("input[name=password]", (home / "admin_password").read_text().strip())
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{base}/admin/")


def take(browser: Browser, base: str, home: Path, *, theme: Literal["light", "dark"], width: str) -> None:
    wide, high = WIDTHS[width]
    page = browser.new_page(viewport={"width": wide, "height": high}, color_scheme=theme)
    log_in(page, base, home)
    for name, (path, link) in PAGES.items():
        page.goto(base + path)
        if link is not None:
            page.locator(link).first.click()
            page.wait_for_load_state()
        page.screenshot(path=PICTURES / f"{name}{width}{'-dark' if theme == 'dark' else ''}.png")
    page.close()


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no chromium on the path: install it with the system's package manager")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, demo(Path(folder) / "home") as base, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=CALM)
        for theme, width in product(("light", "dark"), WIDTHS):
            take(browser, base, Path(folder) / "home", theme=theme, width=width)
        browser.close()
    print(f"pictures in {PICTURES} ({time.strftime('%H:%M')})")


if __name__ == "__main__":
    main()
