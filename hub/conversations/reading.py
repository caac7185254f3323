"""Unread is per agent: the last sequence each of them has seen."""

from __future__ import annotations

from hub.plumbing.db import Tx


async def read(tx: Tx, conversation_id: int, agent_id: int, *, up_to: int | None = None) -> int:
    """This agent has seen everything, or what stands up to a sequence; never less than before. The sequence.

    Mentions of the agent there count as seen.
    """
    await tx.execute(
        """
        UPDATE mention k SET seen_at = now() FROM message m
        WHERE m.id = k.message_id AND k.agent_id = $2 AND k.seen_at IS NULL AND m.conversation_id = $1
          AND m.seq <= coalesce($3, m.seq)
        """,
        conversation_id,
        agent_id,
        up_to,
    )
    seq: int | None = await tx.value(
        """
        INSERT INTO reading (conversation_id, agent_id, seq)
        SELECT id, $2, least(last_seq, coalesce($3, last_seq)) FROM conversation WHERE id = $1
        ON CONFLICT (conversation_id, agent_id) DO UPDATE SET seq = greatest(reading.seq, excluded.seq)
        RETURNING seq
        """,
        conversation_id,
        agent_id,
        up_to,
    )
    return seq or 0


async def read_and_tell(tx: Tx, conversation_id: int, agent_id: int, *, up_to: int | None = None) -> int:
    """The same, and whoever shows the customer that they were read looks again."""
    seq = await read(tx, conversation_id, agent_id, up_to=up_to)
    tx.signal("reading", conversation_id, [f"thread:{conversation_id}"])
    return seq


async def unread(tx: Tx, conversation_id: int, agent_id: int) -> int:
    """Show it as not seen again: back to just before the customer's last message. The sequence."""
    seq: int | None = await tx.value(
        """
        INSERT INTO reading (conversation_id, agent_id, seq)
        SELECT id, $2, greatest(last_in_seq - 1, 0) FROM conversation WHERE id = $1
        ON CONFLICT (conversation_id, agent_id) DO UPDATE SET seq = excluded.seq
        RETURNING seq
        """,
        conversation_id,
        agent_id,
    )
    return seq or 0


async def seen(tx: Tx, conversation_id: int, agent_id: int) -> int:
    """The last sequence this agent has seen; 0 if they never looked."""
    return (
        await tx.value(
            "SELECT seq FROM reading WHERE conversation_id = $1 AND agent_id = $2", conversation_id, agent_id
        )
        or 0
    )
