"""GET /inbox/{view} and an open conversation: whole pages, or one fragment of them."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.agents import teams
from hub.agents.roles import Person
from hub.conversations import history_lines, reading, sorting, thread
from hub.conversations.assignable import assignable
from hub.conversations.closing import OUTCOMES, REASONS
from hub.conversations.thread import PAGE, ThreadMessage
from hub.plumbing.db import Tx
from hub.plumbing.texts import _, ngettext
from hub.web import render, shell
from hub.web.forms import form_of, number_of
from hub.web.inbox.asked import id_of, must_see
from hub.web.inbox.bubbles import timeline
from hub.web.inbox.heads import card, composer, head
from hub.web.inbox.lists import View, list_pane, spot_of, view_of
from hub.web.requests import came_from, hub_of, person_of
from hub.web.views import Choice, InboxPage, ListPane, ListView, Named, ThreadPane, ThreadView


async def home(request: web.Request) -> web.StreamResponse:
    """GET /inbox: one's own."""
    raise web.HTTPSeeOther("/inbox/mine")


async def show_list(request: web.Request) -> web.StreamResponse:
    """GET /inbox/{view}?sort=&before=: the list; only its fragment with X-Fragment: list."""
    person, view = person_of(request), view_of(request.match_info["view"])
    before = spot_of(request.query.get("before", ""))
    cursor = await shell.live_cursor(request)
    async with hub_of(request).transaction() as tx:
        known = await _teams(tx, person)
        sort = request.query.get("sort", "")
        pane = await list_pane(tx, person, view, cursor, teams=known, before=before, sort=sort)
        if request.headers.get("X-Fragment") == "list":
            return _fragment(person, "inbox/_list.html", ListView(pane=pane))
        told = await _page(tx, pane, None, known)
    return await shell.page(request, "inbox/page.html", told, current=view.key, cursor=cursor)


async def show_conversation(request: web.Request) -> web.StreamResponse:
    """GET /inbox/{view}/c/{id}?before=message: list and conversation; only this one with X-Fragment: thread."""
    person, view, id_ = person_of(request), view_of(request.match_info["view"]), id_of(request)
    before = number_of(request, "before")
    cursor = await shell.live_cursor(request)
    async with hub_of(request).transaction() as tx:
        opened = await thread_pane(tx, person, id_, cursor, view=view, before=before)
        if request.headers.get("X-Fragment") == "thread":
            return _fragment(person, "inbox/_thread.html", ThreadView(thread=opened))
        known = await _teams(tx, person)
        pane = await list_pane(tx, person, view, cursor, teams=known, selected=id_)
        told = await _page(tx, pane, opened, known)
    return await shell.page(request, "inbox/page.html", told, current=view.key, cursor=cursor)


class SortForm(msgspec.Struct):
    """POST /inbox/{view}/sort: one of the list's sorts."""

    sort: str = ""


async def sort_list(request: web.Request) -> web.StreamResponse:
    """POST: from now on this view is shown to this person in that order; back to where they were in it."""
    person, view = person_of(request), view_of(request.match_info["view"])
    form = await form_of(request, SortForm)
    async with hub_of(request).transaction() as tx:
        await sorting.choose(tx, person.id, view.key, form.sort)
    raise web.HTTPSeeOther(came_from(request, f"/inbox/{view.key}"))


async def permanent(request: web.Request) -> web.StreamResponse:
    """GET /c/{id}: to the list it stands in for this person."""
    person, id_ = person_of(request), id_of(request)
    async with hub_of(request).transaction() as tx:
        found = await must_see(tx, id_, person)
    view = "all"
    if found.state in ("closed", "aside"):
        view = found.state
    elif found.state == "snoozed":
        view = "snoozed"
    elif found.assignee_id == person.id:
        view = "mine"
    elif found.assignee_id is None:
        view = "unassigned"
    raise web.HTTPSeeOther(f"/inbox/{view}/c/{id_}")


async def thread_pane(
    tx: Tx, person: Person, conversation_id: int, cursor: str, *, view: View, before: int | None = None
) -> ThreadPane:
    """An open conversation as this person sees it. Raises NotFound."""
    stored = await thread.head(tx, conversation_id, person.id)
    found = await thread.messages(tx, conversation_id, before=before, most=PAGE + 1)
    messages, more = found[-PAGE:], len(found) > PAGE
    lines = await history_lines.lines(
        tx,
        conversation_id,
        since=messages[0].created_at if more else None,
        before=await thread.moment_of(tx, before),
    )
    return ThreadPane(
        topic=f"thread:{conversation_id}",
        cursor=cursor,
        head=head(stored),
        messages=timeline(conversation_id, messages, lines),
        composer=await composer(tx, person, stored),
        card=await card(tx, person.id, stored),
        view=view.key,
        earlier=_earlier(view, conversation_id, messages) if more else "",
        back=f"/inbox/{view.key}",
        read_seq=await reading.seen(tx, conversation_id, person.id),
    )


def _earlier(view: View, conversation_id: int, messages: list[ThreadMessage]) -> str:
    return f"/inbox/{view.key}/c/{conversation_id}?before={messages[0].id}"


async def _page(tx: Tx, pane: ListPane, opened: ThreadPane | None, known: list[Named]) -> InboxPage:
    return InboxPage(
        pane=pane,
        thread=opened,
        choices=await choices(tx, known),
        reasons=_named(REASONS),
        outcomes=_named(OUTCOMES),
    )


def _named(words: dict[str, str]) -> list[Choice]:
    return [Choice(value=value, name=_(name)) for value, name in words.items()]


async def choices(tx: Tx, known: list[Named]) -> list[Choice]:
    """Whom one may assign to: people first, by load and presence, then teams."""
    people = [
        Choice(
            value=f"agent-{one.id}",
            name=one.name,
            note=_("away") if one.away_until else ngettext("%(n)s open", "%(n)s open", one.load),
            here=one.here,
        )
        for one in await assignable(tx)
    ]
    return [*people, *(Choice(value=f"team-{one.id}", name=one.name, note=_("team")) for one in known)]


async def _teams(tx: Tx, person: Person) -> list[Named]:
    return [Named(id=team.id, name=team.name) for team in await teams.visible_to(tx, person)]


def _fragment(person: Person, template: str, told: ListView | ThreadView) -> web.Response:
    return shell.html(render.partial(template, told, person.language, person.time_zone))
