"""A stored message for people's eyes: its structure, with the values of what we know to be harmless. Pure.

By allow-list: what is not named here is covered, since a partner may send anything. Signatures, secrets and card data
stay covered even when a message is revealed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from kartify.languages import N_

COVER: Final = "•••"
LONGEST: Final = 60_000  # of a body as it is shown: a page stays readable
DEEPEST: Final = 40

_HEADERS: Final = frozenset({
    "accept", "accept-encoding", "content-encoding", "content-length", "content-type", "date", "host", "user-agent",
})
# Words, ids and moments by which a message is understood; compared without case, "_" and "-".
_WORDS: Final = frozenset({
    "amount", "amountcaptured", "amountdue", "amountpaid", "amountrefunded", "bankcode", "capturedamount", "captured",
    "cfpaymentid", "channelcode", "code", "contains", "count", "created", "createdat", "currency", "currencycode",
    "entity", "environment", "errorcode", "errorreason", "errorsource", "errorstep", "event", "eventid", "eventtime",
    "eventtype", "fee", "gateway", "gatewayname", "id", "international", "kind", "livemode", "merchantorderid",
    "merchanttransactionid", "merchantrefundid", "method", "mihpayid", "mode", "netamountdebit", "number", "object",
    "order", "orderamount", "ordercurrency", "orderid", "orderno", "orderstatus", "paid", "payment", "paymentamount",
    "paymentcurrency", "paymentid", "paymentmethod", "paymentmode", "paymentstatus", "paymenttime", "quantity",
    "razorpayorderid", "razorpaypaymentid", "receipt", "refundamount", "refundid", "refundstatus", "respcode",
    "responsecode", "resultcode", "state", "status", "statusid", "success", "tax", "timestamp",
    "totalamount", "trackingid", "transactionid", "txnamount", "txndate", "txnid", "txnstatus", "type",
    "unmappedstatus", "version",
})
_SECRET: Final = re.compile(
    r"signature|secret|token|passw|hash|checksum|hmac|apikey|accesskey|privatekey|clientkey|authorization|"
    r"xverify|cookie|cvv|cvc|cardnum|cardno|ccnum|otp$|credential"
)
_SECRETS: Final = frozenset({"sign", "sig", "auth", "pin", "pan", "key", "merchantkey", "salt", "encresp", "mac"})
_NAME: Final = re.compile(r"[A-Za-z_@][A-Za-z0-9_.:\-\[\]]{0,63}\Z")
_SAFE: Final = re.compile(r"[A-Za-z0-9 _.,:;/+()\-]{0,80}\Z")
_LONG_DIGITS: Final = re.compile(r"\d(?:[ -]?\d){11,18}")
_PHONE: Final = re.compile(r"\+\d[\d -]{7,}|(?<!\d)0?[6-9]\d{4}[ -]?\d{5}(?!\d)")
_PAIR: Final = re.compile(r"""(?ix)(["']?([A-Za-z][\w.\-]*)["']?\s*[:=]\s*)(["']?)([^"'&<>\s,;]+)""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """``form`` says how the body was read: JSON, form, XML, or why it could not be."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str
    form: str
    size: int
    cut: bool = False


def is_secret(name: str) -> bool:
    """Whether nobody is ever shown the value of a field or header of this name."""
    plain = _plain(name)
    return plain in _SECRETS or _SECRET.search(plain) is not None


def show(
    *, method: str, path: str, headers: Mapping[str, Any], body: bytes, revealed: bool = False
) -> Shown:
    """The message, masked; ``revealed``: everything but secrets and card data."""
    cover = _revealing if revealed else _masking
    kind = next((str(value) for name, value in headers.items() if name.lower() == "content-type"), "")
    text, form = _body(body, kind, cover, revealed)
    return Shown(
        method=method, path=_path(path, cover), headers=tuple(_headers(headers, revealed)), body=text[:LONGEST],
        form=form, size=len(body), cut=len(text) > LONGEST,
    )


Cover = Callable[[str, Any], Any]


def _masking(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if is_secret(name) or _plain(name) not in _WORDS:
        return COVER
    text = str(value)
    fine = _SAFE.match(text) and not _is_card(text) and (not isinstance(value, str) or not _PHONE.search(text))
    return value if fine else COVER


def _revealing(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    return COVER if is_secret(name) or _is_card(str(value)) else value


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _is_card(text: str) -> bool:
    """A card's number anywhere in it, by its length, its first digit and its check digit."""
    return any(_luhn(re.sub(r"\D", "", found[0])) for found in _LONG_DIGITS.finditer(text))


def _luhn(digits: str) -> bool:
    if not 13 <= len(digits) <= 19 or digits[0] not in "23456":
        return False
    doubled = (int(one) * 2 if index % 2 else int(one) for index, one in enumerate(reversed(digits)))
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


def _headers(headers: Mapping[str, Any], revealed: bool) -> Iterator[tuple[str, str]]:
    for name, value in sorted(headers.items()):
        known = name.lower() in _HEADERS or (revealed and not is_secret(name))
        yield _name(name), str(value) if known and not _is_card(str(value)) else COVER


def _name(name: str) -> str:
    """Names are shown too, unless they look like somebody's data."""
    return name if _NAME.match(name) and not _is_card(name) and not _PHONE.search(name) else COVER


def _path(path: str, cover: Cover) -> str:
    plain, mark, query = path.partition("?")
    return f"{plain}{mark}{'&'.join(_pairs(query, cover))}"


def _pairs(text: str, cover: Cover) -> list[str]:
    return [f"{_name(name)}={cover(name, value)}" for name, value in parse_qsl(text, keep_blank_values=True)]


def _body(body: bytes, kind: str, cover: Cover, revealed: bool) -> tuple[str, str]:
    text = body.decode("utf-8", "replace")
    for form, read in _readers(kind, text):
        try:
            return read(text, cover), form
        except (ValueError, RecursionError, ElementTree.ParseError):
            continue
    if not text:
        return "", N_("empty")
    return (_loose(text) if revealed else COVER), N_("neither JSON nor a form nor XML, so it is covered as a whole")


def _readers(kind: str, text: str) -> Sequence[tuple[str, Callable[[str, Cover], str]]]:
    """What the sender says it is comes first."""
    start = text.lstrip()[:1]
    every = (("JSON", _json, start in ("{", "[")), ("XML", _xml, start == "<"), (N_("form"), _form, "form" in kind))
    said = {"JSON": "json" in kind, "XML": "xml" in kind, "form": "form" in kind}
    fits = [(form, read) for form, read, looks in every if looks or said[form]]
    return sorted(fits, key=lambda one: not said[one[0]])


def _json(text: str, cover: Cover) -> str:
    return json.dumps(_tree("", json.loads(text, parse_float=str), cover, 0), indent=2, ensure_ascii=False)


def _tree(name: str, value: Any, cover: Cover, depth: int) -> Any:
    if depth > DEEPEST:
        return COVER
    if isinstance(value, dict):
        if is_secret(name):
            return COVER
        # Two strange names must not become one.
        return {
            (shown if (shown := _name(key)) != COVER else f"{COVER} {index}"): _tree(key, inner, cover, depth + 1)
            for index, (key, inner) in enumerate(value.items(), 1)
        }
    if isinstance(value, list):
        return [_tree(name, inner, cover, depth + 1) for inner in value]
    return cover(name, value)


def _form(text: str, cover: Cover) -> str:
    pairs = _pairs(text, cover)
    if text.strip() and not pairs:
        raise ValueError("no form")
    return "\n".join(pairs)


def _xml(text: str, cover: Cover) -> str:
    if "<!" in text.replace("<!--", "").replace("<![CDATA[", ""):
        raise ValueError("a document type or entities are not read")
    root = ElementTree.fromstring(text)  # noqa: S314 - no entities: refused above
    return "\n".join(_element(root, cover, 0))


def _element(element: ElementTree.Element, cover: Cover, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        raise ValueError("too deep")
    tag, pad = _name(_local(element.tag)), "  " * depth
    given = "".join(f' {_name(_local(name))}="{cover(_local(name), value)}"' for name, value in element.items())
    said = (element.text or "").strip()
    shown = cover(_local(element.tag), said) if said else ""
    inner = [line for child in element for line in _element(child, cover, depth + 1)]
    if not inner:
        yield f"{pad}<{tag}{given}>{shown}</{tag}>"
        return
    yield f"{pad}<{tag}{given}>{shown}"
    yield from inner
    yield f"{pad}</{tag}>"


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _loose(text: str) -> str:
    """What cannot be read is revealed as it is, but for what stands behind a secret's name, and card numbers."""

    def hide(found: re.Match[str]) -> str:
        return f"{found[1]}{found[3]}{COVER}" if is_secret(found[2]) else found[0]

    covered = _PAIR.sub(hide, text)
    return _LONG_DIGITS.sub(lambda found: COVER if _luhn(re.sub(r"\D", "", found[0])) else found[0], covered)
