"""Which stores a person may see, as the pages of the admin and the exports that a worker writes share it."""

from kartify.flows.reading.scope import Scope

__all__ = ["Scope"]
