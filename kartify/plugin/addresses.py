"""Partners' addresses: what an account's settings take, and whose host an address names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from kartify.plugin.partner import Mode

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def host_of(address: str) -> str:
    """The host in small letters; blank where the address cannot be read."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def on_this_machine(address: str) -> bool:
    """Whether a simulator stands in: nobody else answers there."""
    return host_of(address) in LOOPBACK


def keeps_secrets(address: str) -> bool:
    """Whether what is sent there cannot be read on the way: https, or plain http that never leaves this machine."""
    host = host_of(address)
    return bool(host) and urlsplit(address).scheme in ({"https", "http"} if host in LOOPBACK else {"https"})


def base_address(value: str, *, like: str) -> str:
    """A base address without its last slash. Raises ``ValueError`` where it has credentials (they would be shown: it is
    no secret field), a query or a fragment, or where secrets could be read on the way."""
    parts = urlsplit(value)
    if not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"expected an address such as {like}")
    if not keeps_secrets(value):
        raise ValueError("expected https (plain http only on this machine)")
    return value.rstrip("/")


def mode_of(address: str, hosts: Mapping[str, Mode]) -> Mode:
    """By the host: the partner's own hosts say it, this machine is a test, and nothing else is."""
    return "test" if on_this_machine(address) else hosts.get(host_of(address), "live")
