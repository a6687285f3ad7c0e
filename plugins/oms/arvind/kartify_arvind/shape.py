"""A body in the words of an account: renames, words, fixed values, and what must be there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kartify.plugin import Permanent
from kartify_arvind.contract import Contract
from kartify_arvind.words import OURS

_PIN = re.compile(r"[1-9]\d{5}\Z")
_PHONE = re.compile(r"\+[1-9]\d{6,14}\Z")


def dig(document: Any, path: str) -> Any:
    """What stands at a dotted path; a number there counts in a list. None where nothing does. A blank path: None."""
    for part in path.split(".") if path else [""]:
        if isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document


def text_at(document: Any, path: str) -> str:
    """The text (or whole number) at a path, else blank."""
    value = dig(document, path) if path else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()


def shaped(contract: Contract, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body as this OMS wants it. The identity where nothing is renamed."""
    made: dict[str, Any] = {}
    for places, value in _leaves(body, ()):
        name = _name(places)
        words = contract.value_map.get(name)
        if words and isinstance(value, str):
            value = words.get(value, value)
        target = _target(contract, name)
        if target:
            _put(made, _filled(target, places), value)
    for name, value in contract.constants.items():
        for spot in _every(made, name):
            _put(made, spot, value)
    return made


def _leaves(value: Any, places: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _leaves(inner, (*places, name))
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):
            yield from _leaves(inner, (*places, place))
    else:
        yield places, value


def _name(places: tuple[str | int, ...]) -> str:
    parts: list[str] = []
    for one in places:
        if isinstance(one, int):
            parts[-1] += "[]"
        else:
            parts.append(one)
    return ".".join(parts)


def _target(contract: Contract, name: str) -> str:
    """Their name: of the field itself, or of the nearest thing around it that is renamed; blank drops it."""
    head = name
    while head:
        # A list may be renamed as the list or as each of it.
        for known in (head, head.removesuffix("[]")):
            if known in contract.field_map:
                given = contract.field_map[known]
                tail = name[len(known):]
                return f"{given}{tail}" if given else ""
        head = head.rpartition(".")[0]
    return name if contract.unmapped == "keep" else ""


def _filled(target: str, places: tuple[str | int, ...]) -> list[str | int]:
    """The target's places, each [] being the index that stands in our own."""
    indexes = iter([one for one in places if isinstance(one, int)])
    found: list[str | int] = []
    for part in target.split("."):
        name = part.removesuffix("[]")
        found.append(name)
        if part.endswith("[]"):
            found.append(next(indexes, 0))
    return found


def _put(made: dict[str, Any], places: list[str | int], value: Any) -> None:
    here: Any = made
    for place, after in zip(places, [*places[1:], None], strict=True):
        fresh: Any = value if after is None else [] if isinstance(after, int) else {}
        if isinstance(place, int):
            here.extend({} for _ in range(place + 1 - len(here)))
            if after is None or type(here[place]) is not type(fresh):
                here[place] = fresh
        elif after is None or not isinstance(here.get(place), type(fresh)):
            here[place] = fresh
        here = here[place]


def _every(made: Mapping[str, Any], name: str) -> list[list[str | int]]:
    """The places of a fixed value: one, or one in each of a list."""
    head, each, tail = name.partition("[].")
    if not each:
        return [list(name.split("."))]
    listed = dig(made, head)
    count = len(listed) if isinstance(listed, list) else 0
    return [[*head.split("."), place, *tail.split(".")] for place in range(count)]


def check_needed(contract: Contract, body: Mapping[str, Any]) -> None:
    """Raises ``Permanent`` with our own name of the first field that is missing or malformed."""
    if not body.get("items"):
        raise Permanent("The order has no lines", field="lines")
    for name in contract.required_fields:
        _check_one(body, name)
    for where in ("shipping_address", "billing_address"):
        address = body.get(where) or {}
        pin = str(address.get("pincode", ""))
        if address.get("country") == "IN" and pin and not _PIN.match(pin):
            raise Permanent("A PIN code has six digits: correct it and push again", field=f"{where}.postcode")
    phone = str(body["customer"].get("phone", ""))
    if phone and not _PHONE.match(phone):
        raise Permanent("Give the phone number with its country, as +919999999999", field="customer.phone")


def _check_one(body: Mapping[str, Any], name: str) -> None:
    parent = name.partition(".")[0]
    if "." in name and "[]" not in name and not body.get(parent):
        raise Permanent(f"The order needs its {parent.replace('_', ' ')}", field=parent)
    head, each, tail = name.partition("[].")
    rows = body.get(head, []) if each else [body]
    for place, row in enumerate(rows):
        if dig(row, tail if each else name) in (None, ""):
            ours = f"{OURS.get(head, head)}[{place}].{tail}" if each else our_name(name)
            raise Permanent("The OMS needs this, and the order does not have it: fill it in and push again", field=ours)


def our_name(name: str) -> str:
    """Of a field as the order has it: the contract's pincode is our postcode."""
    return ".".join(OURS.get(part, part) for part in name.split("."))


def our_field(contract: Contract, theirs: str) -> str:
    """Our name of a field that the OMS names as it calls it; its own name where it is none of ours."""
    index = re.search(r"\d+", theirs)
    plain = re.sub(r"\[\d*\]|(?<=[a-z_])\.\d+(?=\.|$)", "[]", theirs)
    back = {target: name for name, target in contract.field_map.items() if target}
    known = back.get(plain, plain)
    name = our_name(known.replace("items[]", "lines[]"))
    return name.replace("[]", f"[{index[0]}]", 1) if index else name
