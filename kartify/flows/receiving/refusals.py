"""Messages that did not prove where they come from: one row per account and minute, and an alarm."""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from kartify.house import House
from kartify.models import Refusal, table
from kartify.plugin.partner import Inbound

log = structlog.get_logger()
refusals = table(Refusal)
IN_A_ROW, A_MINUTE = 3, 20

_insert = insert(refusals)
_COUNT = _insert.on_conflict_do_update(
    index_elements=["account_id", "minute"],
    set_={
        "count": refusals.c.count + 1,
        "last_hash": _insert.excluded.last_hash,
        "last_size": _insert.excluded.last_size,
        "last_network": _insert.excluded.last_network,
        "reason": _insert.excluded.reason,
    },
).returning(refusals.c.count)


def count_refusal(house: House, account_id: UUID, message: Inbound, *, reason: str, at: datetime) -> int:
    """Counts it; the body is not kept, only its hash and size and the sender's network. Returns the minute's count."""
    values = {
        "account_id": account_id,
        "minute": at.replace(second=0, microsecond=0),
        "count": 1,
        "last_hash": hashlib.sha256(message.body).hexdigest()[:32],
        "last_size": len(message.body),
        "last_network": network(message.header("x-kartify-peer")),
        "reason": reason[:200],
    }
    count: int = house.database.run(lambda connection: connection.execute(_COUNT, values).scalar_one())
    log.warning("message refused", account=str(account_id), reason=reason, count=count)
    return count


def network(address: str) -> str:
    """The sender's network, not the sender: /24 or /48."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    size = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network(f"{parsed}/{size}", strict=False))


_RECENT = (
    select(refusals.c.account_id, func.sum(refusals.c.count).label("count"))
    .where(refusals.c.minute >= bindparam("since", type_=refusals.c.minute.type))
    .group_by(refusals.c.account_id)
)


def noisy_accounts(connection: Any, at: datetime) -> dict[UUID, int]:
    """Accounts with enough refusals in the last five minutes to be looked at: 3 in a row or 20 a minute."""
    rows = connection.execute(_RECENT, {"since": at - timedelta(minutes=5)}).all()
    return {row.account_id: row.count for row in rows if row.count >= IN_A_ROW}
