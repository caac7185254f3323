"""Is a mail that arrives one of our own, come back by a Bcc, a copy rule or a list?"""

from __future__ import annotations

import re

from hub.plumbing.db import Tx

_HEADER_BYTES = 65_536
_OUR_IDS = re.compile(
    rb"(?im)^(?:Message-ID|X-Dialogo-Id):\s*<?(\d+\.\d+\.[0-9a-f]{16}@[^\s<>]{1,255})>?\s*$"
)


def named_ids(mail: bytes) -> list[str]:
    """The ids in our own form (queueing.new_message_id) in the head of a mail; attached mails do not count."""
    end = re.search(rb"\r?\n\r?\n", mail[:_HEADER_BYTES])
    head = mail[: end.start()] if end else mail[:_HEADER_BYTES]
    return sorted({found.decode("ascii", "replace") for found in _OUR_IDS.findall(head + b"\r\n")})


async def sent_by_us(tx: Tx, ids: list[str]) -> bool:
    """True when one of the ids is that of something we sent: 64 random bits, so nobody makes one up."""
    return bool(await tx.value("SELECT EXISTS (SELECT FROM delivery WHERE message_header = ANY($1))", ids))
