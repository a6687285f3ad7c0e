"""The plugin contract: everything a plugin imports comes from here."""

from kartify.domain.cases import CaseType
from kartify.domain.delivery import Kind
from kartify.domain.errors import (
    Denied,
    Invalid,
    NoSecret,
    PartnerError,
    Permanent,
    Refused,
    Temporary,
    Throttled,
    Unreadable,
)
from kartify.domain.money import Money, from_major, to_major
from kartify.domain.plan import LookupPlan
from kartify.domain.reports import ChargeState, Dispute, Report
from kartify.plugin.gateway import (
    Callback,
    CallbackKey,
    Capabilities,
    Gateway,
    NextStep,
    Opened,
    PaymentAnswer,
    PaymentRef,
    PaymentRequest,
    RefundAnswer,
    Webhook,
)
from kartify.plugin.hookspecs import hookimpl
from kartify.plugin.oms import (
    Found,
    NewsKind,
    Oms,
    OmsCapabilities,
    OmsLine,
    OmsNews,
    OmsOrder,
    OmsPayment,
    PartnerRoute,
    Presence,
    Receipt,
)
from kartify.plugin.partner import (
    Client,
    HttpAnswer,
    Inbound,
    Mode,
    PartnerSettings,
    Proof,
    Reply,
    Tool,
    event_key,
    read_json,
)
from kartify.plugin.simulator import Simulator, SimulatorOptions

__all__ = [
    "Callback", "CallbackKey", "Capabilities", "CaseType", "ChargeState", "Client", "Denied", "Dispute", "Found",
    "Gateway", "HttpAnswer", "Inbound", "Invalid", "Kind", "LookupPlan", "Mode", "Money", "NewsKind", "NextStep",
    "NoSecret", "Oms", "OmsCapabilities", "OmsLine", "OmsNews", "OmsOrder", "OmsPayment", "Opened", "PartnerError",
    "PartnerRoute", "PartnerSettings", "PaymentAnswer", "PaymentRef", "PaymentRequest", "Permanent", "Presence",
    "Proof", "Receipt", "Refused", "RefundAnswer", "Reply", "Report", "Simulator", "SimulatorOptions", "Temporary",
    "Throttled", "Tool", "Unreadable", "Webhook", "event_key", "from_major", "hookimpl", "read_json", "to_major",
]
