"""An agent writes first: a conversation of its own with a person, before anything is said in it.

It stands empty until the first message is sent from its composer, with all a composer can; begun twice, it is once.
Left without a word it ends after some hours (docs/decisions/016-begun-and-left.md).
"""

from __future__ import annotations

from hub.agents import teams
from hub.agents.roles import Person
from hub.channels.text import one_line, storable
from hub.conversations import erasing
from hub.conversations.holding import Held, hold_all, note, read, tell
from hub.conversations.ways import ways
from hub.conversations.writing import MOST_SUBJECT
from hub.customers import contacts
from hub.customers.addresses import normalised
from hub.customers.known import holder
from hub.plumbing import todo
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.ids import token
from hub.plumbing.texts import _

LEFT = "left_empty"
EMPTY_SECONDS = 12 * 3600.0


async def start(tx: Tx, contact_id: int, agent: Person, *, subject: str = "") -> Held:
    """A conversation with one person, the agent's own, on the best of their lines that reaches them.

    The agent's own empty one with them is taken again. Raises NotFound, BadInput when nobody can write to them.
    """
    person = (await contacts.load(tx, contact_id)).contact
    await tx.execute("SELECT FROM contact WHERE id = $1 FOR NO KEY UPDATE", person.id)
    subject = one_line(storable(subject))[:MOST_SUBJECT]
    channel_id, team_id = await _line(tx, person.id, agent)
    known = await tx.value(
        """
        UPDATE conversation SET subject = CASE WHEN $3 = '' THEN subject ELSE $3 END, version = version + 1
        WHERE id = (
            SELECT id FROM conversation
            WHERE contact_id = $1 AND assignee_id = $2 AND state = 'open' AND last_seq = 0 AND joined_into_id IS NULL
            ORDER BY id DESC LIMIT 1)
        RETURNING id
        """,
        person.id,
        agent.id,
        subject,
    )
    if known is not None:
        await todo.forget(tx, [LEFT], [known])
        await todo.add(tx, LEFT, known, in_seconds=EMPTY_SECONDS)
        return await tell(tx, (await read(tx, [known]))[0])
    new: int = await tx.value(
        """
        INSERT INTO conversation (token, subject, contact_id, account_id, assignee_id, team_id, channel_id,
                                  last_channel_id, last_direction, language)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 'out', $8) RETURNING id
        """,
        token(),
        subject,
        person.id,
        person.account_id if person.account_standing == "confirmed" else None,
        agent.id,
        team_id,
        channel_id,
        person.language,
    )
    held = (await read(tx, [new]))[0]
    await note(tx, "began", held, agent.id)
    await todo.add(tx, LEFT, new, in_seconds=EMPTY_SECONDS)
    return await tell(tx, held)


async def leave(tx: Tx, conversation_id: int) -> bool:
    """End a begun conversation nobody has used; whether it is settled: else somebody may still write in it."""
    if not await read(tx, [conversation_id]):
        return True
    held = (await hold_all(tx, [conversation_id]))[0]
    if held.last_seq or held.joined_into_id is not None:
        return True
    await tx.execute("SELECT FROM conversation WHERE id = $1 FOR UPDATE", held.id)  # a draft waits for us now
    used = await tx.value(
        """
        SELECT EXISTS (SELECT FROM draft WHERE conversation_id = $1 AND text <> '')
            OR EXISTS (SELECT FROM conversation WHERE joined_into_id = $1)
            OR EXISTS (SELECT FROM call WHERE conversation_id = $1)
        """,
        held.id,
    )
    if used or held.state == "snoozed":
        return False
    await erasing.end(tx, [held.id])
    return True


async def known_or_new(tx: Tx, name: str, address: str, agent_id: int) -> int:
    """The contact who has this mail address or number, else a new one the agent vouches for. Raises BadInput."""
    if not address.strip():
        raise BadInput(_("Write their mail address or their number."), field="address")
    type_ = "email" if "@" in address else "phone"
    try:
        value = normalised(type_, address)
    except BadInput as error:
        raise BadInput(error.message, field="address") from error
    if (known := await holder(tx, type_, value)) is not None:
        return known
    made = await contacts.create(tx, name=storable(name), addresses=[(type_, value)], agent_id=agent_id)
    return made.contact.id


async def _line(tx: Tx, contact_id: int, agent: Person) -> tuple[int, int | None]:
    """The line the first message would leave by, and its team; never one of a team this agent does not know of."""
    known = {None, *(team.id for team in await teams.visible_to(tx, agent))}
    found = [one for one in await ways(tx, 0, contact_id, at=now()) if one.channel.team_id in known]
    can = [
        one for one in found if one.address and not one.can.live and (not one.why_not or one.approved_only)
    ]
    if not can:
        raise BadInput(
            _("There is no way to write to them: add an address, or see why on their page."), field="contact"
        )
    return can[0].channel.id, can[0].channel.team_id
