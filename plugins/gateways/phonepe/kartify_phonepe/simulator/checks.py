"""What PhonePe refuses in a request, before it does anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kartify.simulation import ApiError

_ID = re.compile(r"[A-Za-z0-9_-]{1,63}\Z")
_LATE_UDF = re.compile(r"[A-Za-z0-9_\-+@.]{0,50}\Z")


def bad(message: str, code: str = "BAD_REQUEST") -> ApiError:
    return ApiError(400, {"success": False, "code": code, "message": message, "data": {}})


def check_pay(body: Any) -> Mapping[str, Any]:
    """Raises ``ApiError`` as the sandbox does for a new order that breaks a documented limit."""
    if not isinstance(body, Mapping):
        raise bad("Please check the inputs you have provided.")
    flow = body.get("paymentFlow")
    if not isinstance(flow, Mapping) or flow.get("type") != "PG_CHECKOUT":
        raise bad("paymentFlow.type: unknown")
    urls = flow.get("merchantUrls")
    if not isinstance(urls, Mapping) or not str(urls.get("redirectUrl", "")).startswith(("http://", "https://")):
        raise bad("paymentFlow.merchantUrls.redirectUrl: must be an address")
    _check_id(body.get("merchantOrderId"), "merchantOrderId")
    check_amount(body.get("amount"))
    expires = body.get("expireAfter", 300)
    if isinstance(expires, bool) or not isinstance(expires, int) or not 300 <= expires <= 3600:
        raise bad("expireAfter: must be between 300 and 3600")
    _check_udf(body.get("metaInfo") or {})
    return body


def check_refund(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise bad("Please check the inputs you have provided.")
    _check_id(body.get("merchantRefundId"), "merchantRefundId")
    _check_id(body.get("originalMerchantOrderId"), "originalMerchantOrderId")
    check_amount(body.get("amount"))
    return body


def check_amount(amount: Any) -> None:
    if isinstance(amount, bool) or not isinstance(amount, int) or amount < 100:
        raise bad("amount: must be a whole number of paise, at least 100")


def _check_id(value: Any, name: str) -> None:
    if not isinstance(value, str) or not _ID.match(value):
        raise bad(f"{name}: at most 63 of letters, digits, _ and -")


def _check_udf(given: Any) -> None:
    known = {f"udf{number}" for number in range(1, 16)}
    if not isinstance(given, Mapping) or set(given) - known:
        raise bad("metaInfo: unknown field")
    for name, text in given.items():
        late = int(name.removeprefix("udf")) > 10
        if text is not None and (not isinstance(text, str) or len(text) > 256 or (late and not _LATE_UDF.match(text))):
            raise bad(f"metaInfo.{name}: too long, or of other characters than allowed")
