"""One mailbox over IMAP (RFC 3501, 2177, 6851): what aioimaplib lacks is added here.

aioimaplib quotes neither user nor mailbox names, has no STARTTLS, leaves commands hanging when the connection
breaks, and does not answer the challenge of a refused XOAUTH2. Commands run one at a time, each bounded.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import ssl
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import aioimaplib
from aioimaplib.aioimaplib import Command, quoted

from hub.channels.email.imap_account import ImapAccount, ImapAway, ImapError, ImapRefused, SignInRefused
from hub.channels.email.imap_answers import fetched, number, to_utf7, uid_set
from hub.channels.email.smtp_pool import tls_context
from hub.plumbing.oauth import sasl_xoauth2
from hub.plumbing.texts import N_

T = TypeVar("T")


@dataclass(frozen=True)
class Selected:
    """What SELECT told: the folder's numbering, the next UID, how many mails."""

    uidvalidity: int
    uidnext: int
    exists: int


class ImapClient:
    """A signed-in connection. `seconds` bounds each command, or for bodies each silence."""

    def __init__(self, account: ImapAccount, *, seconds: float = 30.0) -> None:
        self.account = account
        self.seconds = seconds
        self._imap: aioimaplib.IMAP4
        self._lost: asyncio.Event = asyncio.Event()

    @classmethod
    async def open(cls, account: ImapAccount, access_token: str = "", *, seconds: float = 30.0) -> ImapClient:
        """Connect and sign in, with a token if given. Raises SignInRefused or ImapAway."""
        client = cls(account, seconds=seconds)
        try:
            await client._connect()
            await client._sign_in(access_token)
        except BaseException:
            client.abort()
            raise
        return client

    async def select(self, folder: str) -> Selected:
        """Open a folder for reading and marking. Raises ImapRefused when there is none."""
        lines = await self._do(self._imap.select(quoted(to_utf7(folder))))
        text = b"\n".join(bytes(line) for line in lines)
        validity, following = number(rb"UIDVALIDITY (\d+)", text), number(rb"UIDNEXT (\d+)", text)
        return Selected(validity, following, number(rb"(?m)^(?:\* )?(\d+) EXISTS", text))

    async def uids_from(self, first: int) -> list[int]:
        """The UIDs ≥ `first`, ascending."""
        # "n:*" always names the last mail, even below n (RFC 3501 §6.4.8).
        return [uid for uid in await self.search(f"UID {max(first, 1)}:*") if uid >= first]

    async def search(self, criteria: str) -> list[int]:
        """UIDs that meet `criteria`, a constant of the calling code, ascending."""
        lines = await self._do(self._imap.uid_search(criteria, charset=None))
        found: set[int] = set()
        for line in lines[:-1]:
            found.update(int(number) for number in bytes(line).split() if number.isdigit())
        return sorted(found)

    async def sizes(self, uids: Iterable[int]) -> dict[int, int]:
        """RFC822.SIZE in bytes of each mail that still exists."""
        lines = await self._fetch(uids, "(UID RFC822.SIZE)")
        return {
            uid: number(rb"RFC822\.SIZE (\d+)", text) for uid, text, _ in fetched(lines) if uid is not None
        }

    async def bodies(self, uids: Iterable[int], most_bytes: int) -> dict[int, bytes]:
        """The whole mails, without marking them read, each cut after `most_bytes` by the server."""
        lines = await self._fetch(uids, f"(UID BODY.PEEK[]<0.{most_bytes}>)")
        return {uid: body for uid, _, body in fetched(lines) if uid is not None and body is not None}

    async def mark_seen(self, uids: Iterable[int]) -> None:
        r"""Set \Seen."""
        await self._do(self._imap.uid("STORE", uid_set(uids), "+FLAGS.SILENT", "(\\Seen)"))

    async def move(self, uids: Iterable[int], folder: str) -> None:
        """MOVE, or COPY and delete where the server cannot; makes the folder when it is missing."""
        numbers, target = uid_set(uids), quoted(to_utf7(folder))
        verb = "MOVE" if self._imap.has_capability("MOVE") else "COPY"
        try:
            await self._do(self._imap.uid(verb, numbers, target))
        except ImapRefused:
            await self._do(self._imap.create(target))
            await self._do(self._imap.uid(verb, numbers, target))
        if verb == "COPY":
            await self._do(self._imap.uid("STORE", numbers, "+FLAGS.SILENT", "(\\Deleted)"))
            if self._imap.has_capability("UIDPLUS"):
                await self._do(self._imap.uid("EXPUNGE", numbers))

    async def wait_for_news(self, seconds: float) -> bool:
        """IDLE until the server speaks (True) or `seconds` are over; without IDLE it only waits.

        Ends with a round trip, so a dead or half-open connection is noticed. Raises ImapAway.
        """
        if not self._imap.has_capability("IDLE"):
            await self._unless_lost(asyncio.sleep(seconds), seconds + 1)
            await self._do(self._imap.noop())
            return True
        idle: asyncio.Future[Any] = await self._unless_lost(self._imap.idle_start(seconds + 60), self.seconds)
        queue = self._imap.protocol.idle_queue
        try:
            async with asyncio.timeout(seconds):
                await self._unless_lost(queue.get(), seconds + 1)
            spoke = True
        except TimeoutError:
            spoke = False
        self._imap.idle_done()
        await self._unless_lost(idle, self.seconds)
        while not queue.empty():
            queue.get_nowait()
        return spoke

    async def noop(self) -> None:
        """A round trip. Raises ImapAway when the connection is dead."""
        await self._do(self._imap.noop())

    async def close(self) -> None:
        """LOGOUT if that works within a second or two, then hang up."""
        try:
            # Leaving a connection that no longer listens is leaving, too.
            with contextlib.suppress(ImapError, TimeoutError):
                async with asyncio.timeout(min(2.0, self.seconds)):
                    await self._do(self._imap.logout())
        finally:
            self.abort()

    def abort(self) -> None:
        """Hang up at once."""
        imap = getattr(self, "_imap", None)
        if imap is None:
            return
        imap._client_task.cancel()
        if imap._idle_waiter is not None:
            imap._idle_waiter.cancel()
        if imap.protocol.transport is not None:
            imap.protocol.transport.abort()

    async def _connect(self) -> None:
        account = self.account
        if not account.host:
            raise SignInRefused(N_("this channel has no mail server for reading"))
        try:
            context = tls_context(account.certificate) if account.security != "none" else None
            self._imap = aioimaplib.IMAP4(
                account.host,
                account.port,
                timeout=self.seconds,
                conn_lost_cb=lambda _: self._lost.set(),
                ssl_context=context if account.security == "tls" else None,
            )
            await self._unless_lost(self._imap.wait_hello_from_server(), self.seconds)
            if account.security == "starttls" and context is not None:
                await self._start_tls(context)
        except ssl.SSLCertVerificationError as error:
            raise SignInRefused(N_("the mail server's certificate is not valid")) from error
        except ssl.SSLError as error:
            raise SignInRefused(N_("the mail server does not speak TLS as configured")) from error

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        protocol = self._imap.protocol
        if "STARTTLS" not in protocol.capabilities:
            raise SignInRefused(N_("the mail server offers no STARTTLS"))
        await self._do(protocol.execute(Command("STARTTLS", protocol.new_tag(), loop=protocol.loop)))
        protocol.incomplete_line = b""  # what came in clear after the OK may be an attacker's (CVE-2011-0411)
        upgrade = protocol.loop.start_tls(
            protocol.transport, protocol, context, server_hostname=self.account.host
        )
        protocol.transport = await self._unless_lost(upgrade, self.seconds)
        await self._unless_lost(protocol.capability(), self.seconds)

    async def _sign_in(self, access_token: str) -> None:
        protocol, account = self._imap.protocol, self.account
        try:
            if access_token:
                await self._authenticate("XOAUTH2", sasl_xoauth2(account.user, access_token))
            elif {"AUTH=PLAIN", "SASL-IR"} <= protocol.capabilities:
                plain = f"\0{account.user}\0{account.password}".encode()
                await self._authenticate("PLAIN", plain)
            elif "LOGINDISABLED" in protocol.capabilities:
                raise SignInRefused(N_("the mail server allows no password without encryption"))
            else:
                await self._do(self._imap.login(quoted(account.user), account.password))
        except ImapRefused as error:
            raise SignInRefused(error.reason) from error
        except ValueError as error:
            raise SignInRefused(N_("user name or password contain characters no mailbox has")) from error
        await self._unless_lost(protocol.capability(), self.seconds)

    async def _authenticate(self, mechanism: str, response: bytes) -> None:
        protocol = self._imap.protocol
        command = _Authenticate(protocol, mechanism, base64.b64encode(response).decode())
        await self._do(protocol.execute(command))
        protocol.state = aioimaplib.aioimaplib.AUTH

    async def _fetch(self, uids: Iterable[int], parts: str) -> list[bytes]:
        # aioimaplib's own time limit for FETCH counts silence, not the whole transfer.
        return await self._do(self._imap.uid("FETCH", uid_set(uids), parts), bounded=False)

    async def _do(self, command: Coroutine[Any, Any, Any], *, bounded: bool = True) -> list[bytes]:
        """Run one command; its lines. Raises ImapRefused for NO and BAD, ImapAway when nothing comes."""
        response = await self._unless_lost(command, self.seconds if bounded else None)
        lines: list[bytes] = response.lines
        if response.result != "OK":
            words = bytes(lines[-1]).decode("utf-8", "replace") if lines else response.result
            raise ImapRefused(re.sub(r"[\x00-\x1f\x7f]+", " ", words)[:500])
        return lines

    async def _unless_lost(
        self, work: Coroutine[Any, Any, T] | asyncio.Future[T], seconds: float | None
    ) -> T:
        """The result of `work`, given up as soon as the connection is gone or the time is over."""
        task = asyncio.ensure_future(work)
        gone = asyncio.create_task(self._lost.wait())
        try:
            await asyncio.wait({task, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            words = N_("the mail server closed the connection") if gone.done() else None
            raise ImapAway(words or N_("the mail server does not answer in time"))
        except aioimaplib.CommandTimeout as error:
            raise ImapAway(N_("the mail server does not answer in time")) from error
        except (aioimaplib.AioImapException, ConnectionError, TimeoutError) as error:
            raise ImapAway(N_("the connection to the mail server broke")) from error
        except ssl.SSLError:
            raise
        except OSError as error:
            raise ImapAway(N_("the mail server cannot be reached")) from error
        finally:
            gone.cancel()
            if not task.done():
                task.cancel()


class _Authenticate(Command):  # type: ignore[misc]
    """AUTHENTICATE with an initial response; a challenge means refusal and is answered with an empty line."""

    def __init__(self, protocol: Any, mechanism: str, response: str) -> None:
        super().__init__("AUTHENTICATE", protocol.new_tag(), mechanism, response, loop=protocol.loop)
        self._protocol = protocol

    def append_to_resp(self, line: bytes, result: str = "Pending") -> None:
        """Called by aioimaplib with each line."""
        if line.startswith(b"+"):
            self._protocol.transport.write(b"\r\n")
        super().append_to_resp(line, result)
