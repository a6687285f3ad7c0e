"""Valid settings of an account of every installed plugin, as their own tests have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1] / "plugins"
_OTHERS: dict[str, dict[str, Any]] = {
    "sandbox": {
        "api_base": "http://127.0.0.1:1", "merchant": "m1", "key_secret": "key-of-m1", "webhook_secret": "hooks-of-m1",
    },
    "sandbox-oms": {
        "api_base": "http://127.0.0.1:1", "merchant": "m1", "api_key": "key-of-m1", "webhook_secret": "hooks-of-m1",
    },
    "fynd": {
        "api_base": "https://api.uat.fyndx1.de", "company_id": "11", "application_id": "0123456789abcdef01234567",
        "client_id": "client", "client_secret": "secret-of-client", "webhook_secret": "secret-of-hooks",
    },
    "sap": {
        "api_base": "https://sandbox.api.sap.com", "username": "KARTIFY", "password": "word-of-sap",
        "sales_organization": "1010", "distribution_channel": "10", "organization_division": "00",
        "sold_to_party": "10100001",
    },
    "unicommerce": {
        "api_base": "https://mybrand.unicommerce.com", "environment": "test", "channel": "CUSTOM", "username": "api",
        "password": "word-of-uniware",
    },
    "arvind": {
        "api_base": "https://oms.example/api", "environment": "test", "merchant": "brand",
        "hmac_secret": "secret-of-hmac",
    },
}


def settings_of(slug: str) -> dict[str, Any]:
    samples = _ROOT / "gateways" / slug / "tests" / "samples" / "settings.json"
    return json.loads(samples.read_text("utf-8")) if samples.exists() else dict(_OTHERS[slug])
