"""One attempt of one delivery: composed, committed as *sending*, handed over, its end written down."""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from hub.channels import connections
from hub.channels.errors import SendError, Unknown, Unreachable
from hub.channels.outgoing import Line, Outgoing, Sent
from hub.channels.registry import adapter
from hub.conversations.composing import compose
from hub.deliveries.claiming import Claimed
from hub.deliveries.flushing import Flusher, Lost
from hub.deliveries.noting import Result, Start
from hub.deliveries.retrying import GAPS, after
from hub.plumbing.clock import monotonic
from hub.plumbing.db import AWAY, Tx
from hub.plumbing.hub import Hub
from hub.plumbing.texts import N_

log = structlog.get_logger(__name__)


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How fast and how patient; seconds. A lease outlives the longest send by `margin`."""

    sweep: float = 1.0
    send: float = 60.0
    margin: float = 15.0
    slowest_bytes_a_second: float = 50_000.0
    rest_at_first: float = 30.0
    rest_at_most: float = 300.0
    drain: float = 40.0
    slots: int = 4
    gaps: tuple[float, ...] = GAPS

    def send_seconds(self, outgoing: Outgoing) -> float:
        """How long one send may take, more for large files."""
        return self.send + sum(one.size for one in outgoing.attachments) / self.slowest_bytes_a_second


class Departure:
    """One attempt. `started` once *sending* is committed: from then on a broken end is *perhaps sent*."""

    def __init__(self, hub: Hub, flusher: Flusher, pace: Pace, claimed: Claimed, taken: float) -> None:
        self.hub = hub
        self.flusher = flusher
        self.pace = pace
        self.claimed = claimed
        self.until = taken + self.pace.send
        self.seconds = self.pace.send
        self.started = False

    async def go(self) -> SendError | None:
        """Compose, send, write down how it ended; the error, if there was one. Raises Lost."""
        error: SendError | None = None
        try:
            outgoing, line = await self._compose()
            self.seconds = self.pace.send_seconds(outgoing)
            sent = await self._send(outgoing, line)
            result = self._sent(sent)
        except SendError as raised:
            error = raised
            result = self._failed(raised)
        await self.flusher.note(result, until=monotonic() + self.pace.send)
        return error

    async def before_wire(self) -> float:
        """Commit *sending* just before the content goes out. Raises Lost: then nothing may be written.

        The lease is PostgreSQL's; we compare our own monotonic clock, which a stopped process cannot fool.
        """
        self._must_hold()
        begun = monotonic()
        wanted = Start(self.claimed.id, self.claimed.attempt, self.seconds + self.pace.margin)
        await self.flusher.start(wanted, until=self.until)
        self.started = True
        self.until = begun + self.seconds
        if monotonic() > self.until:  # nothing left: safe to repeat, if the sweep has not settled it yet
            raise Unreachable(N_("the worker was stopped just before sending"), code="our_side")
        return self.until

    def _must_hold(self) -> None:
        if monotonic() > self.until:
            raise Lost(f"delivery {self.claimed.id}: our lease is over")

    async def _compose(self) -> tuple[Outgoing, Line]:
        hub = self.hub
        try:
            async with hub.transaction() as tx:
                channel = await connections.load(tx, self.claimed.channel_id)
                line = channel.line(hub.crypto)
                return await self._composed(tx, line), line
        except SendError:
            raise
        except AWAY as error:
            raise Unreachable(f"our database: {error}", code="our_side") from error
        except Exception as error:
            log.exception("a message could not be composed", delivery=self.claimed.id)
            raise Unreachable(f"{type(error).__name__}: {error}", code="our_side") from error

    async def _composed(self, tx: Tx, line: Line) -> Outgoing:
        hub = self.hub
        return await compose(tx, hub.crypto, hub.files, line, self.claimed, hub.settings.base_url)

    async def _send(self, outgoing: Outgoing, line: Line) -> Sent:
        """Hand over; whatever breaks is either safe to repeat or perhaps sent."""
        try:
            async with asyncio.timeout(self.seconds):
                return await adapter(line.kind).send(outgoing, line, self.before_wire)
        except (SendError, Lost):
            raise
        except TimeoutError as error:
            raise self._broken(N_("the server did not answer in time"), "timeout") from error
        except Exception as error:
            log.exception("an adapter broke", delivery=self.claimed.id, kind=line.kind)
            raise self._broken(f"{type(error).__name__}: {error}", "our_side") from error

    def _broken(self, reason: str, code: str) -> SendError:
        return (Unknown if self.started else Unreachable)(reason, code=code)

    def _sent(self, sent: Sent) -> Result:
        return Result(
            id=self.claimed.id,
            attempt=self.claimed.attempt,
            state=sent.state,
            provider_id=sent.provider_id,
            reason=sent.answer,
        )

    def _failed(self, error: SendError) -> Result:
        log.info("delivery not sent", delivery=self.claimed.id, code=error.code, reason=error.reason)
        claimed = self.claimed
        return failed(claimed.id, claimed.attempt, claimed.tries, error, self.pace)


def failed(id_: int, attempt: int, tries: int, error: SendError, pace: Pace) -> Result:
    """What follows an error in the try after `tries` others, to be written down."""
    following = after(error, tries + 1, gaps=pace.gaps)
    return Result(
        id=id_,
        attempt=attempt,
        state=following.state,
        permanent=following.permanent,
        ours=following.ours,
        code=following.code,
        reason=following.reason,
        wait_seconds=following.wait_seconds,
        tried=following.counts,
        dead=following.dead,
        only_here=following.only_here,
        opted_out=following.opted_out,
    )
