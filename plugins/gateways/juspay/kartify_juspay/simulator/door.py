"""Who may call, and how Juspay refuses."""

from __future__ import annotations

import base64
import re
from typing import Any

from flask import request

from kartify.simulation import ApiError

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


def refuse(status: int, code: str, text: str, *, word: str = "Bad Request", newer: str = "") -> ApiError:
    info = {"code": newer or "INVALID_INPUT", "category": "USER_ERROR", "user_message": text,
            "developer_message": text}
    return ApiError(status, {"status": word, "error_code": code, "error_message": text, "error_info": info})


def check_caller(api_key: str, merchant_id: str) -> None:
    """The key is the user of Basic auth, the password empty; the merchant stands in a header."""
    wanted = "Basic " + base64.b64encode(f"{api_key}:".encode()).decode()
    if request.headers.get("Authorization") != wanted or request.headers.get("x-merchantid") != merchant_id:
        raise refuse(401, "access_denied", "Unauthorized", word="error", newer="UNAUTHENTICATED")
    version = request.headers.get("version")
    if version is not None and not _DATE.match(version):
        raise refuse(400, "invalid_request", "Invalid version header")


def json_body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise refuse(400, "invalid_request", "Request body is not JSON")
    return body


def not_found(order_id: str) -> ApiError:
    return refuse(404, "invalid.order.not_found", f"Order with order_id {order_id} not found", word="NOT_FOUND",
                  newer="RESOURCE_NOT_FOUND")
