"""The account at the pretend Twilio: who may ask its REST API, and how its webhooks are signed and told."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping

import aiohttp
import msgspec
from aiohttp import web
from twilio.request_validator import RequestValidator
from yarl import URL

from hub.channels.twilio_codes import meaning

API = "/2010-04-01/Accounts/{account}"
ANSWER_SECONDS = 15.0  # how long Twilio waits for a webhook


class Told(msgspec.Struct, frozen=True):
    """What the hub answered to a webhook."""

    status: int
    body: str


class Account:
    """Sid and token; `url`: where the API is served; `hooks`: a number to where Twilio tells what reaches it."""

    def __init__(self, account: str = "", token: str = "") -> None:
        self.sid = account or f"AC{secrets.token_hex(16)}"
        self.token = token or secrets.token_hex(16)
        self.url = ""
        self.hooks: dict[str, str] = {}
        self.session: aiohttp.ClientSession | None = None

    @property
    def path(self) -> str:
        """Where the account's resources begin, below `url`."""
        return API.format(account=self.sid)

    async def tell(
        self, url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Told:
        """Post a signed form. Twilio's own library makes the signature, so that ours is checked by another."""
        assert self.session is not None
        signature = RequestValidator(self.token).compute_signature(url, dict(fields))
        signed = {"X-Twilio-Signature": signature, "User-Agent": "TwilioProxy/1.1", **(headers or {})}
        async with self.session.post(URL(url, encoded=True), data=dict(fields), headers=signed) as answer:
            return Told(answer.status, await answer.text())

    def refused_access(self, request: web.Request) -> web.Response | None:
        """Twilio's answer to a wrong user, password or account; None for the right ones."""
        if request.match_info["account"] != self.sid:
            return refused(401, 20003)
        return self.refused(request)

    def refused(self, request: web.Request) -> web.Response | None:
        """The same where the path names no account."""
        wanted = base64.b64encode(f"{self.sid}:{self.token}".encode()).decode()
        given = request.headers.get("Authorization", "").removeprefix("Basic ")
        return None if hmac.compare_digest(given.encode(), wanted.encode()) else refused(401, 20003)


def refused(status: int, code: int, retry_after: str = "") -> web.Response:
    """An error as Twilio words it."""
    known = meaning(code)
    body = {
        "code": code,
        "message": known.words if known else "refused",
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return web.json_response(
        body, status=status, headers={"Retry-After": retry_after} if retry_after else None
    )
