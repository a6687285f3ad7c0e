"""FyndSettings of a FYND account. What FYND's documents leave open is a setting with the safest default."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from kartify.plugin import Mode, PartnerSettings, base_address, host_of, on_this_machine

_TEST_CLUSTER: Final = re.compile(r"(^|[.-])(uat|fyndx\d*)([.-]|$)")
DEFAULT_MODES: Final = {
    "upi": "UPI", "card": "CARD", "emi": "CARD", "netbanking": "NB", "wallet": "WL", "store_credit": "WL",
    "cod": "COD", "default": "CARD",
}


def _mapping(value: Any) -> Any:
    """Takes ``upi=UPI, card=CARD`` or JSON as well, for forms and the command line."""
    if not isinstance(value, str):
        return value
    if value.strip().startswith("{"):
        return json.loads(value)
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    return {key.strip(): given.strip() for key, _, given in pairs}


Names = Annotated[dict[str, str], BeforeValidator(_mapping)]


class FyndSettings(PartnerSettings):
    """One sales channel (application) of one company at FYND."""

    api_base: str = Field(default="https://api.fynd.com", description="FYND's API: your cluster's address, or UAT's.")
    company_id: int = Field(gt=0, description="Company id: the number in the panel's address after /company/.")
    application_id: str = Field(pattern=r"^[0-9a-f]{24}$", description="Sales channel id: 24 hex characters.")
    client_id: str = Field(min_length=1, description="Client id of Developers, Clients in FYND's panel.")
    client_secret: SecretStr = Field(min_length=1, description="Client secret that belongs to the client id.")
    webhook_secret: SecretStr | None = Field(default=None, description="Secret that FYND signs webhooks with.")
    webhook_secret_previous: SecretStr | None = Field(default=None, description="The retired webhook secret.")
    environment: Literal["live", "test"] | None = Field(
        default=None, description="Blank: live, unless api_base is a UAT cluster or this machine."
    )
    way: Literal["a", "b"] = Field(
        default="a",
        description="a: the storefront checks out at FYND and hands us FYND's order id. "
        "b: kartify pushes the order, unpaid, when the customer reaches Confirm Order.",
    )
    token_form: Literal["body", "basic"] = Field(
        default="body", description="Whether the token call carries id and secret in its body or as Basic auth."
    )

    amount_unit: Literal["rupees", "paise"] = Field(
        default="rupees", description="Unit of the amounts in Confirm payment."
    )
    current_status: str = Field(
        default="complete", min_length=1, description="Word for a paid payment in Confirm payment."
    )
    payment_modes: Names = Field(
        default_factory=dict,
        description="FYND's payment mode for each method, such as upi=UPI,card=CARD; the rest stays as it is by "
        "default. Keys besides the gateway's methods: store_credit, cod, default.",
    )
    gateway_slugs: Names = Field(
        default_factory=dict, description="FYND's slug of a gateway where it differs from ours, such as payu=payu_in."
    )
    confirm_cod: bool = Field(default=False, description="Confirm cash-on-delivery orders that FYND shows as unpaid.")
    currency: str = Field(default="INR", pattern=r"^[A-Z]{3}$", description="The channel's currency.")
    compare_amount: bool = Field(
        default=True, description="Compare FYND's amount of an order (amount_paid) with ours when looking it up."
    )
    single_shipment: bool = Field(
        default=False, description="Every order is one shipment: its news counts as news of the whole order."
    )

    order_schema: Literal["new", "old"] = Field(default="new", description="Way b: which order body the cluster takes.")
    location_id: int | None = Field(default=None, gt=0, description="Way b: the location that fulfils.")
    ordering_source: str = Field(default="", description="Way b: value of the header x-ordering-source.")
    push_as_draft: bool = Field(default=False, description="Way b: push as a draft order.")
    lookup_days: int = Field(default=30, ge=1, le=365, description="How far around its date an order is looked for.")
    cancel_status: Literal["cancelled_customer", "cancelled_fynd"] = Field(
        default="cancelled_customer", description="State that a paid order is cancelled into."
    )
    unpaid_cancel_status: Literal["payment_failed", "cancelled_customer", "cancelled_fynd"] = Field(
        default="payment_failed", description="State that an unpaid order is cancelled into."
    )
    cancel_reason_id: int | None = Field(default=None, description="FYND's reason id for a cancellation.")
    order_url: str = Field(default="", description="Panel address of an order; {order_id} stands for FYND's id.")

    @field_validator("api_base")
    @classmethod
    def _address(cls, value: str) -> str:
        return base_address(value, like="https://api.fynd.com")

    @model_validator(mode="after")
    def _complete(self) -> FyndSettings:
        if self.way == "b" and not (self.location_id and self.ordering_source):
            raise ValueError("way b needs location_id and ordering_source")
        return self

    def identity(self) -> str:
        return f"{self.company_id}:{self.application_id}"

    def mode(self) -> Mode:
        if self.environment:
            return self.environment
        tests = on_this_machine(self.api_base) or _TEST_CLUSTER.search(host_of(self.api_base))
        return "test" if tests else "live"

    def fynd_mode(self, method: str) -> str:
        """FYND's short code of a payment method."""
        known = {**DEFAULT_MODES, **{key.lower(): value for key, value in self.payment_modes.items()}}
        return known.get(method.lower(), known["default"])
