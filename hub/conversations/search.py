"""Searching conversations: words newest first, names and addresses, numbers; the rights stand in each statement.

Words are looked for partition by partition, the newest first, and no further than a page needs
(PERFORMANCE.md §3). What a person typed reaches PostgreSQL only as parameters; the only text made here are the
whole numbers of partitions.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from hub.agents.roles import VISIBLE_TO
from hub.conversations import inbox
from hub.conversations.inbox import ListRow
from hub.conversations.search_index import PARTITION, partitions
from hub.conversations.search_names import Names, like, tokens, tsquery, typed_names
from hub.conversations.search_query import Query
from hub.conversations.search_snippets import snippet
from hub.plumbing.db import Tx

PAGE = 30
MOST_HITS = 100  # messages looked at for a page: what is not rare is found by walking back through the newest
MOST_PEOPLE = 10
SECONDS = 3.0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that matches; `snippets` mark the matches, and are a stranger's words."""

    row: ListRow
    snippets: list[str]


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """One page. `more`: where the next begins, empty at the end."""

    results: list[Result]
    more: str = ""


class Hit(msgspec.Struct, frozen=True):
    """One message that matches."""

    id: int
    conversation_id: int


async def search(tx: Tx, agent_id: int, query: Query, *, before: str = "", most: int = PAGE) -> Results:
    """A page of what this agent may see and the query asks for.

    Takes at most SECONDS, then raises asyncpg.QueryCanceledError; the transaction is for nothing else.
    """
    await tx.execute("SELECT set_config('statement_timeout', $1, true)", f"{int(SECONDS * 1000)}")
    names = await typed_names(tx, agent_id, query)
    if query.id is not None:
        found = await _by_conversation(tx, agent_id, query, names, before, most)
        if found.results:
            return found
        # "#48213" may as well be the customer's own number of something
        query = msgspec.structs.replace(query, id=None, words=[*query.words, str(query.id)])
        names = await typed_names(tx, agent_id, query)
    if not query.has_text:
        return await _by_conversation(tx, agent_id, query, names, before, most)
    words = tsquery(names)
    if not words:
        return Results(results=[])
    return await _by_words(tx, agent_id, query, names, words, before, most)


async def _by_words(
    tx: Tx, agent_id: int, query: Query, names: Names, words: str, before: str, most: int
) -> Results:
    hits = await _hits(tx, agent_id, query, names, words, _number(before, "m"))
    shown: dict[int, list[int]] = {}
    last = 0
    for hit in hits:
        if hit.conversation_id not in shown and len(shown) == most:
            break
        shown.setdefault(hit.conversation_id, []).append(hit.id)
        last = hit.id
    people = [] if before else await _people(tx, agent_id, query, names)
    ids = list(dict.fromkeys([*people, *shown]))
    if not ids:
        return Results(results=[])
    rows = {row.id: row for row in await inbox.by_ids(tx, ids, agent_id)}
    texts = await _texts(
        tx, shown, [token for text in (*names.words, *names.phrases) for token in tokens(text)]
    )
    found = [Result(row=rows[id_], snippets=texts.get(id_, [])) for id_ in ids if id_ in rows]
    more = len(hits) == MOST_HITS or (hits and hits[-1].id != last)
    return Results(results=found, more=f"m{last}" if more else "")


