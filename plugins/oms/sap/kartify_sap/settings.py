"""Settings of one SAP account. What SAP leaves to each system is a setting with the safest default."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from kartify.plugin import Mode, PartnerSettings, base_address, mode_of
from kartify_sap.mapping import Names, check_fields

_SANDBOX = "sandbox.api.sap.com"
SERVICE = "/sap/opu/odata/sap/API_SALES_ORDER_SRV"


class SapSettings(PartnerSettings):
    """One sales area of one SAP system, and how a store's orders become sales orders there."""

    api_base: str = Field(description="Address of the SAP system: the tenant's API host, or https://host:port.")
    service_path: str = Field(default=SERVICE, description="Path of the sales order service (OData V2).")
    environment: Literal["live", "test"] | None = Field(
        default=None, description="Blank: live, unless api_base is SAP's public sandbox or this machine."
    )
    way: Literal["push", "blocked", "feed"] = Field(
        default="push",
        description="push: paid orders are sent. blocked: orders are sent unpaid with blocks at Confirm Order, and the "
        "blocks are taken off when the money is there. feed: SAP, or what stands before it, fetches ORDERS05 IDocs.",
    )
    auth: Literal["basic", "oauth"] = Field(default="basic", description="How kartify logs on at SAP.")
    username: str = Field(default="", description="basic: the communication user.")
    password: SecretStr | None = Field(default=None, description="basic: its password.")
    token_url: str = Field(default="", description="oauth: address of the token call.")
    client_id: str = Field(default="", description="oauth: client id.")
    client_secret: SecretStr | None = Field(default=None, description="oauth: client secret.")
    api_key: SecretStr | None = Field(default=None, description="APIKey of SAP's public sandbox, or of a gateway.")
    sap_client: str = Field(default="", pattern=r"^([0-9]{3})?$", description="On premise: the client, such as 100.")
    csrf: Literal["fetch", "off"] = Field(
        default="fetch", description="off: this system wants no CSRF token (its service says so)."
    )

    sales_order_type: str = Field(default="OR", max_length=4, description="SalesOrderType of an order.")
    sales_organization: str = Field(default="", max_length=4, description="SalesOrganization.")
    distribution_channel: str = Field(default="10", max_length=2, description="DistributionChannel.")
    organization_division: str = Field(default="00", max_length=2, description="OrganizationDivision.")
    sold_to_party: str = Field(default="", max_length=10, description="Customer number that the orders are sold to.")
    quantity_unit: str = Field(default="PC", max_length=3, description="RequestedQuantityUnit, such as PC or EA.")
    order_fields: Names = Field(
        default_factory=lambda: {"CustomerPurchaseOrderDate": "{date}"},
        description="More fields of A_SalesOrder, as Field=text or Field={value}; values: number, date, payment_id, "
        "method, metadata.x and so on.",
    )
    prepaid_fields: Names = Field(
        default_factory=lambda: {"PurchaseOrderByShipToParty": "{payment_id:35}"},
        description="The same, for paid orders: payment terms, payment method.",
    )
    cod_fields: Names = Field(default_factory=dict, description="The same, for cash on delivery.")
    item_fields: Names = Field(
        default_factory=lambda: {
            "Material": "{sku}", "SalesOrderItemText": "{name:40}", "UnderlyingPurchaseOrderItem": "{position}",
        },
        description="Fields of A_SalesOrderItem; values: sku, line_id, position, name, hsn, metadata.x, order.…",
    )
    partners: Names = Field(
        default_factory=lambda: {"SH": "shipping", "BP": "billing"},
        description="Partners as FUNCTION=shipping or billing (that address), with @customer for another customer "
        "number than sold_to_party; FUNCTION=@customer for a partner without an address.",
    )
    address_style: Literal["deep_insert", "patch_after", "one_time_customer", "none"] = Field(
        default="deep_insert",
        description="How addresses get to SAP: within the order; by a change after it (the order stands blocked until "
        "then); within it, and on the sold-to party too; not at all.",
    )
    pending_delivery_block: str = Field(
        default="", max_length=2, description="patch_after: DeliveryBlockReason until the addresses are there."
    )
    regions: Names = Field(
        default_factory=dict, description="SAP's Region by our state, where they differ, such as Karnataka=KA."
    )

    prices: Literal["gross", "net"] = Field(
        default="gross", description="Whether prices are sent as the customer pays them, or less the tax."
    )
    price_condition: str = Field(default="PMP0", min_length=1, max_length=4, description="ConditionType of a price.")
    discount_condition: str = Field(
        default="", max_length=4, description="ConditionType of a line's discount; blank: the price is less it."
    )
    fee_conditions: Names = Field(
        default_factory=lambda: {"shipping": "HD00"},
        description="ConditionType by kind of fee: shipping, cod_fee, gift_wrap, round_off, discount, default.",
    )
    payment_text_id: str = Field(default="", max_length=4, description="LongTextID of a note on what paid the order.")
    text_language: str = Field(default="EN", max_length=2, description="Language of that note.")
    payment_service_provider: str = Field(
        default="", max_length=4, description="Where digital payments are set up: puts the payment into the plan."
    )

    unpaid_billing_block: str = Field(default="", max_length=2, description="blocked: HeaderBillingBlockReason.")
    unpaid_delivery_block: str = Field(default="", max_length=2, description="blocked: DeliveryBlockReason.")
    hold_billing_block: str = Field(default="", max_length=2, description="Hold: HeaderBillingBlockReason.")
    hold_delivery_block: str = Field(default="", max_length=2, description="Hold: DeliveryBlockReason. Blank: no hold.")
    rejection_reason: str = Field(
        default="", max_length=2, description="SalesDocumentRjcnReason of a cancellation. Blank: no cancelling."
    )

    look_first: bool = Field(
        default=True, description="Look for the order at SAP even before it is sent for the first time."
    )
    compare_amount: Literal["total", "net", "off"] = Field(
        default="total",
        description="What of SAP's order must be our total: net amount and tax; the net amount (releases without "
        "TaxAmount); nothing.",
    )
    amount_tolerance: int = Field(default=0, ge=0, description="Minor units by which the two may differ.")
    request_id: bool = Field(
        default=False, description="Send RequestID: only where SAP's administrator has switched idempotency on."
    )
    locked_codes: str = Field(
        default="V1/042, MC/601", description="Codes of refusals that pass by themselves: someone has it open at SAP."
    )
    call_seconds: float = Field(default=30.0, ge=1, le=90, description="How long one call may take.")
    settle_seconds: float = Field(
        default=90.0, ge=0, le=110, description="How long after a lost call SAP may still be at work on it."
    )
    sweep_hours: int = Field(
        default=24, ge=1, le=168, description="Within so many hours every open order is asked about by number."
    )
    order_url: str = Field(default="", description="Address of an order for staff; {order_id} stands for its number.")

    inbound_user: str = Field(default="kartify", description="User name with which SAP calls kartify.")
    inbound_password: SecretStr | None = Field(
        default=None, description="Its password. Without it no IDoc is taken or given (503)."
    )
    inbound_password_previous: SecretStr | None = Field(
        default=None, description="The retired password; counts until webhook_secret_previous_until."
    )
    idoc_sender: str = Field(default="KARTIFY", max_length=10, description="feed: SNDPRN, our logical system.")
    idoc_receiver: str = Field(default="", max_length=10, description="feed: RCVPRN, SAP's logical system.")
    single_delivery: bool = Field(
        default=False, description="Every order leaves in one delivery: its dispatch note means the whole order."
    )

    @field_validator("api_base", "token_url")
    @classmethod
    def _address(cls, value: str) -> str:
        return base_address(value, like="https://host:port") if value else value

    @field_validator("order_fields", "prepaid_fields", "cod_fields")
    @classmethod
    def _of_orders(cls, value: dict[str, str]) -> dict[str, str]:
        check_fields("A_SalesOrder", value)
        return value

    @field_validator("item_fields")
    @classmethod
    def _of_items(cls, value: dict[str, str]) -> dict[str, str]:
        check_fields("A_SalesOrderItem", value)
        return value

    @field_validator("partners")
    @classmethod
    def _roles(cls, value: dict[str, str]) -> dict[str, str]:
        for function, told in value.items():
            role, _, customer = told.partition("@")
            if len(function) > 2 or role not in ("shipping", "billing", "") or len(customer) > 10 or not told:
                raise ValueError(f"{function}: expected shipping or billing, or @ and a customer number, or both")
        return value

    @model_validator(mode="after")
    def _complete(self) -> SapSettings:
        wanting = [] if self.way == "feed" else [*self._logon(), *self._needed()]
        if self.address_style == "patch_after" and not self.pending_delivery_block:
            wanting.append("pending_delivery_block")
        if self.way == "blocked" and not (self.unpaid_billing_block or self.unpaid_delivery_block):
            wanting.append("unpaid_delivery_block or unpaid_billing_block")
        if self.way == "blocked" and self.address_style == "patch_after":
            raise ValueError("way=blocked and address_style=patch_after do not go together: both use the block")
        if wanting:
            raise ValueError(f"{', '.join(wanting)} must be set")
        return self

    def _logon(self) -> list[str]:
        names = {"basic": ("username", "password"), "oauth": ("token_url", "client_id", "client_secret")}[self.auth]
        return [] if self.secret("api_key") else [name for name in names if not self.secret(name)]

    def _needed(self) -> list[str]:
        return [name for name in ("sales_organization", "sold_to_party") if not self.secret(name)]

    def identity(self) -> str:
        place = urlsplit(self.api_base).netloc + (f"/{self.sap_client}" if self.sap_client else "")
        return ":".join([place, self.sales_organization, self.distribution_channel, self.sold_to_party])

    def mode(self) -> Mode:
        if self.environment:
            return self.environment
        return mode_of(self.api_base, {_SANDBOX: "test"})

    def locked(self) -> frozenset[str]:
        return frozenset(code.strip() for code in self.locked_codes.split(",") if code.strip())
