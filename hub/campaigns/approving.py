"""A person approves what was prepared, knowing how many it goes to: then it is frozen, and leaves at its hour."""

from __future__ import annotations

from collections.abc import Sequence

from hub.campaigns import campaigns, doubting, preflight, tallying, timing
from hub.campaigns.campaigns import Campaign
from hub.plumbing.db import Tx
from hub.plumbing.dns import Resolver
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _, ngettext

TYPED_FROM = 500
"""Above so many people the number is typed by who approves."""


async def people(tx: Tx, campaign_id: int) -> int:
    """How many get the first step: the number to type."""
    return await tallying.ready(tx, campaign_id)


async def unrendered(tx: Tx, campaign_id: int) -> int:
    """Messages that have a hole or cannot be written, of all steps: nothing is approved while there are any."""
    counted: int = await tx.value(
        "SELECT count(*) FROM recipient WHERE campaign_id = $1 AND state = 'ready' AND hash IS NULL",
        campaign_id,
    )
    return counted


async def troubles(hub: Hub, campaign_id: int) -> list[str]:
    """What in the name system stops its senders, in words; asked outside of any transaction, right before `approve`.

    Of a demo nothing: what it sends never leaves the machine.
    """
    if hub.settings.demo:
        return []
    async with hub.transaction() as tx:
        campaign = await campaigns.load(tx, campaign_id)
        senders = await preflight.senders(tx, hub.settings.base_url, campaign.channel_ids)
    found = await preflight.check(Resolver(hub.settings.dns), senders)
    return [f"{one.address}: {one.words}" for one in preflight.blocks(found)]


async def approve(
    tx: Tx,
    campaign_id: int,
    *,
    total: int | None,
    agent_id: int,
    troubles: Sequence[str] = (),
    perhaps: int | None = None,
) -> Campaign:
    """Schedule it. `total`: how many people, as typed; `troubles`: what `troubles` found; `perhaps`: see doubting.

    Raises BadInput(total, perhaps) for another number, Conflict when something is not as it must be, NotFound.
    """
    campaign = await campaigns.lock(tx, campaign_id)
    count = await people(tx, campaign_id)
    if campaign.state == "prepared":
        await _must_be_fit(tx, campaign_id, count, total, troubles)
        await doubting.must_be_settled(tx, campaign_id, perhaps=perhaps)
    after = await campaigns.move(tx, campaign, "scheduled", who="person", agent_id=agent_id)
    await tx.execute(
        "UPDATE campaign SET approved_by = $2, approved_at = now() WHERE id = $1", campaign_id, agent_id
    )
    if campaign.schedule.when == "now" or await _has_passed(tx, campaign_id):
        await timing.begin(tx, campaign_id)
    return await campaigns.load(tx, after.id)


async def _must_be_fit(
    tx: Tx, campaign_id: int, count: int, total: int | None, troubles: Sequence[str]
) -> None:
    if not count:
        raise Conflict(_("Nobody would get this campaign."))
    if total != count and (total is not None or count > TYPED_FROM):
        raise BadInput(_("It goes to %(n)s people: type that number to approve it.", n=count), field="total")
    if holes := await unrendered(tx, campaign_id):
        raise Conflict(
            ngettext(
                "%(n)s message has an empty place: write it yourself, or leave that person out.",
                "%(n)s messages have an empty place: write them yourself, or leave those people out.",
                holes,
            )
        )
    if troubles:
        raise Conflict(" · ".join(troubles[:5]))


async def _has_passed(tx: Tx, campaign_id: int) -> bool:
    """Whether somebody's moment went by while it was looked at, or the times were only half counted."""
    asked = """
        SELECT k.starts_at IS NULL OR EXISTS (SELECT FROM recipient r WHERE r.campaign_id = k.id AND r.state = 'ready'
                                              AND r.due_at < now())
        FROM campaign k WHERE k.id = $1
        """
    return bool(await tx.value(asked, campaign_id))
