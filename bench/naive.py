"""What everybody writes first: a transaction a message, a statement a thought, over a pool as the driver makes it.

Six statements: is it new? · keep it · who is it? · which matter? · move it on · keep the message. Of what the road
in does it leaves out participants, routing, search, live pages and everything that must follow a commit.
"""

from __future__ import annotations

import hashlib

import asyncpg

from hub.channels.facts import MessageReceived


async def store(pool: asyncpg.Pool, channel_id: int, body: bytes, fact: MessageReceived) -> None:
    """Store one message of somebody whose address begins with n, apart from the people of the other contenders."""
    async with pool.acquire() as connection, connection.transaction():
        arrival: int = await connection.fetchval(
            "INSERT INTO arrival (channel_id, outcome, size, raw) VALUES ($1, 'stored', $2, $3) RETURNING id",
            channel_id,
            len(body),
            body,
        )
        new = await connection.fetchval(
            """
            INSERT INTO arrival_key (channel_id, key_hash, arrival_id, outcome) VALUES ($1, $2, $3, 'stored')
            ON CONFLICT DO NOTHING RETURNING true
            """,
            channel_id,
            hashlib.sha256(b"n" + fact.key.encode()).digest(),
            arrival,
        )
        if not new:
            return
        address_id, contact_id = await _person(connection, f"n{fact.sender.address}", fact.sender.name)
        conversation, seq = await _matter(connection, channel_id, contact_id, fact)
        await connection.execute(
            """
            INSERT INTO message (conversation_id, home_id, seq, direction, channel_id, arrival_id, fact_no,
                                 contact_id, address_id, subject, text, new_text)
            VALUES ($1, $1, $2, 'in', $3, $4, 0, $5, $6, $7, $8, $8)
            """,
            conversation,
            seq,
            channel_id,
            arrival,
            contact_id,
            address_id,
            fact.subject,
            fact.text,
        )


async def _person(connection: asyncpg.Connection, address: str, name: str) -> tuple[int, int]:
    known = await connection.fetchrow(
        "SELECT id, contact_id FROM address WHERE type = 'email' AND value = $1", address
    )
    if known is None:
        known = await connection.fetchrow(
            """
            WITH c AS (INSERT INTO contact (id, root_id, name)
                       SELECT n, n, $2 FROM nextval('contact_id_seq') AS n RETURNING id)
            INSERT INTO address (type, value, contact_id) SELECT 'email', $1, id FROM c
            ON CONFLICT (type, value) DO UPDATE SET name = '' RETURNING id, contact_id
            """,
            address,
            name,
        )
    return known["id"], known["contact_id"]


async def _matter(
    connection: asyncpg.Connection, channel_id: int, contact_id: int, fact: MessageReceived
) -> tuple[int, int]:
    conversation = await connection.fetchval(
        "SELECT id FROM conversation WHERE contact_id = $1 AND state = 'open' LIMIT 1", contact_id
    )
    if conversation is None:
        conversation = await connection.fetchval(
            """
            INSERT INTO conversation (token, subject, contact_id, channel_id, last_channel_id)
            VALUES (gen_random_uuid()::text, $1, $2, $3, $3) RETURNING id
            """,
            fact.subject,
            contact_id,
            channel_id,
        )
    seq = await connection.fetchval(
        """
        UPDATE conversation SET last_seq = last_seq + 1, last_message_at = now(), last_preview = $2
        WHERE id = $1 RETURNING last_seq
        """,
        conversation,
        fact.text,
    )
    return conversation, seq
