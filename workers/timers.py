"""What time itself brings: abandoned sends, early reports, snoozes that end, absences that begin and end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from hub import answering
from hub.agents import sessions
from hub.campaigns import tallying
from hub.conversations import media, snoozing
from hub.customers import rolling_up, suppression
from hub.deliveries import reports, unreported
from hub.deliveries.recovering import recover
from hub.insight import collecting
from hub.plumbing import idempotency
from hub.plumbing.clock import monotonic
from hub.plumbing.db import AGAIN, AWAY
from hub.plumbing.ending import unless_told_to_end
from hub.plumbing.errors import HubError
from hub.plumbing.hub import Hub
from hub.routing import balance, covering
from hub.telling import tell
from workers.campaigning import begin_and_end, watch_over
from workers.fetching import ask_providers

log = structlog.get_logger(__name__)


async def recover_deliveries(hub: Hub) -> None:
    """Sends whose worker died."""
    async with hub.transaction() as tx:
        await tell(tx, await recover(tx))


async def join_reports(hub: Hub) -> None:
    """Reports that came before we knew what they spoke of."""
    async with hub.transaction() as tx:
        await tell(tx, await reports.join_early(tx, hub.crypto))


async def doubt_unreported(hub: Hub) -> None:
    """What a line handed over and gave no report of, though it promises one."""
    async with hub.transaction() as tx:
        await tell(tx, await unreported.doubt(tx))


async def wake_snoozed(hub: Hub) -> None:
    """Conversations whose moment has come, each in its own transaction."""
    async with hub.transaction() as tx:
        due = await snoozing.due(tx)
    for conversation_id in due:
        try:
            async with hub.transaction() as tx:
                await snoozing.wake(tx, conversation_id)
        except HubError as error:  # joined into another meanwhile: nothing to wake, and said so
            log.info("not woken", conversation=conversation_id, why=error.message)


async def balance_queues(hub: Hub) -> None:
    """Queues that grew while nobody was free."""
    await balance.sweep(hub)


async def end_calls(hub: Hub) -> None:
    """Telephone calls whose end never reached us."""
    await answering.end_lost(hub)


async def cover_absences(hub: Hub) -> None:
    """Whose absence begins, their waiting conversations go to the deputy; they return at its end."""
    await covering.begin_due(hub)
    await covering.end_due(hub)


async def compare_addresses(hub: Hub) -> None:
    """New addresses, with the list of those who must not be written to although their rows are gone: a second of it.

    A list brings a million, whom no campaign reaches before.
    """
    until = monotonic() + 1.0
    while monotonic() < until:
        async with hub.transaction() as tx:
            if not await suppression.compare(tx, hub.crypto):
                return


async def roll_up(hub: Hub) -> None:
    """What audiences ask of a million people at once: a second of it, for the other timers wait meanwhile."""
    until = monotonic() + 1.0
    while monotonic() < until:
        async with hub.transaction() as tx:
            if not await rolling_up.settle(tx):
                return


async def sum_up_campaigns(hub: Hub) -> None:
    """What was added to the numbers of campaigns since the last time."""
    async with hub.transaction() as tx:
        await tallying.settle(tx)


async def forget_sessions(hub: Hub) -> None:
    """Sessions that ended by themselves: their rows hold network addresses nobody needs any more."""
    async with hub.transaction() as tx:
        await sessions.sweep(tx)


async def forget_answers(hub: Hub) -> None:
    """What the API answered to requests that nobody repeats any more."""
    async with hub.transaction() as tx:
        await idempotency.sweep(tx)


async def forget_uploads(hub: Hub) -> None:
    """Files somebody put beside a message that never left."""
    async with hub.transaction() as tx:
        await media.forget_unsent(tx)


async def collect_files(hub: Hub) -> None:
    """Files that no row names any more."""
    await collecting.collect_due(hub)


Timer = tuple[float, Callable[[Hub], Awaitable[None]]]
TIMERS: tuple[Timer, ...] = (
    (1.0, recover_deliveries),
    (5.0, join_reports),
    (60.0, doubt_unreported),
    (2.0, wake_snoozed),
    (2.0, begin_and_end),
    (30.0, watch_over),
    (10.0, balance_queues),
    (5.0, cover_absences),
    (30.0, end_calls),
    (3.0, compare_addresses),
    (2.0, roll_up),
    (2.0, sum_up_campaigns),
    (600.0, ask_providers),
    (3600.0, forget_sessions),
    (3600.0, forget_answers),
    (3600.0, forget_uploads),
    (collecting.EVERY_SECONDS, collect_files),
)


async def run(hub: Hub, *, tick: float = 0.5) -> None:
    """Run every timer at its own pace until cancelled; safe in any number of workers at once."""
    due = {job: 0.0 for _, job in TIMERS}
    while True:
        for seconds, job in TIMERS:
            unless_told_to_end()
            if monotonic() >= due[job]:
                await _run(hub, job)
                due[job] = monotonic() + seconds
        await asyncio.sleep(tick)


async def _run(hub: Hub, job: Callable[[Hub], Awaitable[None]]) -> None:
    try:
        await job(hub)
    except (*AWAY, *AGAIN) as error:
        log.warning("timer put off", timer=job.__name__, error=str(error))
    except Exception:  # one broken timer must not stop the others
        log.exception("timer failed", timer=job.__name__)
