"""What a request may carry before anybody looks at it: how much, how long it may take, how many large ones at once."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from aiohttp import web

from hub.web.requests import session_of

SMALL_BODY_SECONDS = 20
STRANGERS_BODY = 1_000_000
"""Bytes somebody who is not signed in may send; webhooks have their own, larger limit."""
LARGE_AT_ONCE = 6
"""Larger bodies of strangers that are read side by side: the others wait, so that our memory has an end."""

LARGE_FORMS = {"/segments/lists": 200_010_000}
"""What may be larger than anything else, from who is signed in: a file of a million people, and the form around it."""

FOREIGN_DOORS = ("/in/", "/widget/", "/api/", "/u/")
"""Where other sites may post: nothing there acts with a cookie of ours."""

_turns: WeakKeyDictionary[web.Application, asyncio.Semaphore] = WeakKeyDictionary()


async def received(request: web.Request) -> web.Request:
    """The request, bounded, its body read unless it is a form with files (whoever takes those reads them).

    Raises HTTPRequestEntityTooLarge, HTTPRequestTimeout.
    """
    if session_of(request) is None and not _limits_itself(request):
        request = limited(request, STRANGERS_BODY)
    elif request.path in LARGE_FORMS:
        request = limited(request, LARGE_FORMS[request.path])
    if not request.content_type.startswith("multipart/"):
        await read(request)
    return request


def limited(request: web.Request, most: int) -> web.Request:
    """The same request, cut off after `most` bytes. Raises HTTPRequestEntityTooLarge if it says it is larger."""
    if (request.content_length or 0) > most:
        raise web.HTTPRequestEntityTooLarge(max_size=most, actual_size=request.content_length or 0)
    return request.clone(client_max_size=most)


async def read(request: web.Request) -> bytes:
    """A body, before anything is opened for it: a slow sender holds nothing but its own socket.

    Raises HTTPRequestTimeout.
    """
    try:
        async with asyncio.timeout(SMALL_BODY_SECONDS):
            if _is_small(request):
                return await request.read()
            async with _turns.setdefault(request.app, asyncio.Semaphore(LARGE_AT_ONCE)):
                return await request.read()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error


def _is_small(request: web.Request) -> bool:
    known = request.content_length if request.body_exists else 0
    return session_of(request) is not None or (known is not None and known <= STRANGERS_BODY)


def _limits_itself(request: web.Request) -> bool:
    """Webhooks and the API have a larger limit, a visitor's message with its files one of its own."""
    if request.path.startswith("/widget/"):
        return request.path.endswith("/messages") and request.content_type.startswith("multipart/")
    return request.path.startswith(FOREIGN_DOORS) and not request.path.startswith("/u/")
