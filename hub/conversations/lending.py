"""Public links to our files for a provider that fetches them itself: signed, for a while, one file of one channel."""

from __future__ import annotations

from hub.conversations.originals import StoredFile
from hub.plumbing.clock import now
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx

PURPOSE = "lend"
HOURS = 24 * 7
_ID_BITS = 44


def link(crypto: Crypto, door: str, attachment_id: int) -> str:
    """The file's address below a channel's `door` (its public `/in/{key}`), good for a week."""
    until = int(now().timestamp() // 3600) + HOURS
    return f"{door}/media/{crypto.sign(PURPOSE, until << _ID_BITS | attachment_id)}"


async def lent(tx: Tx, crypto: Crypto, channel_id: int, token: str) -> StoredFile | None:
    """The file behind a link; None for a forged or old one, or one of another channel."""
    number = crypto.verify(PURPOSE, token)
    if number is None or number >> _ID_BITS < now().timestamp() // 3600:
        return None
    return await tx.row(
        StoredFile,
        """
        SELECT m.conversation_id, a.agent_id, a.name, a.type, a.size, a.file
        FROM attachment a JOIN message m ON m.id = a.message_id
        WHERE a.id = $1 AND EXISTS (SELECT FROM delivery d WHERE d.message_id = m.id AND d.channel_id = $2)
        """,
        number & (1 << _ID_BITS) - 1,
        channel_id,
    )
