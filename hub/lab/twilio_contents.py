"""The account's approved texts at the pretend Twilio: one list, as the real Content API gives it."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hub.lab.twilio_account import Account

EXAMPLE = "Hola, {{1}}: tu pedido {{2}} ya ha salido. Puedes responder a este mensaje."


class Contents:
    """`all`: what the list holds, in the API's own shape."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.all: list[dict[str, Any]] = [content("HX1", "pedido_enviado", "es", EXAMPLE)]

    def routes(self) -> list[web.RouteDef]:
        """The ContentAndApprovals resource; at the real Twilio it has a host of its own."""
        return [web.get("/v1/ContentAndApprovals", self._list)]

    async def _list(self, request: web.Request) -> web.Response:
        if (refusal := self.account.refused(request)) is not None:
            return refusal
        meta = {"key": "contents", "page": 0, "page_size": 50, "next_page_url": None}
        return web.json_response({"contents": self.all, "meta": meta})


def content(sid: str, name: str, language: str, body: str, status: str = "approved") -> dict[str, Any]:
    """One text and how its approval stands."""
    return {
        "sid": sid,
        "friendly_name": name,
        "language": language,
        "variables": {},
        "types": {"twilio/text": {"body": body}},
        "approval_requests": {"name": name, "category": "UTILITY", "status": status, "rejection_reason": ""},
    }
