"""The conformance kit of gateway plugins: inherit ``GatewayKit``, name the gateway, fill ``samples/``, run pytest."""

from kartify.testing.kit.asking import AskingChecks
from kartify.testing.kit.base import MAY_LACK
from kartify.testing.kit.form import FormChecks
from kartify.testing.kit.journey import JourneyChecks
from kartify.testing.kit.reading import ReadingChecks
from kartify.testing.kit.trust import TrustChecks


class GatewayKit(FormChecks, TrustChecks, ReadingChecks, AskingChecks, JourneyChecks):
    """All checks. See ``KitBase`` for what to set."""


__all__ = ["MAY_LACK", "GatewayKit"]
