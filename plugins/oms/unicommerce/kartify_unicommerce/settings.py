"""Settings of a Unicommerce account. What Unicommerce's pages leave open is a setting with the safest default."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from kartify.plugin import Mode, PartnerSettings, base_address, host_of, on_this_machine

INSTRUMENTS: Final = {
    "card": "CREDIT_CARD", "emi": "CREDIT_CARD", "wallet": "WALLET", "cod": "CASH", "default": "NET_BANKING",
}


def _mapping(value: Any) -> Any:
    """Takes ``upi=NET_BANKING, card=DEBIT_CARD`` or JSON as well, for forms and the command line."""
    if not isinstance(value, str):
        return value
    if value.strip().startswith("{"):
        return json.loads(value)
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    return {key.strip(): given.strip() for key, _, given in pairs}


Names = Annotated[dict[str, str], BeforeValidator(_mapping)]


class UnicommerceSettings(PartnerSettings):
    """One custom channel of one tenant."""

    api_base: str = Field(description="The tenant's address, such as https://mybrand.unicommerce.com.")
    way: Literal["push", "pull"] = Field(
        default="push",
        description="push: kartify creates sale orders in Uniware. pull: Uniware fetches them from kartify, set up by "
        "Unicommerce. A store uses one of the two, never both.",
    )
    environment: Literal["live", "test"] | None = Field(
        default=None, description="Blank: live, unless api_base is this machine. Staging tenants: choose test."
    )
    channel: str = Field(min_length=1, max_length=45, description="Name of the custom channel in Uniware.")
    username: str = Field(default="", description="API user in Uniware. Needed for push; for pull it allows questions.")
    password: SecretStr | None = Field(default=None, description="Password of the API user.")
    client_id: str = Field(default="my-trusted-client", min_length=1, description="OAuth client id; the same for all.")
    facility: str = Field(default="", description="Facility code, sent with new orders. Blank: none is sent.")
    inbound_username: str = Field(default="", description="User that Unicommerce logs in with at kartify; you choose.")
    inbound_password: SecretStr | None = Field(
        default=None, min_length=16, description="Password that Unicommerce logs in with at kartify; long and random."
    )
    inbound_password_previous: SecretStr | None = Field(default=None, description="The retired inbound password.")
    token_hours: int = Field(default=12, ge=1, le=720, description="How long a login of Unicommerce at kartify lasts.")

    code_prefix: str = Field(
        default="", pattern=r"^[A-Za-z0-9._-]{0,20}$",
        description="Stands before our order number in Uniware's order code, where numbers of two shops could meet.",
    )
    currency: str = Field(default="INR", pattern=r"^[A-Z]{3}$", description="The channel's currency.")
    shipping_method: str = Field(default="STD", min_length=1, description="Uniware's shipping method code.")
    third_party_shipping: bool = Field(default=False, description="On: the marketplace ships, not Uniware.")
    verification: Literal["never", "cod", "always"] = Field(
        default="never", description="Which orders wait in Uniware for somebody's verification."
    )
    payment_instruments: Names = Field(
        default_factory=dict,
        description="Uniware's payment instrument by method, such as upi=WALLET; laid over our own list.",
    )
    send_totals: bool = Field(
        default=True, description="Send prepaid total and COD fee for the order besides those of its units."
    )
    payment_id_field: str = Field(
        default="", description="Custom field of the tenant that takes the gateway's payment id. Blank: not sent."
    )
    most_units: int = Field(default=500, ge=1, le=2_000, description="Orders of more units are not pushed.")
    absent_words: str = Field(
        default="INVALID_SALE_ORDER_CODE, 40005",
        description="Error words or numbers by which Uniware says that it has no such order.",
    )
    cancel_reason: str = Field(
        default="Cancelled by the store", min_length=1, max_length=100, description="Reason given with a cancellation."
    )

    pull_receipt: Literal["served", "ack", "news"] = Field(
        default="served",
        description="pull: what proves that Uniware has an order. served: it was listed. ack: Uniware accepted it "
        "(/orders/acknowledge, set up by Unicommerce). news: Uniware told something about it.",
    )
    orders_form: Literal["list", "object"] = Field(
        default="list", description='pull: a page is a plain list, or an object with a list "orders".'
    )
    payment_types: Names = Field(
        default_factory=dict, description="pull: words for paymentType, such as cod=COD,prepaid=PREPAID."
    )
    sla_hours: int = Field(default=48, ge=1, le=2_160, description="pull: hours from the order to its dispatch (sla).")
    zone: str = Field(default="Asia/Kolkata", description="Zone of the dates in Unicommerce's messages.")
    order_url: str = Field(default="", description="Address of an order in Uniware; {code} stands for its code.")

    @field_validator("api_base")
    @classmethod
    def _address(cls, value: str) -> str:
        return base_address(value, like="https://mybrand.unicommerce.com")

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (OSError, ValueError, KeyError):
            raise ValueError("expected a zone such as Asia/Kolkata") from None
        return value

    @model_validator(mode="after")
    def _complete(self) -> UnicommerceSettings:
        if self.way == "push" and not self.asks:
            raise ValueError("push needs username and password")
        if self.way == "pull" and not (self.inbound_username and self.secret("inbound_password")):
            raise ValueError("pull needs inbound_username and inbound_password")
        return self

    @property
    def asks(self) -> bool:
        """Whether Uniware's API can be called."""
        return bool(self.username and self.secret("password"))

    def identity(self) -> str:
        return f"{host_of(self.api_base)}:{self.channel}"

    def mode(self) -> Mode:
        if self.environment:
            return self.environment
        return "test" if on_this_machine(self.api_base) else "live"

    def code(self, number: str) -> str:
        """Uniware's code of our order: one for ever, so that a repetition can only meet itself."""
        return f"{self.code_prefix}{number}"

    def number(self, code: str) -> str | None:
        """Our number; None where the code is none of ours."""
        return code.removeprefix(self.code_prefix) or None if code.startswith(self.code_prefix) else None

    def instrument(self, method: str) -> str:
        known = {**INSTRUMENTS, **{key.lower(): value for key, value in self.payment_instruments.items()}}
        return known.get(method.lower(), known["default"])

    def payment_type(self, *, cod: bool) -> str:
        return self.payment_types.get("cod", "COD") if cod else self.payment_types.get("prepaid", "PREPAID")

    def absent(self) -> frozenset[str]:
        return frozenset(word.strip() for word in self.absent_words.split(",") if word.strip())
