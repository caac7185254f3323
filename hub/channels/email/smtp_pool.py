"""SMTP connections kept open between messages: bounded, checked before reuse, thrown away when in doubt.

aiosmtplib has no pool. A connection is lent to one sender at a time and comes back only after a message that
ended cleanly; everything else (error, cancel, half a conversation) closes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache

import aiosmtplib

from hub.plumbing.clock import monotonic

MOST_CONNECTIONS = 8
MOST_MESSAGES = 100
MOST_IDLE_SECONDS = 60.0
TRUSTED_IDLE_SECONDS = 5.0


@dataclass(frozen=True)
class Account:
    """Whom we hand mail to, and as whom. `security`: tls, starttls or none; `certificate`: a PEM to trust.

    `most`: connections at once, where they are more than the pool's.
    """

    host: str
    port: int
    security: str
    user: str = ""
    password: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    local_name: str = "localhost"
    most: int = 0


@dataclass(eq=False)
class Lent:
    """A connection in use. Set `keep` once the conversation is at rest again; else it is closed."""

    client: aiosmtplib.SMTP
    fresh: bool
    messages: int = 0
    idle_since: float = 0.0
    keep: bool = False


class SmtpPool:
    """At most `most` connections an account, unless it says more.

    `seconds` bounds each step: connect, login, one command.
    """

    def __init__(self, *, most: int = MOST_CONNECTIONS, seconds: float = 30.0) -> None:
        self.most = most
        self.seconds = min(seconds, 30.0)
        self._idle: dict[Account, list[Lent]] = {}
        self._slots: dict[Account, asyncio.Semaphore] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._farewells: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def connection(self, account: Account, access_token: str = "") -> AsyncIterator[Lent]:
        """A connection at rest, greeted and logged in.

        Raises aiosmtplib's errors, ssl.SSLError, and TimeoutError when all connections stayed busy.
        """
        self._forget_other_loop()
        slots = self._slots.setdefault(account, asyncio.Semaphore(self.most_of(account)))
        await asyncio.wait_for(slots.acquire(), self.seconds)
        try:
            lent = await self._idle_one(account) or await self._open(account, access_token)
            try:
                yield lent
            finally:
                self._take_back(account, lent)
        finally:
            slots.release()

    def most_of(self, account: Account) -> int:
        """How many connections this account has at once."""
        return max(self.most, account.most)

    async def close(self) -> None:
        """Say goodbye everywhere; nobody waits longer than a second for it."""
        for resting in self._idle.values():
            for lent in resting:
                self._leave(lent.client)
        self._idle.clear()
        if self._farewells:
            await asyncio.wait(self._farewells, timeout=1.5)

    async def _idle_one(self, account: Account) -> Lent | None:
        resting = self._idle.get(account, [])
        while resting:
            lent = resting.pop()
            if await self._is_healthy(lent):
                lent.keep, lent.fresh = False, False
                return lent
            lent.client.close()
        return None

    async def _is_healthy(self, lent: Lent) -> bool:
        idle = monotonic() - lent.idle_since
        if not lent.client.is_connected or idle > MOST_IDLE_SECONDS:
            return False
        if idle < TRUSTED_IDLE_SECONDS:
            return True
        try:
            return (await lent.client.noop(timeout=min(5.0, self.seconds))).code == 250
        except aiosmtplib.SMTPException:
            return False

    async def _open(self, account: Account, access_token: str) -> Lent:
        return Lent(await greeted(account, access_token, self.seconds), fresh=True)

    def _take_back(self, account: Account, lent: Lent) -> None:
        lent.messages += 1
        lent.idle_since = monotonic()
        if not lent.keep or not lent.client.is_connected:
            lent.client.close()
        elif lent.messages >= MOST_MESSAGES:
            self._leave(lent.client)
        else:
            self._idle.setdefault(account, []).append(lent)
            self._drop_stale()

    def _drop_stale(self) -> None:
        oldest = monotonic() - MOST_IDLE_SECONDS
        for account, resting in list(self._idle.items()):
            self._idle[account] = [lent for lent in resting if lent.idle_since >= oldest]
            for lent in resting:
                if lent.idle_since < oldest:
                    self._leave(lent.client)

    def _leave(self, client: aiosmtplib.SMTP) -> None:
        """QUIT in the background: whatever comes of it concerns no message (promise 7)."""
        task = asyncio.create_task(_say_quit(client))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    def _forget_other_loop(self) -> None:
        """Connections belong to the event loop they were made in (a process may run several in turn)."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._idle, self._slots, self._farewells, self._loop = {}, {}, set(), loop


async def greeted(account: Account, access_token: str, seconds: float) -> aiosmtplib.SMTP:
    """A new connection, greeted and signed in; each step takes `seconds` at most.

    Raises aiosmtplib's errors, OSError, ssl.SSLError, TimeoutError, ValueError.
    """
    client = aiosmtplib.SMTP(
        hostname=account.host,
        port=account.port,
        timeout=seconds,
        use_tls=account.security == "tls",
        start_tls=False,
        local_hostname=account.local_name,
        tls_context=tls_context(account.certificate) if account.security != "none" else None,
    )
    try:
        await client.connect()
        if account.security == "starttls":
            await client.starttls(server_hostname=account.host)
        await client.ehlo()
        if access_token:
            await client.auth_xoauth2(account.user, access_token)
        elif account.user:
            await client.login(account.user, account.password)
    except BaseException:
        client.close()
        raise
    return client


async def _say_quit(client: aiosmtplib.SMTP) -> None:
    # The mail was accepted before; a goodbye that fails cannot take that back.
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=1.0)
    client.close()


@lru_cache(maxsize=64)
def tls_context(certificate: str = "") -> ssl.SSLContext:
    """A context that verifies, trusting the system's authorities and the PEM `certificate`.

    Raises ssl.SSLError when the PEM is none.
    """
    context = ssl.create_default_context()
    if certificate:
        context.load_verify_locations(cadata=certificate)
    return context
