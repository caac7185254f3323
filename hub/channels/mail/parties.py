"""Names and addresses as they stand in the headers of what we send (RFC 5322 §3.4)."""

from __future__ import annotations

import re

from hub.channels.facts import Party
from hub.channels.mail.encoding import encoded_name

_BREAKS_OUT = re.compile(r'[\x00-\x20\x7f<>,;"()\[\]\\]')


def parties(several: tuple[Party, ...]) -> str:
    """A list of them, one a line. Raises ValueError likewise."""
    return ",\r\n ".join(map(party, several))


def party(one: Party) -> str:
    """`Name <address>` or the bare address. Raises ValueError for an address that would break out of it."""
    address = safe_address(one.address)
    name = encoded_name(one.name)
    return f"{name} <{address}>" if name else address


def safe_address(address: str) -> str:
    """In ASCII. Raises ValueError for what is no address or cannot be written in one."""
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or _BREAKS_OUT.search(address):
        raise ValueError(f"not a mail address: {address[:100]!r}")
    if not domain.isascii():
        domain = domain.encode("idna").decode("ascii")
    if not local.isascii():
        raise ValueError(
            f"the part before the @ has letters that mail headers cannot carry: {address[:100]!r}"
        )
    return f"{local}@{domain}"
