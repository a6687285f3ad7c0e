"""What a customer's page says of money that goes back: which refund was asked for, and what the gateway says."""

from __future__ import annotations

from flask_babel import gettext
from markupsafe import Markup

from kartify.domain.cases import CaseType
from kartify.flows.customers.standing import Refund
from kartify.web.phrases import Teller, Words


def sentences(words: Words) -> Teller:
    standing = words.standing
    for refund in standing.refunds:
        yield _refund(words, refund)
        if refund.state == "failed" and standing.trouble(CaseType.REFUND_NOT_CONFIRMED):
            yield words.say(gettext("The shop is looking at it."))
    for charge in standing.charges:
        if charge.elsewhere:
            yield words.say(gettext("%(gateway)s says that %(money)s went back to you."),
                            gateway=words.name(charge.gateway), money=words.money(charge.elsewhere, charge.currency))
    if any(one.state == "done" for one in standing.refunds) or any(one.elsewhere for one in standing.charges):
        yield words.say(gettext("How soon you see it in your account depends on your bank."))
    elif standing.status == "refunded" and not standing.refunds:
        yield words.say(gettext("The shop says that your money was paid back."))


def _refund(words: Words, refund: Refund) -> Markup:
    values = {"money": words.money(refund.amount, refund.currency), "asked": words.when(refund.asked_at),
              "gateway": words.name(refund.gateway), "when": words.when(refund.done_at)}
    match refund.state:
        case "done":
            text = gettext("A refund of %(money)s was asked for %(asked)s; %(gateway)s did it %(when)s.")
        case "failed":
            text = gettext("A refund of %(money)s was asked for %(asked)s; %(gateway)s could not do it.")
        case "pending":
            text = gettext("A refund of %(money)s was asked for %(asked)s; %(gateway)s is working on it.")
        case "unknown":
            text = gettext("A refund of %(money)s was asked for %(asked)s; %(gateway)s has not answered yet.")
        case _:
            text = gettext("A refund of %(money)s was asked for %(asked)s; it is on its way to %(gateway)s.")
    return words.say(text, **values)
