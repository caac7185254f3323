"""Who reads which mailbox: a lease in PostgreSQL, so that any number of mailrooms may run."""

from __future__ import annotations

from hub.channels import connections
from hub.channels.connections import Channel
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.plumbing.ids import token

LEASE_SECONDS = 60.0
RENEW_SECONDS = 15.0


async def take(hub: Hub, most: int, lease_seconds: float = LEASE_SECONDS) -> list[tuple[Channel, str]]:
    """Mailboxes nobody reads, now ours: each channel with its lease token; the longest unread first."""
    async with hub.transaction() as tx:
        await _open_rows(tx)
        ours = token(12)
        rows = await tx.fetch(
            """
            UPDATE mailbox SET lease_token = $1 || channel_id, lease_until = now() + make_interval(secs => $3)
            WHERE channel_id IN (
                SELECT m.channel_id FROM mailbox m JOIN channel c ON c.id = m.channel_id
                WHERE c.enabled AND coalesce(c.settings->>'imap_host', '') <> ''
                  AND (m.lease_until IS NULL OR m.lease_until < now())
                ORDER BY m.checked_at NULLS FIRST, m.channel_id
                LIMIT $2 FOR NO KEY UPDATE OF m SKIP LOCKED)
            RETURNING channel_id, lease_token
            """,
            ours,
            most,
            lease_seconds,
        )
        tokens = {row["channel_id"]: row["lease_token"] for row in rows}
        channels = await connections.load_where(tx, "id = ANY($1)", list(tokens))
        return [(channel, tokens[channel.id]) for channel in channels]


async def renew(
    hub: Hub, channel: Channel, lease: str, lease_seconds: float = LEASE_SECONDS
) -> Channel | None:
    """Keep the lease; the channel as it is now, or None when it is no longer ours to read."""
    async with hub.transaction() as tx:
        kept = await tx.execute(
            """
            UPDATE mailbox SET lease_until = now() + make_interval(secs => $3)
            WHERE channel_id = $1 AND lease_token = $2
            """,
            channel.id,
            lease,
            lease_seconds,
        )
        found = await connections.load_where(tx, "id = $1 AND enabled", channel.id)
        return found[0] if kept and found else None


async def give_back(hub: Hub, channel: Channel, lease: str) -> None:
    """Let another mailroom read it at once."""
    async with hub.transaction() as tx:
        await tx.execute(
            "UPDATE mailbox SET lease_until = NULL, lease_token = NULL WHERE channel_id = $1 AND lease_token = $2",
            channel.id,
            lease,
        )


async def _open_rows(tx: Tx) -> None:
    """Every enabled channel with a mailbox has a row."""
    await tx.execute(
        """
        INSERT INTO mailbox (channel_id)
        SELECT id FROM channel WHERE enabled AND coalesce(settings->>'imap_host', '') <> ''
        ON CONFLICT DO NOTHING
        """
    )
