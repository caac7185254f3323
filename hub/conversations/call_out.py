"""A call of ours: who is called on which line, and the message that tells of it before any telephone rings."""

from __future__ import annotations

import msgspec

from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.facts import Party
from hub.channels.registry import adapter
from hub.conversations import call_story, calls
from hub.conversations.answered import remember
from hub.conversations.calls import Call, Leg
from hub.conversations.holding import Held, hold_alone, note, tell
from hub.conversations.messages import PREVIEW
from hub.conversations.outcomes import thread_topics
from hub.conversations.recipients import choose
from hub.deliveries.queueing import Addressee
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import _, speaking


class Begun(msgspec.Struct, frozen=True):
    """A call that stands and is still to be dialled; `leg` None: it was begun before, under the same name."""

    call: Call
    channel: Channel
    leg: Leg | None


async def begin(
    tx: Tx,
    conversation_id: int,
    agent_id: int,
    *,
    client_id: str,
    number: str = "",
    channel_id: int | None = None,
) -> Begun:
    """A call of a conversation, to `number` or whom an answer would reach; the agent's telephone rings first.

    Idempotent by `client_id`. Raises BadInput (no line, no number, no telephone), Conflict (on the phone), NotFound.
    """
    held = await hold_alone(tx, conversation_id)
    if client_id and (known := await calls.repeated(tx, held.id, client_id)) is not None:
        return Begun(known, await connections.load(tx, known.channel_id), None)
    channel = await _line(tx, held, channel_id)
    whom = await _whom(tx, held, channel, number)
    row = await tx.record("SELECT name, phone FROM agent WHERE id = $1", agent_id)
    if row is None or not row["phone"]:
        raise BadInput(_("Write your telephone number in your preferences: it rings first."), field="phone")
    message_id = await _message(tx, held, channel, agent_id, row["name"], whom)
    call_id = await calls.begin(
        tx,
        channel_id=channel.id,
        provider_id="",
        direction="out",
        conversation_id=held.id,
        message_id=message_id,
        number=whom.recipient,
        agent_id=agent_id,
        client_id=client_id or None,
    )
    assert call_id is not None
    leg = await calls.ring(
        tx, call_id, agent_id, row["phone"], reason={"code": "calls", "agent": row["name"]}
    )
    if leg is None:
        raise Conflict(_("You are on the phone already."))
    call = await calls.load(tx, call_id)
    await note(tx, "called", held, agent_id, call_id=call_id, number=whom.recipient)
    await tell(tx, held)
    tx.signal("message", message_id, thread_topics(held.id))
    call_story.signal(tx, call, [agent_id])
    return Begun(call, channel, leg)


async def dialled(tx: Tx, call_id: int, provider_id: str) -> None:
    """The provider's id of a call, unless it was faster to tell us itself."""
    await tx.execute(
        "UPDATE call SET provider_id = $2 WHERE id = $1 AND provider_id = '' AND $2 <> ''",
        call_id,
        provider_id,
    )


async def _line(tx: Tx, held: Held, channel_id: int | None) -> Channel:
    """The line asked for, else the one this conversation last spoke on, else the first."""
    lines = [one for one in await connections.enabled(tx) if adapter(one.kind).can.calls]
    if channel_id is not None:
        lines = [one for one in lines if one.id == channel_id]
    lines.sort(key=lambda one: (one.id != held.last_channel_id, one.team_id != held.team_id, one.id))
    if not lines:
        raise BadInput(_("There is no telephone line to call on."), field="channel")
    return lines[0]


async def _whom(tx: Tx, held: Held, channel: Channel, number: str) -> Addressee:
    typed = [Party(number)] if number.strip() else None
    whom = await choose(tx, held.id, channel.id, adapter(channel.kind), to=typed, cc=())
    address = whom.addressees[0].recipient
    if not address.startswith("+"):
        raise BadInput(_("This number was withheld: it cannot be called."), field="number")
    return whom.addressees[0]


async def _message(tx: Tx, held: Held, channel: Channel, agent_id: int, name: str, whom: Addressee) -> int:
    with speaking(call_story.spoken(str(channel.settings.get("language") or ""))):
        text = _("%(agent)s is calling", agent=name)
    id_: int = await tx.value(
        """
        INSERT INTO message (conversation_id, home_id, seq, direction, channel_id, agent_id, sender, recipients,
                             text, new_text, verified)
        VALUES ($1, $1, $2, 'out', $3, $4, $5, $6, $7, $7, true) RETURNING id
        """,
        held.id,
        held.last_seq + 1,
        channel.id,
        agent_id,
        {"address": channel.address, "name": channel.name},
        {"to": [{"address": whom.recipient, "name": ""}]},
        text,
    )
    await tx.execute(
        """
        UPDATE conversation SET last_seq = last_seq + 1, last_message_at = greatest(last_message_at, now()),
               last_preview = $2, last_direction = 'out', last_channel_id = $3, version = version + 1
        WHERE id = $1
        """,
        held.id,
        text[:PREVIEW],
        channel.id,
    )
    await remember(tx, held, channel, adapter(channel.kind).can, [whom])
    return id_
