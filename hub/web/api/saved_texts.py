"""Saved texts over the API: the wordings people keep, their versions, and what they do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from hub.conversations import saved_texts
from hub.conversations.saved_texts import Actions, SavedText, Wanted
from hub.customers import personalising
from hub.web.api.endpoints import Call, Endpoint, Page
from hub.web.api.shapes import Shape


class SavedTextShape(Shape, frozen=True, kw_only=True):
    """One wording. `variables` it uses; `without_default`: those that stop a message when they have no value."""

    id: int
    title: str
    shortcut: str
    language: str
    subject: str
    text: str
    html: str
    short: str
    actions: Actions
    variables: list[str]
    without_default: list[str]
    version: int
    active: bool
    changed_at: datetime


class SavedTextsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """GET /saved_texts: whose title, shortcut or words hold `q`; `retired`: those no longer offered."""

    q: str = ""
    retired: bool = False


class NewSavedText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /saved_texts. Variables are written {{ contact.first_name|default("friend") }}."""

    title: str
    text: str = ""
    shortcut: str = ""
    language: str = ""
    subject: str = ""
    html: str = ""
    short: str = ""
    actions: Actions = Actions()


class SavedTextPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /saved_texts/{id}: what is given changes, as a new version; `active` false retires it."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    text: str | msgspec.UnsetType = msgspec.UNSET
    shortcut: str | msgspec.UnsetType = msgspec.UNSET
    language: str | msgspec.UnsetType = msgspec.UNSET
    subject: str | msgspec.UnsetType = msgspec.UNSET
    html: str | msgspec.UnsetType = msgspec.UNSET
    short: str | msgspec.UnsetType = msgspec.UNSET
    actions: Actions | msgspec.UnsetType = msgspec.UNSET
    active: bool | msgspec.UnsetType = msgspec.UNSET


async def list_saved_texts(call: Call) -> Page[SavedTextShape]:
    """All that fit, by title."""
    asked: SavedTextsQuery = call.query
    async with call.transaction() as tx:
        found = await saved_texts.listed(tx, text=asked.q[:100], active=not asked.retired)
    return Page([_shape(one) for one in found], None)


async def show_saved_text(call: Call) -> SavedTextShape:
    """One of them. Raises NotFound."""
    async with call.transaction() as tx:
        return _shape(await saved_texts.load(tx, call.id))


async def add_saved_text(call: Call) -> SavedTextShape:
    """Raises BadInput naming the field, with the line of a wording; Conflict for a taken shortcut."""
    async with call.transaction() as tx:
        return _shape(await saved_texts.create(tx, _wanted(call.body), agent_id=call.person.id))


async def change_saved_text(call: Call) -> SavedTextShape:
    """Its next version. Raises NotFound, BadInput, Conflict."""
    patch: SavedTextPatch = call.body
    given: dict[str, Any] = {
        name: value
        for name in patch.__struct_fields__
        if (value := getattr(patch, name)) is not msgspec.UNSET
    }
    active = given.pop("active", None)
    async with call.transaction() as tx:
        saved = await saved_texts.load(tx, call.id)
        wanted = msgspec.structs.replace(_wanted(saved), **given)
        saved = await saved_texts.change(tx, call.id, wanted, agent_id=call.person.id)
        if active is not None:
            saved = await saved_texts.use(tx, call.id, active=active, agent_id=call.person.id)
    return _shape(saved)


def _wanted(given: NewSavedText | SavedText) -> Wanted:
    return Wanted(
        title=given.title,
        shortcut=given.shortcut,
        language=given.language,
        subject=given.subject,
        text=given.text,
        html=given.html,
        short=given.short,
        actions=given.actions,
    )


def _shape(one: SavedText) -> SavedTextShape:
    wordings = [
        personalising.wording(one.text),
        personalising.wording(one.subject),
        personalising.wording(one.short),
        personalising.wording(one.html, html=True),
    ]
    return SavedTextShape(
        id=one.id,
        title=one.title,
        shortcut=one.shortcut,
        language=one.language,
        subject=one.subject,
        text=one.text,
        html=one.html,
        short=one.short,
        actions=one.actions,
        variables=list(dict.fromkeys(name for wording in wordings for name in wording.variables)),
        without_default=list(dict.fromkeys(name for wording in wordings for name in wording.bare)),
        version=one.version,
        active=one.active,
        changed_at=one.version_at,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/saved_texts",
        summary="Wordings people keep",
        handler=list_saved_texts,
        query=SavedTextsQuery,
        answer=Page[SavedTextShape],
    ),
    Endpoint(
        method="GET",
        path="/saved_texts/{id}",
        summary="One wording",
        handler=show_saved_text,
        answer=SavedTextShape,
    ),
    Endpoint(
        method="POST",
        path="/saved_texts",
        summary="Keep a wording",
        handler=add_saved_text,
        body=NewSavedText,
        answer=SavedTextShape,
        status=201,
    ),
    Endpoint(
        method="PATCH",
        path="/saved_texts/{id}",
        summary="Change it, retire it, offer it again",
        handler=change_saved_text,
        body=SavedTextPatch,
        answer=SavedTextShape,
    ),
]
