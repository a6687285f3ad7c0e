"""Calls made up from the API's own description: every answer is one that it describes, and never a 500."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from doors import Door, order_body
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import sampled_from
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
)

pytestmark = pytest.mark.slow
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance, ignored_auth,
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_answer_is_described(app: Flask, door: Door) -> None:
    door.post("", order_body("K1"))
    door.post("", order_body("K2", payment={"method": "cod"}))
    description = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    tried = [_try(found.ok(), door) for found in description.get_all_operations()]
    assert len(tried) >= 6
    assert sum(tried) >= 6 * 10


def _try(operation: Any, door: Door) -> int:
    count = 0

    @settings(
        max_examples=20, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), known=sampled_from(["K1", "K2", None]))
    def calls(case: Any, known: str | None) -> None:
        nonlocal count
        count += 1
        if known and "number" in (case.path_parameters or {}):
            case.path_parameters["number"] = known
        case.call_and_validate(headers=door.headers, checks=CHECKS)

    calls()
    return count
