"""GET /search?q=: conversations that match, newest first, with their matches marked."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import asyncpg
from aiohttp import web

from hub.agents.roles import Person
from hub.conversations.search import Results, search
from hub.conversations.search_query import MOST_CHARACTERS, Query, parse
from hub.plumbing.texts import _
from hub.web import shell
from hub.web.inbox.rows import row
from hub.web.requests import hub_of, person_of
from hub.web.views import Found, SearchPage


async def show(request: web.Request) -> web.StreamResponse:
    """The page; a search that takes too long says so instead of holding the database."""
    person = person_of(request)
    q = request.query.get("q", "").strip()[:MOST_CHARACTERS]
    before = request.query.get("before", "")[:60]
    zone = ZoneInfo(person.time_zone)
    query = parse(q, today=datetime.now(zone).date(), zone=zone)
    found, problem = Results(results=[]), " ".join(query.problems)
    if not query.is_empty:
        found, problem = await _found(request, person, query, before, problem)
    elif q and not problem:
        problem = _("There is nothing to look for in this.")
    told = SearchPage(
        q=q,
        results=[Found(row=row(one.row, view="all"), snippets=one.snippets) for one in found.results],
        more=f"/search?{urlencode({'q': q, 'before': found.more})}" if found.more else "",
        problem=problem,
    )
    return await shell.page(request, "search/page.html", told, current="search")


async def _found(
    request: web.Request, person: Person, query: Query, before: str, problem: str
) -> tuple[Results, str]:
    try:
        async with hub_of(request).transaction() as tx:
            return await search(tx, person.id, query, before=before), problem
    except asyncpg.QueryCanceledError:
        return Results(results=[]), _("This search takes too long: add a word or a condition.")
