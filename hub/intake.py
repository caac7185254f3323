"""Natural group commit: whatever waited goes together, two batches at once; one bad thing rejects no neighbour."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import asyncpg
import structlog

from hub import inbound
from hub.channels import arrivals, connections
from hub.channels.arrivals import RAW_IN_ROW, Arrival, Outcome
from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.channels.facts import AnyFact, MessageReceived, Unreadable
from hub.channels.outgoing import Line
from hub.channels.reading import Reader
from hub.channels.registry import adapter
from hub.plumbing.clock import monotonic, now
from hub.plumbing.db import AGAIN, AWAY, Tx, open_connection
from hub.plumbing.errors import Conflict, Unavailable
from hub.plumbing.gathering import Gathering
from hub.plumbing.hub import Hub
from hub.plumbing.sequences import Sequences
from hub.plumbing.texts import _
from hub.world import Files, Memory

MOST_ARRIVALS = 500
MOST_BYTES = 4_000_000
# One 50 MB mail waits with its raw bytes and its decoded files: the small ones must still fit beside it.
MOST_WAITING_BYTES = 256_000_000
LANES = (
    2  # while PostgreSQL works for one batch, Python works for the other: more would only be smaller batches
)
TRIES = 3
MOST_QUARANTINED_A_MINUTE = 50
TABLES = ("conversation", "message", "arrival")
log = structlog.get_logger(__name__)

# Only what the data itself breaks (classes 22, 23, 54) or our own parsing and deciding may quarantine.
BAD_DATA = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)


class _Lane:
    """What one batch after another goes through: a connection outside the pool, whose plans stay.

    `locked` opens the door to the next batch. A batch that is repeated afterwards may come after that one.
    """

    connection: asyncpg.Connection | None = None
    locked: Callable[[], None]


class _Door:
    """Only one batch at a time comes in and takes its locks, so that a person's messages keep their order."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def enter(self) -> Callable[[], None]:
        """Wait for the one before; what is returned lets the next one in, once."""
        await self._lock.acquire()
        inside = True

        def leave() -> None:
            nonlocal inside
            if inside:
                inside = False
                self._lock.release()

        return leave


