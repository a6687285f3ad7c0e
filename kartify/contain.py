"""A plugin's failure stays a plugin's failure: time-outs, type checks, and only our own errors come out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import structlog

from kartify.domain.errors import Invalid, KartifyError, Temporary, Unreadable
from kartify.domain.reports import Report

T = TypeVar("T")
log = structlog.get_logger()


class PluginFailure(Temporary):
    """The plugin raised something of its own, answered too late, or gave a wrong type: treated as *unknown*."""


def pure(what: str, expected: type[T] | tuple[type[Any], ...], call: Callable[[], Any]) -> T:
    """A pure method's value. Our own errors pass; everything else becomes ``PluginFailure`` without its text, which
    may hold what must not be logged."""
    try:
        value = call()
    except KartifyError:
        raise
    except Exception as problem:  # a plugin may fail in any way
        log.error("plugin failed", what=what, error=type(problem).__name__)
        raise PluginFailure(f"the plugin failed in {what}: {type(problem).__name__}", sent=True) from None
    if not isinstance(value, expected):
        log.error("plugin gave a wrong type", what=what, got=type(value).__name__)
        raise PluginFailure(f"the plugin gave a {type(value).__name__} from {what}", sent=True)
    return cast(T, value)


def true_reports(what: str, reports: Iterable[Report]) -> None:
    """Raises ``PluginFailure`` when the plugin built a report that cannot be true."""
    for report in reports:
        names = (report.gateway_payment_id, report.gateway_order_id, report.reference, report.word, report.detail)
        if any("\0" in name for name in names if name):
            raise Unreadable("a null character in a name")
        try:
            pure(what, type(None), report.check)
        except Invalid as problem:
            log.error("plugin built a wrong report", what=what, field=problem.field)
            raise PluginFailure(f"the plugin built a wrong report in {what}: {problem.field}", sent=True) from None


def asking(what: str, expected: type[T] | tuple[type[Any], ...], call: Callable[[], Any], *, seconds: float) -> T:
    """An asking method's value, in a thread of its own: one that hangs costs its time-out and no more."""
    box: list[Any] = []

    def work() -> None:
        try:
            box.append((True, pure(what, expected, call)))
        except KartifyError as problem:
            box.append((False, problem))

    thread = threading.Thread(target=work, name=f"asking {what}", daemon=True)
    thread.start()
    thread.join(seconds)
    if not box:
        raise PluginFailure(f"no answer from {what} within {seconds:g} s", sent=True)
    good, value = box[0]
    if good:
        return value
    raise value
