"""SAP S/4HANA as a kartify OMS: sales orders by OData, or an ORDERS05 feed that SAP fetches."""

from kartify.plugin import Oms, Simulator, hookimpl
from kartify_sap.sap import Sap
from kartify_sap.simulator import SapSimulator


@hookimpl
def register_oms() -> list[type[Oms]]:
    return [Sap]


@hookimpl
def register_simulators() -> list[type[Simulator]]:
    return [SapSimulator]
