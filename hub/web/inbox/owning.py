"""POST and DELETE /c/{id}/owner: the offer after closing, “Make Ana the owner of Acme?”, taken and taken back."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.conversations import closing
from hub.conversations.holding import hold
from hub.customers import accounts
from hub.plumbing.db import Tx
from hub.plumbing.errors import Conflict
from hub.plumbing.texts import _
from hub.web.forms import form_of
from hub.web.inbox.asked import do, id_of, whole
from hub.web.requests import person_of


class OwnerForm(msgspec.Struct):
    """DELETE owner: who was made the owner of which account; POST needs nothing."""

    agent_id: str = ""
    account_id: str = ""


async def make_owner(request: web.Request) -> web.StreamResponse:
    """The assignee owns the account from now on. Raises Conflict when somebody was faster."""
    person, id_ = person_of(request), id_of(request)

    async def verb(tx: Tx) -> None:
        await hold(tx, id_)
        offer = await closing.owner_to_offer(tx, id_)
        if offer is None:
            raise Conflict(_("This account has an owner already."))
        await accounts.change(tx, offer.account_id, agent_id=person.id, owner_id=offer.agent_id)

    return await do(request, verb)


async def take_back(request: web.Request) -> web.StreamResponse:
    """Nobody owns it again, unless somebody else does by now."""
    person, id_ = person_of(request), id_of(request)
    form = await form_of(request, OwnerForm)
    agent_id, account_id = whole(form.agent_id, "agent_id"), whole(form.account_id, "account_id")

    async def verb(tx: Tx) -> None:
        held = await hold(tx, id_)
        if held.account_id != account_id or account_id is None:
            raise Conflict(_("The conversation belongs to another account by now."))
        if (await accounts.load(tx, account_id)).owner_id != agent_id:
            raise Conflict(_("Somebody else owns this account by now."))
        await accounts.change(tx, account_id, agent_id=person.id, owner_id=None)

    return await do(request, verb)
