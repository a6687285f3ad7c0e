"""The pay page of every stand-in gateway: what a customer or a bank can do, and how the news of it travels.

``GET /_pay/<session>`` is for people, with ``callback_url`` in the query where the gateway's script would bring it.
``POST /_control/<session>/<action>`` does the same for another program, with a JSON object of ``Switches`` and
``amount``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final, Protocol, cast
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, jsonify, render_template, request

from kartify.simulation.book import Book, Charge, Session, State
from kartify.simulation.messages import Return

# What each button makes of the session: so many charges of this state.
ATTEMPTS: Final[Mapping[str, tuple[State, ...]]] = {
    "pay": ("captured",), "fail": ("failed",), "pending": ("pending",), "authorize": ("authorized",),
    "pay_wrong": ("captured",), "pay_twice": ("captured", "captured"),
}
WORDS: Final[Mapping[str, str]] = {
    "pay": "Pay", "fail": "Let it fail", "pending": "Leave it pending", "authorize": "Authorise only",
    "pay_wrong": "Pay a tenth too little", "pay_twice": "Pay twice",
}


class Payable(Protocol):
    """The part of a stand-in that the page drives."""

    slug: ClassVar[str]
    book: Book

    def pay(self, session_id: str, *, state: State = ..., amount: int | None = ...) -> Charge: ...

    def send(self, charge: Charge, *, delay: float = ..., copies: int = ...) -> None: ...

    def comeback(self, charge: Charge) -> Return: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    lose_callback: bool = False
    lose_webhook: bool = False
    webhook_late: bool = False
    webhook_twice: bool = False


def pay_page(stand_in: Payable) -> Blueprint:
    page = Blueprint("pay_page", __name__, template_folder="templates")
    views: dict[str, Callable[..., Any]] = {
        "GET /_pay/<path:session_id>": lambda session_id: _page(stand_in, session_id),
        "POST /_pay/<path:session_id>": lambda session_id: _pressed(stand_in, session_id),
        "POST /_control/<path:session_id>/<action>": lambda session_id, action: _called(stand_in, session_id, action),
    }
    for rule, view in views.items():
        method, path = rule.split(" ")
        page.add_url_rule(path, rule.replace(".", "_"), view, methods=[method])
    return page


def act(stand_in: Payable, session_id: str, action: str, *, amount: int | None, switches: Switches) -> list[Charge]:
    """Does what the button says, and sends its webhooks."""
    if action not in ATTEMPTS:
        abort(404, f"there is no action {action}")
    session = _session(stand_in, session_id)
    if action == "pay_wrong" and amount is None:
        amount = session.amount - max(1, session.amount // 10)
    made = [stand_in.pay(session_id, state=state, amount=amount) for state in ATTEMPTS[action]]
    for charge in made:
        if not switches.lose_webhook:
            stand_in.send(
                charge, delay=10.0 if switches.webhook_late else 0.0, copies=2 if switches.webhook_twice else 1
            )
    return made


def _session(stand_in: Payable, session_id: str) -> Session:
    found = stand_in.book.sessions.get(session_id)
    return found or abort(404, "there is no such session")


def _page(stand_in: Payable, session_id: str) -> str:
    session = _session(stand_in, session_id)
    session.callback_url = session.callback_url or request.args.get("callback_url", "")
    return render_template(
        "pay.html", session=session, slug=stand_in.slug, charges=stand_in.book.charges_of(session_id), words=WORDS,
        switches=list(asdict(Switches())),
    )


def _pressed(stand_in: Payable, session_id: str) -> str | Response:
    switches = Switches(**{name: name in request.form for name in asdict(Switches())})
    made = act(stand_in, session_id, request.form.get("action", ""), amount=None, switches=switches)
    if switches.lose_callback:
        return render_template("lost.html", session=_session(stand_in, session_id))
    return _go(stand_in.comeback(made[-1]))


def _go(back: Return) -> str | Response:
    if back.method == "POST":
        return render_template("return.html", back=back)
    return Response(status=303, headers={"Location": _address(back)})


def _address(back: Return) -> str:
    query = urlencode(dict(back.fields))
    return f"{back.url}{'&' if '?' in back.url else '?'}{query}" if query else back.url


def _called(stand_in: Payable, session_id: str, action: str) -> Response:
    given = request.get_json(silent=True) or {}
    known = {name: given[name] is True for name in asdict(Switches()) if name in given}
    made = act(
        stand_in, session_id, action, amount=cast("int | None", given.get("amount")), switches=Switches(**known)
    )
    back = None if known.get("lose_callback") else stand_in.comeback(made[-1])
    return jsonify({
        "charges": [{"id": one.id, "state": one.state, "amount": one.amount} for one in made],
        "callback": back and {"method": back.method, "url": _address(back) if back.method == "GET" else back.url,
                              "fields": dict(back.fields)},
    })
