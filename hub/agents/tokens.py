"""API tokens: shown once, kept only as a hash, acting with the rights of the agent they belong to."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.agents.people import checked_name
from hub.agents.roles import Person, load, load_many
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.ids import fingerprint, token
from hub.plumbing.texts import _

MARK = "hub_"
"""Tokens begin with it, so that a leaked one is recognised for what it is."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as lists show it."""

    id: int
    name: str
    agent_id: int
    agent: str
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


class Bearer(msgspec.Struct, frozen=True, kw_only=True):
    """Who a request with a token acts as; `token_id` scopes idempotency keys."""

    token_id: int
    person: Person


async def create(tx: Tx, agent_id: int, name: str, *, by: int | None = None) -> str:
    """A new token's text, never to be seen again. Raises BadInput, NotFound."""
    person = await load(tx, agent_id)
    secret = MARK + token(32)
    id_ = await tx.value(
        "INSERT INTO token (agent_id, name, hash) VALUES ($1, $2, $3) RETURNING id",
        person.id,
        checked_name(name),
        fingerprint(secret),
    )
    await history.record(tx, "token_created", agent_id=by, agent=agent_id, number=id_)
    return secret


async def find(tx: Tx, secret: str) -> Bearer | None:
    """Who a token acts as; None for an unknown or revoked one, or an inactive agent's."""
    if not secret.startswith(MARK) or len(secret) > 100:
        return None
    row = await tx.record(
        """
        SELECT id, agent_id, used_at IS NULL OR used_at < now() - interval '1 minute' AS due
        FROM token WHERE hash = $1 AND revoked_at IS NULL
        """,
        fingerprint(secret),
    )
    if row is None:
        return None
    if row["due"]:
        await tx.execute("UPDATE token SET used_at = now() WHERE id = $1", row["id"])
    people = await load_many(tx, [row["agent_id"]])
    return Bearer(token_id=row["id"], person=people[0]) if people else None


async def every(tx: Tx) -> list[Token]:
    """All tokens, newest first."""
    return await tx.rows(
        Token,
        """
        SELECT token.id, token.name, agent_id, agent.name AS agent, token.created_at, used_at, revoked_at
        FROM token JOIN agent ON agent.id = agent_id ORDER BY token.id DESC
        """,
    )


async def revoke(tx: Tx, token_id: int, *, by: int | None = None) -> None:
    """It opens nothing from now on. Raises NotFound."""
    if not await tx.execute(
        "UPDATE token SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1", token_id
    ):
        raise NotFound(_("There is no such token."))
    await history.record(tx, "token_revoked", agent_id=by, number=token_id)
