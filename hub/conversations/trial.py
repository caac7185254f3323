"""A test message: really sent on one line to an address somebody chose, in a closed conversation of its own."""

from __future__ import annotations

import msgspec

from hub.channels.connections import Channel
from hub.channels.facts import Party
from hub.channels.registry import adapter
from hub.conversations.replies import Answer, reply
from hub.customers.known import whose
from hub.deliveries.queueing import Delivery
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.ids import token
from hub.plumbing.texts import _


async def send(tx: Tx, domain: str, channel: Channel, to: str, agent_id: int) -> Delivery:
    """A few words saying that the line works. Raises as `send_words`."""
    subject = _("Test of %(name)s", name=channel.name)
    text = _("This is a test of the line “%(name)s”. If you can read it, it works.", name=channel.name)
    return await send_words(tx, domain, channel, to, Answer(text=text, subject=subject), agent_id)


async def send_words(
    tx: Tx, domain: str, channel: Channel, to: str, words: Answer, agent_id: int
) -> Delivery:
    """Queue them; whoever answers reaches the agent who sent it. It never goes on by another channel.

    Raises BadInput (field `to`) for what is no address here, or on a line agents do not write on.
    """
    speaking = adapter(channel.kind)
    if not speaking.can.sends or speaking.can.live:
        raise BadInput(_("Nothing can be sent on this line by itself."), field="to")
    try:
        address = speaking.normalised(to.strip())
    except ValueError as error:
        raise BadInput(_("“%(address)s” is no address.", address=to[:100]), field="to") from error
    contact_id = await whose(tx, speaking.can.address_type, address)
    id_: int = await tx.value(
        """
        INSERT INTO conversation (token, state, closed_at, subject, contact_id, assignee_id, team_id, channel_id,
                                  last_channel_id, last_direction)
        VALUES ($1, 'closed', now(), $2, $3, $4, $5, $6, $6, 'out') RETURNING id
        """,
        token(),
        words.subject or "",
        contact_id,
        agent_id,
        channel.team_id,
        channel.id,
    )
    said = msgspec.structs.replace(words, to=[Party(address)], channel_id=channel.id)
    sent = await reply(tx, domain, id_, agent_id, said, automatic=True)
    return sent.deliveries[0]
