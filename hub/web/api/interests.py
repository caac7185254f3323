"""What campaigns are about, over the API."""

from __future__ import annotations

import msgspec

from hub.agents.roles import must
from hub.customers import interests
from hub.customers.interests import Interest
from hub.plumbing.errors import NotFound
from hub.plumbing.texts import _
from hub.web.api.endpoints import Call, Endpoint, Page


class NewInterest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /interests."""

    name_es: str
    name_en: str


class InterestChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /interests/{id}. `active` False: for no new campaign, and no longer on customers' pages."""

    name_es: str | None = None
    name_en: str | None = None
    active: bool | None = None


async def list_interests(call: Call) -> Page[Interest]:
    """GET /interests."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        return Page(await interests.listed(tx), None)


async def add_interest(call: Call) -> Interest:
    """POST /interests."""
    must(call.person, "run_campaigns")
    async with call.transaction() as tx:
        return await interests.create(tx, call.body.name_es, call.body.name_en, agent_id=call.person.id)


async def change_interest(call: Call) -> Interest:
    """PATCH /interests/{id}."""
    must(call.person, "run_campaigns")
    wanted: InterestChange = call.body
    async with call.transaction() as tx:
        found = [one for one in await interests.listed(tx) if one.id == call.id]
        if not found:
            raise NotFound(_("There is no such interest."))
        before = found[0]
        return await interests.change(
            tx,
            call.id,
            name_es=before.name_es if wanted.name_es is None else wanted.name_es,
            name_en=before.name_en if wanted.name_en is None else wanted.name_en,
            active=before.active if wanted.active is None else wanted.active,
            agent_id=call.person.id,
        )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/interests",
        summary="What campaigns may be about",
        handler=list_interests,
        answer=Page[Interest],
    ),
    Endpoint(
        method="POST",
        path="/interests",
        summary="One more thing campaigns may be about",
        handler=add_interest,
        body=NewInterest,
        answer=Interest,
        status=201,
    ),
    Endpoint(
        method="PATCH",
        path="/interests/{id}",
        summary="Other words, or out of use",
        handler=change_interest,
        body=InterestChange,
        answer=Interest,
    ),
]
