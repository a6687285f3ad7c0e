"""What the browser meets: Paytm's page for a posted token, and its script. Both lead to the stand-in's pay page."""

from __future__ import annotations

import json
from typing import Final

from flask import Response, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from kartify_paytm.simulator.desk import Desk
from kartify_paytm.simulator.sessions import TOKEN_LIFE

_SCRIPT: Final = """window.Paytm = {CheckoutJS: (function () {
  var config = null;
  return {
    onLoad: function (ready) { ready(); },
    init: function (given) { config = given; return Promise.resolve(); },
    invoke: function () { window.location.href = BASE + "/_pay/" + encodeURIComponent(config.data.orderId); }
  };
})()};
"""


def payment_page(desk: Desk) -> AnyResponse:
    order = request.form.get("orderId", "")
    session = desk.book.sessions.get(order)
    if session is None or request.form.get("mid") != desk.mid or request.args.get("orderId") != order:
        abort(404, "there is no such order")
    if request.form.get("txnToken") != session.data["token"] or desk.book.now() - session.created_at > TOKEN_LIFE:
        abort(400, "Session expired")
    return redirect(f"/_pay/{order}", 303)


def checkout_script(desk: Desk, mid: str) -> Response:
    if mid != desk.mid:
        abort(404, "there is no such merchant")
    return Response(_SCRIPT.replace("BASE", json.dumps(desk.base_url)), mimetype="text/javascript")
