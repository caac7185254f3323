"""All mailboxes this process reads: takes free leases, one task a mailbox, until told to stop."""

from __future__ import annotations

import asyncio

import asyncpg
import structlog

from hub.plumbing.db import AGAIN, AWAY
from hub.plumbing.hub import Hub
from workers.mailroom import leases
from workers.mailroom.addresses import Addresses
from workers.mailroom.imap import Mailbox, Pace
from workers.mailroom.sign_in import SignIn
from workers.mailroom.taking_in import TakingIn

MOST_MAILBOXES = 200
LOOK_SECONDS = 5.0
log = structlog.get_logger(__name__)


class Mailboxes:
    """`run` until cancelled; then every lease is given back."""

    def __init__(
        self, hub: Hub, taking_in: TakingIn, *, pace: Pace | None = None, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._hub, self._taking_in = hub, taking_in
        self._pace = pace or Pace()
        self._look_seconds = look_seconds
        self._addresses = Addresses(hub)
        self._sign_in = SignIn(hub)
        self._reading: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Look for mailboxes nobody reads, every few seconds."""
        try:
            while True:
                await self._take()
                await asyncio.sleep(self._look_seconds)
        finally:
            for task in self._reading:
                task.cancel()
            await asyncio.gather(*self._reading, return_exceptions=True)

    async def _take(self) -> None:
        free = MOST_MAILBOXES - len(self._reading)
        try:
            taken = await leases.take(self._hub, free, self._pace.lease) if free > 0 else []
        except (*AWAY, *AGAIN, asyncpg.PostgresError) as error:
            log.warning("no mailboxes taken, database away", error=repr(error))
            return
        for channel, lease in taken:
            mailbox = Mailbox(
                self._hub,
                channel,
                lease,
                taking_in=self._taking_in,
                addresses=self._addresses,
                access_token=self._sign_in.access_token,
                pace=self._pace,
            )
            task = asyncio.create_task(mailbox.run(), name=f"mailbox {channel.id}")
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)
