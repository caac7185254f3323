"""The first people of a campaign's audience, whose data previews and tests are read with."""

from __future__ import annotations

from aiohttp import web

from hub.campaigns import audience, campaigns, segments
from hub.channels import connections
from hub.channels.registry import adapter
from hub.customers import contacts
from hub.plumbing.texts import _
from hub.web.campaigns import opened
from hub.web.requests import hub_of, id_of
from hub.web.segments.views import Options

SAMPLED = 30


async def first_people(request: web.Request, who: str = "") -> tuple[int, Options]:
    """How many may be written to where it costs by the part, and the first people with `who`, a contact's id."""
    people, first = await _first(request)
    if not who or any(who == id_ for id_, _name in first) or opened.whole(who) is None:
        return people, first
    async with hub_of(request).transaction() as tx:
        one = (await contacts.load(tx, int(who))).contact
    return people, [(who, one.name or _("No name")), *first]


async def _first(request: web.Request) -> tuple[int, Options]:
    async with hub_of(request).transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
        if campaign.segment_id is None:
            first = await contacts.listed(tx, most=SAMPLED)
            return 0, [(str(one.contact.id), one.contact.name) for one in first if one.contact.name]
        definition = (await segments.load(tx, campaign.segment_id)).definition
        found = await audience.sample(tx, definition, most=SAMPLED)
        cans = [adapter((await connections.load(tx, id_)).kind).can for id_ in campaign.channel_ids]
        counted = next((can.address_type for can in cans if can.parts), "")
        people = (await audience.count(tx, definition)).by_type.get(counted, 0) if counted else 0
    return people, [(str(one.id), one.name or _("No name")) for one in found]
