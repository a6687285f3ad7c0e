"""Errors as RFC 9457 problem details: what is wrong, where, and never a 500 for what a caller sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from flask import Flask, Response, request
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import DataError, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from kartify.accounts import Broken
from kartify.database import unavailable
from kartify.domain.errors import (
    Conflict,
    Invalid,
    KartifyError,
    NoSecret,
    NotFound,
    PartnerError,
    Refused,
    Unreadable,
)
from kartify.flows.people.keys import Forbidden, Unauthorized
from kartify.flows.receiving.receive import WrongType

log = structlog.get_logger()
TYPE = "application/problem+json"
RETRY_AFTER = "5"
# Where people look, not programs.
_PEOPLE = ("/admin",)


class FieldProblem(BaseModel):
    field: str
    detail: str


class Problem(BaseModel):
    """RFC 9457. ``field`` names what to mend, ``errors`` lists all of it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    field: str | None = Field(None)
    errors: list[FieldProblem] = Field(default_factory=list)


# What each of our errors answers; the first class that fits.
STATUS: tuple[tuple[type[KartifyError], int], ...] = (
    (Unauthorized, 401),
    (Forbidden, 403),
    (Invalid, 422),
    (Conflict, 409),
    (NotFound, 404),
    (Refused, 401),
    (NoSecret, 503),
    (Broken, 503),
    (WrongType, 415),
    (Unreadable, 400),
    (PartnerError, 503),
    (KartifyError, 400),
)


def problem(
    status: int, detail: str, *, field: str | None = None, errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail
    }
    if field:
        body |= {"field": field, "errors": list(errors) or [{"field": field, "detail": detail}]}
    answer = Response(orjson.dumps(body), status, mimetype=TYPE)
    answer.headers.extend(dict(headers or {}))
    if status == 503:
        answer.headers.setdefault("Retry-After", RETRY_AFTER)
    if status == 401:
        answer.headers.setdefault("WWW-Authenticate", "Bearer")
    return answer


def of_fields(invalid: ValidationError) -> Response:
    """The fields of a body or a query that cannot be taken, by name."""
    errors = [
        {"field": ".".join(str(part) for part in error["loc"]) or "body", "detail": _sentence(error)}
        for error in invalid.errors(include_input=False, include_url=False, include_context=False)
    ]
    first = errors[0]
    return problem(422, f"{first['field']}: {first['detail']}", field=first["field"], errors=errors[:50])


def _sentence(error: Any) -> str:
    match error["type"]:
        case "extra_forbidden":
            return "unknown field"
        case "missing":
            return "required"
        case _:
            return str(error["msg"]).removeprefix("Value error, ")


def init_problems(app: Flask) -> None:
    app.register_error_handler(KartifyError, of_ours)
    app.register_error_handler(SQLAlchemyError, of_database)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(Exception, of_bug)


def of_ours(error: KartifyError) -> Response:
    status = status_of(error)
    if isinstance(error, Invalid):
        return problem(status, str(error), field=error.field)
    if status == 503:
        # Which account or setting is broken is the house's business.
        return problem(503, "this cannot be answered now")
    return problem(status, str(error))


def status_of(error: KartifyError) -> int:
    return next(status for kind, status in STATUS if isinstance(error, kind))


def of_database(error: SQLAlchemyError) -> Response:
    if unavailable(error):
        log.error("database out of reach", path=request.path, error=type(error).__name__)
        return problem(503, "the database cannot be reached now")
    if isinstance(error, DataError):
        return problem(422, "a value cannot be stored as it is")
    return of_bug(error)


def of_http(error: HTTPException) -> Response | HTTPException:
    if error.response is not None or (error.code or 500) < 400 or request.path.startswith(_PEOPLE):
        return error
    allowed = getattr(error, "valid_methods", None)
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else {}
    return problem(error.code or 500, error.description or "", headers=headers)


def of_bug(error: Exception) -> Response:
    log.exception("a request failed", path=request.path, error=type(error).__name__)
    return problem(500, "an error of ours; it is written down")
