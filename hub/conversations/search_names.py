"""What was typed, as PostgreSQL needs it: names as ids, words folded as the index folds them."""

from __future__ import annotations

import re

import msgspec

from hub.conversations.search_query import Query
from hub.plumbing.db import Tx

MOST_NAMES = 500
PREFIX_FROM = 4  # letters from which a word also finds longer ones: pedido finds pedidos


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """The typed names as ids; None: not asked for, empty: nobody is called that."""

    channels: list[int] | None
    assignees: list[int] | None
    teams: list[int] | None
    contacts: list[int] | None
    accounts: list[int] | None
    senders: list[int] | None
    words: list[str]
    phrases: list[str]
    without: list[str]


async def typed_names(tx: Tx, agent_id: int, query: Query) -> Names:
    """Every name that was typed looked up at once, and the words as PostgreSQL folds them."""
    found = await tx.row(
        Names,
        f"""
        SELECT
            CASE WHEN $1::text IS NOT NULL THEN ARRAY(
                SELECT id FROM channel WHERE plain(name) LIKE $1 OR plain(address) LIKE $1
                    OR kind = plain(trim(both '%' FROM $1))) END AS channels,
            CASE WHEN $7::boolean THEN ARRAY[$8::bigint]
                 WHEN $2::text IS NOT NULL THEN ARRAY(
                    SELECT id FROM agent WHERE plain(name) LIKE $2 OR email LIKE $2) END AS assignees,
            CASE WHEN $3::text IS NOT NULL THEN ARRAY(SELECT id FROM team WHERE plain(name) LIKE $3) END AS teams,
            CASE WHEN $4::text IS NOT NULL THEN ARRAY(
                SELECT leaf.id FROM contact leaf WHERE leaf.root_id IN (
                    SELECT root_id FROM contact WHERE plain(search) LIKE $4 LIMIT {MOST_NAMES:d})) END AS contacts,
            CASE WHEN $5::text IS NOT NULL THEN ARRAY(
                SELECT id FROM account WHERE plain(name) LIKE $5 LIMIT {MOST_NAMES:d}) END AS accounts,
            CASE WHEN $6::text IS NOT NULL THEN ARRAY(
                SELECT a.id FROM address a WHERE a.contact_id IN (
                    SELECT id FROM contact WHERE plain(search) LIKE $6 LIMIT {MOST_NAMES:d})) END AS senders,
            ARRAY(SELECT plain(w) FROM unnest($9::text[]) WITH ORDINALITY AS t (w, n) ORDER BY n) AS words,
            ARRAY(SELECT plain(w) FROM unnest($10::text[]) WITH ORDINALITY AS t (w, n) ORDER BY n) AS phrases,
            ARRAY(SELECT plain(w) FROM unnest($11::text[]) WITH ORDINALITY AS t (w, n) ORDER BY n) AS without
        """,
        *(await _patterns(tx, query)),
        query.assignee_me,
        agent_id,
        query.words,
        query.phrases,
        query.without,
    )
    assert found is not None
    return found


async def _patterns(tx: Tx, query: Query) -> list[str | None]:
    """The typed names as patterns for LIKE, folded as the columns are."""
    typed = [query.channel, query.assignee, query.team, query.contact, query.account, query.sender]
    if not any(typed):
        return [None] * len(typed)
    rows = await tx.fetch(
        "SELECT plain(w) AS word FROM unnest($1::text[]) WITH ORDINALITY AS t (w, n) ORDER BY n", typed
    )
    return [like(row["word"]) if row["word"] is not None else None for row in rows]


def tsquery(names: Names) -> str:
    """Words and phrases for to_tsquery: only letters and digits of the typed text are in it, or nothing."""
    parts = [_term(word, prefix=True) for word in names.words] + [_term(one) for one in names.phrases]
    wanted = [part for part in parts if part]
    if not wanted:
        return ""
    unwanted = [f"!({part})" for word in names.without if (part := _term(word))]
    return " & ".join([*(f"({part})" for part in wanted), *unwanted])


def _term(text: str, *, prefix: bool = False) -> str:
    """One typed word, which may be several (marta@acme.test): they must stand side by side."""
    parts = tokens(text)
    if parts and prefix and len(parts[-1]) >= PREFIX_FROM:
        parts[-1] += ":*"
    return " <-> ".join(parts)


def tokens(text: str) -> list[str]:
    """The runs of letters and digits."""
    return [run for run in re.split(r"[\W_]+", text) if run]


def like(text: str) -> str:
    """A pattern that finds the text anywhere; its own signs mean themselves."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
