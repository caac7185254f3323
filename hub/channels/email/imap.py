"""One mailbox over IMAP (RFC 3501, 2177, 6851): what aioimaplib lacks is added here.

aioimaplib quotes neither user nor mailbox names, has no STARTTLS, leaves commands hanging when the connection
breaks, and does not answer the challenge of a refused XOAUTH2. Commands run one at a time, each bounded.
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import aioimaplib
from aioimaplib.aioimaplib import Command, quoted

from hub.channels.email.smtp_pool import tls_context
from hub.channels.outgoing import Line
from hub.plumbing.oauth import sasl_xoauth2
from hub.plumbing.texts import N_

T = TypeVar("T")
USUAL_PORTS = {"tls": 993, "starttls": 143, "none": 143}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class ImapError(Exception):
    """Base; `reason` is for the operator."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ImapAway(ImapError):
    """No connection, or it broke or hung: connect again later."""


class ImapRefused(ImapError):
    """The server said NO or BAD to a command."""


class SignInRefused(ImapError):
    """Login, encryption or settings are wrong: somebody must mend them."""


@dataclass(frozen=True)
class ImapAccount:
    """Where a mailbox lies and who reads it. `security` is tls, starttls or none."""

    host: str
    port: int
    security: str
    user: str
    password: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    folder: str = "INBOX"

    @classmethod
    def of(cls, line: Line) -> ImapAccount:
        """The account a channel's settings describe. Raises SignInRefused naming what is wrong."""
        settings: Mapping[str, Any] = line.settings
        port = settings.get("imap_port")
        security = str(settings.get("imap_security") or ("starttls" if str(port) == "143" else "tls"))
        if security not in USUAL_PORTS:
            raise SignInRefused(N_("imap_security must be tls, starttls or none"))
        try:
            number = int(port or USUAL_PORTS[security])
        except (TypeError, ValueError) as error:
            raise SignInRefused(N_("imap_port must be a number")) from error
        return cls(
            host=str(settings.get("imap_host", "")).strip(),
            port=number,
            security=security,
            user=str(settings.get("imap_user") or line.address),
            password=line.secrets.get("imap_password", ""),
            certificate=str(settings.get("imap_certificate", "")),
            folder=str(settings.get("imap_folder") or "INBOX"),
        )


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
        validity, following = _number(rb"UIDVALIDITY (\d+)", text), _number(rb"UIDNEXT (\d+)", text)
        return Selected(validity, following, _number(rb"(?m)^(?:\* )?(\d+) EXISTS", text))

    async def uids_from(self, first: int) -> list[int]:
        """The UIDs ≥ `first`, ascending."""
        # "n:*" always names the last mail, even below n (RFC 3501 §6.4.8).
        return [uid for uid in await self.search(f"UID {max(first, 1)}:*") if uid >= first]

    async def uids_since(self, day: date) -> list[int]:
        """The UIDs of mails that arrived on `day` (server's clock) or later, ascending."""
        return await self.search(f"SINCE {day.day}-{MONTHS[day.month - 1]}-{day.year}")

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
            uid: _number(rb"RFC822\.SIZE (\d+)", text) for uid, text, _ in _fetched(lines) if uid is not None
        }

    async def bodies(self, uids: Iterable[int], most_bytes: int) -> dict[int, bytes]:
        """The whole mails, without marking them read, each cut after `most_bytes` by the server."""
        lines = await self._fetch(uids, f"(UID BODY.PEEK[]<0.{most_bytes}>)")
        return {uid: body for uid, _, body in _fetched(lines) if uid is not None and body is not None}

    async def mark_seen(self, uids: Iterable[int]) -> None:
        r"""Set \Seen."""
        await self._do(self._imap.uid("STORE", _set(uids), "+FLAGS.SILENT", "(\\Seen)"))

    async def move(self, uids: Iterable[int], folder: str) -> None:
        """MOVE, or COPY and delete where the server cannot; makes the folder when it is missing."""
        numbers, target = _set(uids), quoted(to_utf7(folder))
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
            async with asyncio.timeout(min(2.0, self.seconds)):
                await self._do(self._imap.logout())
        except (ImapError, TimeoutError):
            pass  # leaving a connection that no longer listens is leaving, too
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
        return await self._do(self._imap.uid("FETCH", _set(uids), parts), bounded=False)

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


def _fetched(lines: list[Any]) -> list[tuple[int | None, bytes, bytes | None]]:
    """UID, text and body of each FETCH answer; aioimaplib gives literals as bytearrays between the text."""
    found: list[tuple[int | None, bytes, bytes | None]] = []
    text, body = b"", None
    for line in [*lines[:-1], b"0 FETCH ("]:
        if not isinstance(line, bytes):
            body = bytes(line)
            continue
        if re.match(rb"\d+ FETCH \(", line) and text:
            uid = _number(rb"UID (\d+)", text)
            found.append((uid or None, text, body if body is not None else _quoted_body(text)))
            text, body = b"", None
        text += line
    return found


def _quoted_body(text: bytes) -> bytes | None:
    """A body the server sent as a quoted string instead of a literal; None for NIL or no body at all."""
    quote = re.search(rb'BODY\[\](?:<\d+>)? "((?:[^"\\]|\\.)*)"', text)
    return re.sub(rb"\\(.)", rb"\1", quote[1]) if quote else None


def _number(pattern: bytes, text: bytes) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def _set(uids: Iterable[int]) -> str:
    """`1:3,7` for 1, 2, 3, 7."""
    ranges: list[list[int]] = []
    for uid in sorted(set(uids)):
        if ranges and uid == ranges[-1][1] + 1:
            ranges[-1][1] = uid
        else:
            ranges.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in ranges)


def to_utf7(name: str) -> str:
    """A mailbox name in IMAP's modified UTF-7 (RFC 3501 §5.1.3): `Año & más` → `A&APE-o &- m&AOE-s`."""
    parts: list[str] = []
    for plain, other in re.findall(r"([\x20-\x7e]+)|([^\x20-\x7e]+)", name):
        if plain:
            parts.append(plain.replace("&", "&-"))
        else:
            coded = base64.b64encode(other.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
            parts.append(f"&{coded}-")
    return "".join(parts)


def from_utf7(name: str) -> str:
    """The other way round; what cannot be decoded stays as it is."""

    def plain(match: re.Match[str]) -> str:
        coded = match[1].replace(",", "/")
        if not coded:
            return "&"
        try:
            return base64.b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-16-be")
        except (ValueError, UnicodeDecodeError):
            return match[0]

    return re.sub(r"&([^-]*)-", plain, name)
