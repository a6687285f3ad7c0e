"""Settings of one PayU merchant key."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from kartify.plugin import Mode, PartnerSettings

APIS: Final = {"test": "https://test.payu.in", "live": "https://info.payu.in"}
PAGES: Final = {"test": "https://test.payu.in", "live": "https://secure.payu.in"}
_HOSTS: Final[dict[str, Mode]] = {"test.payu.in": "test", "info.payu.in": "live", "secure.payu.in": "live"}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_KEY: Final = re.compile(r"[A-Za-z0-9]{4,32}\Z")


class PayUSettings(PartnerSettings):
    api_base: str = Field(default="", description="Where PayU's postservice is. Blank: test or live, by environment.")
    pay_base: str = Field(default="", description="Where PayU's payment page is. Blank: by environment.")
    environment: Literal["", "test", "live"] = Field(
        default="", description="test or live. Blank: by api_base; live where that is blank too."
    )
    key: str = Field(description="Merchant key of Payment Gateway, API keys. It names the merchant; it is no secret.")
    salt: SecretStr = Field(description="The salt that belongs to this key. It signs everything.")
    salt_previous: SecretStr | None = Field(
        default=None, description="The retired salt: webhooks and returns under it are still taken."
    )
    verify_batch_size: int = Field(
        default=20, ge=1, le=50, description="Payments that one look-up asks about. PayU names no most; 20 is careful."
    )
    send_customer: bool = Field(
        default=True, description="Fill name, mail and telephone on the page with the customer's."
    )
    dashboard_link: str = Field(
        default="", description="Address of a charge in PayU's dashboard, with {mihpayid} in it. Blank: no link."
    )

    @model_validator(mode="before")
    @classmethod
    def _by_mode(cls, given: Any) -> Any:
        """Fills what the mode decides, and the mode where the host tells it."""
        if not isinstance(given, dict):
            return given
        values = dict(given)
        base = values.get("api_base")
        mode = values.get("environment") or mode_of(base.strip() if isinstance(base, str) else "")
        if mode in APIS:
            values["environment"] = mode
            values["api_base"] = base or APIS[mode]
            values["pay_base"] = values.get("pay_base") or PAGES[mode]
        return values

    @field_validator("key")
    @classmethod
    def _known_key(cls, value: str) -> str:
        if not _KEY.match(value):
            raise ValueError("expected the merchant key, letters and digits, copied whole")
        return value

    @field_validator("salt", "salt_previous")
    @classmethod
    def _known_salt(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value() if value else ""
        if text and (len(text) < 6 or not text.isascii() or text != text.strip() or "|" in text):
            raise ValueError("expected a salt, copied whole")
        return value

    @field_validator("api_base", "pay_base")
    @classmethod
    def _safe_base(cls, value: str) -> str:
        parts = urlsplit(value)
        if not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"expected an address such as {APIS['live']}")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ValueError("expected https (plain http only on this machine)")
        return value.rstrip("/")

    @field_validator("dashboard_link")
    @classmethod
    def _link(cls, value: str) -> str:
        if value and (not value.startswith("https://") or set(re.findall(r"\{[^}]*\}?", value)) - {"{mihpayid}"}):
            raise ValueError("expected https://… with nothing but {mihpayid} to fill in")
        return value

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if not self.secret("salt"):
            raise ValueError("salt: expected the salt that belongs to the key")
        if self.secret("salt") == self.secret("salt_previous"):
            raise ValueError("salt_previous: expected the retired salt, not the current one")
        for name in ("api_base", "pay_base"):
            host = _HOSTS.get(urlsplit(getattr(self, name)).hostname or "")
            if host is not None and host != self.environment:
                raise ValueError(f"{name}: that is PayU's {host} host, expected environment={host}")
        return self

    def identity(self) -> str:
        return self.key

    def mode(self) -> Mode:
        return "test" if self.environment == "test" else "live"


def mode_of(api_base: str) -> Mode:
    """By the host: PayU's own say it, this machine is a test, and nothing else is."""
    try:
        host = urlsplit(api_base).hostname or ""
    except ValueError:
        host = ""
    return "test" if host in _LOOPBACK else _HOSTS.get(host, "live")
