"""Tags and priority of a conversation, and the tags there are to choose from."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.conversations import labels
from hub.web.forms import form_of
from hub.web.inbox.asked import do, id_of, json_answer
from hub.web.requests import hub_of, person_of


class TagsForm(msgspec.Struct):
    """POST /c/{id}/tags: what to put on and what to take off; commas part several."""

    add: list[str] = []
    remove: list[str] = []


class PriorityForm(msgspec.Struct):
    """POST /c/{id}/priority."""

    priority: str = ""


async def known(request: web.Request) -> web.StreamResponse:
    """GET /tags: those in use where this person may look, the most used first."""
    person = person_of(request)
    async with hub_of(request).transaction() as tx:
        return json_answer({"items": await labels.in_use(tx, person.id)})


async def tag(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/tags."""
    person = person_of(request)
    form = await form_of(request, TagsForm)
    add, remove = _parted(form.add), form.remove
    return await do(
        request, lambda tx: labels.tag(tx, id_of(request), agent_id=person.id, add=add, remove=remove)
    )


async def prioritise(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/priority."""
    person = person_of(request)
    wanted = (await form_of(request, PriorityForm)).priority
    return await do(request, lambda tx: labels.prioritise(tx, id_of(request), wanted, agent_id=person.id))


def _parted(given: list[str]) -> list[str]:
    return [name for text in given for name in text.split(",") if name.strip()]
