"""Twilio's own client over connections of ours: timeouts, no redirects, no logs of bodies, errors in our words.

The only module that imports `twilio` for sending; it is loaded by who sends (51 MB).
"""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import aiohttp
import msgspec
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from hub.channels.errors import Misconfigured, SendError, Unknown, Unreachable
from hub.channels.outgoing import Line
from hub.channels.twilio_account import account_sid, api_url, credentials, error_of
from hub.plumbing.texts import N_

SECONDS = 30.0
CONNECT_SECONDS = 10.0
# A POST on a connection the other side closed meanwhile is *perhaps sent*: connections rest only for a moment.
REST_SECONDS = 8.0
MOST_CONNECTIONS = 32

Key = tuple[str, str, str, str]
_clients: dict[Key, tuple[asyncio.AbstractEventLoop, Client]] = {}


def client(line: Line) -> Client:
    """The line's client, one for each account and event loop. Raises Misconfigured."""
    user, password = credentials(line)
    key = (api_url(line), account_sid(line), user, password)
    loop = asyncio.get_running_loop()
    kept = _clients.get(key)
    if kept is not None and kept[0] is loop and not kept[1].http_client.session.closed:
        return kept[1]
    made = Client(user, password, account_sid(line), http_client=Http())
    made.api.base_url = api_url(line)
    _clients[key] = loop, made
    return made


async def close() -> None:
    """Close the connections opened on this event loop."""
    loop = asyncio.get_running_loop()
    for key in [key for key, (opened, _) in _clients.items() if opened is loop]:
        await _clients.pop(key)[1].http_client.close()


class Http(AsyncTwilioHttpClient):  # type: ignore[misc]
    """The library's asyncio client; whatever goes wrong leaves it as a SendError."""

    def __init__(self) -> None:
        super().__init__(pool_connections=False)
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS, keepalive_timeout=REST_SECONDS),
            timeout=aiohttp.ClientTimeout(total=SECONDS, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def request(
        self,
        method: str,
        url: str,
        params: Any = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        **_: object,
    ) -> Response:
        """One request. Raises Unreachable (nothing left), Unknown (perhaps done), or what Twilio answered.

        The library's own timeouts and redirects are not ours: the session's are.
        """
        session: aiohttp.ClientSession = self.session
        try:
            async with session.request(
                method,
                url,
                params=params,
                data=data,
                headers=dict(headers or {}) | _authorised(auth),
                allow_redirects=False,
            ) as answer:
                text = await answer.text(errors="replace")
                status, retry_after = answer.status, answer.headers.get("retry-after", "")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _broken(method, error) from error
        if not 200 <= status < 300:
            raise _refused(status, text, retry_after)
        if method == "POST" and _json(text) is None:
            raise Unknown(N_("perhaps sent: Twilio's answer makes no sense"), code="answer")
        return Response(status, text)


def _authorised(auth: tuple[str, str] | None) -> dict[str, str]:
    if auth is None:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(":".join(auth).encode()).decode()}


def _broken(method: str, error: Exception) -> SendError:
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return Misconfigured(N_("the certificate of the Twilio API is not valid"), code="certificate")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Unreachable(N_("Twilio cannot be reached"), code="connect")
    if isinstance(error, aiohttp.InvalidURL):
        return Misconfigured(N_("the address of the Twilio API is not right"), code="api_url")
    if method == "GET":
        return Unreachable(N_("Twilio does not answer in time"), code="timeout")
    return Unknown(N_("perhaps sent: Twilio took it and did not answer"), code="timeout")


def _refused(status: int, text: str, retry_after: str) -> SendError:
    told = _json(text) or {}
    code, message = told.get("code"), told.get("message")
    return error_of(
        status,
        code if isinstance(code, int) else 0,
        message if isinstance(message, str) else "",
        retry_after=float(retry_after) if retry_after.isdecimal() and len(retry_after) < 6 else 0.0,
    )


def _json(text: str) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
    return found if isinstance(found, dict) else None
