"""What one account of the sandbox needs to know."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from kartify.plugin import Mode, PartnerSettings


class SandboxSettings(PartnerSettings):
    merchant: str = Field(min_length=1, max_length=64, description="The merchant's name at the sandbox.")
    key_secret: SecretStr = Field(description="The API key: signs callbacks and authenticates our calls.")
    webhook_secret: SecretStr | None = Field(default=None, description="Signs webhooks. Without it none is taken.")
    webhook_secret_previous: SecretStr | None = Field(
        default=None, description="The retired webhook secret, still taken while a rotation is under way."
    )
    environment: Literal["test", "live"] = Field(
        default="test", description="Always test, but for trials that need an account that counts as live."
    )
    capture: Literal["auto", "manual"] = Field(
        default="auto", description="Whether the sandbox captures what it authorised by itself."
    )
    callback_method: Literal["get", "post"] = Field(
        default="get", description="How the customer's browser comes back: by a link (get) or by a form (post)."
    )

    def identity(self) -> str:
        return self.merchant

    def mode(self) -> Mode:
        return self.environment
