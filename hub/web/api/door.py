"""The API's door: bearer token in, typed values to the handler, JSON out, and no POST done twice."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from aiohttp import web

from hub.agents import tokens
from hub.agents.tokens import Bearer
from hub.plumbing import idempotency
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, HubError, SignInNeeded
from hub.plumbing.texts import _, speaking
from hub.web.api.endpoints import Call, Endpoint
from hub.web.errors import json_error, understood
from hub.web.forms import converted, without_nul
from hub.web.requests import hub_of, peer_of

MOST_TRIES = 60


def serve(endpoint: Endpoint) -> Any:
    """An aiohttp handler for one endpoint."""

    async def handle(request: web.Request) -> web.StreamResponse:
        bearer = await _bearer(request)
        with speaking(bearer.person.language):
            if request.method != "POST" or "Idempotency-Key" not in request.headers:
                return await _answer(endpoint, request, bearer)
            return await _once(endpoint, request, bearer)

    return handle


async def _bearer(request: web.Request) -> Bearer:
    """Who calls. Raises SignInNeeded; guessing is slowed down."""
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    bearer = None
    if scheme.lower() == "bearer" and secret:
        async with hub_of(request).pool.acquire() as connection:
            bearer = await tokens.find(Tx(connection), secret.strip())
    if bearer is None:
        await hub_of(request).limits.check(f"api:{peer_of(request)}", most=MOST_TRIES, seconds=60)
        raise SignInNeeded(_("Send a valid token: Authorization: Bearer hub_…"))
    return bearer


async def _answer(
    endpoint: Endpoint, request: web.Request, bearer: Bearer, *, once: str = ""
) -> web.StreamResponse:
    call = Call(
        hub=hub_of(request),
        person=bearer.person,
        request=request,
        ids=[_number(value) for value in request.match_info.values()],
        query=_query(endpoint, request),
        body=await _body(endpoint, request),
        once=once,
    )
    found = await endpoint.handler(call)
    if isinstance(found, web.StreamResponse):
        return found
    if endpoint.status == 204:
        return web.Response(status=204)
    return web.Response(
        body=msgspec.json.encode(found), content_type="application/json", status=endpoint.status
    )


async def _once(endpoint: Endpoint, request: web.Request, bearer: Bearer) -> web.StreamResponse:
    """A POST with an Idempotency-Key: the first answer is stored and repeated (INVARIANTS §20)."""
    key = request.headers["Idempotency-Key"]
    if not 0 < len(key) <= 200:
        raise BadInput(_("Use 1 to 200 characters."), field="Idempotency-Key")
    said = hashlib.sha256(request.path.encode() + b"\0" + await request.read()).digest()
    hub = hub_of(request)
    async with hub.transaction() as tx:
        known = await idempotency.claim(tx, bearer.token_id, key, said)
    if known is not None:
        return web.Response(body=known.answer, content_type="application/json", status=known.status)
    # Killed between the work's commit and ours, we leave the key open: the repeat must find what was done.
    once = hashlib.sha256(f"{bearer.token_id}:{key}:".encode() + said).hexdigest()
    try:
        response = await _answer(endpoint, request, bearer, once=once)
    except BaseException as error:
        refused = understood(error) if isinstance(error, Exception) else None
        async with hub.transaction() as tx:
            if refused is None or refused.status >= 500 or refused.status == 429:
                await idempotency.release(tx, bearer.token_id, key)
            else:
                answer = _refusal(refused)
                await idempotency.settle(tx, bearer.token_id, key, refused.status, answer)
        raise
    body = response.body if isinstance(response, web.Response) and isinstance(response.body, bytes) else b""
    async with hub.transaction() as tx:
        await idempotency.settle(tx, bearer.token_id, key, response.status, body)
    return response


def _refusal(error: HubError) -> bytes:
    body = json_error(error).body
    return body if isinstance(body, bytes) else b""


def _query(endpoint: Endpoint, request: web.Request) -> Any:
    known = {field.encode_name for field in msgspec.structs.fields(endpoint.query)}
    for name in request.query:
        if name not in known:
            allowed = ", ".join(sorted(known)) or "—"
            raise BadInput(_("Unknown; allowed: %(allowed)s.", allowed=allowed), field=name)
    return converted(dict(request.query), endpoint.query)


async def _body(endpoint: Endpoint, request: web.Request) -> Any:
    if endpoint.body is None:
        return None
    try:
        given = msgspec.json.decode(await request.read() or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(_("This is not JSON: %(error)s", error=error)) from error
    try:
        return msgspec.convert(without_nul(given), endpoint.body)
    except msgspec.ValidationError as error:
        words, _at, path = str(error).partition(" - at `$")
        raise BadInput(words, field=path.strip("`.").partition("[")[0]) from error


def _number(text: str) -> int:
    return int(text)
