"""Settings of one CCAvenue merchant."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from kartify.plugin import Mode, PartnerSettings, base_address, host_of, mode_of

APIS: Final = {"test": "https://apitest.ccavenue.com", "live": "https://api.ccavenue.com"}
PAGES: Final = {"test": "https://test.ccavenue.com", "live": "https://secure.ccavenue.com"}
# CCAvenue's own hosts, the older ones too: they stand in many examples.
_HOSTS: Final[dict[str, Mode]] = {
    "apitest.ccavenue.com": "test", "test.ccavenue.com": "test", "logintest.ccavenue.com": "test",
    "api.ccavenue.com": "live", "secure.ccavenue.com": "live", "login.ccavenue.com": "live",
    "www.ccavenue.com": "live",
}  # fmt: skip
CURRENCIES: Final = frozenset({"INR", "USD", "SGD", "GBP", "EUR"})
_MERCHANT: Final = re.compile(r"[0-9]{1,20}\Z")
_CODE: Final = re.compile(r"[A-Za-z0-9]{4,64}\Z")
_SHORTEST_KEY: Final = 8


class CCAvenueSettings(PartnerSettings):
    api_base: str = Field(default="", description="Where CCAvenue's API is. Blank: test or live, by environment.")
    pay_base: str = Field(default="", description="Where CCAvenue's billing page is. Blank: by environment.")
    environment: Literal["", "test", "live"] = Field(
        default="", description="test or live. Blank: by api_base; live where that is blank too."
    )
    merchant_id: str = Field(description="Merchant id, a number: Settings, API Keys. It names the merchant.")
    access_code: str = Field(description="Access code of the registered website address, same page.")
    working_key: SecretStr = Field(description="Working (encryption) key that belongs to this access code.")
    working_key_previous: SecretStr | None = Field(
        default=None, description="The retired working key: returns and notifications under it are still read."
    )
    api_access_code: str = Field(
        default="", description="Access code of the server's registered IP address. Blank: the same as access_code."
    )
    api_working_key: SecretStr | None = Field(
        default=None, description="Working key that belongs to api_access_code. Blank: the same as working_key."
    )
    auto_confirm: bool = Field(
        default=False,
        description="Whether CCAvenue confirms every order of this account by itself: Successful then means paid.",
    )
    currencies: str = Field(
        default="INR", description="Currencies enabled for the account, with commas: INR, USD, SGD, GBP, EUR."
    )
    send_customer: bool = Field(
        default=True, description="Fill name, mail and telephone on the billing page with the customer's."
    )
    list_attempts: bool = Field(
        default=True,
        description="Read all attempts of an order from the order look-up. Off: only if it is closed to the account.",
    )
    list_page_size: int = Field(default=100, ge=10, le=100, description="Rows a page of the order look-up.")
    list_days: int = Field(default=7, ge=2, le=31, description="Most days that one order look-up spans.")
    initiated_over_after_hours: int = Field(
        default=0, ge=0, le=120,
        description="From this age on, an order whose customer only looked at the page counts as failed. 0: never.",
    )
    dashboard_link: str = Field(
        default="", description="Address of a charge in CCAvenue's M.A.R.S. panel, with {reference_no} in it."
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

    @field_validator("merchant_id")
    @classmethod
    def _merchant(cls, value: str) -> str:
        if not _MERCHANT.match(value):
            raise ValueError("merchant_id: expected the number that the API Keys page shows")
        return value

    @field_validator("access_code", "api_access_code")
    @classmethod
    def _code(cls, value: str) -> str:
        if value and not _CODE.match(value):
            raise ValueError("expected an access code of letters and digits, copied whole")
        return value

    @field_validator("working_key", "working_key_previous", "api_working_key")
    @classmethod
    def _key(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value() if value else ""
        if text and (len(text) < _SHORTEST_KEY or not text.isascii() or text != text.strip()):
            raise ValueError("expected a working key, copied whole (usually 32 letters and digits)")
        return value

    @field_validator("api_base", "pay_base")
    @classmethod
    def _safe_base(cls, value: str) -> str:
        return base_address(value, like=APIS["live"])

    @field_validator("currencies")
    @classmethod
    def _currencies(cls, value: str) -> str:
        named = {one.strip().upper() for one in value.split(",") if one.strip()}
        if not named or named - CURRENCIES:
            raise ValueError(f"currencies: expected some of {', '.join(sorted(CURRENCIES))}")
        return ",".join(sorted(named))

    @field_validator("dashboard_link")
    @classmethod
    def _link(cls, value: str) -> str:
        if value and (not value.startswith("https://") or set(re.findall(r"\{[^}]*\}?", value)) - {"{reference_no}"}):
            raise ValueError("dashboard_link: expected https://… with nothing but {reference_no} to fill in")
        return value

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if not self.access_code or not self.secret("working_key"):
            raise ValueError("access_code and working_key: expected a pair of the API Keys page")
        if bool(self.api_access_code) != bool(self.secret("api_working_key")):
            raise ValueError("api_access_code and api_working_key: expected both, since they are a pair, or none")
        if self.secret("working_key") == self.secret("working_key_previous"):
            raise ValueError("working_key_previous: expected the retired key, not the current one")
        for name in ("api_base", "pay_base"):
            host = _HOSTS.get(host_of(getattr(self, name)))
            if host is not None and host != self.environment:
                raise ValueError(f"{name}: that is CCAvenue's {host} host, expected environment={host}")
        return self

    def identity(self) -> str:
        return self.merchant_id

    def mode(self) -> Mode:
        return "test" if self.environment == "test" else "live"

    @property
    def key(self) -> str:
        return self.working_key.get_secret_value()

    @property
    def api_code(self) -> str:
        return self.api_access_code or self.access_code

    @property
    def api_key(self) -> str:
        return self.secret("api_working_key") or self.key
