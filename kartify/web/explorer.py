"""The API explorer: everything of it comes from here, nothing from elsewhere."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

blueprint = Blueprint("explorer", __name__, template_folder="templates")
ABOUT = (
    "Orders of a store: what the storefront confirms, what a pulling OMS fetches. Sums are integers of minor units, "
    "moments are UTC. Errors are problem details (RFC 9457)."
)
# The script styles itself; it may call this server only.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@blueprint.get("/api/docs")
def docs() -> Response:
    answer = Response(render_template("web/docs.html"))
    answer.headers["Content-Security-Policy"] = POLICY
    return answer
