"""Settings of one Razorpay account."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal, Self

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from kartify.plugin import Mode, PartnerSettings, base_address

_KEY_ID = re.compile(r"rzp_(test|live)_[A-Za-z0-9]{1,64}\Z")
_MERCHANT = re.compile(r"acc_[A-Za-z0-9]{1,64}\Z")


class RazorpaySettings(PartnerSettings):
    # A validation error shows its input, which here would be secrets.
    model_config = ConfigDict(hide_input_in_errors=True)

    api_base: str = Field(
        default="https://api.razorpay.com", description="Where Razorpay's API is; the key picks test or live."
    )
    key_id: str = Field(description="API key id, rzp_test_… or rzp_live_… (Account & Settings, API keys).")
    key_secret: SecretStr = Field(description="API key secret, shown once when the key is made.")
    webhook_secret: SecretStr | None = Field(
        default=None, description="The secret typed into the webhook's form. Not the key secret."
    )
    webhook_secret_previous: SecretStr | None = Field(
        default=None, description="The retired webhook secret: Razorpay may still sign older events with it."
    )
    merchant_id: str | None = Field(
        default=None, description="Merchant id, acc_…: names the merchant for good, since keys are rotated."
    )
    capture: Literal["automatic", "manual"] = Field(
        default="automatic", description="Whether Razorpay captures by itself what the bank authorised."
    )
    automatic_expiry_minutes: int = Field(
        default=4320, ge=12, le=7200,
        description="Until how long after its creation a late authorisation is still captured by itself.",
    )
    manual_expiry_minutes: int = Field(
        default=7200, ge=12, le=7200, description="After how long Razorpay gives back what nobody captured."
    )
    release_after_hours: int = Field(
        default=72, ge=1, le=120, description="When kartify expects an uncaptured payment to be given back."
    )
    refund_speed: Literal["normal", "optimum"] = Field(default="normal", description="Speed of refunds.")
    unique_receipt: bool = Field(
        default=False, description="Ask Razorpay to open one order per receipt; not every account can."
    )
    checkout_name: str = Field(default="", max_length=100, description="Business name shown in the checkout.")

    @field_validator("key_id")
    @classmethod
    def _known_prefix(cls, value: str) -> str:
        if not _KEY_ID.match(value):
            raise ValueError("key_id: expected rzp_test_… or rzp_live_… as the dashboard shows it")
        return value

    @field_validator("key_secret")
    @classmethod
    def _not_empty(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value():
            raise ValueError("key_secret: expected the secret of the API key")
        return value

    @field_validator("merchant_id")
    @classmethod
    def _merchant(cls, value: str | None) -> str | None:
        if value and not _MERCHANT.match(value):
            raise ValueError("merchant_id: expected acc_… as the dashboard shows it")
        return value or None

    @field_validator("api_base")
    @classmethod
    def _safe_base(cls, value: str) -> str:
        return base_address(value, like="https://api.razorpay.com")

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if self.secret("key_secret") in (self.secret("webhook_secret"), self.secret("webhook_secret_previous")):
            raise ValueError("webhook_secret: expected the webhook's own secret, not the key secret")
        if self.manual_expiry_minutes < self.automatic_expiry_minutes:
            raise ValueError("manual_expiry_minutes: expected at least automatic_expiry_minutes")
        return self

    def identity(self) -> str:
        """The merchant id where it is given: a key id changes with every rotation."""
        return self.merchant_id or self.key_id

    def mode(self) -> Mode:
        return "live" if self.key_id.startswith("rzp_live_") else "test"

    @property
    def release_after(self) -> timedelta:
        return timedelta(hours=self.release_after_hours)

    def auth(self) -> tuple[str, str]:
        return self.key_id, self.key_secret.get_secret_value()
