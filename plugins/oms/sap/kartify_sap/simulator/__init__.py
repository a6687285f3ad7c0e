"""A SAP system on this machine: the sales order service, and a system that fetches IDocs."""

from kartify_sap.simulator.stand_in import SapSimulator

__all__ = ["SapSimulator"]
