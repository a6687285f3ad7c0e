"""Settings of one PhonePe merchant."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from kartify.plugin import Mode, PartnerSettings, base_address, host_of, mode_of

BASES: Final[dict[str, str]] = {
    "test": "https://api-preprod.phonepe.com/apis/pg-sandbox", "live": "https://api.phonepe.com/apis/pg",
}  # fmt: skip
TOKEN_PATH: Final = "/v1/oauth/token"
# Live tokens come from another path of the host than the API.
LIVE_TOKENS: Final = "https://api.phonepe.com/apis/identity-manager" + TOKEN_PATH
_HOSTS: Final[dict[str, Mode]] = {"api-preprod.phonepe.com": "test", "api.phonepe.com": "live"}
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}\Z")
_USER: Final = re.compile(r"[A-Za-z0-9_]{5,20}\Z")
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,60}\Z")


class PhonePeSettings(PartnerSettings):
    api_base: str = Field(default="", description="Where PhonePe's API is. Blank: sandbox or live, by environment.")
    token_url: str = Field(
        default="", description="Where OAuth tokens come from. Blank: as documented for the environment."
    )
    environment: Literal["", "test", "live"] = Field(
        default="", description="test (sandbox) or live. Blank: by api_base; live where that is blank too."
    )
    client_id: str = Field(description="Client id (Developer Settings, API Keys). Sandbox and live differ.")
    client_version: int = Field(default=1, ge=0, le=1_000_000, description="Client version, beside the client id.")
    client_secret: SecretStr = Field(description="Client secret, beside the client id.")
    merchant_id: str = Field(
        default="", description="Merchant id: names the merchant for good. Another merchant's news is ignored then."
    )
    partner: bool = Field(
        default=False, description="Only for partners (TSP): send merchant_id as X-MERCHANT-ID with each call."
    )
    webhook_auth: Literal["sha256", "hmac"] = Field(
        default="sha256", description="The authentication that the dashboard's webhook was made with."
    )
    webhook_username: str = Field(default="", description="User name typed into the webhook's form (sha256).")
    webhook_password: SecretStr | None = Field(
        default=None, description="Password typed into the webhook's form (sha256)."
    )
    webhook_username_previous: str = Field(
        default="", description="The retired user name, where it was changed with the password."
    )
    webhook_password_previous: SecretStr | None = Field(
        default=None, description="The retired password: webhooks on their way may still carry it."
    )
    webhook_secret: SecretStr | None = Field(
        default=None, description="Secret key that the dashboard made for the webhook (hmac)."
    )
    webhook_secret_previous: SecretStr | None = Field(default=None, description="The retired secret key (hmac).")
    webhook_header: str = Field(
        default="authorization", description="Header that carries the signature (hmac); documents do not agree on it."
    )
    expire_after: int = Field(
        default=1200, ge=300, le=3600, description="Seconds a customer has on PhonePe's page before the order ends."
    )
    one_attempt: bool = Field(
        default=False, description="Let the customer try once only: a failed attempt ends the order."
    )
    checkout: Literal["redirect", "iframe"] = Field(
        default="redirect", description="redirect: the browser goes to PhonePe. iframe: the storefront runs its script."
    )
    send_phone: bool = Field(default=False, description="Give the customer's number to PhonePe, which fills its page.")
    dashboard_link: str = Field(
        default="https://business.phonepe.com/",
        description="Address of a charge in PhonePe's dashboard; {id} stands for its transaction id.",
    )

    @model_validator(mode="before")
    @classmethod
    def _by_mode(cls, given: Any) -> Any:
        """Fills what the environment decides, and the environment where the host tells it."""
        if not isinstance(given, dict):
            return given
        base = str(given.get("api_base") or "").strip().rstrip("/")
        mode = str(given.get("environment") or "").strip() or mode_of(base, _HOSTS)
        base = base or BASES.get(mode, "")
        token_url = str(given.get("token_url") or "").strip() or token_url_of(base)
        return {**given, "environment": mode, "api_base": base, "token_url": token_url}

    @field_validator("client_id", "merchant_id")
    @classmethod
    def _known_form(cls, value: str) -> str:
        if value and not _ID.match(value):
            raise ValueError("expected letters, digits, - and _ as the dashboard shows them")
        return value

    @field_validator("api_base", "token_url")
    @classmethod
    def _safe_address(cls, value: str) -> str:
        base_address(value, like=BASES["live"])
        return value

    @field_validator("dashboard_link")
    @classmethod
    def _link(cls, value: str) -> str:
        if value and (not value.startswith("https://") or set(re.findall(r"\{[^}]*\}?", value)) - {"{id}"}):
            raise ValueError("dashboard_link: expected https://… with nothing but {id} to fill in")
        return value

    @field_validator("webhook_username", "webhook_username_previous")
    @classmethod
    def _user(cls, value: str) -> str:
        if value and not _USER.match(value):
            raise ValueError("expected 5 to 20 letters, digits and _, as PhonePe's form takes them")
        return value

    @field_validator("webhook_header")
    @classmethod
    def _header(cls, value: str) -> str:
        if not _HEADER.match(value):
            raise ValueError("webhook_header: expected the name of a header")
        return value.lower()

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if not self.client_id:
            raise ValueError("client_id: expected the client id as the dashboard shows it")
        if not self.secret("client_secret"):
            raise ValueError("client_secret: expected the secret that belongs to the client id")
        for name in ("api_base", "token_url"):
            host = _HOSTS.get(host_of(getattr(self, name)))
            if host is not None and host != self.environment:
                raise ValueError(f"{name}: this is PhonePe's {host} host, expected environment={host} with it")
        if self.secret("webhook_password") and not self.webhook_username:
            raise ValueError("webhook_username: expected the user name that belongs to webhook_password")
        if self.secret("client_secret") in (self.secret("webhook_password"), self.secret("webhook_secret")):
            raise ValueError("webhook_password: expected the webhook's own password, not the client secret")
        if self.partner and not self.merchant_id:
            raise ValueError("merchant_id: a partner's calls need the merchant id")
        return self

    def identity(self) -> str:
        """The merchant id where it is given: a client id can be replaced."""
        return self.merchant_id or self.client_id

    def mode(self) -> Mode:
        return "test" if self.environment == "test" else "live"



def token_url_of(api_base: str) -> str:
    return LIVE_TOKENS if _HOSTS.get(host_of(api_base)) == "live" else api_base + TOKEN_PATH
