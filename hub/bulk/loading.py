"""What leaves within two seconds is claimed, held against what happened meanwhile, and written, letter by letter."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from hub.bulk.convoy import Convoy
from hub.bulk.flushing import BulkFlusher
from hub.campaigns import leaving
from hub.campaigns.composing import Composer, Person, Prepared
from hub.channels.courier import Letter
from hub.channels.errors import Rejected, SendError, Unreachable
from hub.channels.outgoing import Line
from hub.deliveries.claiming import Claimed
from hub.deliveries.many import Step
from hub.departure import Pace, failed
from hub.outbound import rate_tokens
from hub.plumbing.clock import monotonic, now
from hub.plumbing.hub import Hub
from hub.plumbing.texts import N_
from hub.telling import tell

log = structlog.get_logger(__name__)

AT_A_STRETCH = 25
"""So many letters are written before others of this process have their turn."""
People = dict[int, tuple[Person, Prepared]]


class Loader:
    """Fills the convoys of one worker."""

    def __init__(self, hub: Hub, flusher: BulkFlusher, worker: str, pace: Pace) -> None:
        self.hub = hub
        self.flusher = flusher
        self.worker = worker
        self.pace = pace
        self.composer = Composer(hub.crypto, hub.settings.base_url)

    async def load(self, convoy: Convoy) -> bool:
        """Claim and write what it wants; False when there was less than that."""
        wanted = convoy.wanted
        if convoy.channel.settings.get("per_minute"):
            wanted = await rate_tokens(self.hub, convoy.channel, wanted)
        if wanted <= 0:
            return False
        taken = monotonic()  # before the claim: our idea of the lease must never end after PostgreSQL's
        claimed, enough = await self._claim(convoy.channel.id, wanted)
        if claimed:
            line = convoy.channel.line(self.hub.crypto)
            people = await self._people(line, claimed)
            for start in range(0, len(claimed), AT_A_STRETCH):
                self._write(
                    convoy, line, claimed[start : start + AT_A_STRETCH], people, taken + self.pace.send
                )
                await asyncio.sleep(0)
        return enough

    async def _claim(self, channel_id: int, wanted: int) -> tuple[list[Claimed], bool]:
        lease = self.pace.send + self.pace.margin
        async with self.hub.transaction() as tx:
            claimed, refused = await leaving.claim(tx, self.worker, {channel_id: wanted}, lease_seconds=lease)
            await tell(tx, refused)
        return claimed, len(claimed) + len(refused) >= wanted

    async def _people(self, line: Line, claimed: Sequence[Claimed]) -> People:
        try:
            async with self.hub.transaction() as tx:
                return await self.composer.people(tx, line, claimed)
        except Exception as error:  # as any other letter that cannot be written: again later, and visibly
            log.exception("a campaign's letters could not be composed", channel=line.id)
            broken = Unreachable(f"{type(error).__name__}: {error}", code="our_side")
            for one in claimed:
                self._fail(one, broken)
            return {}

    def _write(
        self, convoy: Convoy, line: Line, claimed: Sequence[Claimed], people: People, until: float
    ) -> None:
        for one in claimed:
            if not people:
                continue
            if convoy.closing:
                self.flusher.end(Step(one.id, one.attempt, one.gate_id or 0, "queued"))
                continue
            try:
                convoy.ready.append(self._letter(line, one, people, until))
            except SendError as error:
                self._fail(one, error)
            except Exception as error:
                log.exception("a letter could not be written", delivery=one.id)
                self._fail(one, Unreachable(f"{type(error).__name__}: {error}", code="our_side"))
        convoy.pump()

    def _letter(self, line: Line, claimed: Claimed, people: People, until: float) -> Letter:
        if (found := people.get(claimed.recipient_id or 0)) is None:
            raise Rejected(N_("it is no longer what was approved"), code="changed")
        return Letter(
            id=claimed.id,
            attempt=claimed.attempt,
            tries=claimed.tries,
            gate_id=claimed.gate_id or 0,
            recipient_id=claimed.recipient_id or 0,
            sender=self.composer.bounce_address(line, claimed) or line.address,
            recipient=claimed.recipient,
            content=self.composer.letter(line, claimed, *found, now()),
            until=until,
            smooth=True,
        )

    def _fail(self, claimed: Claimed, error: SendError) -> None:
        self.flusher.fail(failed(claimed.id, claimed.attempt, claimed.tries, error, self.pace))
