"""The lists of the inbox: one view, one statement, 50 rows, never a join with messages (PERFORMANCE.md §3).

Every statement begins with $1 = the agent who asks, $2 and $3 = the place to go on from (the last row's
`sort_at` and `id`). How many rows stands in the text, a number of ours: a plan that does not know it is dear and
would be made anew each time. The rights stand in the statement. A sorted list has its bands in it (sorting.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hub.agents.roles import VISIBLE_TO
from hub.conversations.sorting import ALONE, SORTS, Band, page, sortable
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _

PAGE = 50
VIEWS = ("mine", "unassigned", "all", "closed", "aside", "snoozed", "drafts", "mentions")


class ListRow(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation of a list as stored; names are empty where nobody has given one.

    `sort_at` and `id` are the place in the list. `unread`: messages since the agent last looked, as far as
    the customer wrote; 0 where nothing is asked of anybody (closed, aside).
    """

    id: int
    version: int
    state: str
    subject: str
    contact_id: int
    contact_name: str
    account_id: int | None
    account_name: str | None
    assignee_id: int | None
    assignee_name: str | None
    team_id: int | None
    team_name: str | None
    covering_for_name: str | None
    channel_kind: str
    channel_name: str
    priority: str
    tags: list[str]
    waiting_since: datetime | None
    snoozed_until: datetime | None
    last_message_at: datetime
    last_preview: str
    last_direction: str
    last_seq: int
    unread: int
    draft: bool
    sort_at: datetime


Place = tuple[datetime, int]

# What at most 50 rows need beside themselves, `page` being the list itself, already cut. Looked up one by one:
# joins of nine tables take longer to plan than to run.
_ROWS = """
    SELECT v.id, v.version, v.state, v.subject, c.root_id AS contact_id,
           coalesce(nullif((SELECT r.name FROM contact r WHERE r.id = c.root_id), ''),
                    (SELECT a.value FROM address a WHERE a.contact_id = v.contact_id ORDER BY a.id LIMIT 1),
                    '') AS contact_name,
           v.account_id, (SELECT o.name FROM account o WHERE o.id = v.account_id) AS account_name,
           v.assignee_id, (SELECT g.name FROM agent g WHERE g.id = v.assignee_id) AS assignee_name,
           v.team_id, (SELECT t.name FROM team t WHERE t.id = v.team_id) AS team_name,
           (SELECT b.name FROM agent b WHERE b.id = v.covering_for_id) AS covering_for_name,
           n.kind AS channel_kind, n.name AS channel_name, v.priority, v.tags, v.waiting_since,
           v.snoozed_until, v.last_message_at, v.last_preview, v.last_direction, v.last_seq,
           CASE WHEN v.state IN ('closed', 'aside') THEN 0
                ELSE greatest(v.last_in_seq - coalesce((SELECT d.seq FROM reading d
                     WHERE d.conversation_id = v.id AND d.agent_id = $1), 0), 0) END AS unread,
           EXISTS (SELECT FROM draft w WHERE w.conversation_id = v.id AND w.agent_id = $1
                   AND w.text <> '') AS draft,
           v.sort_at
    FROM page v
    JOIN contact c ON c.id = v.contact_id
    JOIN channel n ON n.id = v.last_channel_id
"""


async def page_of(
    tx: Tx,
    view: str,
    agent_id: int,
    before: Place | None = None,
    *,
    most: int = PAGE,
    sort: str = "newest",
    first: int = 0,
) -> list[ListRow]:
    """The rows of a view named as in the address (mine, team:3, …). Raises NotFound for another name.

    `sort`: one of SORTS, for views that have one; `before` is a place in its band `first`.
    """
    kind, _colon, number = view.partition(":")
    of_one = kind == "team" and number.isdigit() and len(number) < 19
    if not of_one and view not in VIEWS:
        raise NotFound(_("There is no such view."))
    if not sortable(view):
        return await _READS[view](tx, agent_id, before, most=most)
    bands = SORTS[sort][first:]
    if not bands:  # a place of another sort
        return []
    if of_one:
        return await of_team(tx, int(number), agent_id, before, most=most, bands=bands)
    return await _SORTED[view](tx, agent_id, before, most=most, bands=bands)


