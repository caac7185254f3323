"""What workers do for campaigns beside sending: freeze, prepare, count due times, begin, watch over, end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial

import structlog

from hub.campaigns import (
    calling_off,
    campaigns,
    counting,
    counts,
    emptying,
    filling,
    freezing,
    list_importing,
    outcomes,
    preparing,
    running,
    timing,
)
from hub.campaigns.preparing import NOBODY
from hub.plumbing import todo
from hub.plumbing.clock import monotonic
from hub.plumbing.db import Tx
from hub.plumbing.errors import HubError, NotFound
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _, speaking
from hub.plumbing.todo import Todo

log = structlog.get_logger(__name__)

TURN_SECONDS = 20.0
"""Of one turn at one piece; then others come in between."""


async def freeze(hub: Hub, rows: Sequence[Todo]) -> None:
    """Write the plans; an audience nobody fits, or that cannot be asked, makes it a draft again and says why."""
    for row in rows:
        async with hub.transaction() as tx:
            if await emptying.lasts(tx, row.ref):  # of the plan before, by the row that is at it
                await todo.finish(tx, [row])
                await freezing.asked(tx, row.ref, in_seconds=1.0)
                continue
        try:
            people = await hub.retrying(partial(freezing.freeze, campaign_id=row.ref))
            why = "" if people else NOBODY
        except HubError as error:
            why = error.message
        if why:
            await hub.retrying(partial(_give_up, campaign_id=row.ref, why=why))


async def _give_up(tx: Tx, campaign_id: int, why: str) -> None:
    """A draft again, unless its plan was written before: then a repeated row has nothing to do."""
    campaign = await campaigns.lock(tx, campaign_id)
    planned = await tx.value("SELECT EXISTS (SELECT FROM recipient WHERE campaign_id = $1)", campaign_id)
    if campaign.state == "preparing" and not planned:
        maker = await tx.value("SELECT language FROM agent WHERE id = $1", campaign.agent_id)
        with speaking(maker or "es"):
            await preparing.back_to_draft(tx, campaign_id, None, why=_(why))


async def empty(hub: Hub, rows: Sequence[Todo]) -> None:
    """What is left of plans that were thrown away."""
    for row in rows:
        ends = monotonic() + TURN_SECONDS
        while not await hub.retrying(partial(emptying.go_on, campaign_id=row.ref)):
            if monotonic() > ends:
                await hub.retrying(partial(_go_on, row=row, kind=emptying.TODO, payload={}))
                break


async def prepare(hub: Hub, rows: Sequence[Todo]) -> None:
    """Fill in the plan, piece by piece; each batch is committed, so that whoever goes on begins behind it."""
    for row in rows:
        await _prepare(hub, row)


async def _prepare(hub: Hub, row: Todo) -> None:
    after, until, ends = int(row.payload["after"]), int(row.payload["until"]), monotonic() + TURN_SECONDS
    async with hub.transaction() as tx:
        plan = await filling.load(tx, hub.crypto, hub.settings.base_url, row.ref)
    while plan.campaign.state == "preparing":
        async with hub.transaction() as tx:
            last = await filling.fill(tx, plan, after, until)
            await outcomes.soon(tx, [row.ref])
        if last is None:
            break
        after = last
        if monotonic() > ends:
            await hub.retrying(
                partial(_go_on, row=row, kind=freezing.PREPARE, payload={"after": after, "until": until})
            )
            return
    await hub.retrying(partial(preparing.piece_done, row=row))


async def count_times(hub: Hub, rows: Sequence[Todo]) -> None:
    """Due times, counted by one worker at a time from one moment; a newer count makes an older one void."""
    for row in rows:
        try:
            await _count_times(hub, row)
        except NotFound as error:
            log.info("no times counted", campaign=row.ref, why=error.message)


async def _count_times(hub: Hub, row: Todo) -> None:
    start, after = datetime.fromisoformat(row.payload["start"]), int(row.payload["after"])
    ends = monotonic() + TURN_SECONDS
    async with hub.transaction() as tx:
        campaign = await campaigns.load(tx, row.ref)
        clock = (await timing.clocks_of(tx, {row.ref}))[row.ref]
        pacing = await timing.resumed(tx, row.ref, campaign.schedule, start, after)
    while True:
        async with hub.transaction() as tx:
            if not await timing.is_wanted(tx, row.ref, start):
                break
            last = await timing.count(tx, row.ref, start, after, pacing, clock)
        if last is None:
            await hub.retrying(partial(_times_counted, row=row, start=start))
            return
        after = last
        if monotonic() > ends:
            await hub.retrying(
                partial(_go_on, row=row, kind=timing.TODO, payload={**row.payload, "after": after})
            )
            return


async def _times_counted(tx: Tx, row: Todo, start: datetime) -> None:
    """Only now may it begin, or be looked at."""
    campaign = await campaigns.lock(tx, row.ref)
    await todo.finish(tx, [row])
    if not await timing.is_wanted(tx, row.ref, start):
        return
    await timing.counted(tx, row.ref)
    if campaign.state == "preparing":
        await preparing.prepared(tx, campaign)
    else:
        tx.signal("campaign", row.ref, campaigns.topics(row.ref))


async def _go_on(tx: Tx, row: Todo, kind: str, payload: dict[str, object]) -> None:
    """The rest is another row's, so that others get their turn and a crash repeats little."""
    await todo.finish(tx, [row])
    await todo.add(tx, kind, row.ref, payload)


