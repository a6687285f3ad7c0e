"""What is to be done in Uniware."""

from __future__ import annotations

from typing import Final

from kartify.plugin import SetupStep

STEPS: Final = (
    SetupStep(
        text="Settings, Channels: add a channel of type Custom, and switch off that it pulls orders (way push).",
        settings=("channel",),
    ),
    SetupStep(
        text="Settings, Users: make a user for the API with rights on sale orders in every facility that ships. If the "
        "tenant restricts addresses (Settings, Security), put this server's on the list.",
        settings=("username", "password"),
    ),
    SetupStep(
        text="Only for way pull: ask Unicommerce for a custom marketplace whose base address is this one "
        "without its last "
        "word, with a user and a long random password of yours: Get Authentication, Get Orders and, as far as they "
        "offer it, Post Order Acceptance, Post Order Cancel, Post Order Dispatch, Post Status Notification.",
        address="log-in", settings=("inbound_username", "inbound_password"),
        unsure="Which of these calls a tenant gets is for Unicommerce to say.",
    ),
    SetupStep(text="Push one order and look at it in Uniware: prices, charges, payment, address."),
)
