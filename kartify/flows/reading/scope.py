"""Which stores a person may see: every list, page and action asks here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from kartify.models import Store, StoreAccount

Selected = TypeVar("Selected", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True, slots=True)
class Scope:
    """``stores``: ids of the stores; None is all of them."""

    stores: frozenset[UUID] | None = None

    @classmethod
    def of(cls, session: Session, codes: Sequence[str] | None) -> Scope:
        if codes is None:
            return cls()
        return cls(frozenset(session.scalars(select(Store.id).where(Store.code.in_(codes)))))

    def sees(self, store_id: UUID | None) -> bool:
        """A row of no store (an account that serves several, say) is for those who see all."""
        return self.stores is None or store_id in self.stores

    def rows(self, found: Selected, store_id: Any) -> Selected:
        """``found`` without the rows of other stores; ``store_id`` is the column that names the row's store."""
        return found if self.stores is None else found.where(store_id.in_(self.stores))

    def accounts(self, found: Selected, account_id: Any) -> Selected:
        """The same for rows that know their account only: accounts that serve a store of the person's."""
        if self.stores is None:
            return found
        mine = select(StoreAccount.account_id).where(StoreAccount.store_id.in_(self.stores))
        return found.where(account_id.in_(mine))


__all__ = ["Scope"]
