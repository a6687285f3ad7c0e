"""Keyset paging, as the lists of the admin and the exports that a worker writes share it."""

from kartify.flows.reading.paging import SIZE, Page, by_id, by_moment

__all__ = ["SIZE", "Page", "by_id", "by_moment"]
