"""The rows. Flows write them with Core statements; the admin reads them as objects."""

from kartify.models.accounts import Account, Counter, Refusal, Store, StoreAccount
from kartify.models.base import Base, Utc, db, first_id, ids_since, new_id, table
from kartify.models.messages import Delivery, DeliveryAttempt, InboxMessage, deliveries_of
from kartify.models.orders import Order, OrderFee, OrderLine, OrderMove, OrderTender, TimelineEntry
from kartify.models.payments import Case, Charge, Operation, Payment, Report, Settlement
from kartify.models.people import ApiKey, Approval, AuditEntry, Seal, User
from kartify.models.work import Cron, Export, ExportPart, Heartbeat, Run

__all__ = [
    "Account", "ApiKey", "Approval", "AuditEntry", "Base", "Case", "Charge", "Counter", "Cron", "Delivery",
    "DeliveryAttempt", "Export", "ExportPart", "Heartbeat", "InboxMessage", "Operation", "Order", "OrderFee",
    "OrderLine", "OrderMove", "OrderTender", "Payment", "Refusal", "Report", "Run", "Seal", "Settlement", "Store",
    "StoreAccount", "TimelineEntry", "User", "Utc", "db", "deliveries_of", "first_id", "ids_since", "new_id",
    "table",
]
