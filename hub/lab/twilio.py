"""A pretend Twilio for lab and tests: a real HTTP server with one account, its messages, and whatever is added.

`twilio_account.py` signs and tells, `twilio_texts.py` are the messages; calls stand in a file of their own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import structlog
from aiohttp import web

from hub.lab.sent import Outbox
from hub.lab.twilio_account import ANSWER_SECONDS, API, Account
from hub.lab.twilio_calls import Calls
from hub.lab.twilio_contents import Contents
from hub.lab.twilio_numbers import Numbers
from hub.lab.twilio_texts import Texts

log = structlog.get_logger(__name__)


class PretendTwilio(Account):
    """One account: messages in `texts`, telephones in `calls`, its `numbers`, its approved texts in `contents`.

    Settings of a line on it: `settings()`, `secrets()`.
    """

    def __init__(
        self, *, account: str = "", token: str = "", outbox: Outbox | None = None, by_itself: bool = True
    ) -> None:
        super().__init__(account, token)
        self.texts = Texts(self, outbox, by_itself)
        self.calls = Calls(self, outbox)
        self.numbers = Numbers(self, self.calls)
        self.contents = Contents(self)

    def settings(self) -> dict[str, str]:
        """What a channel on this account is configured with."""
        return {"account_sid": self.sid, "api_url": self.url}

    def secrets(self) -> dict[str, str]:
        """What a channel on this account keeps secret."""
        return {"auth_token": self.token}

    @asynccontextmanager
    async def running(
        self, host: str = "127.0.0.1", port: int = 0, *, more: Sequence[web.RouteDef] = ()
    ) -> AsyncIterator[PretendTwilio]:
        """Serve while the block runs; `url` is where. Another process of ours may already have the port."""
        app = web.Application(client_max_size=40_000_000)
        app.add_routes(
            [
                web.get(f"{API}.json", self._about),
                *self.texts.routes(),
                *self.calls.routes(),
                *self.numbers.routes(),
                *self.contents.routes(),
                *more,
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS))
        try:
            await web.TCPSite(runner, host, port).start()
            self.url = f"http://{host}:{runner.addresses[0][1]}"
        except OSError as error:
            self.url = f"http://{host}:{port}"
            log.warning("the lab's Twilio is not ours", port=port, error=str(error))
        try:
            yield self
        finally:
            await self.texts.settled()
            await self.session.close()
            await runner.cleanup()

    async def _about(self, request: web.Request) -> web.Response:
        return self.refused_access(request) or web.json_response({"sid": self.sid, "status": "active"})
