"""Search rows, filled behind the commit in batches, in parts by id so that the newest part stays small."""

from __future__ import annotations

from collections.abc import Sequence

from hub.plumbing.db import Tx

PART = 500_000  # messages a partition (PERFORMANCE.md §3)
AHEAD = 100_000
MOST_CHARACTERS = 100_000  # of a body; a tsvector ends at 1 MB
PARTITION_LOCK = 0x53524348


async def fill(tx: Tx, message_ids: Sequence[int]) -> None:
    """Write or rewrite the search rows of these messages; erased ones are left out.

    Three dictionaries beside each other, over text without accents: a word is found in Spanish and in English
    by its stem, and as it is written. FOR KEY SHARE: an erasure waits for us or we see it (INVARIANTS §19).
    """
    await tx.execute(
        f"""
        INSERT INTO message_search (id, conversation_id, tsv)
        SELECT m.id, m.conversation_id,
               setweight(to_tsvector('simple', named.words), 'B')
            || setweight(to_tsvector('simple', titled.words), 'A')
            || setweight(to_tsvector('spanish', titled.words), 'A')
            || setweight(to_tsvector('english', titled.words), 'A')
            || to_tsvector('simple', body.words)
            || to_tsvector('spanish', body.words)
            || to_tsvector('english', body.words)
        FROM (SELECT * FROM message WHERE id = ANY($1) ORDER BY id FOR KEY SHARE) AS m
        JOIN conversation v ON v.id = m.conversation_id
        JOIN contact c ON c.id = v.contact_id
        LEFT JOIN agent g ON g.id = m.agent_id
        CROSS JOIN LATERAL (SELECT plain(left(m.subject || ' ' || v.subject, 2000)) AS words) AS titled
        CROSS JOIN LATERAL (SELECT plain(left(m.text, {MOST_CHARACTERS})) AS words) AS body
        CROSS JOIN LATERAL (
            SELECT plain(left(concat_ws(' ', c.name, g.name, m.sender ->> 'name', m.sender ->> 'address',
                   (SELECT string_agg(concat_ws(' ', one ->> 'name', one ->> 'address'), ' ')
                    FROM jsonb_path_query(m.recipients, '$.*[*]') AS one),
                   (SELECT string_agg(a.name, ' ') FROM attachment a WHERE a.message_id = m.id)), 5000)) AS words
        ) AS named
        ON CONFLICT (id) DO UPDATE SET tsv = excluded.tsv, conversation_id = excluded.conversation_id
        """,
        sorted(set(message_ids)),
    )


async def make_room(tx: Tx) -> list[str]:
    """Create the next partitions before messages reach them; the names of the new ones.

    Attached, not created in place: an attached table takes no lock that stops readers and writers.
    """
    newest: int = await tx.value("SELECT coalesce(max(id), 0) FROM message")
    wanted = (newest + AHEAD) // PART
    if not await tx.value("SELECT pg_try_advisory_xact_lock($1)", PARTITION_LOCK):
        return []
    made = []
    for number in range(wanted + 1):
        name = f"message_search_{number}"
        if await tx.value("SELECT to_regclass($1) IS NULL", name):
            await _add(tx, name, number * PART, (number + 1) * PART)
            made.append(name)
    return made


async def _add(tx: Tx, name: str, first: int, end: int) -> None:
    """`name`, `first` and `end` are our own numbers; nothing typed by a person comes here."""
    await tx.execute(
        f"""
        CREATE TABLE {name} (LIKE message_search INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
               CHECK (id >= {first} AND id < {end}))
        """
    )
    await tx.execute(
        f"ALTER TABLE message_search ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({end})"
    )
