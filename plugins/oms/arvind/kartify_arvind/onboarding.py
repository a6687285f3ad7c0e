"""What is to be asked and agreed with the OMS: its documents are not public."""

from __future__ import annotations

from typing import Final

from kartify.plugin import SetupStep

STEPS: Final = (
    SetupStep(
        text="Ask for the address of the API, the merchant's code there and how calls prove themselves.",
        settings=("api_base", "merchant"),
        unsure="There are no public documents of this OMS: nothing here is certain before they answer.",
    ),
    SetupStep(
        text="Ask: can an order be looked up by our number, and does a repeated number make a second order? "
        "Promise neither "
        "in the settings before it was seen in the test system.",
    ),
    SetupStep(
        text="Where they send news: to this address, signed with a secret that you type here too.",
        address="news", settings=("inbound_secret",),
    ),
    SetupStep(text="Only for ways pull and both: they fetch orders here.", address="orders"),
    SetupStep(text="Only for ways pull and both: they acknowledge an order here.", address="ack"),
    SetupStep(text="Only for ways pull and both: they refuse an order here.", address="reject"),
)
