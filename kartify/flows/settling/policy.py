"""A store's policy: what decide, the clock and the doors go by."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from kartify.domain.decide import Policy


class StorePolicy(BaseModel):
    """Every choice a store has, with its default. Set with ``kartify store set CODE name=value``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    settle_on_authorisation: bool = Field(False, description="Send the order out on an authorisation, before capture.")
    auto_capture: bool = Field(True, description="Capture what is authorised and matches what is due.")
    high: Literal["accept", "hold"] = Field("accept", description="More than due: go on, or hold it all.")
    after_cancel: Literal["ask", "reopen", "refund"] = Field("ask", description="Money that comes after a cancel.")
    hold_on_dispute: bool = Field(False, description="A new dispute holds the order at the OMS; only a person lets go.")
    failed_after_minutes: int = Field(30, ge=1, le=10_080, description="Quiet before an order counts as failed.")
    lifetime_hours: int = Field(168, ge=1, le=8_760, description="After this an unpaid order may be cancelled.")
    cancel_unpaid: bool = Field(True, description="Whether the clock cancels unpaid orders at all.")
    second_person: bool = Field(
        False, description="A second person must agree to a move to processing that the gateway does not confirm."
    )
    second_person_over: int | None = Field(
        None, ge=0,
        description="Above this sum (minor units) a second person must agree to every move to processing by hand, "
        "whatever the gateway says. Blank: no limit.",
    )

    @field_validator("second_person_over", mode="before")
    @classmethod
    def _blank(cls, value: Any) -> Any:
        """``second_person_over=`` on the command line takes the limit away."""
        return None if isinstance(value, str) and not value.strip() else value

    @property
    def settling(self) -> Policy:
        return Policy(
            settle_on_authorisation=self.settle_on_authorisation,
            high=self.high,
            after_cancel=self.after_cancel,
            auto_capture=self.auto_capture,
            hold_on_dispute=self.hold_on_dispute,
        )


def parse_policy(stored: dict[str, Any] | None) -> StorePolicy:
    """The policy of a store row; what is not stored has its default."""
    return _parse(json.dumps(stored or {}, sort_keys=True))


@lru_cache(maxsize=256)
def _parse(text: str) -> StorePolicy:
    return StorePolicy.model_validate_json(text)
