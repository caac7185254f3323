"""What must follow a commit is done here: a table of kinds, leased rows, growing gaps, errors kept visible."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from itertools import groupby

import msgspec
import structlog

from hub import answering
from hub.campaigns import outcomes as of_campaigns
from hub.channels.facts import CallChanged
from hub.conversations import fallback, machine_reading, starting
from hub.conversations.auto_reply import answer_automatically, whom_to_answer, within_limits
from hub.conversations.chat_mail import mail_unread
from hub.conversations.search_index import fill
from hub.notifications.notifier import News, notify
from hub.plumbing import todo
from hub.plumbing.db import AGAIN, AWAY, Tx
from hub.plumbing.ending import unless_told_to_end
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.hub import Hub
from hub.plumbing.jobs import JOB_SECONDS
from hub.plumbing.signals import Signal
from hub.plumbing.todo import Todo
from hub.routing.again import route_again
from hub.routing.balance import balance

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 1.0
RENEW_SECONDS = todo.LEASE_SECONDS / 3
MOST_AT_ONCE = 200
MOST_FILLED = 1_000


async def signal(hub: Hub, rows: Sequence[Todo]) -> None:
    """Publish notices whose own process died, or whose Redis was away, between commit and publishing."""
    signals = [one for row in rows for one in msgspec.convert(row.payload, list[Signal])]
    await hub.signals.publish(signals)


async def search(hub: Hub, rows: Sequence[Todo]) -> None:
    """Make messages findable."""
    async with hub.transaction() as tx:
        await fill(tx, [row.ref for row in rows])


async def search_batch(hub: Hub, rows: Sequence[Todo]) -> None:
    """The same for the messages of whole batches of the road in, so many in a transaction."""
    ids = sorted({id_ for row in rows for id_ in row.payload["refs"]})
    for first in range(0, len(ids), MOST_FILLED):
        async with hub.transaction() as tx:
            await fill(tx, ids[first : first + MOST_FILLED])


async def notification(hub: Hub, rows: Sequence[Todo]) -> None:
    """Tell people, once: the rows and the end of the task are one commit."""
    async with hub.transaction() as tx:
        for row in rows:
            await notify(tx, msgspec.convert(row.payload, News))
        await todo.finish(tx, rows)


async def share_out(hub: Hub, rows: Sequence[Todo]) -> None:
    """Each team named gets its queue shared out once, however often it was asked for."""
    for team_id in sorted({row.ref for row in rows}):
        await balance(hub, team_id)


async def route(hub: Hub, rows: Sequence[Todo]) -> None:
    """Conversations that were brought back, or whose account was denied, may go to somebody else."""
    for row in rows:
        try:
            await hub.retrying(partial(route_again, conversation_id=row.ref))
        except NotFound as error:  # deleted meanwhile: nobody has to get it
            log.info("not routed again", conversation=row.ref, why=error.message)


async def auto_reply(hub: Hub, rows: Sequence[Todo]) -> None:
    """Automatic answers; whom we may not write to gets none."""
    for row in rows:
        async with hub.transaction() as tx:
            writer = await whom_to_answer(tx, row.ref)
        allowed = writer is not None and await within_limits(hub.limits, writer)
        async with hub.transaction() as tx:
            if allowed:
                await _answer(tx, hub, row)
            else:
                log.info("no automatic answer", conversation=row.ref, why="a machine, or too many")
            await todo.finish(tx, [row])


async def _answer(tx: Tx, hub: Hub, row: Todo) -> None:
    try:
        await answer_automatically(tx, hub.settings.mail_domain, row.ref, str(row.payload["wording"]))
    except (BadInput, NotFound, Conflict) as error:  # raised before a message was written
        log.info("no automatic answer", conversation=row.ref, why=error.message)


async def call(hub: Hub, rows: Sequence[Todo]) -> None:
    """Steps of calls whose request was cut off: what was taken in time finds its answer kept, and is left alone."""
    for row in rows:
        try:
            fact = msgspec.convert(row.payload["fact"], CallChanged)
            await answering.step_late(hub, int(row.payload["channel_id"]), fact)
        except NotFound as error:
            log.info("a call's step is left out", row=row.id, why=error.message)


async def undelivered(hub: Hub, rows: Sequence[Todo]) -> None:
    """What failed goes on by the next permitted way; what its refusal said of the address is kept first."""
    for row in rows:
        told = row.payload
        if told["dead"] or told["opted_out"]:
            await hub.retrying(partial(fallback.learn, delivery_id=row.ref, **told))
        await hub.retrying(partial(fallback.go_on, delivery_id=row.ref))


async def no_report(hub: Hub, rows: Sequence[Todo]) -> None:
    """What left long enough ago, and nobody told us that it arrived."""
    for row in rows:
        await hub.retrying(partial(fallback.go_on, delivery_id=row.ref, silent=True))


async def read_by_machine(hub: Hub, rows: Sequence[Todo]) -> None:
    """The words on the pages of a fax, a few pages a turn; nothing where no program can read."""
    for row in rows:
        read = await machine_reading.read(hub, row.ref, row.payload)
        async with hub.transaction() as tx:
            if read is not None:
                await machine_reading.keep(tx, read)
            await todo.finish(tx, [row])


async def campaign_progress(hub: Hub, rows: Sequence[Todo]) -> None:
    """Campaigns whose deliveries changed in the last second."""
    async with hub.transaction() as tx:
        for campaign_id in sorted({row.ref for row in rows}):
            await of_campaigns.show(tx, campaign_id)
        await todo.finish(tx, rows)


async def campaign_trouble(hub: Hub, rows: Sequence[Todo]) -> None:
    """Campaigns of which something failed: too much of it stops them."""
    for campaign_id in sorted({row.ref for row in rows}):
        if await hub.retrying(partial(of_campaigns.stop_if_failing, campaign_id=campaign_id)):
            log.warning("a campaign was paused: too much of it failed", campaign=campaign_id)


async def campaign_bounced(hub: Hub, rows: Sequence[Todo]) -> None:
    """A campaign's message came back: its address says so, and nothing follows it."""
    async with hub.transaction() as tx:
        for row in sorted(rows, key=lambda one: one.ref):
            await of_campaigns.bounced(tx, row.ref, **row.payload)