async def mine(
    tx: Tx, agent_id: int, before: Place | None = None, *, most: int = PAGE, bands: tuple[Band, ...] = ALONE
) -> list[ListRow]:
    """What waits for this agent: assigned to them, or mentioned in and not looked at yet."""
    assigned = f"FROM conversation WHERE state = 'open' AND assignee_id = $1 AND {VISIBLE_TO}"
    mentioned = f"""
        FROM conversation JOIN named USING (id)
        WHERE state = 'open' AND assignee_id IS DISTINCT FROM $1 AND {VISIBLE_TO}
    """
    found = page(bands, most, assigned, mentioned)
    return await tx.rows(
        ListRow,
        f"""
        WITH named AS (
            SELECT DISTINCT m.conversation_id AS id FROM mention k JOIN message m ON m.id = k.message_id
            WHERE k.agent_id = $1 AND k.seen_at IS NULL
        ), {found.parts}
        {_ROWS} ORDER BY {found.order}
        """,
        *_place(agent_id, before),
    )


async def unassigned(
    tx: Tx, agent_id: int, before: Place | None = None, *, most: int = PAGE, bands: tuple[Band, ...] = ALONE
) -> list[ListRow]:
    """Open and nobody's."""
    return await _standing(tx, "state = 'open' AND assignee_id IS NULL", bands, agent_id, before, most)


async def of_team(
    tx: Tx,
    team_id: int,
    agent_id: int,
    before: Place | None = None,
    *,
    most: int = PAGE,
    bands: tuple[Band, ...] = ALONE,
) -> list[ListRow]:
    """Open in one team; nothing for who may not see the team."""
    return await _standing(tx, "state = 'open' AND team_id = $4", bands, agent_id, before, most, team_id)


async def all_open(
    tx: Tx, agent_id: int, before: Place | None = None, *, most: int = PAGE, bands: tuple[Band, ...] = ALONE
) -> list[ListRow]:
    """Everything open."""
    return await _standing(tx, "state = 'open'", bands, agent_id, before, most)


async def closed(tx: Tx, agent_id: int, before: Place | None = None, *, most: int = PAGE) -> list[ListRow]:
    """What is done, newest first, without those that were joined into another."""
    done = "state = 'closed' AND joined_into_id IS NULL"
    return await _standing(tx, done, ALONE, agent_id, before, most)


async def aside(tx: Tx, agent_id: int, before: Place | None = None, *, most: int = PAGE) -> list[ListRow]:
    """Spam and automatic mail, kept, newest first."""
    return await _standing(tx, "state = 'aside'", ALONE, agent_id, before, most)


async def snoozed(tx: Tx, agent_id: int, before: Place | None = None, *, most: int = PAGE) -> list[ListRow]:
    """The agent's and nobody's, the one that comes back first on top; `sort_at` is when it comes back."""
    return await tx.rows(
        ListRow,
        f"""
        WITH page AS (
            SELECT conversation.*, snoozed_until AS sort_at FROM conversation
            WHERE state = 'snoozed' AND (assignee_id = $1 OR assignee_id IS NULL) AND {VISIBLE_TO}
              AND (snoozed_until, id) > (coalesce($2::timestamptz, '-infinity'), coalesce($3::bigint, 0))
            ORDER BY snoozed_until, id LIMIT {most:d}
        )
        {_ROWS} ORDER BY v.sort_at, v.id
        """,
        *_place(agent_id, before),
    )


async def drafted(tx: Tx, agent_id: int, before: Place | None = None, *, most: int = PAGE) -> list[ListRow]:
    """Where this agent has begun to write, in any state, what was kept last on top; place is the draft's."""
    return await tx.rows(
        ListRow,
        f"""
        WITH page AS (
            SELECT conversation.*, begun.updated_at AS sort_at
            FROM draft AS begun JOIN conversation ON conversation.id = begun.conversation_id
            WHERE begun.agent_id = $1 AND begun.text <> ''
              AND (begun.updated_at, begun.conversation_id)
                  < (coalesce($2::timestamptz, 'infinity'), coalesce($3::bigint, 9223372036854775807))
              AND NOT EXISTS (  -- an answer and a note begun in one conversation are one row
                    SELECT FROM draft AS other
                    WHERE other.conversation_id = begun.conversation_id AND other.agent_id = $1 AND other.text <> ''
                      AND (other.updated_at, other.mode) > (begun.updated_at, begun.mode))
              AND {VISIBLE_TO}
            ORDER BY begun.updated_at DESC, begun.conversation_id DESC LIMIT {most:d}
        )
        {_ROWS} ORDER BY v.sort_at DESC, v.id DESC
        """,
        *_place(agent_id, before),
    )


