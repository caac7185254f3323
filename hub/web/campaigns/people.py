"""The first people of a campaign's audience, whose data previews and tests are read with."""

from __future__ import annotations

from aiohttp import web

from hub.campaigns import audience, campaigns, segments
from hub.channels import connections
from hub.channels.registry import adapter
from hub.customers import contacts
from hub.plumbing.texts import _
from hub.web.requests import hub_of, id_of
from hub.web.segments.views import Options

SAMPLED = 30


async def first_people(request: web.Request) -> tuple[int, Options]:
    """How many may be written to where it costs by the part, and the first people; in a transaction of its own."""
    async with hub_of(request).transaction() as tx:
        campaign = await campaigns.load(tx, id_of(request))
        if campaign.segment_id is None:
            first = await contacts.listed(tx, most=SAMPLED)
            return 0, [(str(one.contact.id), one.contact.name) for one in first if one.contact.name]
        definition = (await segments.load(tx, campaign.segment_id)).definition
        found = await audience.sample(tx, definition, most=SAMPLED)
        counted = await audience.count(tx, definition)
        cans = [adapter((await connections.load(tx, id_)).kind).can for id_ in campaign.channel_ids]
    people = next((counted.by_type.get(can.address_type, 0) for can in cans if can.parts), 0)
    return people, [(str(one.id), one.name or _("No name")) for one in found]