async def end_waiting(hub: Hub, rows: Sequence[Todo]) -> None:
    """Those whom a campaign that was called off did not reach."""
    for row in rows:
        after: int | None = 0
        while after is not None:
            after = await hub.retrying(partial(calling_off.end_waiting, campaign_id=row.ref, after=after))
        async with hub.transaction() as tx:
            await outcomes.soon(tx, [row.ref])


async def import_list(hub: Hub, rows: Sequence[Todo]) -> None:
    """Files of people that are on their way into a list."""
    for row in rows:
        if not await list_importing.turn(hub, row.ref, until=monotonic() + TURN_SECONDS):
            await hub.retrying(partial(_go_on, row=row, kind=list_importing.TODO, payload={}))


async def rezone(hub: Hub, rows: Sequence[Todo]) -> None:
    """People whose zone changed: what has not left yet leaves at the hour of the new one."""
    for row in rows:
        await hub.retrying(partial(timing.rezoned, contact_id=row.ref))


async def count_large(hub: Hub, rows: Sequence[Todo]) -> None:
    """What takes seconds to count of a large campaign, for whoever reads it."""
    for row in rows:
        try:
            await counting.count(hub, row.ref)
        except NotFound as error:
            log.info("nothing counted", campaign=row.ref, why=error.message)


KINDS: dict[str, Callable[[Hub, Sequence[Todo]], Awaitable[None]]] = {
    emptying.TODO: empty,
    freezing.TODO: freeze,
    list_importing.TODO: import_list,
    freezing.PREPARE: prepare,
    timing.TODO: count_times,
    calling_off.TODO: end_waiting,
    timing.REZONE: rezone,
    counts.TODO: count_large,
}


async def watch_over(hub: Hub) -> None:
    """Gates are looked after: what waited for hours asks a person, what missed its hours is planned again."""
    async with hub.transaction() as tx:
        for campaign_id in await running.look_after(tx):
            log.warning("a campaign is hours late and waits for a person", campaign=campaign_id)
    async with hub.transaction() as tx:
        await running.take_again(tx)
        await running.try_when_open(tx)
    async with hub.transaction() as tx:
        await calling_off.end_late(tx)
    async with hub.transaction() as tx:
        await counts.ask(tx)


async def begin_and_end(hub: Hub) -> None:
    """Campaigns whose hour has come begin, those with nothing left end."""
    async with hub.transaction() as tx:
        await running.start_due(tx)
    async with hub.transaction() as tx:
        await running.finish_due(tx)
