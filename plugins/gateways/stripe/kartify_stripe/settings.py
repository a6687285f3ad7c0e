"""Settings of one Stripe account."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal, Self

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from kartify.plugin import Mode, PartnerSettings, base_address
from kartify_stripe.amounts import is_exact

BASE = "https://api.stripe.com"
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]{1,60}\Z")
_KEY = re.compile(r"(?:sk|rk)_(test|live)_[A-Za-z0-9_]{4,250}\Z")
_WEBHOOK = re.compile(r"whsec_[A-Za-z0-9+/=_-]{4,250}\Z")
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(\.[a-z]{1,30})?\Z")
_CURRENCIES = re.compile(r"[A-Z]{3}(,[A-Z]{3})*\Z")
_METHODS = re.compile(r"[a-z0-9_]{2,40}(,[a-z0-9_]{2,40})*\Z")
WEBHOOK_SECRETS = ("webhook_secret", "webhook_secret_second", "webhook_secret_previous")


class StripeSettings(PartnerSettings):
    # A validation error shows its input, which here would be secrets.
    model_config = ConfigDict(hide_input_in_errors=True)

    api_base: str = Field(default=BASE, description="Where the API is: one address for test and live.")
    account_id: str = Field(description="Account id, acct_…; names the merchant when keys change.")
    secret_key: SecretStr = Field(
        description="Secret or restricted key, sk_… or rk_…; it says whether real money moves."
    )
    webhook_secret: SecretStr | None = Field(
        default=None, description="Signing secret of the webhook endpoint, whsec_…"
    )
    webhook_secret_second: SecretStr | None = Field(
        default=None, description="Signing secret of a second endpoint, where there are two."
    )
    webhook_secret_previous: SecretStr | None = Field(default=None, description="The retired signing secret.")
    api_version: str = Field(default="2026-10-28.endive", description="API version that every call asks for.")
    currencies: str = Field(default="INR", description="Currencies that the account takes, such as INR,USD.")
    capture_method: Literal["automatic", "manual"] = Field(
        default="automatic", description="manual: money is held first and captured later."
    )
    payment_methods: str = Field(
        default="", description="Such as card,upi; empty: those that are switched on in the dashboard."
    )
    billing_address: bool = Field(
        default=False, description="Have the page ask for a billing address; exports from India need it."
    )
    shared: bool = Field(
        default=False, description="Other systems charge on this account too: what is not kartify's is no orphan."
    )
    release_after_hours: int = Field(
        default=120, ge=1, le=720, description="When held money goes back, where Stripe names no moment."
    )
    page_size: int = Field(default=100, ge=10, le=100, description="Rows of a page when many payments are due.")
    dashboard: str = Field(
        default="https://dashboard.stripe.com/{mode}payments/{payment_intent}", max_length=300,
        description="Where staff look a payment up; {mode} is test/ or nothing. Empty: no link.",
    )

    @field_validator("account_id")
    @classmethod
    def _is_account(cls, value: str) -> str:
        if not _ACCOUNT.match(value):
            raise ValueError("account_id: expected acct_ and letters or digits, as the dashboard shows it")
        return value

    @field_validator("secret_key")
    @classmethod
    def _is_key(cls, value: SecretStr) -> SecretStr:
        if not _KEY.match(value.get_secret_value()):
            raise ValueError("secret_key: expected sk_test_…, sk_live_…, rk_test_… or rk_live_…")
        return value

    @field_validator(*WEBHOOK_SECRETS)
    @classmethod
    def _is_signing_secret(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value().strip() if value is not None else ""
        if text and not _WEBHOOK.match(text):
            raise ValueError("expected the endpoint's signing secret, whsec_ and all")
        return SecretStr(text) if text else None

    @field_validator("api_version")
    @classmethod
    def _is_version(cls, value: str) -> str:
        if not _VERSION.match(value):
            raise ValueError("api_version: expected a version such as 2026-10-28.endive")
        return value

    @field_validator("currencies")
    @classmethod
    def _are_codes(cls, value: str) -> str:
        compact = value.replace(" ", "").upper()
        if not _CURRENCIES.match(compact):
            raise ValueError("currencies: expected codes such as INR,USD")
        strange = [code for code in compact.split(",") if not is_exact(code)]
        if strange:
            raise ValueError(f"currencies: {', '.join(strange)} is counted in another unit by Stripe")
        return compact

    @field_validator("payment_methods")
    @classmethod
    def _are_methods(cls, value: str) -> str:
        compact = value.replace(" ", "")
        if compact and not _METHODS.match(compact):
            raise ValueError("payment_methods: expected names such as card,upi")
        return compact

    @field_validator("api_base")
    @classmethod
    def _safe_base(cls, value: str) -> str:
        return base_address(value, like="https://api.stripe.com")

    @field_validator("dashboard")
    @classmethod
    def _is_link(cls, value: str) -> str:
        if value and not value.startswith("https://"):
            raise ValueError("dashboard: expected an https address, or nothing")
        return value

    @model_validator(mode="after")
    def _fit(self) -> Self:
        given = [text for text in map(self.secret, WEBHOOK_SECRETS) if text]
        if len(set(given)) != len(given):
            raise ValueError("webhook secrets: expected different ones, each endpoint has its own")
        return self

    def identity(self) -> str:
        return self.account_id

    def mode(self) -> Mode:
        found = _KEY.match(self.secret("secret_key") or "")
        return "live" if found is not None and found[1] == "live" else "test"

    @property
    def livemode(self) -> bool:
        return self.mode() == "live"

    @property
    def release_after(self) -> timedelta:
        return timedelta(hours=self.release_after_hours)

    def takes(self, currency: str) -> bool:
        return currency in self.currencies.split(",")
