"""An automatic answer: to a person, at most one a day and address, never to a machine (RFC 3834)."""

from __future__ import annotations

import re

from hub.channels.facts import Party
from hub.conversations.replies import Answer, Reply, reply
from hub.plumbing.db import Tx

# Nobody reads these, or a machine does: an answer would bounce or loop (promise 40).
NOBODY_THERE = re.compile(
    r"^(no-?reply|do-?not-?reply|mailer-daemon|postmaster|bounces?|owner-.*|.*-(request|bounces?)"
    r"|notifications?|root|daemon|www-data|abuse)([+._-].*)?@",
    re.IGNORECASE,
)


async def answer_automatically(tx: Tx, domain: str, conversation_id: int, wording: str) -> Reply | None:
    """Send `wording` to who wrote last; None when that is a machine or was answered today already.

    The unique row is the decision: two workers cannot both answer (INVARIANTS §20).
    """
    last = await tx.record(
        """
        SELECT m.address_id, m.channel_id, m.automatic, a.value, a.name
        FROM message m JOIN address a ON a.id = m.address_id
        WHERE m.conversation_id = $1 AND m.direction = 'in' ORDER BY m.seq DESC LIMIT 1
        """,
        conversation_id,
    )
    if last is None or last["automatic"] or NOBODY_THERE.match(last["value"]):
        return None
    first_today = await tx.execute(
        """
        INSERT INTO auto_reply (address_id, channel_id, period) VALUES ($1, $2, (now() AT TIME ZONE 'UTC')::date)
        ON CONFLICT DO NOTHING
        """,
        last["address_id"],
        last["channel_id"],
    )
    if not first_today:
        return None
    given = Answer(
        text=wording, to=[Party(last["value"], last["name"])], cc=(), channel_id=last["channel_id"]
    )
    return await reply(tx, domain, conversation_id, None, given, automatic=True)
