"""Settings of one Juspay account."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from kartify.plugin import Mode, PartnerSettings, base_address, host_of

BASES = {"sandbox": "https://sandbox.juspay.in", "production": "https://api.juspay.in"}
# Hosts that surely are of one world; a bank's own host that is not listed here is taken as it is.
_WORLDS = {
    "sandbox.juspay.in": "sandbox", "payments.sandbox.juspay.in": "sandbox", "smartgatewayuat.hdfcbank.com": "sandbox",
    "api.juspay.in": "production", "payments.juspay.in": "production", "smartgateway.hdfcbank.com": "production",
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_CURRENCIES = re.compile(r"[A-Z]{3}(,[A-Z]{3})*\Z")
SECRETS = ("api_key", "response_key", "webhook_password", "webhook_password_previous")


class JuspaySettings(PartnerSettings):
    # A validation error shows its input, which here would be secrets.
    model_config = ConfigDict(hide_input_in_errors=True)

    api_base: str = Field(default="", description="Where the API is; empty: Juspay's own of the environment.")
    environment: Literal["sandbox", "production"] = Field(description="Whether real money moves.")
    merchant_id: str = Field(description="Merchant id, as the dashboard shows it; it goes with every call.")
    api_key: SecretStr = Field(description="API key (Settings, Security); the user name of every call.")
    client_id: str = Field(description="Payment page client id, as Juspay gave it with the merchant id.")
    response_key: SecretStr | None = Field(
        default=None, description="Response Key: signs the browser's return. Not the API key."
    )
    webhook_user: str = Field(default="", description="User name typed into the webhook's form.")
    webhook_password: SecretStr | None = Field(default=None, description="Password typed into the webhook's form.")
    webhook_password_previous: SecretStr | None = Field(default=None, description="The retired webhook password.")
    api_version: str = Field(default="2024-02-01", description="Version of the answers that is asked for, a date.")
    currencies: str = Field(default="INR", description="Currencies that the account takes, such as INR,AED.")
    webhook_in_order: bool = Field(
        default=False, description="Name our webhook address in every order, besides the dashboard's."
    )
    pre_authorisation: bool = Field(default=False, description="Ask that money is held first and captured later.")
    release_after_hours: int = Field(
        default=72, ge=1, le=168, description="When held money is expected to go back by itself."
    )
    dashboard: str = Field(
        default="https://portal.juspay.in/orders/{order_id}", max_length=300,
        description="Where staff look an order up; {order_id} and {txn_id} are filled in. Empty: no link.",
    )

    @field_validator("merchant_id", "client_id")
    @classmethod
    def _is_word(cls, value: str) -> str:
        if not _WORD.match(value):
            raise ValueError("expected letters, digits, dots, - and _ as the dashboard shows them")
        return value

    @field_validator("webhook_user")
    @classmethod
    def _plain_user(cls, value: str) -> str:
        if value and not re.fullmatch(r"[A-Za-z0-9]{1,64}", value):
            raise ValueError("webhook_user: expected letters and digits only (Juspay takes no other signs)")
        return value

    @field_validator("api_key")
    @classmethod
    def _not_empty(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if not text or ":" in text or not text.isascii() or not text.isprintable():
            raise ValueError("api_key: expected the key as the dashboard shows it, without a colon")
        return value

    @field_validator("api_version")
    @classmethod
    def _is_date(cls, value: str) -> str:
        if not _DATE.match(value):
            raise ValueError("api_version: expected a date such as 2024-02-01")
        return value

    @field_validator("currencies")
    @classmethod
    def _are_codes(cls, value: str) -> str:
        compact = value.replace(" ", "").upper()
        if not _CURRENCIES.match(compact):
            raise ValueError("currencies: expected codes such as INR,AED")
        return compact

    @field_validator("api_base")
    @classmethod
    def _safe_base(cls, value: str) -> str:
        return base_address(value, like="https://api.juspay.in") if value else value

    @field_validator("dashboard")
    @classmethod
    def _is_link(cls, value: str) -> str:
        if value and not value.startswith("https://"):
            raise ValueError("dashboard: expected an https address, or nothing")
        return value

    @model_validator(mode="after")
    def _fit(self) -> Self:
        world = _WORLDS.get(host_of(self.base))
        if world not in (None, self.environment):
            raise ValueError(f"api_base: this host is the {world} one, and environment says {self.environment}")
        given = [text for text in map(self.secret, SECRETS[:3]) if text]
        if len(set(given)) != len(given):
            raise ValueError("api_key, response_key and webhook_password: expected three different secrets")
        if self.secret("webhook_password") and not self.webhook_user:
            raise ValueError("webhook_user: expected the user name that belongs to webhook_password")
        return self

    @property
    def base(self) -> str:
        return self.api_base or BASES[self.environment]

    def identity(self) -> str:
        return self.merchant_id

    def mode(self) -> Mode:
        return "live" if self.environment == "production" else "test"

    def takes(self, currency: str) -> bool:
        return currency in self.currencies.split(",")
