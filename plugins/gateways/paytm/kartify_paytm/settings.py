"""Settings of one Paytm merchant."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, Self

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from kartify.plugin import Mode, PartnerSettings, base_address, host_of, mode_of
from kartify_paytm.checksum import KEY_SIZES

BASES: Final = {"test": "https://securestage.paytmpayments.com", "live": "https://secure.paytmpayments.com"}
WEBSITES: Final = {"test": "WEBSTAGING", "live": "DEFAULT"}
# The hosts that real merchants talk to; the old ones too, since they stand in many examples.
_HOSTS: Final[dict[str, Mode]] = {
    "securestage.paytmpayments.com": "test", "securegw-stage.paytm.in": "test",
    "secure.paytmpayments.com": "live", "securegw.paytm.in": "live",
}  # fmt: skip
_MID: Final = re.compile(r"[A-Za-z0-9]{4,64}\Z")
_PLACES: Final = frozenset({"{txn_id}", "{order_id}"})


class PaytmSettings(PartnerSettings):
    # A merchant key is taken as it is: blanks at its ends would belong to it.
    model_config = ConfigDict(hide_input_in_errors=True, str_strip_whitespace=False)

    api_base: str = Field(default="", description="Where Paytm's API is. Blank: staging or live, by environment.")
    environment: Literal["", "test", "live"] = Field(
        default="", description="test (staging) or live. Blank: by api_base; live where that is blank too."
    )
    mid: str = Field(description="Merchant id (MID) of Developer settings, API keys. Staging and live differ.")
    merchant_key: SecretStr = Field(
        description="Merchant key of the same page: 16, 24 or 32 characters. It signs calls, webhooks and returns."
    )
    merchant_key_previous: SecretStr | None = Field(
        default=None, description="The retired merchant key: webhooks and returns signed with it are still accepted."
    )
    website_name: str = Field(
        default="", max_length=30, description="Website name of the same page. Blank: WEBSTAGING or DEFAULT."
    )
    client_id: str = Field(
        default="", pattern=r"^[A-Za-z0-9]{0,10}$", description="Client id, only where the MID has several keys."
    )
    checkout: Literal["form", "js"] = Field(
        default="form", description="form: the browser posts to Paytm's page. js: the storefront runs Paytm's script."
    )
    send_customer: bool = Field(
        default=True, description="Give the customer's mobile number and mail to Paytm, which fills its page with them."
    )
    verify_answers: bool = Field(
        default=False, description="Also check the checksum in Paytm's answers. TLS proves them already."
    )
    list_page_size: int = Field(default=50, ge=10, le=50, description="Rows a page of Paytm's order list.")
    absent_after_minutes: int = Field(
        default=60, ge=0, le=1440,
        description="From this age on, an order that Paytm's list lacks counts as never tried. 0: always ask for it.",
    )
    dashboard_link: str = Field(
        default="", description="Address of a charge in Paytm's dashboard, with {txn_id} or {order_id} in it."
    )

    @model_validator(mode="before")
    @classmethod
    def _by_mode(cls, given: Any) -> Any:
        """Fills what the mode decides, and the mode where the host tells it."""
        if not isinstance(given, dict):
            return given
        plain = ("api_base", "environment", "mid", "website_name", "client_id", "dashboard_link")
        values = {name: value.strip() if name in plain and isinstance(value, str) else value
                  for name, value in given.items()}
        base = values.get("api_base")
        mode = values.get("environment") or mode_of(base if isinstance(base, str) else "", _HOSTS)
        if mode in BASES:
            values["environment"] = mode
            values["api_base"] = base or BASES[mode]
            values["website_name"] = values.get("website_name") or WEBSITES[mode]
        return values

    @field_validator("mid")
    @classmethod
    def _merchant(cls, value: str) -> str:
        if not _MID.match(value):
            raise ValueError("mid: expected letters and digits as the dashboard shows them")
        return value

    @field_validator("merchant_key", "merchant_key_previous")
    @classmethod
    def _fits_aes(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value() if value else ""
        if text and len(text.encode()) not in KEY_SIZES:
            raise ValueError("expected a merchant key of 16, 24 or 32 characters, copied whole")
        return value

    @field_validator("api_base")
    @classmethod
    def _safe_base(cls, value: str) -> str:
        return base_address(value, like=BASES["live"])

    @field_validator("dashboard_link")
    @classmethod
    def _link(cls, value: str) -> str:
        if value and (not value.startswith("https://") or set(re.findall(r"\{[^}]*\}?", value)) - _PLACES):
            raise ValueError("dashboard_link: expected https://… with nothing but {txn_id} and {order_id} to fill in")
        return value

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if not self.secret("merchant_key"):
            raise ValueError("merchant_key: expected the key that belongs to the mid")
        if self.secret("merchant_key") == self.secret("merchant_key_previous"):
            raise ValueError("merchant_key_previous: expected the retired key, not the current one")
        host = _HOSTS.get(host_of(self.api_base))
        if host is not None and host != self.environment:
            raise ValueError(f"environment: {self.api_base} is Paytm's {host} host, expected environment={host}")
        if self.mode() == "live" and self.website_name == WEBSITES["test"]:
            raise ValueError("website_name: WEBSTAGING is the name of the staging site, not of a live one")
        return self

    def identity(self) -> str:
        return self.mid

    def mode(self) -> Mode:
        return "test" if self.environment == "test" else "live"

    @property
    def key(self) -> str:
        return self.merchant_key.get_secret_value()
