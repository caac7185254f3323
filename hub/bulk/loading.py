"""What leaves within two seconds is claimed, held against what happened meanwhile, and written, letter by letter."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from hub.bulk.convoy import Convoy
from hub.bulk.flushing import BulkFlusher
from hub.campaigns import leaving
from hub.campaigns.composing import Composer, Person, Prepared
from hub.channels.connections import Channel
from hub.channels.courier import Letter
from hub.channels.errors import Rejected, SendError, Unreachable
from hub.channels.outgoing import Line
from hub.deliveries import gated
from hub.deliveries.claiming import Claimed
from hub.deliveries.many import Step
from hub.departure import Pace, failed
from hub.outbound import rate_tokens
from hub.plumbing.clock import monotonic, now
from hub.plumbing.db import AGAIN, AWAY
from hub.plumbing.hub import Hub
from hub.plumbing.texts import N_
from hub.telling import tell

log = structlog.get_logger(__name__)

IN_HAND_SECONDS = 15.0
"""Longer nobody's letter waits for a line that grew slow: whether they still want it is asked in the claim."""
AT_A_STRETCH = 25
"""So many letters are written before others of this process have their turn."""
Composed = tuple[Claimed, tuple[Person, Prepared] | None]
"""None: its row is gone."""


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
            wanted = await self._allowed(convoy.channel, wanted)
        if wanted <= 0:
            return False
        taken = monotonic()  # before the claim: our idea of the lease must never end after PostgreSQL's
        claimed, enough = await self._claim(convoy.channel.id, wanted)
        if claimed:
            until = taken + min(self.pace.send, IN_HAND_SECONDS)
            line = convoy.channel.line(self.hub.crypto)
            written = await self._composed(line, claimed)
            for start in range(0, len(written), AT_A_STRETCH):
                self._write(convoy, line, written[start : start + AT_A_STRETCH], until)
                await asyncio.sleep(0)
        return enough

    async def _allowed(self, channel: Channel, wanted: int) -> int:
        """As many as its rate allows; what nobody needs is left to the answers that leave by the same line."""
        async with self.hub.transaction() as tx:
            waiting = await gated.due_now(tx, channel.id, wanted)
        return await rate_tokens(self.hub, channel, waiting)

    async def _claim(self, channel_id: int, wanted: int) -> tuple[list[Claimed], bool]:
        lease = self.pace.send + self.pace.margin
        async with self.hub.transaction() as tx:
            claimed, refused = await leaving.claim(tx, self.worker, {channel_id: wanted}, lease_seconds=lease)
            await tell(tx, refused)
        return claimed, len(claimed) + len(refused) >= wanted

    async def _composed(self, line: Line, claimed: Sequence[Claimed]) -> list[Composed]:
        """Each with what its letter is made of; what cannot be composed is told, or given back, and left out."""
        try:
            async with self.hub.transaction() as tx:
                people = await self.composer.people(tx, line, claimed)
            return [(one, people.get(one.recipient_id or 0)) for one in claimed]
        except (*AWAY, *AGAIN) as error:
            log.warning("a campaign's letters go back, the database is away", error=str(error))
            for one in claimed:
                self._give_back(one)
        except Exception as error:  # as any other letter that cannot be written: again later, and visibly
            if len(claimed) > 1:  # it spoils none of its neighbours
                half = len(claimed) // 2
                parts = claimed[:half], claimed[half:]
                return [one for part in parts for one in await self._composed(line, part)]
            log.exception("a campaign's letter could not be composed", delivery=claimed[0].id)
            self._fail(claimed[0], Unreachable(f"{type(error).__name__}: {error}", code="our_side"))
        return []

    def _write(self, convoy: Convoy, line: Line, composed: Sequence[Composed], until: float) -> None:
        for one, found in composed:
            if not convoy.takes:
                self._give_back(one)
                continue
            try:
                convoy.ready.append(self._letter(line, one, found, until))
            except SendError as error:
                self._fail(one, error)
            except Exception as error:
                log.exception("a letter could not be written", delivery=one.id)
                self._fail(one, Unreachable(f"{type(error).__name__}: {error}", code="our_side"))
        convoy.pump()

    def _letter(
        self, line: Line, claimed: Claimed, found: tuple[Person, Prepared] | None, until: float
    ) -> Letter:
        if found is None:
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

    def _give_back(self, claimed: Claimed) -> None:
        self.flusher.end(Step(claimed.id, claimed.attempt, claimed.gate_id or 0, "queued"))

    def _fail(self, claimed: Claimed, error: SendError) -> None:
        self.flusher.fail(failed(claimed.id, claimed.attempt, claimed.tries, error, self.pace))
