"""GET /palette?q=: people, accounts and conversations for the command palette, a few of each."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from aiohttp import web

from hub.agents.roles import Person
from hub.conversations.search import search
from hub.conversations.search_query import parse
from hub.customers import accounts, contacts
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _
from hub.web.inbox.asked import json_answer
from hub.web.inbox.rows import mark, titled
from hub.web.requests import hub_of, person_of

MOST = 5
LONGEST = 100


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to go to: `value` is its address."""

    value: str
    name: str
    note: str
    icon: str


async def find(request: web.Request) -> web.StreamResponse:
    """Answers {"items": […]}: whom and what the words name, folded as the search folds them."""
    person, hub = person_of(request), hub_of(request)
    words = request.query.get("q", "").strip()[:LONGEST]
    if len(words) < 2:
        return json_answer({"items": []})
    return json_answer({"items": [*await _customers(hub, words), *await _conversations(hub, person, words)]})


async def _customers(hub: Hub, words: str) -> list[Hit]:
    async with hub.transaction() as tx:
        people = await contacts.listed(tx, text=words, most=MOST)
        known = await accounts.listed(tx, text=words, most=MOST)
    return [
        *(
            Hit(
                value=f"/contacts/{one.contact.id}",
                name=one.contact.name or (one.addresses[0].value if one.addresses else ""),
                note=one.contact.account_name or _("Contact"),
                icon="user",
            )
            for one in people
        ),
        *(
            Hit(value=f"/accounts/{one.id}", name=one.name, note=_("Account"), icon="building-2")
            for one in known
        ),
    ]


async def _conversations(hub: Hub, person: Person, words: str) -> list[Hit]:
    """In a transaction of its own: a search that takes too long is cut and costs only its own results."""
    zone = ZoneInfo(person.time_zone)
    query = parse(words, today=datetime.now(zone).date(), zone=zone)
    if query.is_empty:
        return []
    try:
        async with hub.transaction() as tx:
            found = (await search(tx, person.id, query, most=MOST)).results
    except asyncpg.QueryCanceledError:
        return []
    return [
        Hit(
            value=f"/c/{one.row.id}",
            name=titled(one.row.channel_kind, one.row.channel_name, one.row.subject) or _("(no subject)"),
            note=one.row.contact_name,
            icon=mark(one.row.channel_kind, one.row.channel_name).icon,
        )
        for one in found[:MOST]
    ]
