"""Settings of one PayU merchant."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from kartify.plugin import Mode, PartnerSettings, base_address, host_of, mode_of

APIS: Final = {"test": "https://test.payu.in", "live": "https://info.payu.in"}
PAGES: Final = {"test": "https://test.payu.in", "live": "https://secure.payu.in"}
_HOSTS: Final[dict[str, Mode]] = {
    "test.payu.in": "test", "apitest.payu.in": "test", "sandboxsecure.payu.in": "test",
    "info.payu.in": "live", "secure.payu.in": "live", "api.payu.in": "live",
}  # fmt: skip
_KEY: Final = re.compile(r"[A-Za-z0-9]{3,40}\Z")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{16,100}\Z")
_MAIL: Final = re.compile(r"[A-Za-z0-9._/-]{1,40}@[A-Za-z0-9.-]{3,40}\Z")
_SHORTEST_SALT: Final = 8
_LONGEST_PREFIX: Final = 5


class PayUSettings(PartnerSettings):
    api_base: str = Field(default="", description="Where PayU's server API is. Blank: test or live, by environment.")
    pay_base: str = Field(default="", description="Where PayU's pay page is. Blank: by environment.")
    environment: Literal["", "test", "live"] = Field(
        default="", description="test or live. Blank: by api_base; live where that is blank too."
    )
    key: str = Field(description="Merchant key, from the dashboard: Developers, API Details. It names the merchant.")
    salt: SecretStr = Field(description="The salt that belongs to this key, same page.")
    salt_previous: SecretStr | None = Field(
        default=None, description="The retired salt: returns and webhooks under it are still read."
    )
    webhook_token: SecretStr | None = Field(
        default=None,
        description="Made up by you, at least 16 letters and digits, and appended to the webhook address in PayU's "
        "dashboard as ?token=…: proves the news of refunds, which PayU does not sign. Blank: they are refused.",
    )
    verify_batch_size: int = Field(
        default=20, ge=1, le=100, description="How many payments one look-up call asks about. PayU names no limit."
    )
    id_prefix: str = Field(
        default="", description="Stands before our reference in txnid, at most 5 letters and digits."
    )
    fallback_email: str = Field(
        default="", description="Sent where the customer gave none, or one that PayU's documents do not allow."
    )
    fallback_phone: str = Field(default="", description="Sent where the customer gave none: 10 digits.")
    dashboard_link: str = Field(
        default="", description="Address of a charge in PayU's dashboard, with {mihpayid} in it."
    )

    @model_validator(mode="before")
    @classmethod
    def _by_mode(cls, given: Any) -> Any:
        """Fills what the mode decides, and the mode where the host tells it."""
        if not isinstance(given, dict):
            return given
        values = dict(given)
        base = values.get("api_base")
        mode = values.get("environment") or mode_of(base.strip() if isinstance(base, str) else "", _HOSTS)
        if mode in APIS:
            values["environment"] = mode
            values["api_base"] = base or APIS[mode]
            values["pay_base"] = values.get("pay_base") or PAGES[mode]
        return values

    @field_validator("key")
    @classmethod
    def _merchant(cls, value: str) -> str:
        if not _KEY.match(value):
            raise ValueError("key: expected the merchant key of letters and digits, copied whole")
        return value

    @field_validator("salt", "salt_previous")
    @classmethod
    def _salt(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value() if value else ""
        if text and (len(text) < _SHORTEST_SALT or not text.isascii() or not text.isprintable() or " " in text):
            raise ValueError(f"expected a salt, copied whole (at least {_SHORTEST_SALT} letters)")
        return value

    @field_validator("webhook_token")
    @classmethod
    def _token(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value() if value else ""
        if text and not _TOKEN.match(text):
            raise ValueError("webhook_token: expected 16 to 100 of letters, digits, - and _")
        return value

    @field_validator("api_base", "pay_base")
    @classmethod
    def _safe_base(cls, value: str) -> str:
        return base_address(value, like=APIS["live"])

    @field_validator("id_prefix")
    @classmethod
    def _prefix(cls, value: str) -> str:
        if value and not re.fullmatch(rf"[A-Za-z0-9]{{1,{_LONGEST_PREFIX}}}", value):
            raise ValueError(f"id_prefix: expected at most {_LONGEST_PREFIX} letters and digits")
        return value

    @field_validator("fallback_email")
    @classmethod
    def _email(cls, value: str) -> str:
        if value and (not _MAIL.match(value) or len(value) > 50):
            raise ValueError("fallback_email: expected a mail address of at most 50 letters, digits, '.', '-', '_'")
        return value

    @field_validator("fallback_phone")
    @classmethod
    def _phone(cls, value: str) -> str:
        if value and not re.fullmatch(r"[0-9]{10}", value):
            raise ValueError("fallback_phone: expected 10 digits")
        return value

    @field_validator("dashboard_link")
    @classmethod
    def _link(cls, value: str) -> str:
        if value and (not value.startswith("https://") or set(re.findall(r"\{[^}]*\}?", value)) - {"{mihpayid}"}):
            raise ValueError("dashboard_link: expected https://… with nothing but {mihpayid} to fill in")
        return value

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if not self.secret("salt"):
            raise ValueError("salt: expected the salt that belongs to the key")
        if self.secret("salt") == self.secret("salt_previous"):
            raise ValueError("salt_previous: expected the retired salt, not the current one")
        for name in ("api_base", "pay_base"):
            host = _HOSTS.get(host_of(getattr(self, name)))
            if host is not None and host != self.environment:
                raise ValueError(f"{name}: that is PayU's {host} host, expected environment={host}")
        return self

    def identity(self) -> str:
        return self.key

    def mode(self) -> Mode:
        return "test" if self.environment == "test" else "live"

    @property
    def signing_salt(self) -> str:
        return self.salt.get_secret_value()
