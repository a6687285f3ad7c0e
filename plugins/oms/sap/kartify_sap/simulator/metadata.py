"""The service's metadata document, written from what it publishes of itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from kartify_sap.service import NAMESPACE, EntitySet, Navigation, Property, entity_sets

_TYPES = {
    "s": "Edm.String", "n": "Edm.Decimal", "date": "Edm.DateTime", "moment": "Edm.DateTimeOffset",
    "bool": "Edm.Boolean", "guid": "Edm.Guid", "time": "Edm.Time", "double": "Edm.Double",
}
_EDM = "http://schemas.microsoft.com/ado/2008/09/edm"
_EDMX = "http://schemas.microsoft.com/ado/2007/06/edmx"
_DATA = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
_SAP = "http://www.sap.com/Protocols/SAPData"


@cache
def document() -> str:
    sets = list(entity_sets().values())
    inside = "".join([*map(_type, sets), *_associations(sets), _container(sets)])
    return (
        f'<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="1.0" xmlns:edmx="{_EDMX}" xmlns:m="{_DATA}" '
        f'xmlns:sap="{_SAP}"><edmx:DataServices m:DataServiceVersion="2.0"><Schema Namespace="{NAMESPACE}" '
        f'xml:lang="en" sap:schema-version="1" xmlns="{_EDM}">{inside}</Schema></edmx:DataServices></edmx:Edmx>'
    )


def _type(one: EntitySet) -> str:
    keys = "".join(f'<PropertyRef Name="{name}"/>' for name in one.keys)
    held = "".join(map(_property, one.properties.values()))
    ways = "".join(_way(one, nav) for nav in one.navigations.values())
    return f'<EntityType Name="{one.type_name}" sap:content-version="1"><Key>{keys}</Key>{held}{ways}</EntityType>'


def _property(one: Property) -> str:
    told = {"Name": one.name, "Type": _TYPES[one.kind]}
    if one.key:
        told["Nullable"] = "false"
    if one.kind == "s" and one.size:
        told["MaxLength"] = str(one.size[0])
    if one.kind == "n":
        told["Precision"], told["Scale"] = map(str, one.size)
    if one.kind in ("date", "moment"):
        told["Precision"] = "0" if one.kind == "date" else "7"
    if one.name == "LastChangeDateTime":
        told["ConcurrencyMode"] = "Fixed"
    told |= {"sap:creatable": "false"} if not one.creatable else {}
    told |= {"sap:updatable": "false"} if not one.updatable else {}
    return "<Property " + " ".join(f'{name}="{text}"' for name, text in told.items()) + "/>"


def _way(one: EntitySet, nav: Navigation) -> str:
    name = _name(one, nav)
    return (
        f'<NavigationProperty Name="{nav.name}" Relationship="{NAMESPACE}.{name}" FromRole="From_{name}" '
        f'ToRole="To_{name}"/>'
    )


def _name(one: EntitySet, nav: Navigation) -> str:
    return f"assoc_{one.name}_{nav.name}"


def _associations(sets: list[EntitySet]) -> Iterator[str]:
    known = entity_sets()
    for one in sets:
        for nav in one.navigations.values():
            name, target = _name(one, nav), known[nav.target].type_name
            yield (
                f'<Association Name="{name}"><End Type="{NAMESPACE}.{one.type_name}" Multiplicity="1" '
                f'Role="From_{name}"/><End Type="{NAMESPACE}.{target}" Multiplicity="{"*" if nav.many else "1"}" '
                f'Role="To_{name}"/></Association>'
            )


def _container(sets: list[EntitySet]) -> str:
    words = {"create": "creatable", "update": "updatable", "delete": "deletable"}
    held = "".join(
        f'<EntitySet Name="{one.name}" EntityType="{NAMESPACE}.{one.type_name}"'
        + "".join(f' sap:{words[what]}="false"' for what in sorted(one.cannot)) + "/>"
        for one in sets
    )
    held += "".join(
        f'<AssociationSet Name="{_name(one, nav)}" Association="{NAMESPACE}.{_name(one, nav)}">'
        f'<End EntitySet="{one.name}" Role="From_{_name(one, nav)}"/>'
        f'<End EntitySet="{nav.target}" Role="To_{_name(one, nav)}"/></AssociationSet>'
        for one in sets for nav in one.navigations.values()
    )
    return f'<EntityContainer Name="{NAMESPACE}_Entities" m:IsDefaultEntityContainer="true">{held}</EntityContainer>'
