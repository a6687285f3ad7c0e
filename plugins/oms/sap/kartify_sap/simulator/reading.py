"""Reads of the service: one entity or a list, with ``$select``, ``$expand``, ``$orderby``, pages and counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from kartify_sap.service import NAMESPACE, EntitySet, entity_sets
from kartify_sap.simulator.answers import etag, key_of, refuse, value
from kartify_sap.simulator.filters import compile_filter
from kartify_sap.simulator.world import World

Row = Mapping[str, Any]


class Reader:
    """``root`` is the service's address, ``page`` how many rows a list has before its ``__next``."""

    def __init__(self, world: World, root: str, *, page: int) -> None:
        self._world = world
        self._root = root
        self._page = page

    def listing(self, entity_set: EntitySet, rows: Sequence[Row], params: Mapping[str, str], *, path: str) -> Any:
        kept = self._kept(entity_set, rows, params)
        skipped = int(params.get("$skip") or 0)
        wanted = kept[skipped:]
        if "$top" in params:
            wanted = wanted[: int(params["$top"])]
        start = int(params.get("$skiptoken") or 0)
        shown = wanted[start : start + self._page]
        body: dict[str, Any] = {"results": [self.one(entity_set, row, params) for row in shown]}
        if params.get("$inlinecount") == "allpages":
            body["__count"] = str(len(kept))
        if start + self._page < len(wanted):
            rest = {**params, "$skiptoken": str(start + self._page)}
            body["__next"] = f"{self._root}{path}?" + "&".join(f"{name}={text}" for name, text in rest.items())
        return {"d": body}

    def count(self, entity_set: EntitySet, rows: Sequence[Row], params: Mapping[str, str]) -> str:
        return str(len(self._kept(entity_set, rows, params)))

    def _kept(self, entity_set: EntitySet, rows: Sequence[Row], params: Mapping[str, str]) -> list[Row]:
        kept = list(rows)
        if text := params.get("$filter", ""):
            test = compile_filter(text, entity_set)
            kept = [row for row in kept if test(row)]
        for part in reversed([one for one in params.get("$orderby", "").split(",") if one.strip()]):
            name, _, way = part.strip().partition(" ")
            self._known(entity_set, name)
            kept.sort(key=itemgetter(name), reverse=way == "desc")
        return kept

    def one(self, entity_set: EntitySet, row: Row, params: Mapping[str, str]) -> dict[str, Any]:
        select = [part.strip() for part in params.get("$select", "").split(",") if part.strip()]
        expand = [part.strip() for part in params.get("$expand", "").split(",") if part.strip()]
        for name in [part.partition("/")[0] for part in (*select, *expand)]:
            self._known(entity_set, name)
        heads = {part.partition("/")[0] for part in select}
        uri = f"{self._root}{entity_set.name}({key_of(entity_set, row)})"
        told: dict[str, Any] = {"__metadata": {"id": uri, "uri": uri, "type": f"{NAMESPACE}.{entity_set.type_name}"}}
        if (at := self._world.changed_at(row)) is not None:
            told["__metadata"]["etag"] = etag(at)
        for name, one in entity_set.properties.items():
            if not select or name in heads or "*" in heads:
                told[name] = value(one.kind, row[name])
        for name, nav in entity_set.navigations.items():
            inner = [part.partition("/") for part in expand if part.partition("/")[0] == name]
            if inner and (not select or name in heads):
                below = {"$expand": ",".join(rest for _, _, rest in inner if rest),
                         "$select": ",".join(rest for head, _, rest in (p.partition("/") for p in select)
                                             if head == name and rest)}
                told[name] = self._expanded(entity_set, nav.name, row, below)
            elif not select or name in heads:
                told[name] = {"__deferred": {"uri": f"{uri}/{name}"}}
        return told

    def _expanded(self, entity_set: EntitySet, name: str, row: Row, params: Mapping[str, str]) -> Any:
        nav = entity_set.navigations[name]
        target = entity_sets()[nav.target]
        rows = self._world.behind(entity_set.name, name, row)
        told = [self.one(target, one, params) for one in rows]
        return {"results": told} if nav.many else (told[0] if told else None)

    def _known(self, entity_set: EntitySet, name: str) -> None:
        if name not in entity_set.properties and name not in entity_set.navigations and name != "*":
            raise refuse(400, "/IWBEP/CM_MGW_RT/021", f"Resource not found for the segment '{name}'")
