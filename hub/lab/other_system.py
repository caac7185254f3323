"""A pretend system on the other side of the API channel: posts what its users say, takes and checks our webhooks.

It signs and checks by the words of the Standard Webhooks specification, with nothing of the hub's own code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from aiohttp import web


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """One webhook it took: `id` as signed, the body, and the address the hub calls `to`."""

    id: str
    body: dict[str, Any]


class OtherSystem:
    """`troubles`: the answers (status, headers) it gives next instead of 200; `hook`: where the hub takes posts."""

    def __init__(self, secret: str = "") -> None:
        self.secret = secret or "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.taken: list[Taken] = []
        self.refused: list[str] = []
        self.tries: list[str] = []
        self.troubles: list[tuple[int, dict[str, str]]] = []
        self.hook = ""
        self.address = ""
        self.session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def running(self, port: int = 0, more: Sequence[web.RouteDef] = ()) -> AsyncIterator[OtherSystem]:
        """On loopback, under a name the operator allows; `more` doors beside its own, POST /hook."""
        app = web.Application()
        app.add_routes([web.post("/hook", self.take), *more])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            self.address = f"http://localhost:{runner.addresses[0][1]}/hook"
            async with aiohttp.ClientSession() as self.session:
                yield self
        finally:
            await runner.cleanup()

    async def take(self, request: web.Request) -> web.Response:
        """Check, then keep once; or answer the next trouble."""
        body = await request.read()
        id_ = request.headers.get("webhook-id", "")
        self.tries.append(id_)
        if not self.genuine(request.headers, body):
            self.refused.append(id_)
            return web.Response(status=401)
        if self.troubles:
            status, headers = self.troubles.pop(0)
            return web.Response(status=status, headers=headers)
        if id_ not in [one.id for one in self.taken]:
            self.taken.append(Taken(id=id_, body=json.loads(body)))
        return web.json_response({"id": f"their-{len(self.taken)}"})

    def genuine(self, headers: Any, body: bytes) -> bool:
        """As a receiver must check: tolerance of five minutes, any of the signatures, compared in constant time."""
        id_, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
        if not moment.isdigit() or abs(time.time() - int(moment)) > 300:
            return False
        right = self._sign(id_, moment, body)
        return any(hmac.compare_digest(one, right) for one in headers.get("webhook-signature", "").split(" "))

    def headers(self, id_: str, body: bytes, at: float | None = None) -> dict[str, str]:
        """What goes beside a post of its own."""
        moment = str(int(time.time() if at is None else at))
        return {
            "webhook-id": id_,
            "webhook-timestamp": moment,
            "webhook-signature": self._sign(id_, moment, body),
            "Content-Type": "application/json",
        }

    async def says(self, told: dict[str, Any], *, at: float | None = None) -> int:
        """Post one event; the hub's status."""
        assert self.session is not None
        body = json.dumps(told).encode()
        headers = self.headers(str(told.get("id") or secrets.token_hex(8)), body, at)
        async with self.session.post(self.hook, data=body, headers=headers) as answer:
            return answer.status

    def _sign(self, id_: str, moment: str, body: bytes) -> str:
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        digest = hmac.new(key, f"{id_}.{moment}.".encode() + body, hashlib.sha256).digest()
        return "v1," + base64.b64encode(digest).decode()
