"""What is to be done at SAP."""

from __future__ import annotations

from typing import Final

from kartify.plugin import SetupStep

STEPS: Final = (
    SetupStep(
        text="Cloud: Maintain Communication Users, then Communication Systems, then Communication Arrangements with "
        "scenario SAP_COM_0109; copy its API address without the service's path. On premise: switch the service on in "
        "/IWFND/MAINT_SERVICE and give a user the authorisations of sales orders.",
        settings=("api_base", "username", "password"),
    ),
    SetupStep(
        text="Make one customer for the store's orders, or a one-time customer, and find the sales area.",
        settings=("sales_organization", "sold_to_party"),
    ),
    SetupStep(text="Push one order and look at it in Manage Sales Orders: prices, tax, address."),
    SetupStep(
        text="Only for way feed: SAP, or what stands before it, fetches the orders here as ORDERS05, with the "
        "inbound user "
        "and password by Basic auth.",
        address="orders", settings=("inbound_user", "inbound_password"),
    ),
    SetupStep(text="Only for way feed: it acknowledges them here.", address="acks"),
    SetupStep(text="Where SAP sends IDocs of what became of an order: to this address.", address="news"),
)
