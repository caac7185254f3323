"""Mail to many: pipelined where the server offers it (RFC 2920), one command after the other where not."""

from __future__ import annotations

import asyncio
from typing import cast

import aiosmtplib

from hub.channels.courier import Carrier, Courier, Ended, Letter
from hub.channels.email.pipelining import Pipe
from hub.channels.email.sending import TOKENS, access_token, account_of, hand_over
from hub.channels.email.smtp_pool import Lent, greeted
from hub.channels.email.smtp_words import not_connected
from hub.channels.errors import SendError, Unknown
from hub.channels.outgoing import Line, Sent

CONNECT_SECONDS = 30.0
ANSWER_SECONDS = 60.0


class SmtpCourier(Courier):
    """Connections of one mail line; apart from those its agents' answers use."""

    def __init__(self, line: Line, *, seconds: float = ANSWER_SECONDS) -> None:
        self.line = line
        self.seconds = seconds

    async def connect(self, ended: Ended) -> Carrier:
        """Greeted and signed in. Raises the errors of channels/errors.py."""
        account, token = account_of(self.line), await access_token(self.line)
        try:
            client = await greeted(account, token, min(self.seconds, CONNECT_SECONDS))
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            if token:
                TOKENS.forget(token)
            raise not_connected(error) from error
        if client.supports_extension("pipelining") and client.transport is not None:
            pipe = Pipe(client.esmtp_extensions, ended, seconds=self.seconds)
            pipe.take_over(cast(asyncio.Transport, client.transport))
            return pipe
        return InTurn(client, ended, seconds=self.seconds)


class InTurn(Carrier):
    """A connection on which every command waits for its answer."""

    def __init__(self, client: aiosmtplib.SMTP, ended: Ended, *, seconds: float) -> None:
        self._lent = Lent(client, fresh=True)
        self._ended, self._seconds = ended, seconds
        self._task: asyncio.Task[None] | None = None
        self._left = False

    @property
    def closed(self) -> bool:
        """Whether nothing can be put on it any more."""
        return self._left or not self._lent.client.is_connected

    def put(self, letter: Letter, following: Letter | None) -> None:
        """Send it; the following is said nothing of before its turn."""
        self._task = asyncio.create_task(self._carry(letter))

    def announce(self, letter: Letter) -> None:
        """Nothing is said of it before its turn."""

    def withdraw(self, letter: Letter) -> None:
        """Nothing was said of it."""

    def look(self, now: float) -> None:
        """Every step has its own time-out."""

    def leave(self) -> None:
        """Say goodbye; what has not ended is broken off."""
        self._left = True
        self._lent.client.close()

    async def _carry(self, letter: Letter) -> None:
        outcome = None if self.closed else await self._carried(letter)
        letter.over = True
        self._ended(self, letter, outcome)

    async def _carried(self, letter: Letter) -> Sent | SendError:
        async def before_wire() -> float:
            return letter.until

        self._lent.keep = False
        try:
            outcome: Sent | SendError = await hand_over(
                self._lent, letter.sender, letter.recipient, letter.content, before_wire, self._seconds
            )
        except SendError as error:
            outcome = error
        except Exception as error:  # whatever broke here broke perhaps after the content left
            outcome = Unknown(f"{type(error).__name__}: {error}", code="our_side")
        if not self._lent.keep:
            self.leave()
        return outcome
