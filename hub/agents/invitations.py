"""Invitations and password resets: a link that works once, for a while, and only the newest one."""

from __future__ import annotations

import msgspec

from hub.agents import people
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.ids import fingerprint, token
from hub.plumbing.texts import _

LIFE_HOURS = 48


class Invited(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a link is for."""

    agent_id: int
    name: str
    email: str
    language: str


async def invite(tx: Tx, agent_id: int, *, by: int | None = None) -> str:
    """The secret of a new link for an active agent, shown once; older links stop working. Raises NotFound."""
    if not (await people.find(tx, agent_id)).active:
        raise NotFound(_("There is no such agent."))
    await tx.execute("DELETE FROM invitation WHERE agent_id = $1 OR expires_at < now()", agent_id)
    secret = token(32)
    await tx.execute(
        """
        INSERT INTO invitation (token_hash, agent_id, expires_at)
        VALUES ($1, $2, now() + make_interval(hours => $3))
        """,
        fingerprint(secret),
        agent_id,
        LIFE_HOURS,
    )
    await history.record(tx, "invited", agent_id=by, agent=agent_id)
    return secret


async def look(tx: Tx, secret: str) -> Invited:
    """Whom a link is for; looking does not use it up. Raises NotFound for a used, old or unknown one."""
    found = await tx.row(
        Invited,
        """
        SELECT agent_id, name, email, language FROM invitation JOIN agent ON agent.id = agent_id
        WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now() AND active
        """,
        fingerprint(secret),
    )
    if found is None:
        raise NotFound(_("This link was used or is too old: ask an administrator for a new one."))
    return found


async def accept(tx: Tx, secret: str, password_hash: str) -> Invited:
    """Use the link up and set the password: of two who try at once, one wins. Raises NotFound."""
    invited = await look(tx, secret)
    used = await tx.execute(
        """
        UPDATE invitation SET used_at = now()
        WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now()
        """,
        fingerprint(secret),
    )
    if not used:
        raise NotFound(_("This link was used or is too old: ask an administrator for a new one."))
    await people.set_password(tx, invited.agent_id, password_hash, by=invited.agent_id)
    return invited
