"""Settings of one Cashfree account."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final, Literal, Self

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from kartify.plugin import Mode, PartnerSettings, base_address, host_of, on_this_machine

BASES: Final = {"sandbox": "https://sandbox.cashfree.com/pg", "production": "https://api.cashfree.com/pg"}
_HOSTS: Final = {"sandbox.cashfree.com": "sandbox", "api.cashfree.com": "production"}
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{4,100}\Z")
_METHODS: Final = re.compile(r"[a-z_]+(,[a-z_]+)*\Z")
_PHONE: Final = re.compile(r"\+?[0-9]{8,15}\Z")
# Newer secrets name their environment; older ones do not, and nothing can be told of them.
_TEST_SECRET, _LIVE_SECRET = "cfsk_ma_test_", "cfsk_ma_prod_"


class CashfreeSettings(PartnerSettings):
    # A validation error shows its input, which here would be secrets.
    model_config = ConfigDict(hide_input_in_errors=True)

    environment: Literal["sandbox", "production"] = Field(
        description="sandbox moves no money; production does. Each has keys and webhooks of its own."
    )
    api_base: str = Field(default="", description="Where Cashfree's API is. Empty: the address of the environment.")
    client_id: str = Field(description="App ID (Developers, API Keys).")
    client_secret: SecretStr = Field(description="Secret key of that App ID. It also signs the webhooks.")
    webhook_secret: SecretStr | None = Field(
        default=None, description="Only where another key's secret signs the webhooks than client_secret."
    )
    webhook_secret_previous: SecretStr | None = Field(
        default=None, description="The retired secret key: Cashfree may still sign repeated webhooks with it."
    )
    merchant_id: str | None = Field(
        default=None, description="Names the merchant for good, since App IDs change when keys are made anew."
    )
    api_version: str = Field(
        default="2025-01-01", pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}$",
        description="Version of the API that is asked for; the plugin was made for 2025-01-01.",
    )
    session_minutes: int = Field(
        default=1440, ge=15, le=1440, description="For how long an order can be paid; new attempts end then."
    )
    notify_url: bool = Field(
        default=True, description="Name our webhook address in each order, besides the dashboard's endpoint."
    )
    payment_methods: str = Field(
        default="", description="Methods in the checkout, such as cc,dc,upi,nb. Empty: all that the account has."
    )
    fallback_phone: str = Field(
        default="", description="Phone number for customers without one; Cashfree opens no order without."
    )
    pre_authorisation: bool = Field(
        default=False, description="The account holds money first and captures later. Then a webhook proves no capture."
    )
    release_after_hours: int = Field(
        default=168, ge=1, le=168, description="When held money is expected to go back if nobody captures it."
    )
    attempts: Literal["all", "when_paid"] = Field(
        default="all",
        description="Whether the attempts of an order that is still ACTIVE are asked for too (a second, scarcer call).",
    )
    check_refunds: bool = Field(
        default=True, description="Ask for the refunds of each paid order (30 calls a minute are allowed)."
    )
    recon: bool = Field(
        default=False, description="With 500 payments or more, read the reconciliation list first. Try it before use."
    )
    throttle_seconds: int = Field(
        default=60, ge=1, le=3600, description="How long to wait when Cashfree asks for fewer calls and names no time."
    )
    refund_speed: Literal["STANDARD", "INSTANT"] = Field(default="STANDARD", description="Speed of refunds.")

    dashboard: str = Field(
        default="https://merchant.cashfree.com/",
        description="Where staff look a payment up; {cf_payment_id} in it stands for the payment's number.",
    )

    @model_validator(mode="before")
    @classmethod
    def _base_of_environment(cls, data: Any) -> Any:
        if isinstance(data, dict) and not str(data.get("api_base") or "").strip():
            return {**data, "api_base": BASES.get(str(data.get("environment")), BASES["sandbox"])}
        return data

    @field_validator("client_id")
    @classmethod
    def _app_id(cls, value: str) -> str:
        if not _CLIENT_ID.match(value):
            raise ValueError("client_id: expected the App ID as the dashboard shows it")
        return value

    @field_validator("client_secret")
    @classmethod
    def _not_empty(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().strip():
            raise ValueError("client_secret: expected the secret key of the App ID")
        return value

    @field_validator("payment_methods")
    @classmethod
    def _comma_list(cls, value: str) -> str:
        if value and not _METHODS.match(value):
            raise ValueError("payment_methods: expected words with commas between, such as cc,dc,upi")
        return value

    @field_validator("fallback_phone")
    @classmethod
    def _number(cls, value: str) -> str:
        if value and not _PHONE.match(value):
            raise ValueError("fallback_phone: expected digits, with a leading + outside of India")
        return value

    @field_validator("merchant_id")
    @classmethod
    def _none_where_empty(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("api_base")
    @classmethod
    def _safe_base(cls, value: str) -> str:
        return base_address(value, like=BASES["sandbox"])

    @model_validator(mode="after")
    def _fit(self) -> Self:
        known = _HOSTS.get(host_of(self.api_base))
        if known not in (None, self.environment):
            raise ValueError(f"api_base: expected no address of {known} in an account of {self.environment}")
        secret = self.client_secret.get_secret_value()
        if self.environment == "production" and (self.client_id.startswith("TEST") or secret.startswith(_TEST_SECRET)):
            raise ValueError("client_id: expected keys of production; these are test keys")
        if self.environment == "sandbox" and secret.startswith(_LIVE_SECRET):
            raise ValueError("client_secret: expected keys of the sandbox; this one moves real money")
        if self.recon and self.pre_authorisation:
            raise ValueError("recon: expected off with pre_authorisation (the list does not tell held from captured)")
        return self

    def identity(self) -> str:
        """The merchant id where it is given: an App ID changes when keys are made anew."""
        return self.merchant_id or self.client_id

    def mode(self) -> Mode:
        return "live" if self.environment == "production" else "test"

    @property
    def local(self) -> bool:
        """Whether a simulator on this machine stands in."""
        return on_this_machine(self.api_base)

    @property
    def release_after(self) -> timedelta:
        return timedelta(hours=self.release_after_hours)
