"""The demo's matters that cross channels: each line told as its provider would tell it, through the road in.

config/starter/demo.yaml, `crossings`: `who` with their numbers, and lines; `ago` in minutes before now.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from hub import answering
from hub.channels.connections import Channel
from hub.channels.facts import CallChanged
from hub.conversations import chats
from hub.conversations.chats import Session
from hub.customers import addresses
from hub.operating import demo_raws, telling
from hub.operating.demo_arriving import Came, arrive
from hub.operating.demo_raws import Speaker, Words
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.hub import Hub
from hub.plumbing.ids import token

NUMBERS = {"number": "phone", "fax": "fax"}


class Line(Words, frozen=True, kw_only=True):
    """One line of a crossing: the customer's words, or `out`: ours, or `note`: between us."""

    by: str
    ago: int
    out: str = ""
    note: str = ""


async def tell(hub: Hub, planned: list[dict[str, Any]], lines: Mapping[str, Channel]) -> None:
    """Every crossing, one after the other; a kind this installation does not speak is left out."""
    told = []
    for one in planned:
        speaker = await _meet(hub, one, lines)
        conversation_id = 0
        for line in msgspec.convert(one["lines"], list[Line]):
            if line.by in lines:
                conversation_id = await _told(hub, lines[line.by], speaker, line, conversation_id)
        told.append(conversation_id)
    async with hub.transaction() as tx:
        await telling.settle(tx, told)


async def _meet(hub: Hub, one: dict[str, Any], lines: Mapping[str, Channel]) -> Speaker:
    """Whoever speaks, with their numbers known; a stranger is met by what they send."""
    async with hub.transaction() as tx:
        known = await tx.record(
            """
            SELECT c.id, (SELECT a.value FROM address a WHERE a.contact_id = c.id AND a.type = 'email') AS mail
            FROM contact c WHERE c.name = $1 ORDER BY c.id LIMIT 1
            """,
            one["who"],
        )
        if known is not None:
            for field, type_ in NUMBERS.items():
                if one.get(field):
                    await addresses.prove(tx, known["id"], type_, one[field], source="import")
        return Speaker(
            name=one["who"],
            mail=known["mail"] if known else "",
            number=one.get("number", ""),
            fax=one.get("fax", ""),
            chat=await _session(tx, lines["webchat"], one["who"]) if "webchat" in lines else None,
        )


async def _session(tx: Tx, line: Channel, name: str) -> Session:
    session, _secret = await chats.begin(tx, line.id, chats.Said(name=name, language="es"))
    return session


async def _told(hub: Hub, channel: Channel, speaker: Speaker, line: Line, conversation_id: int) -> int:
    """One line at its moment; the conversation it stands in."""
    at = now() - timedelta(minutes=line.ago)
    if line.in_:
        joins = hub.crypto.sign("reply", conversation_id) if conversation_id else ""
        speaker = msgspec.structs.replace(speaker, joins=joins)
        conversation_id = await _came(hub, channel, speaker, line, at)
    else:
        async with hub.transaction() as tx:
            await telling.say(tx, [_said(channel, speaker, line, at, conversation_id)])
    async with hub.transaction() as tx:
        await tx.execute(
            "UPDATE history SET at = $2 WHERE conversation_id = $1 AND at > $2", conversation_id, at
        )
    return conversation_id


async def _came(hub: Hub, channel: Channel, speaker: Speaker, line: Line, at: datetime) -> int:
    conversation_id = 0
    for raw, facts in await demo_raws.made(hub, channel, speaker, line, at):
        [outcome] = await arrive(hub, [Came(channel, raw, at, facts)])
        conversation_id = outcome.conversation_id or conversation_id
        async with hub.transaction() as tx:
            for fact in facts:
                if isinstance(fact, CallChanged):
                    await answering.step(tx, line=channel.line(hub.crypto), fact=fact)
    if not conversation_id:
        raise NotFound(f"the demo's line by {line.by} arrived nowhere")
    return conversation_id


def _said(channel: Channel, speaker: Speaker, line: Line, at: datetime, conversation_id: int) -> telling.Said:
    return telling.Said(
        conversation_id=conversation_id,
        direction="out" if line.out else "note",
        text=line.out or line.note,
        subject=line.subject,
        at=at,
        channel_id=channel.id,
        recipient=speaker.reached_by(channel.kind),
        message_id=f"{token(9)}@demo.example",
    )
