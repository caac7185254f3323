"""Drafts: PUT and DELETE /c/{id}/draft."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.conversations import drafts
from hub.conversations.drafts import DraftConflict
from hub.plumbing.db import Tx
from hub.web.forms import form_of
from hub.web.inbox.asked import done, id_of, json_answer, must_see, told_error, whole
from hub.web.inbox.heads import draft
from hub.web.requests import hub_of, person_of


class DraftForm(msgspec.Struct):
    """PUT /c/{id}/draft; `version` is the one the text was written on, 0 for a new draft."""

    mode: str = "reply"
    text: str = ""
    subject: str = ""
    to: str = ""
    cc: str = ""
    channel_id: str = ""
    version: str = "0"


async def keep(request: web.Request) -> web.StreamResponse:
    """PUT: {version}; 409 {draft} with what is stored when it was changed elsewhere."""
    person, id_ = person_of(request), id_of(request)
    form = await form_of(request, DraftForm)

    async def verb(tx: Tx) -> drafts.Draft:
        await must_see(tx, id_, person)
        return await drafts.save(
            tx,
            id_,
            person.id,
            mode=form.mode,
            text=form.text,
            version=whole(form.version, "version") or 0,
            subject=form.subject,
            channel_id=whole(form.channel_id, "channel_id"),
            recipients={"to": form.to[:2000], "cc": form.cc[:4000]},
        )

    try:
        saved = await hub_of(request).retrying(verb)
    except DraftConflict as conflict:
        return told_error(conflict, draft=draft(conflict.theirs))
    return json_answer({"version": saved.version})


async def forget(request: web.Request) -> web.StreamResponse:
    """DELETE ?mode=reply|note."""
    person, id_ = person_of(request), id_of(request)
    async with hub_of(request).transaction() as tx:
        await must_see(tx, id_, person)
        await drafts.drop(tx, id_, person.id, request.query.get("mode", "reply"))
    return done(request, id_)
