"""Keyset paging, as the lists of the admin and the exports that a worker writes share it."""

from kartify.flows.reading.paging import SIZE, Keys, Page, by_id, by_moment, first_id, paged, sought

__all__ = ["SIZE", "Keys", "Page", "by_id", "by_moment", "first_id", "paged", "sought"]
