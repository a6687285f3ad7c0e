"""The conformance kit of OMS plugins: inherit ``OmsKit``, name the plugin and its stand-in, run pytest."""

from kartify.testing.oms_kit.after import AfterChecks
from kartify.testing.oms_kit.base import MAY_LACK, Stage
from kartify.testing.oms_kit.form import FormChecks
from kartify.testing.oms_kit.pull import PullChecks
from kartify.testing.oms_kit.pushing import PushChecks


class OmsKit(FormChecks, PushChecks, AfterChecks, PullChecks):
    """All checks. See ``KitBase`` for what to set."""


__all__ = ["MAY_LACK", "OmsKit", "Stage"]
