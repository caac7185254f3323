"""Conversations as programs list and read them: by any mix of filters, in any sort, rights in the statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.agents.roles import VISIBLE_TO
from hub.conversations.sorting import SORTS, band_of, page
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What the list is narrowed to; None does not narrow. `mine`: assigned to whoever asks; `drafts`: where they have
    begun to write.
    """

    state: str | None = None
    mine: bool = False
    unassigned: bool = False
    drafts: bool = False
    assignee_id: int | None = None
    team_id: int | None = None
    channel_id: int | None = None
    contact_id: int | None = None
    account_id: int | None = None
    tag: str | None = None


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer gave a chat at its end, from 1 to 5, and their words."""

    score: int
    words: str
    at: datetime


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation with the names of everything it refers to."""

    id: int
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
    channel_id: int
    channel_name: str
    channel_kind: str
    priority: str
    tags: list[str]
    reason: dict[str, Any] | None
    close_reason: str
    close_outcome: str
    waiting_since: datetime | None
    last_message_at: datetime
    last_preview: str
    last_seq: int
    joined_into_id: int | None
    fallback: str
    rating: Rating | None
    created_at: datetime
    participants: list[str]


_SHOWN = """
    SELECT v.id, v.state, v.subject, r.id AS contact_id, r.name AS contact_name, v.account_id,
           o.name AS account_name, v.assignee_id, g.name AS assignee_name, v.team_id, t.name AS team_name,
           n.id AS channel_id, n.name AS channel_name, n.kind AS channel_kind, v.priority, v.tags, v.reason,
           v.close_reason, v.close_outcome, v.waiting_since, v.last_message_at, v.last_preview, v.last_seq,
           v.joined_into_id, v.fallback, v.created_at,
           (SELECT jsonb_build_object('score', k.score, 'words', k.words, 'at', k.at) FROM rating k
            WHERE k.conversation_id = v.id) AS rating,
           ARRAY(SELECT a.value FROM participant p JOIN address a ON a.id = p.address_id
                 WHERE p.conversation_id = v.id AND p.role <> 'suggested' ORDER BY a.id) AS participants
    FROM page v
    JOIN contact c ON c.id = v.contact_id
    JOIN contact r ON r.id = c.root_id
    JOIN channel n ON n.id = v.last_channel_id
    LEFT JOIN account o ON o.id = v.account_id
    LEFT JOIN agent g ON g.id = v.assignee_id
    LEFT JOIN team t ON t.id = v.team_id
"""


async def listed(
    tx: Tx,
    agent_id: int,
    wanted: Filters,
    *,
    before: tuple[datetime, int] | None,
    most: int,
    sort: str = "newest",
    first: int = 0,
) -> list[Listed]:
    """A page of conversations this agent may see; `before` is the last row's place, in band `first` of the sort."""
    at, id_ = before or (None, None)
    found = page(
        SORTS[sort][first:],
        "$13",
        f"""
        FROM conversation
        WHERE {VISIBLE_TO}
          AND ($4::text IS NULL OR conversation.state = $4)
          AND (NOT $5 OR conversation.assignee_id = $1)
          AND (NOT $6 OR conversation.assignee_id IS NULL)
          AND ($7::bigint IS NULL OR conversation.assignee_id = $7)
          AND ($8::bigint IS NULL OR conversation.team_id = $8)
          AND ($9::bigint IS NULL OR conversation.last_channel_id = $9)
          AND ($10::bigint IS NULL OR conversation.contact_id IN (
                SELECT id FROM contact WHERE root_id = (SELECT root_id FROM contact WHERE id = $10)))
          AND ($11::bigint IS NULL OR conversation.account_id = $11)
          AND ($12::text IS NULL OR conversation.tags @> ARRAY[$12])
          AND (NOT $14 OR conversation.id IN (
                SELECT conversation_id FROM draft WHERE agent_id = $1 AND text <> ''))
        """,
    )
    return await tx.rows(
        Listed,
        f"WITH {found.parts} {_SHOWN} ORDER BY {found.order}",
        agent_id,
        at,
        id_,
        wanted.state,
        wanted.mine,
        wanted.unassigned,
        wanted.assignee_id,
        wanted.team_id,
        wanted.channel_id,
        wanted.contact_id,
        wanted.account_id,
        wanted.tag,
        most,
        wanted.drafts,
    )


async def by_ids(tx: Tx, agent_id: int, ids: Sequence[int]) -> list[Listed]:
    """These conversations, those the agent may see, newest message first."""
    return await tx.rows(
        Listed,
        f"""
        WITH page AS (SELECT * FROM conversation WHERE {VISIBLE_TO} AND conversation.id = ANY($2))
        {_SHOWN} ORDER BY v.last_message_at DESC, v.id DESC
        """,
        agent_id,
        list(ids),
    )


def cursor(last: Listed, sort: str) -> str:
    """Where the next page begins: a place, and in which band of the sort."""
    band = band_of(sort, last.waiting_since, last.priority)
    waiting = last.waiting_since if SORTS[sort][band].waiting else None
    return f"{(waiting or last.last_message_at).isoformat()},{last.id},{band}"


def place(text: str, sort: str) -> tuple[int, tuple[datetime, int] | None]:
    """The band to go on in and the place there, as `cursor` wrote them. Raises BadInput."""
    if not text:
        return 0, None
    try:
        at, id_, band = (text + ",0").split(",")[:3]
        first = min(int(band[:1]), len(SORTS[sort]) - 1)
        return first, (datetime.fromisoformat(at.replace(" ", "+")), int(id_[:18]))
    except ValueError as error:
        raise BadInput(_("This is not a cursor of this list."), field="cursor") from error
