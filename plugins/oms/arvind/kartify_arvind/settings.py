"""Settings of an account: its address, name and secrets, a preset, and what differs from the preset."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Optional

from pydantic import Field, SecretStr, ValidationError, create_model, field_validator, model_validator

from kartify.plugin import Mode, PartnerSettings, base_address, host_of, mode_of
from kartify_arvind import presets
from kartify_arvind.contract import Contract

_LIKE: Final = "https://oms.example/api"
_KEYS: Final = {
    "hmac": ("hmac_secret",), "api_key": ("api_key",), "bearer": ("bearer_token",), "basic": ("basic_password",),
    "oauth_client_credentials": ("oauth_client_secret",),
}


def _plain(value: Any) -> str:
    shown = value if isinstance(value, str) else json.dumps(value)
    return "" if len(shown) > 60 else f" Default: {shown or 'blank'}."


def _field(name: str) -> Any:
    """A setting of the contract that may be left to the preset."""
    field = Contract.model_fields[name]
    kind: Any = field.annotation
    if field.metadata:
        kind = Annotated[(kind, *field.metadata)]
    told = f"{field.description}{_plain(field.get_default(call_default_factory=True))}"
    return Optional[kind], Field(default=None, description=told)  # noqa: UP045


if TYPE_CHECKING:
    _Terms = PartnerSettings
else:
    _Terms = create_model("_Terms", __base__=PartnerSettings, **{name: _field(name) for name in Contract.model_fields})


class ArvindSettings(_Terms):
    """What is not given is as the preset has it, and what that does not name as the weakest peer would want it."""

    api_base: str = Field(default="", description="The OMS's address; https. May be blank where they only fetch.")
    merchant: str = Field(min_length=1, max_length=100, description="The store's name or code at the OMS.")
    environment: Literal["live", "test"] | None = Field(
        default=None, description="Blank: test where api_base is this machine, else live."
    )
    preset: str = Field(
        default="weakest", description="A preset's name (weakest, lookup, contract), or one as a JSON object."
    )
    hmac_secret: SecretStr | None = Field(default=None, description="Signs our calls.")
    api_key: SecretStr | None = Field(default=None, description="The API key that our calls carry.")
    bearer_token: SecretStr | None = Field(default=None, description="The bearer token that our calls carry.")
    basic_password: SecretStr | None = Field(default=None, description="The password of Basic auth.")
    oauth_client_secret: SecretStr | None = Field(default=None, description="The OAuth client's secret.")
    inbound_secret: SecretStr | None = Field(
        default=None, description="Signs their news and their calls of the feed. Without it none is taken."
    )
    inbound_secret_previous: SecretStr | None = Field(
        default=None, description="The retired one; counts until webhook_secret_previous_until, or while it is set."
    )
    inbound_api_key: SecretStr | None = Field(default=None, description="Key of their calls (inbound_auth=api_key).")
    order_url: str = Field(default="", description="Address of an order for staff; {order_id} stands for the OMS's id.")

    @field_validator("api_base")
    @classmethod
    def _address(cls, value: str) -> str:
        return base_address(value, like=_LIKE) if value else value

    @model_validator(mode="after")
    def _agrees(self) -> ArvindSettings:
        contract = self.contract
        if contract.way != "pull":
            if not self.api_base:
                raise ValueError("api_base: needed where orders are pushed")
            if missing := [name for name in _KEYS[contract.auth] if not self.secret(name)]:
                raise ValueError(f"{missing[0]}: needed for auth={contract.auth}")
        if "://" in contract.oauth_path:
            base_address(contract.oauth_path, like=_LIKE)
        return self

    @cached_property
    def contract(self) -> Contract:
        """The preset with this account's own settings laid over it. Raises ``ValueError``."""
        base = presets.settings_of(self.preset)
        if strange := sorted(set(base) - set(Contract.model_fields)):
            raise ValueError(f"preset: {', '.join(strange)} is no setting of the contract")
        own = {name: value for name in Contract.model_fields if (value := getattr(self, name)) is not None}
        try:
            return Contract.model_validate({**base, **own})
        except ValidationError as problem:
            first = problem.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ValueError(f"{where}: {first['msg']}" if where else str(first["msg"])) from None

    def identity(self) -> str:
        return f"{host_of(self.api_base) or 'pull'}:{self.merchant}"

    def mode(self) -> Mode:
        if self.environment:
            return self.environment
        return mode_of(self.api_base, {})
