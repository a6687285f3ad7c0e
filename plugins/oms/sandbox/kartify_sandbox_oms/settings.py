"""Settings of one account at the sandbox OMS."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from kartify.plugin import Mode, PartnerSettings


class SandboxOmsSettings(PartnerSettings):
    """``lookup`` and ``idempotent`` say what this account may rely on, so that every kind of peer can be practised."""

    merchant: str = Field(min_length=1, max_length=64, description="The merchant's name at the OMS.")
    api_key: SecretStr = Field(description="The key that every call to the OMS carries.")
    webhook_secret: SecretStr | None = Field(
        default=None, description="Signs the news that the OMS sends. Without it no news is taken."
    )
    way: Literal["push", "feed"] = Field(
        default="push", description="push: orders are sent to the OMS. feed: the OMS fetches them itself."
    )
    lookup: bool = Field(
        default=True, description="Whether an order can be looked up at the OMS by its number."
    )
    idempotent: bool = Field(
        default=False, description="Whether the OMS promises that a repeated order makes no second one."
    )

    def identity(self) -> str:
        return self.merchant

    def mode(self) -> Mode:
        return "test"
