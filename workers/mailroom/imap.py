"""One mailbox, read for as long as the lease is ours: connect, read what is new, wait, and again after any break."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg
import structlog

from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.email.imap import ImapClient
from hub.channels.email.imap_account import ImapAccount, ImapError, SignInRefused
from hub.plumbing.clock import monotonic
from hub.plumbing.db import AGAIN, AWAY
from hub.plumbing.errors import HubError, Unavailable
from hub.plumbing.hub import Hub
from workers.mailroom import leases
from workers.mailroom.addresses import Addresses
from workers.mailroom.cursor import Cursor, LeaseLost
from workers.mailroom.reading import Reading
from workers.mailroom.suspects import Suspects
from workers.mailroom.taking_in import TakingIn

log = structlog.get_logger(__name__)

AccessToken = Callable[[Channel], Awaitable[str]]


@dataclass(frozen=True)
class Pace:
    """How patient a mailbox is, in seconds; tests hurry."""

    idle: float = 60.0  # a dead or half-open connection is noticed after at most this and `answer`
    answer: float = 30.0
    first_pause: float = 1.0
    longest_pause: float = 60.0
    lease: float = leases.LEASE_SECONDS
    renew: float = leases.RENEW_SECONDS


class Mailbox:
    """Reads the mailbox of one channel under one lease."""

    def __init__(
        self,
        hub: Hub,
        channel: Channel,
        lease: str,
        *,
        taking_in: TakingIn,
        addresses: Addresses,
        access_token: AccessToken,
        pace: Pace | None = None,
    ) -> None:
        self._hub, self._channel, self._lease = hub, channel, lease
        self._taking_in, self._addresses, self._access_token = taking_in, addresses, access_token
        self._pace = pace or Pace()
        self._failures = 0
        self._health = ""
        self._suspects = Suspects()
        self._log = log.bind(channel=channel.id)

    async def run(self) -> None:
        """Until the lease is lost, the channel is changed or switched off, or we are cancelled."""
        reading = asyncio.create_task(self._read_for_ever())
        keeping = asyncio.create_task(self._keep_lease())
        try:
            await asyncio.wait({reading, keeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, keeping):
                task.cancel()
            for error in await asyncio.gather(reading, keeping, return_exceptions=True):
                if isinstance(error, Exception):  # a mistake of ours; the next look takes it up again
                    self._log.error("mailbox given up", error=repr(error), exc_info=error)
            await self._give_back()

    async def _keep_lease(self) -> None:
        """Ends when the mailbox is no longer ours, or must be opened with new settings."""
        safe_until = monotonic() + self._pace.lease
        while monotonic() < safe_until:
            await asyncio.sleep(self._pace.renew)
            before = monotonic()
            try:
                now = await leases.renew(self._hub, self._channel, self._lease, self._pace.lease)
            except (*AWAY, *AGAIN, asyncpg.PostgresError) as error:
                self._log.warning("lease not renewed", error=repr(error))
                continue
            safe_until = before + self._pace.lease
            if now is None or (now.settings, now.secrets) != (self._channel.settings, self._channel.secrets):
                self._log.info("mailbox given up: changed, switched off or read by another mailroom")
                return
        self._log.warning("mailbox given up: the lease could not be renewed in time")

    async def _give_back(self) -> None:
        try:
            async with asyncio.timeout(5):
                await leases.give_back(self._hub, self._channel, self._lease)
        except (*AWAY, asyncpg.PostgresError) as error:
            self._log.info("lease left to run out", error=repr(error))

    async def _read_for_ever(self) -> None:
        while True:
            try:
                await self._one_connection()
            except LeaseLost:
                return
            except SignInRefused as error:
                self._failures = max(self._failures, 5)  # a wrong password soon locks an account
                await self._tell(error.reason)
            except ImapError as error:
                await self._tell(error.reason)
            except Unavailable as error:
                self._log.warning("mail left on its server", error=error.message)
            except HubError as error:
                await self._tell(error.message)
            except (*AWAY, *AGAIN, asyncpg.PostgresError) as error:
                self._log.warning("mail left on its server", error=repr(error))
            except Exception as error:
                self._log.exception("mailbox")
                await self._tell(f"{type(error).__name__}: {error}")
            await asyncio.sleep(self._pause())

    def _pause(self) -> float:
        """Seconds until the next try: doubling, with jitter so that many mailboxes do not come back at once."""
        longest = min(self._pace.longest_pause, self._pace.first_pause * 2**self._failures)
        self._failures += 1
        return float(longest * random.uniform(0.5, 1.0))

    async def _one_connection(self) -> None:
        account = ImapAccount.of(self._channel.line(self._hub.crypto))
        token = await self._access_token(self._channel)
        client = await ImapClient.open(account, token, seconds=self._pace.answer)
        try:
            reading = Reading(
                self._hub,
                self._channel,
                self._lease,
                client,
                taking_in=self._taking_in,
                addresses=self._addresses,
                suspects=self._suspects,
            )
            await reading.open()
            await self._tell("")
            while True:
                await reading.read_new()
                self._failures = 0
                await client.wait_for_news(self._pace.idle)
        finally:
            client.abort()

    async def _tell(self, problem: str) -> None:
        """Write down for the operator what is wrong, or "" when all is well; only when it changed."""
        if problem == self._health and self._failures:
            return
        if problem:
            self._log.warning("mailbox failing", problem=problem)
        try:
            await Cursor(self._hub, self._channel.id, self._lease, "").failed(problem)
            async with self._hub.transaction() as tx:
                await connections.note_health(tx, self._channel.id, "in", problem)
            self._health = problem
        except (LeaseLost, *AWAY, *AGAIN, asyncpg.PostgresError) as error:
            self._log.info("mailbox state not written", error=repr(error))
