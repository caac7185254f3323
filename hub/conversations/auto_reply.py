"""An automatic answer: to a person, at most one a day and address, never to a machine (RFC 3834), never at volume."""

from __future__ import annotations

import re

import msgspec

from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.facts import Party
from hub.channels.registry import adapter
from hub.channels.sorting import plain_address
from hub.conversations.chat_mail import mail_line
from hub.conversations.replies import Answer, Reply, reply
from hub.customers import claiming
from hub.customers.free_mail import is_free
from hub.plumbing.db import Tx
from hub.plumbing.errors import TooMany
from hub.plumbing.ids import fingerprint
from hub.plumbing.limits import Limits
from hub.plumbing.texts import _, speaking

DAY = 86_400
HOUR = 3_600
A_MAILBOX_A_DAY = 3  # plus addresses of one mailbox count as one
A_DOMAIN_AN_HOUR = 60  # a loop may write from ever new addresses; free mail has too many people for this
A_CHANNEL_AN_HOUR = 1_000
# Nobody reads these, or a machine does: an answer would bounce or loop (promise 40).
NOBODY_THERE = re.compile(
    r"^(no-?reply|do-?not-?reply|mailer-daemon|postmaster|bounces?|owner-.*|.*-(request|bounces?)"
    r"|notifications?|root|daemon|www-data|abuse)([+._-].*)?@",
    re.IGNORECASE,
)


class Writer(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote last in a conversation, as an automatic answer needs them."""

    address_id: int
    channel_id: int
    contact_id: int
    value: str
    name: str
    language: str
    verified: bool
    automatic: bool
    stranger: bool


async def whom_to_answer(tx: Tx, conversation_id: int) -> Writer | None:
    """Who wrote last; None when that is a machine, or a stranger with somebody else's reference (promise 38).

    Where nobody can be written to, it is the mail address they typed, on a line that carries mail.
    """
    last = await tx.row(
        Writer,
        """
        SELECT m.address_id, m.channel_id, v.contact_id, m.automatic, m.verified,
               'stranger' = ANY(m.warnings) AS stranger,
               a.value, a.name, coalesce(nullif(v.language, ''), nullif(c.language, ''), 'es') AS language
        FROM message m JOIN address a ON a.id = m.address_id
        JOIN conversation v ON v.id = m.conversation_id JOIN contact c ON c.id = v.contact_id
        WHERE m.conversation_id = $1 AND m.direction = 'in' ORDER BY m.seq DESC LIMIT 1
        """,
        conversation_id,
    )
    if last is None or last.automatic or last.stranger:
        return None
    channel = await connections.load(tx, last.channel_id)
    found = last if adapter(channel.kind).can.sends else await _by_mail(tx, last, channel)
    return None if found is None or NOBODY_THERE.match(found.value) else found


async def _by_mail(tx: Tx, writer: Writer, channel: Channel) -> Writer | None:
    """A claim may be a victim's address: it counts as unproven, and its mailbox has its own cap (promise 42)."""
    line = await mail_line(tx, channel)
    typed = await claiming.typed(tx, writer.contact_id, adapter(line.kind).can.address_type) if line else ""
    if line is None or not typed:
        return None
    return msgspec.structs.replace(writer, channel_id=line.id, value=typed, name="", verified=False)


async def within_limits(limits: Limits, writer: Writer) -> bool:
    """Whether one more automatic answer may go there: a loop that hides what it is ends here (promise 41).

    Who it is stands in no Redis: mailbox and domain are counted by their fingerprints.
    """
    domain = writer.value.rpartition("@")[2]
    mailbox, theirs = (fingerprint(one).hex() for one in (plain_address(writer.value), domain))
    try:
        await limits.check(f"auto:{mailbox}", most=A_MAILBOX_A_DAY, seconds=DAY)
        if not is_free(domain):
            await limits.check(f"auto:{theirs}", most=A_DOMAIN_AN_HOUR, seconds=HOUR)
        await limits.check(f"auto:{writer.channel_id}", most=A_CHANNEL_AN_HOUR, seconds=HOUR)
    except TooMany:
        return False
    return True


async def answer_automatically(tx: Tx, domain: str, conversation_id: int, wording: str) -> Reply | None:
    """Send `wording` to who wrote last; None when nobody may be answered or was answered today already.

    The unique row is the decision: two workers cannot both answer (INVARIANTS §20).
    """
    writer = await whom_to_answer(tx, conversation_id)
    if writer is None or not await _first_today(tx, writer):
        return None
    return await reply(tx, domain, conversation_id, None, _answer(writer, wording), automatic=True)


async def _first_today(tx: Tx, writer: Writer) -> bool:
    return bool(
        await tx.execute(
            """
            INSERT INTO auto_reply (address_id, channel_id, period) VALUES ($1, $2, (now() AT TIME ZONE 'UTC')::date)
            ON CONFLICT DO NOTHING
            """,
            writer.address_id,
            writer.channel_id,
        )
    )


def _answer(writer: Writer, wording: str) -> Answer:
    """To an unproven sender not a word of theirs goes, as they may have named a victim (promise 42)."""
    if writer.verified:
        to, subject = Party(writer.value, writer.name), None
    else:
        with speaking(writer.language):
            to, subject = Party(writer.value), _("We received your message")
    return Answer(text=wording, to=[to], cc=(), subject=subject, channel_id=writer.channel_id)
