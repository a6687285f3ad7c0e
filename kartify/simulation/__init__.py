"""What stand-ins for partners are built from: faults at a seed, routes that misbehave, a gateway's book, a pay page."""

from kartify.simulation.book import Book, Charge, Refund, Session, State
from kartify.simulation.faults import Faults
from kartify.simulation.gateway import StandIn
from kartify.simulation.messages import Return, Told
from kartify.simulation.oms import Knock, OmsBook, OmsStandIn, SaleOrder
from kartify.simulation.serving import ApiError, Rules, json_answer, serve

__all__ = [
    "ApiError",
    "Book",
    "Charge",
    "Faults",
    "Knock",
    "OmsBook",
    "OmsStandIn",
    "Refund",
    "Return",
    "Rules",
    "SaleOrder",
    "Session",
    "StandIn",
    "State",
    "Told",
    "json_answer",
    "serve",
]
