"""What every request of a chat begins with: the line, the visitor behind the token, and how much they may do."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.outgoing import Line
from hub.channels.registry import adapter
from hub.channels.webchat.settings import ADDRESS_TYPE, sites
from hub.conversations import chats
from hub.conversations.chats import Session
from hub.plumbing import urls
from hub.plumbing.db import Tx
from hub.plumbing.errors import Forbidden, HubError, NotFound
from hub.plumbing.texts import _
from hub.web.requests import from_here, hub_of, peer_of

PROTOCOL = "hub.chat.1"
TOKEN = "X-Chat"
OPENED_A_MINUTE = 20
MESSAGES_A_MINUTE = 10
MESSAGES_OF_AN_ADDRESS_A_MINUTE = 120
OTHERS_A_MINUTE = 240


class ChatOver(HubError):
    """The token opens nothing here any more: the page begins anew."""

    status = 401
    code = "chat_over"


async def line_of(tx: Tx, request: web.Request) -> Channel:
    """The chat line of the address. Raises NotFound for another kind's key, too: it says nothing of them."""
    channel = await connections.by_key(tx, request.match_info["key"])
    if channel is None or not has_widget(channel):
        raise NotFound(_("There is no such chat."))
    return channel


def has_widget(channel: Channel) -> bool:
    """Whether visitors write on this line in a widget of ours."""
    return adapter(channel.kind).can.address_type == ADDRESS_TYPE


async def visitor_of(tx: Tx, channel: Channel, secret: str) -> Session:
    """The session of a token, on this line. Raises ChatOver."""
    session = await chats.find(tx, secret)
    if session is None or session.channel_id != channel.id:
        raise ChatOver(_("This chat is over: begin a new one."))
    return session


async def visitor(request: web.Request) -> tuple[Channel, Session]:
    """Both of them, for a request that names them. Raises NotFound, ChatOver."""
    async with hub_of(request).transaction() as tx:
        channel = await line_of(tx, request)
        return channel, await visitor_of(tx, channel, request.headers.get(TOKEN, ""))


def page_of(line: Line, address: str) -> str:
    """The page a chat is on, if it is on a site that may show it; without its query, which may hold secrets."""
    page = urls.parts(address[:2000])
    if page.scheme not in ("http", "https"):
        return ""
    origin = f"{page.scheme}://{page.netloc}".lower()
    return f"{origin}{page.path}"[:500] if any(_is_of(origin, site) for site in sites(line)) else ""


def _is_of(origin: str, site: str) -> bool:
    scheme, _colon, host = site.partition("://")
    if not host.startswith("*."):
        return origin == site
    return origin.startswith(f"{scheme}://") and origin.endswith(host[1:])


def from_our_frame(request: web.Request) -> None:
    """Only our own frame speaks to us; a site speaks to the frame. Raises Forbidden."""
    if "Origin" not in request.headers or not from_here(request):
        raise Forbidden(_("This did not come from one of our pages."))


async def within(request: web.Request, what: str, most: int, *, of: str = "") -> None:
    """Count one more of `what` for an address, or for `of`. Raises TooMany."""
    await hub_of(request).limits.check(f"chat:{what}:{of or peer_of(request)}", most=most, seconds=60)


def told(body: dict[str, Any], *, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(body=msgspec.json.encode(body), content_type="application/json", status=status)
