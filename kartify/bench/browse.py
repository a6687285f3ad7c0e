"""A person of the admin as one kept-alive connection: signs in, reads pages, says how long each took."""

from __future__ import annotations

import http.client
import re
import time
from http.cookies import SimpleCookie
from urllib.parse import urlencode

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Visitor:
    def __init__(self, port: int, role: str) -> None:
        self.role = role
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookies: SimpleCookie = SimpleCookie()

    def sign_in(self, email: str, password: str) -> None:
        found = _TOKEN.search(self.read("/admin/login")[1])
        if found is None:
            raise RuntimeError("the login page has no form")
        form = urlencode({"email": email, "password": password, "csrf_token": found[1]})
        status, _, _ = self._ask("POST", "/admin/login", form)
        if status != 303:
            raise RuntimeError(f"signing in as {email} answered {status}")

    def read(self, path: str) -> tuple[int, str, float]:
        """Status, text, and seconds until all of it was here."""
        return self._ask("GET", path)

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str, float]:
        headers = {"Cookie": "; ".join(f"{name}={one.value}" for name, one in self._cookies.items())}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        begun = time.perf_counter()
        self._line.request(method, path, body, headers)
        answer = self._line.getresponse()
        text = answer.read().decode("utf-8", "replace")
        took = time.perf_counter() - begun
        for value in answer.headers.get_all("Set-Cookie") or ():
            self._cookies.load(value)
        return answer.status, text, took


__all__ = ["Visitor"]
