"""What can be searched: one row of words a message, filled behind the commit, in partitions of half a million."""

from __future__ import annotations

from collections.abc import Sequence

from hub.plumbing.db import Tx

PARTITION = 500_000
MOST_CHARACTERS = (
    100_000  # of one message: even of the widest letters less than the megabyte PostgreSQL allows
)
PUNCTUATION = r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~¡¿«»“”‘’…–—·º•"""


async def fill(tx: Tx, message_ids: Sequence[int]) -> int:
    """Make messages findable, new ones and changed ones; how many. Those that are gone are left out.

    A first message counts whole, a later one with what is new in it. Raises lock timeouts while a partition is
    made; doing it again is right.
    """
    await make_partitions(tx, message_ids)
    return await tx.execute(
        """
        WITH held AS (
            SELECT id, conversation_id, seq, subject, sender, text, new_text
            FROM message WHERE id = ANY($1) ORDER BY id FOR KEY SHARE
        )
        INSERT INTO message_search (id, conversation_id, tsv)
        SELECT m.id, m.conversation_id,
               setweight(to_tsvector('simple', translate(plain(m.subject), $2, $3)), 'A')
               || to_tsvector('simple', translate(plain(left(concat_ws(' ',
                    CASE WHEN m.seq = 1 OR m.new_text = '' THEN m.text ELSE m.new_text END,
                    m.sender ->> 'name', m.sender ->> 'address',
                    (SELECT string_agg(a.name || ' ' || a.machine_text, ' ')
                     FROM attachment a WHERE a.message_id = m.id)), $4)), $2, $3))
        FROM held m
        ON CONFLICT (id) DO UPDATE SET conversation_id = excluded.conversation_id, tsv = excluded.tsv
        """,
        list(message_ids),
        PUNCTUATION,
        " " * len(PUNCTUATION),
        MOST_CHARACTERS,
    )


async def make_partitions(tx: Tx, message_ids: Sequence[int]) -> None:
    """The partitions these ids fall into, and the next one when the last is nearly full."""
    wanted = {id_ // PARTITION for id_ in message_ids}
    wanted |= {id_ // PARTITION + 1 for id_ in message_ids if id_ % PARTITION > PARTITION * 4 // 5}
    for number in sorted(wanted - set(await partitions(tx))):
        await tx.execute(
            f"""
            CREATE TABLE IF NOT EXISTS message_search_{number:d} PARTITION OF message_search
            FOR VALUES FROM ({number * PARTITION:d}) TO ({(number + 1) * PARTITION:d})
            """
        )


async def partitions(tx: Tx) -> list[int]:
    """The numbers of the partitions there are, newest first."""
    rows = await tx.fetch(
        """
        SELECT substring(c.relname FROM '[0-9]+$')::int AS number
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'message_search'::regclass ORDER BY number DESC
        """
    )
    return [row["number"] for row in rows]
