"""The server's Flask application: API, pay page, dashboard, control calls."""

from __future__ import annotations

from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from werkzeug.exceptions import HTTPException

from kartify_sandbox.server.api import make_api
from kartify_sandbox.server.book import Rejected
from kartify_sandbox.server.control import make_control
from kartify_sandbox.server.house import House
from kartify_sandbox.server.pages import make_pages

LARGEST_BODY = 64 * 1024
# No form-action: browsers apply it to the redirect after a form as well, and that one leads to the shop.
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"


def make_app(house: House) -> Flask:
    app = Flask("kartify_sandbox.server")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.before_request(lambda: _arrive(house))
    house.faults.install(app)
    for blueprint in (make_api(house), make_control(house), make_pages(house)):
        app.register_blueprint(blueprint)
    app.register_error_handler(Rejected, _rejected)
    app.register_error_handler(HTTPException, _unknown)
    app.after_request(_guard)
    return app


def _arrive(house: House) -> None:
    """Counts the call by its route, and ends sessions whose time is over."""
    if request.url_rule is not None:
        house.count(f"{request.method} {request.url_rule.rule}")
    for event in house.expire():
        if house.auto_webhooks:
            house.send(event)


def _rejected(problem: Rejected) -> ResponseReturnValue:
    if _wants_json():
        return jsonify(problem.envelope()), problem.status
    return render_template("problem.html", message=str(problem)), problem.status


def _unknown(problem: HTTPException) -> ResponseReturnValue:
    status = problem.code or 500
    return _rejected(Rejected(status, problem.name.lower().replace(" ", "_"), problem.description or problem.name))


def _wants_json() -> bool:
    return request.path.startswith(("/v1/", "/control/"))


def _guard(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
