"""What stands on a conversation's own line, computed again from its messages (INVARIANTS §20).

Undo, split, unmerge and erase call it; a test compares it with what the running code wrote.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.conversations.messages import PREVIEW
from hub.plumbing.db import Tx


async def refresh(tx: Tx, ids: Sequence[int]) -> None:
    """Recompute every denormalised column of these conversations; their rows are already locked.

    The last sequence never falls, so that no number is given twice. A conversation joined into one of these
    counts for its line: the newest message of both, the older clock. Nobody waits unless it is open or snoozed.
    """
    await tx.execute(
        f"""
        UPDATE conversation v
        SET last_seq = greatest(v.last_seq, f.last_seq), last_in_seq = f.last_in_seq,
            last_message_at = coalesce(f.last_message_at, v.created_at),
            last_direction = coalesce(f.last_direction, 'in'),
            last_channel_id = coalesce(f.last_channel_id, v.channel_id),
            last_preview = coalesce(f.last_preview, ''),
            waiting_since = CASE WHEN v.state IN ('open', 'snoozed') THEN f.waiting_since END
        FROM (
            SELECT one.id,
                (SELECT coalesce(max(m.seq), 0) FROM message m WHERE m.conversation_id = one.id) AS last_seq,
                (SELECT coalesce(max(m.seq), 0) FROM message m
                 WHERE m.conversation_id = one.id AND m.direction = 'in') AS last_in_seq,
                newest.created_at AS last_message_at, newest.direction AS last_direction,
                newest.preview AS last_preview,
                (SELECT m.channel_id FROM message m JOIN conversation k ON k.id = m.conversation_id
                 WHERE (k.id = one.id OR k.joined_into_id = one.id) AND m.channel_id IS NOT NULL
                 ORDER BY m.created_at DESC, m.seq DESC LIMIT 1) AS last_channel_id,
                {_WAITING} AS waiting_since
            FROM unnest($1::bigint[]) AS one (id)
            LEFT JOIN LATERAL (
                SELECT m.created_at, m.direction,
                       coalesce(nullif(left(btrim(regexp_replace(left(coalesce(nullif(m.new_text, ''), m.text), $2 * 4),
                                                                 '\\s+', ' ', 'g')), $2), ''),
                                (SELECT left(string_agg(a.name, ', ' ORDER BY a.id), $2) FROM attachment a
                                 WHERE a.message_id = m.id)) AS preview
                FROM message m JOIN conversation k ON k.id = m.conversation_id
                WHERE k.id = one.id OR k.joined_into_id = one.id
                ORDER BY m.created_at DESC, m.seq DESC LIMIT 1
            ) newest ON true
        ) f
        WHERE v.id = f.id
        """,
        list(ids),
        PREVIEW,
    )


# Of `one`: the customer's first message that a person wrote and nobody answered, in writing or on the phone, since it
# was last closed.
_WAITING = """
    (SELECT min(m.created_at) FROM message m JOIN conversation k ON k.id = m.conversation_id
     WHERE (k.id = one.id OR k.joined_into_id = one.id) AND m.direction = 'in' AND NOT m.automatic
       AND m.created_at > coalesce((
           SELECT max(a.created_at) FROM message a JOIN conversation b ON b.id = a.conversation_id
           WHERE (b.id = one.id OR b.joined_into_id = one.id)
             AND a.direction = 'out' AND NOT a.automatic AND NOT EXISTS (
                 SELECT FROM call u WHERE u.message_id = a.id AND u.answered_at IS NULL)), '-infinity')
       AND m.created_at > coalesce((
           SELECT max(t.answered_at) FROM call t JOIN conversation b ON b.id = t.conversation_id
           WHERE b.id = one.id OR b.joined_into_id = one.id), '-infinity')
       AND m.created_at > coalesce((
           SELECT max(h.at) FROM history h
           WHERE h.conversation_id = one.id AND h.verb = 'closed' AND NOT EXISTS (
               SELECT FROM history r WHERE r.conversation_id = one.id AND r.verb = 'reopened'
                  AND r.agent_id IS NOT NULL AND r.id > h.id)), '-infinity'))
"""
