"""What the handlers of the inbox ask of a request: which conversation, whether this person may, and how to answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from hub.agents.roles import Person
from hub.channels.facts import Party
from hub.conversations.sight import Sight, sights
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, HubError, NotFound
from hub.plumbing.texts import _
from hub.web.requests import hub_of, person_of, wants_json

Verb = Callable[[Tx], Awaitable[Any]]

MOST_ID = 2**63 - 1
_PARTY = re.compile(r'^\s*(?:"?(?P<name>[^"<>]*?)"?\s*<(?P<inner>[^<>]*)>|(?P<bare>[^<>]*))\s*$')


def id_of(request: web.Request, name: str = "id") -> int:
    """A number of the path. Raises NotFound for one no row can have."""
    text = request.match_info[name]
    if not text.isascii() or not text.isdigit() or len(text) > 19 or not 0 < int(text) <= MOST_ID:
        raise NotFound(_("There is nothing here, or you may not see it."))
    return int(text)


async def must_see(tx: Tx, conversation_id: int, person: Person) -> Sight:
    """The conversation, if this person may know of it. Raises NotFound."""
    found = (await sights(tx, [conversation_id])).get(conversation_id)
    if found is None or not found.seen_by(person):
        raise NotFound(_("There is nothing here, or you may not see it."))
    return found


def whole(text: str, field: str) -> int | None:
    """A number in a form; empty is None. Raises BadInput."""
    if not text.strip():
        return None
    if not text.isascii() or not text.strip().isdigit() or len(text) > 18:
        raise BadInput(_("Use a whole number."), field=field)
    return int(text)


def parties(text: str, field: str) -> list[Party]:
    """Addresses as people type them: `Marta <marta@acme.es>, jorge@casa.es`. Raises BadInput."""
    found = []
    for part in re.split(r"[,;\n]", text):
        if not part.strip():
            continue
        read = _PARTY.match(part)
        if read is None:
            raise BadInput(_("“%(address)s” is no address.", address=part.strip()[:100]), field=field)
        found.append(Party((read["inner"] or read["bare"] or "").strip(), (read["name"] or "").strip()))
    return found


async def do(request: web.Request, verb: Verb) -> web.StreamResponse:
    """May I, do, answer: for one conversation the person sees, in a transaction that meets others' locks."""
    person, id_ = person_of(request), id_of(request)

    async def allowed(tx: Tx) -> None:
        await must_see(tx, id_, person)
        await verb(tx)

    await hub_of(request).retrying(allowed)
    return done(request, id_)


def done(request: web.Request, conversation_id: int, **told: Any) -> web.Response:
    """The answer after a change: JSON for the page's own script, back to the conversation without it."""
    if wants_json(request):
        return json_answer({"ok": True, **told})
    return web.Response(status=303, headers={"Location": f"/c/{conversation_id}"})


def told_error(error: HubError, **more: Any) -> web.Response:
    """The JSON of an error with what the page needs to go on from it."""
    body = {"code": error.code, "message": error.message, "field": error.field or None}
    return json_answer({"error": body, **more}, status=error.status)


def json_answer(told: Any, *, status: int = 200) -> web.Response:
    """A JSON answer of plain values, structs and datetimes."""
    return web.Response(body=msgspec.json.encode(told), content_type="application/json", status=status)
