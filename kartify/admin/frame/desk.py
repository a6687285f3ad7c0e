"""The base of every admin view: signed in, permitted, its form genuine; what goes wrong becomes a page in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode

from flask import Response, flash, make_response, redirect, request, url_for
from flask_admin import BaseView
from flask_babel import get_locale, gettext
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from kartify.admin.frame import look
from kartify.admin.frame.astray import mark_ours
from kartify.admin.frame.permissions import Permission, who_may
from kartify.admin.frame.session import Person, current
from kartify.domain.errors import KartifyError, NotFound
from kartify.flows.ground import audit
from kartify.flows.people import approvals
from kartify.flows.reading.scope import Scope
from kartify.house import House
from kartify.languages import translated
from kartify.models import Approval, Order, Store, table

Call = TypeVar("Call", bound=Callable[..., Any])
stores = table(Store)


def needs(permission: Permission) -> Callable[[Call], Call]:
    """Says what a view method needs beyond what its page needs. A method that takes POST must say it."""

    def mark(method: Call) -> Call:
        method.needs = permission  # type: ignore[attr-defined]
        return method

    return mark


def public(method: Call) -> Call:
    """A page for people who are not signed in."""
    method.public = True  # type: ignore[attr-defined]
    return method


class Desk(BaseView):
    """``opens_to``: what the page as a whole needs."""

    opens_to: ClassVar[Permission] = Permission.READ

    def __init__(self, house: House, csrf: CSRFProtect, **options: Any) -> None:
        self.house, self.csrf = house, csrf
        super().__init__(**options)

    # Permissions.

    def is_accessible(self) -> bool:
        """For the menu."""
        person = current()
        return person is not None and person.may(self.opens_to)

    @property
    def person(self) -> Person:
        found = current()
        assert found is not None
        return found

    def _handle_view(self, name: str, **kwargs: Any) -> Any:
        method = getattr(type(self), name)
        person = current()
        if not getattr(method, "public", False) and person is None:
            return self._sign_in()
        if (problem := self._forged()) is not None:
            return problem
        if getattr(method, "public", False) or person is None:
            return None
        return self._forbidden(person, method)

    def _sign_in(self) -> Any:
        if request.method != "GET":
            flash(gettext("You were signed out, so nothing was changed. Sign in and try again."), "warn")
            return redirect(url_for("admin.login"), 303)
        there = request.full_path.rstrip("?")
        return redirect(f"{url_for('admin.login')}?{urlencode({'next': there})}", 303)

    def _forged(self) -> Any:
        try:
            self.csrf.protect()
        except CSRFError:
            return self.problem(400, gettext("This form cannot be taken"), gettext(
                "It does not carry the mark that this page gave it, so nothing was changed. Go back, reload the page, "
                "and send it again."
            ))
        return None

    def _forbidden(self, person: Person, method: Any) -> Any:
        """403 unless the role has what the page and the method need; a POST that says nothing is for nobody."""
        own = getattr(method, "needs", None)
        assert own is not None or request.method in ("GET", "HEAD", "OPTIONS"), f"{method} does not say who may"
        missing = [one for one in (self.opens_to, own or self.opens_to) if not person.may(one)]
        if not missing:
            return None
        text = f"{person.email} ({person.role}) tried {request.method} {request.path}"
        audit.record(self.house, audit.Act(by=person.email, action="refused", subject="page:403", text=text[:500]))
        return self.problem(403, gettext("Not with your role"), gettext(
            "You are signed in as %(role)s. This takes the right to %(right)s, which %(roles)s has. Nothing was "
            "changed, and the attempt was written down.",
            role=translated(person.role), right=translated(missing[0].value), roles=who_may(missing[0]),
        ))

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return fn(self, *args, **kwargs)
        except NotFound as problem:
            return self.problem(404, gettext("Not here"), f"{str(problem)[:1].upper()}{str(problem)[1:]}.")

    def problem(self, code: int, title: str, text: str) -> Response:
        page = self.render("cockpit/problem.html", title=title, text=text)
        return make_response(page, code)

    # Reading.

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Rows as objects, for reading only; they stay usable after the session is closed."""
        with self.house.database.read() as connection, Session(connection, expire_on_commit=False) as session:
            yield session

    def scope(self, session: Session) -> Scope:
        """The stores that whoever is signed in may see."""
        return Scope.of(session, self.person.stores)

    def render(self, template: str, **values: Any) -> str:
        person = current()
        mark_ours()
        return super().render(
            template, person=person, personal=bool(person and person.personal), Permission=Permission, look=look,
            csrf_token=generate_csrf, badges=self.badges, tongue=get_locale(), **values,
        )

    def badges(self) -> Mapping[str, int]:
        """Numbers in the menu, by address: what waits for whoever is signed in."""
        with self.reading() as session:
            waiting = approvals_waiting(session, self.scope(session))
        return {url_for("approvals.index"): waiting} if waiting else {}

    def back(self, endpoint: str, **values: Any) -> Any:
        return redirect(url_for(endpoint, **values), 303)

    def done(self, said: str, endpoint: str, **values: Any) -> Any:
        flash(said, "good")
        return self.back(endpoint, **values)

    def do(self, work: Callable[[], str], act: audit.Act, *, traced: bool = False, **ties: Any) -> bool:
        """Runs an action, shows its sentence or why not, and writes both kinds of ending into the audit.

        ``traced``: the flow writes its success itself. ``ties``: ``order_id``.
        """
        try:
            said = work()
        except KartifyError as problem:
            flash(not_done(problem), "bad")
            self.audited(act, f"not done: {problem}")
            return False
        flash(said, "good")
        if not traced:
            self.audited(act, said, **ties)
        return True

    def audited(self, act: audit.Act, said: str, **ties: Any) -> None:
        text = f"{act.text}: {said}" if act.text else said
        audit.record(
            self.house, audit.Act(by=act.by, action=act.action, subject=act.subject, text=text, data=act.data), **ties
        )


def not_done(problem: KartifyError) -> str:
    """A refusal as the page says it."""
    return gettext("Not done: %(problem)s.", problem=str(problem).rstrip("."))


def approvals_waiting(session: Session, scope: Scope) -> int:
    """How many requests can be decided now, 99 at most; those whose order has changed cannot. It is asked on every
    page, so it is no count over everything."""
    found: Select[Any] = select(Approval.id).join(Order, Order.id == Approval.order_id)
    good = (Approval.state == approvals.OPEN, Approval.version == Order.version)
    return len(session.scalars(scope.rows(found.where(*good).limit(99), Approval.store_id)).all())


def choices(session: Session, only: Sequence[str] | None = None) -> Mapping[str, str]:
    """Store codes and names, for filters; ``only`` those of a person's."""
    found = session.execute(select(stores.c.code, stores.c.name).order_by(stores.c.code))
    return {row.code: row.name for row in found if only is None or row.code in only}


def common_zone(session: Session) -> str:
    """The zone that all stores share, else UTC."""
    zones = session.execute(select(stores.c.timezone).distinct()).scalars().all()
    return zones[0] if len(zones) == 1 else "UTC"


__all__ = ["Desk", "choices", "common_zone", "needs", "not_done", "public"]