async def _hits(
    tx: Tx, agent_id: int, query: Query, names: Names, words: str, before: int | None
) -> list[Hit]:
    """Messages, newest first: each partition is only looked at while the page is not full."""
    parts = await partitions(tx)
    if before is not None:
        parts = [number for number in parts if number * PARTITION < before]
    if not parts:
        return []
    one = """
        (SELECT s.id, coalesce(conversation.joined_into_id, conversation.id) AS conversation_id
         FROM message_search s JOIN conversation ON conversation.id = s.conversation_id
         WHERE s.id >= {first:d} AND s.id < {last:d} AND s.tsv @@ to_tsquery('simple', $2)
           AND ($3::bigint IS NULL OR s.id < $3)
           AND ($11::bigint[] IS NULL AND $12::text IS NULL AND $13::timestamptz IS NULL
                AND $14::timestamptz IS NULL AND NOT $15::boolean OR EXISTS (
                SELECT FROM message m WHERE m.id = s.id {message}))
           AND {conversation} AND {visible}
         ORDER BY s.id DESC LIMIT {most:d})
    """
    selects = [
        one.format(
            first=number * PARTITION,
            last=(number + 1) * PARTITION,
            message=_MESSAGE,
            conversation=_CONVERSATION,
            visible=VISIBLE_TO,
            most=MOST_HITS,
        )
        for number in parts
    ]
    sql = f"SELECT * FROM ({' UNION ALL '.join(selects)}) AS found LIMIT {MOST_HITS:d}"
    # how rare the words are decides between the index of words and the newest messages one by one
    await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    rows = await tx.fetch(sql, agent_id, words, before, *_conditions(query, names))
    await tx.execute("SET LOCAL plan_cache_mode = auto")
    return sorted((Hit(row["id"], row["conversation_id"]) for row in rows), key=lambda hit: -hit.id)


async def _by_conversation(
    tx: Tx, agent_id: int, query: Query, names: Names, before: str, most: int
) -> Results:
    """Conversations by their conditions alone, newest first; one limited select a state, so that each has its index."""
    at, id_ = _place(before)
    without = tsquery(
        Names(**{**msgspec.structs.asdict(names), "words": names.without, "phrases": [], "without": []})
    )
    one = """
        (SELECT conversation.id, conversation.last_message_at FROM conversation
         WHERE conversation.state = '{state}' AND conversation.joined_into_id IS NULL
           AND (conversation.last_message_at, conversation.id)
               < (coalesce($2::timestamptz, 'infinity'), coalesce($3::bigint, 9223372036854775807))
           AND ($17::bigint IS NULL OR conversation.id = $17)
           AND ($18::text IS NULL OR NOT EXISTS (
                SELECT FROM message_search s
                WHERE s.conversation_id = conversation.id AND s.tsv @@ to_tsquery('simple', $18)))
           AND ($11::bigint[] IS NULL OR conversation.id IN (
                SELECT m.conversation_id FROM message m WHERE m.address_id = ANY($11)))
           AND ($12::text IS NULL AND $13::timestamptz IS NULL AND $14::timestamptz IS NULL
                AND NOT $15::boolean OR EXISTS (
                SELECT FROM message m WHERE m.conversation_id = conversation.id {message}))
           AND {conversation} AND {visible}
         ORDER BY conversation.last_message_at DESC, conversation.id DESC LIMIT $19)
    """
    states = [query.state] if query.state else ["open", "closed", "snoozed", "aside"]
    selects = [
        one.format(state=state, message=_MESSAGE, conversation=_CONVERSATION, visible=VISIBLE_TO)
        for state in states
        if state in ("open", "closed", "snoozed", "aside")
    ]
    rows = await tx.fetch(
        f"SELECT * FROM ({' UNION ALL '.join(selects)}) AS found ORDER BY last_message_at DESC, id DESC LIMIT $19",
        agent_id,
        at,
        id_,
        *_conditions(query, names),
        query.id,
        without or None,
        most + 1,
    )
    ids = [row["id"] for row in rows[:most]]
    shown = {row.id: row for row in await inbox.by_ids(tx, ids, agent_id)}
    more = f"{_microseconds(rows[most - 1]['last_message_at'])},{ids[-1]}" if len(rows) > most else ""
    return Results(results=[Result(row=shown[id_], snippets=[]) for id_ in ids if id_ in shown], more=more)