class Inbound:
    """The queue before the road in, two lanes, no timer. `receive` answers after the commit."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.ids = Sequences(*TABLES)
        self.memory = Memory()
        self._waiting: deque[tuple[Arrival, Files]] = deque()
        self._bytes = 0
        self._under_way = 0
        self._enough = asyncio.Event()
        self._channels = Gathering(self._by_keys)
        self._door = _Door()
        self._lanes = [_Lane() for _ in range(LANES)]
        self._flushers: list[asyncio.Task[None]] = []
        self._reader = Reader()  # its child starts when it is needed
        self._quarantined: deque[float] = deque(maxlen=MOST_QUARANTINED_A_MINUTE)

    async def start(self) -> None:
        """Begin to flush. Ids are drawn before the first arrival, so that those who come together keep their order."""
        async with self.hub.pool.acquire() as connection:
            await self.ids.fill(connection, 1)
        self._flushers = [asyncio.create_task(self._flush(lane)) for lane in self._lanes]

    async def close(self) -> None:
        """Store what still waits, then stop."""
        for arrival, _files in list(self._waiting):
            if arrival.done:
                await asyncio.wait([arrival.done], timeout=10)
        for flusher in self._flushers:
            flusher.cancel()
        await asyncio.gather(*self._flushers, return_exceptions=True)
        await self._reader.close()
        for lane in self._lanes:
            if lane.connection:
                lane.connection.terminate()

    async def channel(self, key: str) -> Channel | None:
        """The enabled channel with this public key, or None: one question for all who call at once."""
        return await self._channels.of(key)

    async def _by_keys(self, keys: Sequence[str]) -> dict[str, Channel]:
        async with self.hub.pool.acquire() as connection:  # one statement needs no transaction
            return await connections.by_keys(Tx(connection), keys)

    async def receive(
        self, channel: Channel, raw: Raw, facts: list[AnyFact] | None = None, *, again: int | None = None
    ) -> Outcome:
        """Store one arrival with its facts (parsed here when not given); answers after the commit.

        `again` is the id of a quarantined arrival processed once more. Raises Unavailable when nothing was
        stored: the caller leaves the mail on its server, or answers 421 or 5xx.
        """
        if self._bytes + len(raw.body) > MOST_WAITING_BYTES:
            raise Unavailable(_("Too much is waiting to be stored: try again in a moment."))
        line = channel.line(self.hub.crypto)
        facts = adapter(channel.kind).parse(raw, line) if facts is None else facts
        held = arrivals.held(raw, facts)
        self._bytes += held
        try:
            arrival, files = await self._prepared(channel, line, raw, facts, again)
        except BaseException:
            self._bytes -= held
            raise
        return await self._wait(arrival, files, held)

    async def _prepared(
        self, channel: Channel, line: Line, raw: Raw, facts: list[AnyFact], again: int | None
    ) -> tuple[Arrival, Files]:
        try:
            files, raw_file = await self._keep_files(raw, facts)
            arrival_id = await self._arrival_id() if again is None else again
        except AWAY as error:
            raise Unavailable(f"nothing was stored: {error}") from error
        arrival = Arrival(
            id=arrival_id,
            line=line,
            team_id=channel.team_id,
            raw=raw,
            raw_file=raw_file,
            facts=facts,
            received_at=now(),
            cost=arrivals.cost(raw, facts, raw_file),
            done=asyncio.get_running_loop().create_future(),
        )
        return arrival, files

    async def retry(self, arrival_id: int) -> Outcome:
        """Process a quarantined arrival again, with today's parser. Raises NotFound, Conflict, Unavailable.

        What could not be read once may again burn or kill who reads it: a child does.
        """
        async with self.hub.transaction() as tx:
            kept = await arrivals.load(tx, arrival_id)
            channel = await connections.load(tx, kept.channel_id)
        if kept.outcome != "unreadable":
            raise Conflict(_("This arrival is not in quarantine."))
        if kept.envelope.get("partial"):
            raise Conflict(_("Only its beginning is here: the mail itself is still in its mailbox."))
        body = kept.raw if kept.raw_file is None else await self.hub.files.get(kept.raw_file)
        raw = Raw(body=body or b"", envelope=kept.envelope)
        await self._reader.start()
        facts = await self._reader.read(channel.kind, raw, channel.line(self.hub.crypto))
        return await self.receive(channel, raw, facts, again=arrival_id)

    async def _wait(self, arrival: Arrival, files: Files, held: int) -> Outcome:
        """A sender that hangs up takes nothing away: it is stored, and counts until it is."""
        assert arrival.done is not None
        arrival.done.add_done_callback(lambda _: self._let_go(held))
        self._waiting.append((arrival, files))
        self._weigh()
        return await asyncio.shield(arrival.done)

    def _let_go(self, held: int) -> None:
        self._bytes -= held

    async def _keep_files(self, raw: Raw, facts: list[AnyFact]) -> tuple[Files, str | None]:
        """Files are safe on disk before the arrival joins a batch (INVARIANTS §15)."""
        files: Files = {}
        for fact in facts:
            if isinstance(fact, MessageReceived):
                for attached in fact.attachments:
                    if attached.sha256 not in files:
                        files[attached.sha256] = await self.hub.files.put(attached.content)
                if digest := inbound.html_digest(fact):
                    files[digest] = await self.hub.files.put(fact.html.encode())
        return files, await self.hub.files.put(raw.body) if len(raw.body) > RAW_IN_ROW else None

    async def _arrival_id(self) -> int:
        if self.ids.left("arrival"):
            return self.ids.draw("arrival")
        async with self.hub.pool.acquire() as connection:
            await self.ids.fill(connection, 1)
            return self.ids.draw("arrival")  # before the connection is given back: others draw meanwhile

    async def _flush(self, lane: _Lane) -> None:
        while True:
            lane.locked = await self._door.enter()
            try:
                await self._enough.wait()
                # Whoever was answered leaves first, and whoever is at the door comes along.
                await asyncio.sleep(0)
                await self._flush_one(lane, self._take())
            finally:
                lane.locked()

    async def _flush_one(self, lane: _Lane, taken: Sequence[tuple[Arrival, Files]]) -> None:
        batch = [arrival for arrival, _ in taken]
        try:
            await self._store(lane, batch, {k: v for _, files in taken for k, v in files.items()})
        except asyncio.CancelledError:
            self._refuse(batch, "the hub is stopping")  # whoever was not answered yet
            raise
        except Exception as error:  # a lane that ended would leave everybody waiting for ever
            log.exception("nothing stored", arrivals=len(batch))
            self._refuse(batch, f"nothing was stored: {error}")
        finally:
            self._under_way -= len(batch)
            self._weigh()

    def _weigh(self) -> None:
        """A batch goes when none is under way, or beside one at most twice as large: small ones cost most a message."""
        if self._waiting and 2 * len(self._waiting) >= self._under_way:
            self._enough.set()
        else:
            self._enough.clear()

    def _take(self) -> list[tuple[Arrival, Files]]:
        """Everything that waits, up to 500 arrivals and 4 MB of row data (INVARIANTS §16)."""
        batch = [self._waiting.popleft()]
        cost = batch[0][0].cost
        while self._waiting and len(batch) < MOST_ARRIVALS and cost + self._waiting[0][0].cost <= MOST_BYTES:
            batch.append(self._waiting.popleft())
            cost += batch[-1][0].cost
        self._under_way += len(batch)
        self._weigh()
        return batch

    async def _store(self, lane: _Lane, batch: Sequence[Arrival], files: Files) -> None:
        """Walk the road; what fails is repeated, then halved until the one that is at fault stands alone."""
        try:
            outcomes = await self._tried(lane, batch, files)
        except AWAY as error:
            log.warning("nothing stored, database away", arrivals=len(batch), error=repr(error))
            self._refuse(batch, f"nothing was stored: {error}")
            if lane.connection:  # it may only look alive
                lane.connection.terminate()
        except Exception as error:
            if len(batch) == 1:
                await self._alone(lane, batch[0], error)
                return
            middle = len(batch) // 2
            await self._store(lane, batch[:middle], files)
            await self._store(lane, batch[middle:], files)
        else:
            for arrival, outcome in zip(batch, outcomes, strict=True):
                _answer(arrival, outcome)

    async def _tried(self, lane: _Lane, batch: Sequence[Arrival], files: Files) -> list[Outcome]:
        for attempt in range(TRIES):
            try:
                return await self._walked(lane, batch, files)
            except AGAIN as error:
                log.info("batch repeated", attempt=attempt + 1, arrivals=len(batch), error=str(error))
        return await self._walked(lane, batch, files)

    async def _walked(self, lane: _Lane, batch: Sequence[Arrival], files: Files) -> list[Outcome]:
        """On the lane's own connection: no waiting for the pool, and plans that stay."""
        if lane.connection is None or lane.connection.is_closed():
            lane.connection = await open_connection(self.hub.settings.database_url, name="dialogo inbound")
        async with self.hub.transaction(lane.connection) as tx:
            return await inbound.walk(tx, self.hub.crypto, self.ids, batch, files, lane.locked, self.memory)

    async def _alone(self, lane: _Lane, arrival: Arrival, error: Exception) -> None:
        """A single arrival that fails by its own data is quarantined; any other failure stores nothing."""
        if isinstance(error, (asyncpg.PostgresError, *AGAIN)) and not isinstance(error, BAD_DATA):
            log.error("arrival not stored", error=repr(error), exc_info=error)
            self._refuse([arrival], f"nothing was stored: {error}")
        elif self._alarm():
            log.error("quarantine alarm: too many unreadable arrivals in a minute", error=repr(error))
            self._refuse([arrival], "too many arrivals cannot be read: the operator must look")
        else:
            log.error("arrival quarantined", arrival=arrival.id, error=repr(error), exc_info=error)
            await self._quarantine(lane, arrival, f"{type(error).__name__}: {error}")

    def _alarm(self) -> bool:
        """Many quarantines in a minute mean that we are broken, not the mails (INVARIANTS §4)."""
        full = len(self._quarantined) == MOST_QUARANTINED_A_MINUTE
        return full and monotonic() - self._quarantined[0] < 60

    async def _quarantine(self, lane: _Lane, arrival: Arrival, reason: str) -> None:
        arrival.facts = [Unreadable(reason=reason[:500])]
        try:
            outcome = (await self._tried(lane, [arrival], {}))[0]
        except (*AWAY, asyncpg.PostgresError) as error:
            self._refuse([arrival], f"nothing was stored: {error}")
            return
        self._quarantined.append(monotonic())
        _answer(arrival, outcome)

    def _refuse(self, batch: Sequence[Arrival], why: str) -> None:
        for arrival in batch:
            if arrival.done and not arrival.done.done():
                arrival.done.set_exception(Unavailable(why))


def _answer(arrival: Arrival, outcome: Outcome) -> None:
    if arrival.done and not arrival.done.done():
        arrival.done.set_result(outcome)
