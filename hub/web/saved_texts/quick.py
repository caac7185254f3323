"""Quick replies of the composer: every saved text filled for one conversation, and macros done."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.agents.roles import Person
from hub.channels import connections
from hub.channels.base import Capabilities
from hub.channels.registry import adapter
from hub.conversations import filling, macros, saved_texts
from hub.conversations.filling import Words
from hub.conversations.saved_texts import SavedText
from hub.customers.variables import Values
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.sandbox_rules import Misworded
from hub.plumbing.texts import _
from hub.routing.balance import queue_balance_for
from hub.web.forms import form_of, number_of
from hub.web.inbox.asked import do, id_of, json_answer, must_see
from hub.web.requests import hub_of, person_of


class Quick(msgspec.Struct, frozen=True, kw_only=True):
    """One saved text as the composer offers it. `macro`: what to hand in with the message so that it is done.

    `does`: one sentence an action. `error`: why it cannot be used as it is worded now.
    """

    title: str
    shortcut: str
    language: str
    text: str
    subject: str
    missing: list[str]
    macro: str
    does: list[str]
    error: str = ""


class MacroForm(msgspec.Struct):
    """POST /c/{id}/macro: the `macro` of a Quick."""

    macro: str = ""


async def offered(request: web.Request) -> web.StreamResponse:
    """GET /c/{id}/saved-texts?channel_id=: all of them, in the words of this conversation and channel."""
    person, id_ = person_of(request), id_of(request)
    channel_id = number_of(request, "channel_id")
    async with hub_of(request).transaction() as tx:
        await must_see(tx, id_, person)
        found = await saved_texts.listed(tx)
        values = await filling.values_for(tx, id_, person.id)
        names = dict(await saved_texts.assignees(tx)) if any(one.actions.assign for one in found) else {}
        can = adapter((await connections.load(tx, channel_id)).kind).can if channel_id else None
    return json_answer({"items": [_quick(one, values, can, names) for one in found]})


async def run(request: web.Request) -> web.StreamResponse:
    """POST /c/{id}/macro: a macro without words is done at once."""
    person, id_ = person_of(request), id_of(request)
    form = await form_of(request, MacroForm)
    return await do(request, lambda tx: act(tx, id_, form.macro, person))


async def act(tx: Tx, conversation_id: int, macro: str, person: Person) -> None:
    """Do what the named version of a saved text does: exactly what was listed before. Raises BadInput, NotFound."""
    id_, _dot, version = macro.partition(".")
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in (id_, version)):
        raise BadInput(_("There is no such saved text."), field="macro")
    saved = await saved_texts.load(tx, int(id_), int(version))
    closed = await macros.act(tx, conversation_id, saved.actions, agent_id=person.id)
    if closed is not None and closed.assignee_id is not None:
        await queue_balance_for(tx, closed.assignee_id)


def _quick(saved: SavedText, values: Values, can: Capabilities | None, names: dict[str, str]) -> Quick:
    words, error = Words(text=""), ""
    try:
        words = filling.fill(saved, values, can)
    except Misworded as problem:
        error = problem.message
    does = macros.told(saved.actions, names)
    return Quick(
        title=saved.title,
        shortcut=saved.shortcut,
        language=saved.language,
        text=words.text,
        subject=words.subject,
        missing=words.missing,
        macro=f"{saved.id}.{saved.version}" if does else "",
        does=does,
        error=error,
    )
