"""Who may call, what parameters there are, how Stripe refuses, and answers that a key keeps."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Response, request

from kartify.simulation import ApiError, json_answer

_VERSION: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(\.[a-z]+)?\Z")
_METADATA: Final = r"metadata\[[A-Za-z0-9_]{1,40}\]"
_EXPAND: Final = r"expand\[[0-9]*\]"
SESSION: Final = re.compile(
    r"(mode|success_url|cancel_url|client_reference_id|customer_email|expires_at|billing_address_collection"
    r"|payment_method_types\[[0-9]+\]|line_items\[[0-9]+\]\[(quantity|price_data\]\[(currency|unit_amount"
    rf"|product_data\]\[name))\]|{_METADATA}|payment_intent_data\[(description|capture_method)\]"
    r"|payment_intent_data\[metadata\]\[[A-Za-z0-9_]{1,40}\])\Z"
)
REFUND: Final = re.compile(rf"(payment_intent|charge|amount|reason|{_METADATA})\Z")
CAPTURE: Final = re.compile(rf"(amount_to_capture|{_EXPAND})\Z")
CANCEL: Final = re.compile(rf"(cancellation_reason|{_EXPAND})\Z")
NOTHING: Final = re.compile(rf"{_EXPAND}\Z")
LIST: Final = re.compile(
    rf"(limit|starting_after|created\[(gte|lte)\]|status|payment_intent|{_EXPAND})\Z"
)


def refuse(status: int, code: str, text: str, *, kind: str = "invalid_request_error", param: str = "") -> ApiError:
    error = {"type": kind, "message": text, "request_log_url": "https://dashboard.stripe.com/test/logs/req_kart"}
    error |= {name: value for name, value in (("code", code), ("param", param)) if value}
    return ApiError(status, {"error": error}, {"Request-Id": "req_kart00000001"})


def missing(name: str, what: str) -> ApiError:
    """As Stripe words it, in the same way for an id of the other mode but for its last words."""
    other = "; a similar object exists in live mode, but a test mode key was used to make this request." if (
        "_live_" in name
    ) else ""
    return refuse(404, "resource_missing", f"No such {what}: '{name}'{other}", param="id")


def check_caller(secret_key: str) -> None:
    if request.headers.get("Authorization") != f"Bearer {secret_key}":
        raise refuse(401, "", "Invalid API Key provided: sk_test_****0001")
    version = request.headers.get("Stripe-Version")
    if version is not None and not _VERSION.match(version):
        raise refuse(400, "", f"Invalid Stripe API version: {version}")


def fields(known: re.Pattern[str]) -> dict[str, str]:
    """The form; a parameter that Stripe does not have is refused."""
    return _known(known, request.form.to_dict())


def query() -> dict[str, str]:
    return _known(LIST, request.args.to_dict())


def _known(known: re.Pattern[str], given: dict[str, str]) -> dict[str, str]:
    strange = next((name for name in given if not known.match(name)), None)
    if strange is not None:
        raise refuse(400, "parameter_unknown", f"Received unknown parameter: {strange}", param=strange)
    return given


def metadata_of(form: Mapping[str, str], prefix: str = "metadata") -> dict[str, str]:
    found = {name: text for name, text in form.items() if name.startswith(f"{prefix}[")}
    if any(len(text) > 500 for text in found.values()) or len(found) > 50:
        raise refuse(400, "", "Metadata values can have up to 500 characters", param="metadata")
    return {name[len(prefix) + 1 : -1]: text for name, text in found.items()}


def expanded() -> frozenset[str]:
    given = (*request.args.items(multi=True), *request.form.items(multi=True))
    return frozenset(value for name, value in given if name.startswith("expand["))


class Keys:
    """Idempotency keys: the same key with the same parameters gives the first answer again, a failure of Stripe's too;
    what was refused is not kept. ``fail``: the next calls with a key fail so, before or after they acted."""

    def __init__(self) -> None:
        self.fail: list[str] = []
        self._kept: dict[str, tuple[Any, int, Any]] = {}

    def once(self, act: Callable[[], Any]) -> Response:
        key, asked = request.headers.get("Idempotency-Key"), (request.path, request.get_data())
        if key is None:
            return json_answer(act())
        if key in self._kept:
            return self._again(key, asked)
        status, body = self._fresh(act)
        self._kept[key] = (asked, status, body)
        return json_answer(body, status, {"Request-Id": "req_kart00000001"})

    def forget(self) -> None:
        """A day went by."""
        self._kept.clear()

    def _fresh(self, act: Callable[[], Any]) -> tuple[int, Any]:
        how = self.fail.pop(0) if self.fail else ""
        body = act() if how != "before" else None
        return (500, {"error": {"type": "api_error", "message": "An unknown error occurred"}}) if how else (200, body)

    def _again(self, key: str, asked: Any) -> Response:
        before, status, body = self._kept[key]
        if before != asked:
            text = "Keys for idempotent requests can only be used with the same parameters they were first used with."
            raise refuse(400, "", text, kind="idempotency_error")
        return json_answer(body, status, {"Idempotent-Replayed": "true", "Request-Id": "req_kart00000002"})
