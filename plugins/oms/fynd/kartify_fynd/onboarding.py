"""What is to be done in FYND's panel."""

from __future__ import annotations

from typing import Final

from kartify.plugin import SetupStep

STEPS: Final = (
    SetupStep(
        text="Developers, Clients: make a client with the scopes company/orders/read and company/orders/write; "
        "copy client "
        "id and secret. The company id is the number in the panel's address after /company/.",
        settings=("company_id", "client_id", "client_secret"),
    ),
    SetupStep(text="Copy the sales channel's id: 24 hex characters.", settings=("application_id",)),
    SetupStep(
        text="Subscribe these events to this address, with auth type hmac and a secret that you type here too. "
        "Subscribe "
        "again after each change: FYND does not take it by itself.",
        address="webhooks", settings=("webhook_secret",),
        events=("application/shipment/create", "application/shipment/update"),
        unsure="Which order events a cluster offers, how often FYND repeats a webhook and in which order they "
        "come is not "
        "published.",
    ),
)
