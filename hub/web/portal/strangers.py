"""Whoever tries names that are not ours is slowed down; who holds one of ours never is (RFC 8058: their no counts)."""

from __future__ import annotations

from aiohttp import web

from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _
from hub.web.requests import hub_of, peer_of

MOST_WRONG = 30
SECONDS = 60


async def turned_away(request: web.Request) -> NotFound:
    """The error for a name that is not ours. Raises TooMany for an address that tries many."""
    name = f"portal:{peer_of(request)}"
    await hub_of(request).limits.check(name, most=MOST_WRONG, seconds=SECONDS)
    return NotFound(_("There is nothing here, or you may not see it."))