Handler = Callable[[Hub, Sequence[Todo]], Awaitable[None]]


async def chat_unread(hub: Hub, rows: Sequence[Todo]) -> None:
    """What was said in a chat and not read there, a minute later."""
    for row in rows:
        async with hub.transaction() as tx:
            await mail_unread(tx, row.ref)
            await todo.finish(tx, [row])


async def left_empty(hub: Hub, rows: Sequence[Todo]) -> None:
    """Conversations an agent began and left without a word end; where something was begun is looked at again."""
    for row in rows:
        async with hub.transaction() as tx:
            if not await starting.leave(tx, row.ref):
                await todo.add(tx, row.kind, row.ref, in_seconds=starting.EMPTY_SECONDS)
            await todo.finish(tx, [row])


KINDS: dict[str, Handler] = {
    starting.LEFT: left_empty,
    "chat_unread": chat_unread,
    "signal": signal,
    "search": search,
    "search_batch": search_batch,
    "notification": notification,
    "balance": share_out,
    "route": route,
    "auto_reply": auto_reply,
    "undelivered": undelivered,
    "no_report": no_report,
    "call": call,
    "campaign_progress": campaign_progress,
    "campaign_trouble": campaign_trouble,
    "campaign_bounced": campaign_bounced,
}


READING: dict[str, Handler] = {"machine_reading": read_by_machine}
"""Some seconds a page: others would wait for it."""


class Chores:
    """Works off the todo rows of this installation until cancelled; any number of workers may.

    `kinds`: those it does. What waits for others' servers has one of its own, so that nothing waits for it.
    `most`: rows of one turn; what takes seconds each is taken one by one, so that all workers get some.
    `seconds`: the longest a group may take, and then each of its rows.
    """

    def __init__(
        self,
        hub: Hub,
        kinds: Mapping[str, Handler] | None = None,
        *,
        most: int = MOST_AT_ONCE,
        seconds: float = JOB_SECONDS,
    ) -> None:
        self.hub = hub
        self.most = most
        self.seconds = seconds
        self.kinds = KINDS if kinds is None else kinds
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """There may be something to do."""
        self._awake.set()

    async def run(self) -> None:
        """Sweep each second, or when woken; the database being away is waited for."""
        while True:
            unless_told_to_end()
            try:
                while await self.turn():
                    pass
            except (*AWAY, *AGAIN) as error:
                log.warning("nothing done, the next sweep will", error=str(error))
            except Exception:  # one bad row must not end the work on all others
                log.exception("nothing done")
            try:
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._awake.wait()
            except TimeoutError:
                continue
            self._awake.clear()

    async def turn(self) -> int:
        """Lease what is due and do it, kinds side by side; how many rows were leased."""
        async with self.hub.transaction() as tx:
            rows = await todo.claim(tx, list(self.kinds), most=self.most)
        rows.sort(key=lambda row: (row.kind, row.id))
        groups = [(kind, list(group)) for kind, group in groupby(rows, key=lambda row: row.kind)]
        renewing = asyncio.create_task(self._renew(rows))
        try:
            ended = await asyncio.gather(
                *(self._do(kind, group) for kind, group in groups), return_exceptions=True
            )
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
        for error in filter(None, ended):
            raise error
        return len(rows)

    async def _renew(self, rows: Sequence[Todo]) -> None:
        """Nobody else begins what we still work on: a slow group would be done twice."""
        while rows:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                async with self.hub.transaction() as tx:
                    await todo.renew(tx, rows)
            except (*AWAY, *AGAIN) as error:
                log.warning("leases not renewed", error=str(error))

    async def _do(self, kind: str, rows: Sequence[Todo]) -> None:
        """All at once; if that fails each alone, so that one bad or slow row never holds its neighbours."""
        deadline = asyncio.timeout(self.seconds)
        try:
            async with deadline:
                await self.kinds[kind](self.hub, rows)
        except Exception as error:
            if len(rows) > 1 and (deadline.expired() or not isinstance(error, AWAY)):
                for row in rows:
                    await self._do(kind, [row])
                return
            if isinstance(error, todo.Lost):
                log.info("already done, or taken over", kind=kind, row=rows[0].id)
                return
            log.warning("todo failed", kind=kind, rows=[row.id for row in rows], error=str(error))
            async with self.hub.transaction() as tx:
                for row in rows:
                    why = f"{type(error).__name__}: {error}"
                    await todo.failed(tx, row, why, passing=isinstance(error, AWAY))
            return
        async with self.hub.transaction() as tx:
            await todo.done(tx, rows)
