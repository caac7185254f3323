"""A mail as it was designed, in a page that may do nothing; and its raw source as a download (promise 54)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable

from aiohttp import web

from hub.channels import arrivals
from hub.channels.mail.html import REMOTE, clean
from hub.conversations import media, originals
from hub.conversations.originals import InlineFile, Original
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _
from hub.web.files.serving import SHOWN, disposition
from hub.web.inbox.asked import id_of, must_see
from hub.web.requests import hub_of, person_of

MOST_PICTURES = 8_000_000
"""Bytes of pictures put into one page; a sandboxed page has no cookie to fetch them with."""
STYLE = (
    "body{margin:0;padding:12px;font:14px/1.45 ui-sans-serif,system-ui,sans-serif;color:#17202c;background:#fff;"
    "overflow-wrap:anywhere}img{max-width:100%;height:auto}table{max-width:100%}"
)


async def show(request: web.Request) -> web.StreamResponse:
    """GET /m/{id}/html: cleaned; pictures from the network only with ?images=1. Raises NotFound."""
    hub = hub_of(request)
    async with hub.transaction() as tx:
        stored = await _seen(tx, request)
        pictures = await originals.pictures(tx, id_of(request))
    if not stored.html and not stored.html_file:
        raise NotFound(_("This message has no design of its own."))
    html = stored.html or (await hub.files.get(stored.html_file or "")).decode("utf-8", "replace")
    inline = await _inlined(hub, html, pictures)
    remote = request.query.get("images") == "1"
    body = await asyncio.to_thread(_cleaned, html, inline.get, remote)
    page = f'<!doctype html><html><head><meta charset="utf-8"><style>{STYLE}</style></head><body>{body}</body></html>'
    return web.Response(text=page, content_type="text/html", headers=_headers(remote))


async def raw(request: web.Request) -> web.StreamResponse:
    """GET /m/{id}/raw: the bytes as they came, as a text to download. Raises NotFound."""
    hub = hub_of(request)
    async with hub.transaction() as tx:
        stored = await _seen(tx, request)
        if stored.arrival_id is None:
            raise NotFound(_("The original of this message is not kept."))
        kept = await arrivals.load(tx, stored.arrival_id)
    content = kept.raw if kept.raw is not None else await hub.files.get(kept.raw_file or "")
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Disposition": disposition(f"{id_of(request)}.eml.txt", inline=False),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return web.Response(body=content, headers=headers)


async def _seen(tx: Tx, request: web.Request) -> Original:
    stored = await originals.original(tx, id_of(request))
    if stored is None:
        raise NotFound(_("There is nothing here, or you may not see it."))
    await must_see(tx, stored.conversation_id, person_of(request))
    return stored


async def _inlined(hub: Hub, html: str, pictures: list[InlineFile]) -> dict[str, str]:
    """The pictures the HTML names, as data: addresses by Content-ID; only real pictures, bounded."""
    found: dict[str, str] = {}
    left = MOST_PICTURES
    for picture in pictures:
        name = picture.content_id.strip("<> ")
        if picture.size > left or name in found or name not in html:
            continue
        content = await hub.files.get(picture.file)
        type_ = media.sniffed(content[:64], "")
        if type_ in SHOWN:
            left -= len(content)
            found[name] = f"data:{type_};base64,{base64.b64encode(content).decode()}"
    return found


def _cleaned(html: str, cid_url: Callable[[str], str | None], remote: bool) -> str:
    safe = clean(html, cid_url).html
    return safe.replace(f' {REMOTE}="', ' src="') if remote else safe


def _headers(remote: bool) -> dict[str, str]:
    """The strictest page there is: no script, no form, nothing loaded; it may stand in a frame of ours."""
    images = "data: https:" if remote else "data:"
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'unsafe-inline'; img-src {images}; form-action 'none'; "
            "base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
        ),
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
    }
