"""Our own plus addresses: `support+r.<token>@…` takes a reply, `support+b.<token>@…` takes a bounce.

The token is opaque here; who made it signs and checks it.
"""

from __future__ import annotations

import re

OUR_MARK = re.compile(r"\+[rb]\.(?=[A-Za-z0-9_-]+@)", re.IGNORECASE)
_REPLY = re.compile(r"\+r\.([A-Za-z0-9_-]{1,200})@", re.IGNORECASE)
_BOUNCE = re.compile(r"\+b\.([A-Za-z0-9_-]{1,200})@", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}")


def reply_address(address: str, token: str) -> str:
    """Where an answer should go: `local+r.<token>@domain`. Raises ValueError for a token that is none."""
    return _plus(address, "r", token)


def bounce_address(address: str, token: str) -> str:
    """The envelope sender that carries the token: `local+b.<token>@domain`. Raises ValueError likewise."""
    return _plus(address, "b", token)


def reply_token(address: str) -> str:
    """The token of one of our reply addresses, or ""."""
    found = _REPLY.search(address)
    return found[1] if found else ""


def bounce_token(address: str) -> str:
    """The token of one of our bounce addresses, or ""."""
    found = _BOUNCE.search(address)
    return found[1] if found else ""


def without_token(address: str) -> str:
    """The address people know: `support+r.abc@x` is `support@x`. Other plus addresses stay."""
    found = OUR_MARK.search(address)
    return address if found is None else address[: found.start()] + address[address.rindex("@") :]


def _plus(address: str, mark: str, token: str) -> str:
    local, at, domain = address.rpartition("@")
    if not at or not local or not _TOKEN.fullmatch(token):
        raise ValueError(f"cannot put a token of {len(token)} characters into {address!r}")
    return f"{without_token(address).rpartition('@')[0]}+{mark}.{token}@{domain}"
