"""Handing one mail to the channel's SMTP server, and saying in two bits what went wrong.

One envelope recipient. Everything that fails before the last bytes of the content were written is safe to try
again; from there to the server's answer it is Unknown (RFC 1047). Nothing after the answer matters.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiosmtplib

from hub.channels.base import BeforeWire
from hub.channels.email.smtp_pool import Account, Lent, SmtpPool
from hub.channels.email.smtp_words import (
    before_content,
    lost_before_content,
    not_connected,
    refused_content,
    server_words,
)
from hub.channels.errors import Misconfigured, Rejected, Unknown, Unreachable
from hub.channels.mail.building import build
from hub.channels.outgoing import Line, Outgoing, Sent
from hub.plumbing.clock import monotonic, now
from hub.plumbing.errors import BadInput, Unavailable
from hub.plumbing.oauth import App, OAuth, SignInExpired
from hub.plumbing.texts import N_

CHUNK = 65536
USUAL_PORTS = {"tls": 465, "starttls": 587, "none": 25}
LINE_ENDS = re.compile(rb"\r\n|\r|\n")

_POOL = SmtpPool()
# Microsoft replaces refresh tokens but keeps the old ones good for 90 days; the mailroom stores new ones.
TOKENS = OAuth()


async def send(outgoing: Outgoing, line: Line, before_wire: BeforeWire, pool: SmtpPool = _POOL) -> Sent:
    """Hand over one mail. `before_wire()` is awaited once the server took the envelope, just before DATA.

    Raises the errors of channels/errors.py, and what `before_wire` raises (then nothing was sent).
    """
    account = account_of(line)
    content = await _built(outgoing)
    token = await access_token(line)
    # Every connection at rest may have died unseen; a fresh one ends this.
    for _ in range(pool.most_of(account) + 1):
        async with connected(pool, account, token) as lent:
            try:
                sender = outgoing.bounce_address or line.address
                return await hand_over(lent, sender, outgoing.recipient, content, before_wire, pool.seconds)
            except DiedAtRest:
                continue
    raise Unreachable(N_("the mail server closes every connection"), code="lost")


async def close() -> None:
    """Give back the connections of the process's own pool."""
    await _POOL.close()


class DiedAtRest(Exception):
    """A reused connection turned out dead before the envelope was accepted."""


async def hand_over(
    lent: Lent, sender: str, recipient: str, content: bytes, before_wire: BeforeWire, seconds: float
) -> Sent:
    """One mail over one connection. Raises as `send`, and DiedAtRest before anything was said."""
    await _envelope(lent, sender, recipient, len(content))
    until = await _before(lent, before_wire)
    await _welcome(lent, until)
    return await _content(lent, content, seconds)


@asynccontextmanager
async def connected(pool: SmtpPool, account: Account, token: str) -> AsyncIterator[Lent]:
    """A greeted and signed-in connection; what goes wrong until then is a SendError."""
    async with AsyncExitStack() as stack:
        try:
            lent = await stack.enter_async_context(pool.connection(account, token))
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            if token:
                TOKENS.forget(token)
            raise not_connected(error) from error
        yield lent


async def _envelope(lent: Lent, sender: str, recipient: str, size: int) -> None:
    """MAIL and RCPT. A refusal leaves the connection usable."""
    client = lent.client
    sender, recipient = as_ascii_where_possible(sender), as_ascii_where_possible(recipient)
    lent.keep = True  # what _options refuses never reached the server
    options = _options(client, sender + recipient, size)
    lent.keep = False
    try:
        await client.mail(sender, options=options)
        await client.rcpt(recipient)
    except aiosmtplib.SMTPResponseException as error:
        await _reset(lent)
        raise before_content(error) from error
    except aiosmtplib.SMTPException as error:
        if lent.fresh:
            raise lost_before_content(error) from error
        raise DiedAtRest from error


def _options(client: aiosmtplib.SMTP, addresses: str, size: int) -> list[str]:
    """MAIL options the server offers. Raises Rejected for what it could not take."""
    if not (addresses.isascii() and addresses.isprintable()):
        raise Rejected(N_("our mail server cannot write to an address with such letters"), code="address")
    options: list[str] = []
    if client.supports_extension("size"):
        limit = client.esmtp_extensions.get("size", "")
        if limit.isdigit() and 0 < int(limit) < size:
            raise Rejected(N_("the mail is larger than our mail server accepts"), code="size")
        options.append(f"SIZE={size}")
    if client.supports_extension("8bitmime"):
        options.append("BODY=8BITMIME")
    return options


async def _before(lent: Lent, before_wire: BeforeWire) -> float:
    try:
        return await before_wire()
    except BaseException:
        await _reset(lent)
        raise


async def _welcome(lent: Lent, until: float) -> None:
    """DATA, and the server's word that the content may come; a process stopped meanwhile says nothing more."""
    try:
        ready = await lent.client.execute_command(b"DATA")
    except aiosmtplib.SMTPException as error:
        raise lost_before_content(error) from error
    if ready.code != 354:
        if ready.code != 421:  # else the next MAIL would be a nested one, and its innocent recipient refused
            await _reset(lent)
        raise refused_content(ready.code, ready.message)
    if monotonic() > until:
        raise Unreachable(N_("the worker was stopped just before sending"), code="our_side")


