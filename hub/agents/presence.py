"""Here or away: renewed by the live socket, over when its lease is."""

from __future__ import annotations

from collections.abc import Sequence

from hub.plumbing.db import Tx

LEASE_SECONDS = 60.0
"""Longer than two beats of the socket: a reconnect does not make anybody leave."""


async def renew(tx: Tx, agent_ids: Sequence[int]) -> None:
    """These agents have an open page now; whether they are available is their own choice."""
    await tx.execute(
        """
        INSERT INTO presence (agent_id, seen_until)
        SELECT id, now() + make_interval(secs => $2)
        FROM unnest($1::bigint[]) AS id WHERE EXISTS (SELECT FROM agent WHERE agent.id = id) ORDER BY id
        ON CONFLICT (agent_id) DO UPDATE SET seen_until = EXCLUDED.seen_until
        """,
        sorted(set(agent_ids)),
        LEASE_SECONDS,
    )


async def set_available(tx: Tx, agent_id: int, available: bool) -> None:
    """Whether calls and chats may ring for them."""
    await tx.execute(
        """
        INSERT INTO presence (agent_id, available, seen_until)
        VALUES ($1, $2, now() + make_interval(secs => $3))
        ON CONFLICT (agent_id) DO UPDATE
        SET available = EXCLUDED.available, seen_until = EXCLUDED.seen_until
        """,
        agent_id,
        available,
        LEASE_SECONDS,
    )
    tx.signal("presence", agent_id, [f"agent:{agent_id}"])


async def is_available(tx: Tx, agent_id: int) -> bool:
    """What they chose; available until they say otherwise."""
    chosen = await tx.value("SELECT available FROM presence WHERE agent_id = $1", agent_id)
    return chosen is not False


async def who_is_here(tx: Tx) -> set[int]:
    """The agents with an open page who are available now."""
    rows = await tx.fetch("SELECT agent_id FROM presence WHERE available AND seen_until > now()")
    return {row["agent_id"] for row in rows}


async def leave(tx: Tx, agent_id: int) -> None:
    """They closed their last page or signed out."""
    await tx.execute("UPDATE presence SET seen_until = now() WHERE agent_id = $1", agent_id)
