"""Tags and priority of a conversation."""

from __future__ import annotations

from collections.abc import Sequence

from hub.agents.roles import VISIBLE_TO
from hub.conversations.holding import Held, hold, note, tell
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _

PRIORITIES = {"low": N_("Low"), "normal": N_("Normal"), "high": N_("High"), "urgent": N_("Urgent")}
MOST_TAGS = 50
LONGEST_TAG = 60
NEWEST = 5000


async def tag(
    tx: Tx, conversation_id: int, *, agent_id: int | None, add: Sequence[str] = (), remove: Sequence[str] = ()
) -> Held:
    """Put tags on and take tags off; each is one line of text. Raises NotFound, BadInput."""
    added = [_checked(name) for name in add]
    before = await hold(tx, conversation_id)
    gone = {name.casefold() for name in remove}
    kept = [name for name in before.tags if name.casefold() not in gone]
    by_name = {name.casefold(): name for name in reversed([*kept, *added])}
    tags = [by_name[name] for name in dict.fromkeys(name.casefold() for name in [*kept, *added])]
    if len(tags) > MOST_TAGS:
        raise BadInput(_("A conversation takes at most %(n)s tags.", n=MOST_TAGS), field="tags")
    if tags == before.tags:
        return before
    await tx.execute(
        "UPDATE conversation SET tags = $2, version = version + 1 WHERE id = $1", conversation_id, tags
    )
    await note(tx, "tagged", before, agent_id, before=before.tags, after=tags)
    return await tell(tx, before)


async def prioritise(tx: Tx, conversation_id: int, priority: str, *, agent_id: int | None) -> Held:
    """One of PRIORITIES. Raises NotFound, BadInput."""
    if priority not in PRIORITIES:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(PRIORITIES)), field="priority")
    before = await hold(tx, conversation_id)
    if before.priority == priority:
        return before
    await tx.execute(
        "UPDATE conversation SET priority = $2, version = version + 1 WHERE id = $1",
        conversation_id,
        priority,
    )
    await note(tx, "prioritised", before, agent_id, before=before.priority, after=priority)
    return await tell(tx, before)


async def in_use(tx: Tx, agent_id: int, *, most: int = 100) -> list[str]:
    """The tags of the newest conversations this agent may see, the most used first."""
    rows = await tx.fetch(
        f"""
        SELECT name FROM (
            SELECT id, tags FROM conversation WHERE {VISIBLE_TO} ORDER BY id DESC LIMIT {NEWEST:d}
        ) newest, unnest(tags) AS name
        GROUP BY name ORDER BY count(*) DESC, lower(name) LIMIT $2
        """,
        agent_id,
        most,
    )
    return [row["name"] for row in rows]


def _checked(name: str) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > LONGEST_TAG or not clean.isprintable():
        raise BadInput(_("A tag is one line of at most %(n)s characters.", n=LONGEST_TAG), field="tags")
    return clean