async def _content(lent: Lent, content: bytes, seconds: float) -> Sent:
    """The content and the final dot; the server's answer decides."""
    client = lent.client
    await _stream(client, content, seconds)
    answer = await _verdict(client, seconds)
    lent.keep = answer.code != 421
    if 200 <= answer.code < 300:
        return Sent(answer=server_words(answer.code, answer.message))
    if 400 <= answer.code < 600:
        raise refused_content(answer.code, answer.message)
    raise Unknown(N_("perhaps sent: the mail server's answer makes no sense"), code=str(answer.code))


async def _stream(client: aiosmtplib.SMTP, content: bytes, seconds: float) -> None:
    """Write the content dot-stuffed. All but the last chunk waits until the socket took it.

    Without its final dot no server may keep a mail, so a break in here is safe to repeat.
    """
    wire = dot_stuffed(content)
    protocol = client.protocol
    try:
        for start in range(0, len(wire), CHUNK):
            if protocol is None or not protocol.is_connected:
                raise aiosmtplib.SMTPServerDisconnected("Connection lost")
            if start:
                await asyncio.wait_for(protocol._drain_helper(), seconds)
            protocol.write(wire[start : start + CHUNK])
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise lost_before_content(error) from error


async def _verdict(client: aiosmtplib.SMTP, seconds: float) -> aiosmtplib.SMTPResponse:
    """The answer to the content. Raises Unknown when there is none to be had."""
    if client.protocol is None:
        raise Unknown(N_("perhaps sent: the connection broke before the answer"), code="lost")
    try:
        return await client.protocol.read_response(timeout=seconds)
    except aiosmtplib.SMTPTimeoutError as error:
        raise Unknown(
            N_("perhaps sent: the mail server took it and did not answer"), code="timeout"
        ) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Unknown(N_("perhaps sent: the connection broke before the answer"), code="lost") from error


async def _reset(lent: Lent) -> None:
    """RSET so that the connection can carry the next mail; when that fails it is closed."""
    if not lent.client.is_connected:
        return
    try:
        lent.keep = (await lent.client.rset(timeout=5.0)).code == 250
    except (aiosmtplib.SMTPException, OSError):
        lent.keep = False


def dot_stuffed(content: bytes) -> bytes:
    """The content as it goes on the wire: line ends CRLF, leading dots doubled, the final dot (RFC 5321 §4.5.2).

    A lone CR or LF becomes CRLF *before* dots are looked at: that is what stops SMTP smuggling.
    """
    lines = LINE_ENDS.sub(b"\r\n", content)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"


def account_of(line: Line) -> Account:
    """The SMTP account of a channel. Raises Misconfigured naming the wrong setting."""
    settings: Mapping[str, Any] = line.settings
    host = str(settings.get("smtp_host", "")).strip()
    if not host:
        raise Misconfigured(N_("this channel has no mail server for sending"), code="smtp_host")
    port = settings.get("smtp_port")
    security = str(settings.get("smtp_security") or _usual_security(port))
    if security not in USUAL_PORTS:
        raise Misconfigured(N_("smtp_security must be tls, starttls or none"), code="smtp_security")
    try:
        number = int(port or USUAL_PORTS[security])
    except (TypeError, ValueError) as error:
        raise Misconfigured(N_("smtp_port must be a number"), code="smtp_port") from error
    return Account(
        host=host,
        port=number,
        security=security,
        user=str(settings.get("smtp_user", "")),
        password=line.secrets.get("smtp_password", ""),
        certificate=str(settings.get("smtp_certificate", "")),
        local_name=as_ascii_where_possible(line.address).rpartition("@")[2] or "localhost",
        most=int(settings.get("connections") or 0),
    )


def _usual_security(port: object) -> str:
    return {"465": "tls", "25": "none"}.get(str(port), "starttls")


def as_ascii_where_possible(address: str) -> str:
    """The domain in punycode; the local part stays as it is (RFC 6531)."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


async def _built(outgoing: Outgoing) -> bytes:
    try:
        if outgoing.attachments:
            return await asyncio.to_thread(build, outgoing, now())
        return build(outgoing, now())
    except OSError as error:
        raise Rejected(N_("an attachment can no longer be read"), code="attachment") from error
    except ValueError as error:
        raise Rejected(
            N_("this mail cannot be written: check addresses and subject"), code="build"
        ) from error


async def access_token(line: Line) -> str:
    """The OAuth token for channels that sign in with one, else empty. Raises SendErrors only."""
    if not line.settings.get("oauth_provider"):
        return ""
    try:
        app = App.of(line.settings, line.secrets)
        return await TOKENS.access_token(app, line.secrets.get("oauth_refresh_token", ""))
    except (SignInExpired, BadInput) as error:
        raise Misconfigured(error.message, code="oauth") from error
    except Unavailable as error:
        raise Unreachable(error.message, code="oauth") from error