async def mentions(tx: Tx, agent_id: int, before: Place | None = None, *, most: int = PAGE) -> list[ListRow]:
    """Where somebody named this agent, the newest mention first; `sort_at` and place are the mention's."""
    return await tx.rows(
        ListRow,
        f"""
        WITH named AS (
            SELECT m.conversation_id AS id, max(m.created_at) AS sort_at
            FROM (SELECT message_id FROM mention WHERE agent_id = $1 ORDER BY message_id DESC LIMIT 1000) k
            JOIN message m ON m.id = k.message_id GROUP BY m.conversation_id
        ), page AS (
            SELECT conversation.*, named.sort_at FROM conversation JOIN named USING (id)
            WHERE (named.sort_at, conversation.id)
                  < (coalesce($2::timestamptz, 'infinity'), coalesce($3::bigint, 9223372036854775807))
              AND {VISIBLE_TO}
            ORDER BY named.sort_at DESC, conversation.id DESC LIMIT {most:d}
        )
        {_ROWS} ORDER BY v.sort_at DESC, v.id DESC
        """,
        *_place(agent_id, before),
    )


async def by_ids(tx: Tx, ids: list[int], agent_id: int) -> list[ListRow]:
    """These conversations as rows, those the agent may see, in no order: for search."""
    return await tx.rows(
        ListRow,
        f"""
        WITH page AS (
            SELECT conversation.*, last_message_at AS sort_at FROM conversation
            WHERE id = ANY($2) AND {VISIBLE_TO}
        )
        {_ROWS}
        """,
        agent_id,
        ids,
    )


async def of_contact(tx: Tx, contact_id: int, agent_id: int, *, most: int = 20) -> list[ListRow]:
    """The conversations of a person and of everybody merged with them, newest first, in any state."""
    return await tx.rows(
        ListRow,
        f"""
        WITH page AS (
            SELECT conversation.*, last_message_at AS sort_at FROM conversation
            WHERE contact_id IN (
                    SELECT leaf.id FROM contact leaf JOIN contact one ON one.root_id = leaf.root_id
                    WHERE one.id = $2)
              AND joined_into_id IS NULL AND {VISIBLE_TO}
            ORDER BY last_message_at DESC, id DESC LIMIT {most:d}
        )
        {_ROWS} ORDER BY v.last_message_at DESC, v.id DESC
        """,
        agent_id,
        contact_id,
    )


async def for_everybody(tx: Tx, conversation_ids: Sequence[int]) -> list[ListRow]:
    """Rows for the live pages, nobody's in particular: who reads them is asked for rights there."""
    return await tx.rows(
        ListRow,
        f"""
        WITH page AS (
            SELECT conversation.*, last_message_at AS sort_at FROM conversation
            WHERE id = ANY($2) AND $1::bigint IS NOT NULL
        )
        {_ROWS}
        """,
        0,
        list(conversation_ids),
    )


async def _standing(
    tx: Tx, where: str, bands: tuple[Band, ...], agent_id: int, before: Place | None, most: int, *more: int
) -> list[ListRow]:
    """The first of these bands that meet `where`, a constant of the calling function; `more` is $4 in it."""
    found = page(bands, most, f"FROM conversation WHERE {where} AND {VISIBLE_TO}")
    return await tx.rows(
        ListRow,
        f"WITH {found.parts} {_ROWS} ORDER BY {found.order}",
        *_place(agent_id, before),
        *more,
    )


def _place(agent_id: int, before: Place | None) -> tuple[int, datetime | None, int | None]:
    at, id_ = before or (None, None)
    return agent_id, at, id_


_SORTED = {"mine": mine, "unassigned": unassigned, "all": all_open}
_READS = {"closed": closed, "aside": aside, "snoozed": snoozed, "drafts": drafted, "mentions": mentions}