async def _people(tx: Tx, agent_id: int, query: Query, names: Names) -> list[int]:
    """The newest conversations of the people whose name or address holds every word."""
    patterns = sorted((like(word) for word in (*names.words, *names.phrases)), key=len, reverse=True)
    if not patterns or len(patterns[0]) < 5:  # two signs around three letters: fewer have no trigram
        return []
    rows = await tx.fetch(
        f"""
        WITH people AS (
            SELECT id FROM contact WHERE plain(search) LIKE $2 AND plain(search) LIKE ALL ($3)
            ORDER BY id DESC LIMIT {MOST_PEOPLE:d}
        ), accounts AS (
            SELECT id FROM account WHERE plain(name) LIKE $2 AND plain(name) LIKE ALL ($3)
            ORDER BY id DESC LIMIT {MOST_PEOPLE:d}
        ), found AS (
            (SELECT newest.* FROM people CROSS JOIN LATERAL (
                SELECT * FROM conversation c
                WHERE c.contact_id IN (SELECT id FROM contact WHERE root_id = people.id)
                ORDER BY c.last_message_at DESC LIMIT 5) newest)
            UNION ALL
            (SELECT newest.* FROM accounts CROSS JOIN LATERAL (
                SELECT * FROM conversation c WHERE c.account_id = accounts.id
                ORDER BY c.last_message_at DESC LIMIT 5) newest)
        )
        SELECT conversation.id FROM found AS conversation
        WHERE conversation.joined_into_id IS NULL AND {_CONVERSATION} AND {VISIBLE_TO}
          AND $11::bigint[] IS NULL AND $12::text IS NULL AND $13::timestamptz IS NULL
          AND $14::timestamptz IS NULL AND NOT $15::boolean
        ORDER BY conversation.last_message_at DESC LIMIT {MOST_PEOPLE:d}
        """,
        agent_id,
        patterns[0],
        patterns,
        *_conditions(query, names),
    )
    return list(dict.fromkeys(row["id"] for row in rows))


async def _texts(tx: Tx, shown: dict[int, list[int]], words: list[str]) -> dict[int, list[str]]:
    """Up to two snippets a conversation."""
    if not shown:
        return {}
    wanted = {message: conversation for conversation, hits in shown.items() for message in hits[:2]}
    rows = await tx.fetch(
        """
        SELECT id, subject, left(CASE WHEN seq = 1 OR new_text = '' THEN text ELSE new_text END, 20000) AS text
        FROM message WHERE id = ANY($1) ORDER BY id DESC
        """,
        list(wanted),
    )
    found: dict[int, list[str]] = {}
    for row in rows:
        found.setdefault(wanted[row["id"]], []).append(snippet(row["text"] or row["subject"], words))
    return found


def _conditions(query: Query, names: Names) -> list[Any]:
    """$4 to $16 of the statements above."""
    return [
        names.channels,
        names.assignees,
        query.assignee_none,
        names.teams,
        names.contacts,
        names.accounts,
        [tag.casefold() for tag in query.tags],
        names.senders,
        like(query.recipient.lower()) if query.recipient else None,
        query.before,
        query.after,
        query.has_attachment,
        query.state,
    ]


_CONVERSATION = """(
    ($4::bigint[] IS NULL OR conversation.channel_id = ANY($4) OR conversation.last_channel_id = ANY($4))
    AND ($5::bigint[] IS NULL OR conversation.assignee_id = ANY($5))
    AND (NOT $6::boolean OR conversation.assignee_id IS NULL)
    AND ($7::bigint[] IS NULL OR conversation.team_id = ANY($7))
    AND ($8::bigint[] IS NULL OR conversation.contact_id = ANY($8))
    AND ($9::bigint[] IS NULL OR conversation.account_id = ANY($9))
    AND ($16::text IS NULL OR conversation.state = $16)
    AND (cardinality($10::text[]) = 0 OR $10 <@ ARRAY(SELECT lower(tag) FROM unnest(conversation.tags) AS tag))
)"""

_MESSAGE = """
    AND ($11::bigint[] IS NULL OR m.direction = 'in' AND m.address_id = ANY($11))
    AND ($12::text IS NULL OR lower(m.recipients::text) LIKE $12)
    AND ($13::timestamptz IS NULL OR m.created_at < $13)
    AND ($14::timestamptz IS NULL OR m.created_at >= $14)
    AND (NOT $15::boolean OR EXISTS (SELECT FROM attachment a WHERE a.message_id = m.id))
"""


def _number(before: str, sign: str) -> int | None:
    found = re.fullmatch(re.escape(sign) + r"([0-9]{1,18})", before)
    return int(found[1]) if found else None


def _place(before: str) -> tuple[datetime | None, int | None]:
    found = re.fullmatch(r"([0-9]{1,16}),([0-9]{1,18})", before)
    if not found:
        return None, None
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(found[1])), int(found[2])


def _microseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)
