"""SAP's way to answer: ``d``, ``results``, ``__metadata``, dates, and the envelope of an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from kartify.simulation import ApiError
from kartify_sap.service import NAMESPACE, EntitySet

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EMPTY = {"s": "", "n": "0.000", "date": None, "moment": None, "bool": False, "guid": None, "time": "PT00H00M00S",
          "double": "0"}


def now() -> datetime:
    return datetime.now(UTC)


def envelope(code: str, text: str, target: str = "") -> dict[str, Any]:
    detail = {"code": code, "message": text, "propertyref": target, "severity": "error", "target": target}
    return {
        "error": {
            "code": code,
            "message": {"lang": "en", "value": text},
            "innererror": {
                "application": {"component_id": "SD-SLS", "service_namespace": "/SAP/", "service_id": NAMESPACE,
                                "service_version": "0001"},
                "transactionid": "5F1D6A0E1B2C0010E00674D6F0A1B2C3", "timestamp": "20261123083000.0000000",
                "errordetails": [detail, {
                    "code": "/IWBEP/CX_MGW_BUSI_EXCEPTION", "message": "An exception was raised", "propertyref": "",
                    "severity": "error", "target": "",
                }],
            },
        }
    }


def refuse(status: int, code: str, text: str, target: str = "", **headers: str) -> ApiError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ApiError(status, envelope(code, text, target), named)


def etag(at: datetime) -> str:
    stamp = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"
    return f"W/\"datetimeoffset'{quote(stamp)}'\""


def key_of(entity_set: EntitySet, row: Mapping[str, Any]) -> str:
    parts = {name: str(row[name]).replace("'", "''") for name in entity_set.keys}
    if len(parts) == 1:
        return f"'{next(iter(parts.values()))}'"
    return ",".join(f"{name}='{text}'" for name, text in parts.items())


def blank(entity_set: EntitySet) -> dict[str, Any]:
    return {name: _EMPTY[one.kind] for name, one in entity_set.properties.items()}


def value(kind: str, known: Any) -> Any:
    """A value as JSON has it."""
    if known is None or kind not in ("date", "moment"):
        return known
    milliseconds = (known - _EPOCH) // timedelta(milliseconds=1)
    return f"/Date({milliseconds})/" if kind == "date" else f"/Date({milliseconds}+0000)/"
