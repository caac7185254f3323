"""Trying a mail line for real: sign in where it sends, sign in and open the folder where it reads."""

from __future__ import annotations

from hub.channels.base import Tried
from hub.channels.email.imap import ImapClient
from hub.channels.email.imap_account import ImapAccount, ImapError
from hub.channels.email.sending import access_token, account_of, connected
from hub.channels.email.smtp_pool import SmtpPool
from hub.channels.errors import SendError
from hub.channels.outgoing import Line
from hub.plumbing.texts import _


async def check(line: Line, *, seconds: float = 15.0) -> list[Tried]:
    """Sending, and reading if a mailbox is set.

    No mail is sent and none is marked.
    """
    steps = [Tried("out", _("sign in where it sends"), await _sending(line, seconds))]
    if line.settings.get("imap_host"):
        steps.append(Tried("in", _("open the mailbox it reads"), await _reading(line, seconds)))
    return steps


async def _sending(line: Line, seconds: float) -> str:
    pool = SmtpPool(most=1, seconds=seconds)
    try:
        async with connected(pool, account_of(line), await access_token(line)) as lent:
            lent.keep = False
    except SendError as error:
        return _(error.reason)
    finally:
        await pool.close()
    return ""


async def _reading(line: Line, seconds: float) -> str:
    try:
        account = ImapAccount.of(line)
        client = await ImapClient.open(account, await access_token(line), seconds=seconds)
        try:
            await client.select(account.folder)
        finally:
            await client.close()
    except (ImapError, SendError) as error:
        return _(error.reason)
    return ""
