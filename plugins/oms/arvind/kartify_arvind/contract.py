"""What an account agrees with its OMS, as data: ways, paths, fields, words, promises. A default assumes the least."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from kartify_arvind.words import NEEDED, STATUSES


def _json(value: Any) -> Any:
    """Forms and the command line give text: JSON, or ``a=b,c=d``."""
    if not isinstance(value, str):
        return value
    if value.strip()[:1] in ("{", "["):
        return json.loads(value)
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    return {name.strip(): given.strip() for name, _, given in pairs}


def _list(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return json.loads(value) if value.strip().startswith("[") else value.replace(",", " ").split()


Statuses = Annotated[tuple[Annotated[int, Field(ge=200, le=599)], ...], BeforeValidator(_list)]
Names = Annotated[tuple[str, ...], BeforeValidator(_list)]
Renames = Annotated[dict[str, str], BeforeValidator(_json)]
Fixed = Annotated[dict[str, Any], BeforeValidator(_json)]
Words = Annotated[dict[str, dict[str, str]], BeforeValidator(_json)]
Path = Annotated[str, Field(max_length=500)]
_PLACES: Final = re.compile(r"\{([a-z_]*)\}")
_BY_NUMBER: Final = ("get_path", "search_path", "ack_path", "reject_path")


class Contract(BaseModel):
    """Every setting of an account but its address, its name and its secrets; a preset is some of these."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)

    way: Literal["push", "pull", "both"] = Field(
        "push", description="push: we send. pull: they fetch. both: we send, and they fetch what could not be sent."
    )
    create_path: Path = Field("/orders", description="Path of POST that makes an order.")
    get_path: Path = Field("/orders/{number}", description="Path of GET that shows one order.")
    search_path: Path = Field("/orders?number={number}", description="Path of GET that lists orders of a number.")
    cancel_path: Path = Field("/orders/{number}/cancel", description="Path of POST that cancels.")
    test_path: Path = Field("", description="Path of a harmless GET for Test connection; blank: a look-up, or /.")

    auth: Literal["hmac", "api_key", "bearer", "basic", "oauth_client_credentials"] = Field(
        "hmac", description="How our calls prove themselves."
    )
    api_key_header: str = Field("X-Api-Key", pattern=r"^[A-Za-z0-9-]+$", description="Header of an API key.")
    hmac_header_prefix: str = Field(
        "X-Kartify-", pattern=r"^[A-Za-z0-9-]+$", description="Before Key, Timestamp, Nonce and Signature."
    )
    hmac_key_id: str = Field("kartify", pattern=r"^[\x21-\x7e]{1,100}$", description="Which key signs.")
    basic_user: str = Field("", description="User name of Basic auth.")
    oauth_path: Path = Field("/oauth/token", description="Path, or a whole https address, that gives tokens.")
    oauth_client_id: str = Field("", description="Client id of OAuth client credentials.")
    oauth_scope: str = Field("", description="Scope that is asked for; blank: none.")
    oauth_form: Literal["body", "basic"] = Field("body", description="Where the token call carries id and secret.")
    inbound_auth: Literal["hmac", "hmac_body", "api_key"] = Field(
        "hmac", description="How their calls prove themselves; hmac_body: a signature over the body alone, news only."
    )

    timeout_s: float = Field(15.0, ge=1, le=60, description="Seconds that one delivery may take.")
    calls_per_second: float = Field(3.0, gt=0, le=10_000, description="Calls a second that the OMS surely stands.")
    ok_statuses: Statuses = Field((200, 201, 202), description="Answers that mean taken.")
    duplicate_statuses: Statuses = Field((409,), description="Answers that mean: this number is there already.")
    retry_statuses: Statuses = Field(
        (408, 425, 429, 500, 502, 503, 504), description="Answers after which the outcome is open."
    )
    visible_after_s: float = Field(
        300.0, ge=0, le=86_400, description="Seconds until an order that was answered 202 surely shows in a look-up."
    )

    supports_lookup: bool = Field(False, description="An order can be looked up by our number.")
    supports_idempotency_key: bool = Field(False, description="They promise that a repeated key makes no second order.")
    supports_cancel: bool = Field(False, description="They take a cancellation from us.")
    supports_webhook: bool = Field(False, description="They send news.")
    idempotency_header: str = Field(
        "Idempotency-Key", pattern=r"^[A-Za-z0-9-]+$", description="Header that names an order, the same for all tries."
    )
    lookup_by: Literal["get", "search"] = Field("get", description="Look up by get_path or by search_path.")
    absent_code: str = Field(
        "not_found", description="Word of a 404 that means: no such order. Blank: any JSON 404 (of a wrong path, too)."
    )
    compare_amount: bool = Field(
        True, description="An order that is found must show our sum. Off only where they show none."
    )

    reference_path: str = Field("reference", description="Where their id of the order stands; blank: they give none.")
    number_path: str = Field("number", description="Where our number stands in their answers.")
    status_path: str = Field("status", description="Where the status stands in their answers.")
    amount_path: str = Field("totals.grand", description="Where the order's sum stands in their answers.")
    currency_path: str = Field("currency", description="Where the currency stands, if they show it.")
    list_path: str = Field("orders", description="Where the list stands in answers of search_path; blank: the answer.")
    error_code_path: str = Field("error.code", description="Where the error's word stands.")
    error_message_path: str = Field("error.message", description="Where the error's sentence stands.")
    error_field_path: str = Field("error.fields.0.path", description="Where the wrong field's name stands.")

    field_map: Renames = Field(
        default_factory=dict, description="Their name by our name, as number=orderNo; [] stands for each of a list."
    )
    unmapped: Literal["keep", "drop"] = Field("keep", description="What becomes of fields that field_map leaves out.")
    constants: Fixed = Field(default_factory=dict, description="Fixed values by their name, as channel_code=WEB.")
    value_map: Words = Field(
        default_factory=dict, description='Their words by our field, as {"payment.type": {"prepaid": "PREPAID"}}.'
    )
    required_fields: Names = Field(NEEDED, description="Fields, by our names, without which nothing is sent.")
    money: Literal["decimal_text", "decimal_number", "paise"] = Field(
        "decimal_text", description='How sums are written: "499.50", 499.50 or 49950.'
    )
    times: Literal["rfc3339", "seconds", "milliseconds"] = Field("rfc3339", description="How moments are written.")
    utc_offset: str = Field("+05:30", pattern=r"^[+-]\d\d:[0-5]\d$", description="Offset of the times that we write.")
    channel: str = Field("web", description="Our sales channel's name.")
    seller_state: str = Field(
        "", pattern=r"^([A-Z]{2})?$", description="Two letters: where goods leave. It splits the tax; blank: not split."
    )

    statuses: Renames = Field(STATUSES, description="accepted, shipped, delivered, cancelled, returned by their word.")
    news_event_path: str = Field("event_id", description="Where the id of a piece of news stands.")
    news_at_path: str = Field("occurred_at", description="Where its moment stands.")
    news_items_path: str = Field("items", description="Where it names lines: then it is about a part of the order.")
    news_reason_path: str = Field("reason.text", description="Where it says why.")
    feed_path: Path = Field("oms/v1/orders", description="Our path that they fetch orders from.")
    ack_path: Path = Field("oms/v1/orders/{number}/ack", description="Our path that they acknowledge at.")
    reject_path: Path = Field("oms/v1/orders/{number}/reject", description="Our path that they refuse at.")
    news_path: Path = Field("news", description="Our path that news comes to.")

    @model_validator(mode="after")
    def _fits(self) -> Contract:
        _check_place("cancel_path", self.cancel_path, {"number", "reference"})
        for name in _BY_NUMBER:
            _check_place(name, getattr(self, name), {"number"})
            if "{number}" not in getattr(self, name):
                raise ValueError(f"{name}: must have {{number}}, which stands for our number of the order")
        for name in ("create_path", "test_path", "feed_path", "news_path"):
            _check_place(name, getattr(self, name), set())
        for name in ("ack_path", "reject_path"):
            if "/{number}/" not in f"/{getattr(self, name)}/":
                raise ValueError(f"{name}: must have {{number}} as a segment of its own")
        kinds = {"accepted", "shipped", "delivered", "cancelled", "returned", "other"}
        if unknown := sorted(set(self.statuses.values()) - kinds):
            raise ValueError(f"statuses: {', '.join(unknown)} is none of {', '.join(sorted(kinds))}")
        if self.inbound_auth == "hmac_body" and self.way != "push":
            raise ValueError("inbound_auth: a signature over the body alone cannot guard the feed; use hmac or api_key")
        return self


def _check_place(name: str, path: str, known: set[str]) -> None:
    if unknown := set(_PLACES.findall(path)) - known:
        there = ", ".join(sorted(known)) or "none here"
        raise ValueError(f"{name}: {{{unknown.pop()}}} is no placeholder; there is: {there}")
    if "://" in path or "#" in path or any(char.isspace() for char in path):
        raise ValueError(f"{name}: expected a path, without a host and without spaces")
