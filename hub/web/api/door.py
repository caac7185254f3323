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
from hub.web.errors import json_error
from hub.web.forms import NO_JSON, converted, misfit, not_json, without_nul
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
    endpoint: Endpoint, request: web.Request, bearer: Bearer, tx: Tx | None = None
) -> web.StreamResponse:
    call = Call(
        hub=hub_of(request),
        person=bearer.person,
        request=request,
        ids=[_number(value) for value in request.match_info.values()],
        query=_query(endpoint, request),
        body=await _body(endpoint, request),
        tx=tx,
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
    """A POST with an Idempotency-Key: the first answer is stored and repeated (INVARIANTS §20).

    Key, work and answer stand in one transaction: killed at any moment, either all of it was done or nothing.
    """
    key = request.headers["Idempotency-Key"]
    if not 0 < len(key) <= 200 or without_nul(key) != key:
        raise BadInput(_("Use 1 to 200 characters."), field="Idempotency-Key")
    said = hashlib.sha256(request.path.encode() + b"\0" + await request.read()).digest()
    hub = hub_of(request)
    try:
        async with hub.transaction() as tx:
            known = await idempotency.claim(tx, bearer.token_id, key, said)
            if known is not None:
                return web.Response(body=known.answer, content_type="application/json", status=known.status)
            if not endpoint.commits:
                response = await _answer(endpoint, request, bearer, tx)
                await idempotency.settle(tx, bearer.token_id, key, response.status, _bytes(response))
                return response
        return await _by_itself(endpoint, request, bearer, key)
    except HubError as error:
        if error.status < 500 and error.status not in (409, 429):
            async with hub.transaction() as tx:
                await idempotency.refuse(
                    tx, bearer.token_id, key, said, error.status, _bytes(json_error(error))
                )
        raise


async def _by_itself(
    endpoint: Endpoint, request: web.Request, bearer: Bearer, key: str
) -> web.StreamResponse:
    """What waits for others commits on its own; the key is given back when it fails."""
    hub = hub_of(request)
    try:
        response = await _answer(endpoint, request, bearer)
    except BaseException:
        async with hub.transaction() as tx:
            await idempotency.release(tx, bearer.token_id, key)
        raise
    async with hub.transaction() as tx:
        await idempotency.settle(tx, bearer.token_id, key, response.status, _bytes(response))
    return response


def _bytes(response: web.StreamResponse) -> bytes:
    body = response.body if isinstance(response, web.Response) else None
    return body if isinstance(body, bytes) else b""


def _query(endpoint: Endpoint, request: web.Request) -> Any:
    known = {field.encode_name for field in msgspec.structs.fields(endpoint.query)}
    for name in request.query:
        if name not in known:
            allowed = ", ".join(sorted(known)) or "—"
            raise BadInput(_("Unknown; allowed: %(allowed)s.", allowed=allowed), field=name)
    asked = converted(dict(request.query), endpoint.query)
    _within_reach(msgspec.structs.asdict(asked))
    return asked


async def _body(endpoint: Endpoint, request: web.Request) -> Any:
    if endpoint.body is None:
        return None
    try:
        given = without_nul(msgspec.json.decode(await request.read() or b"{}"))
        _within_reach(given)
    except NO_JSON as error:
        raise not_json(error) from error
    try:
        return msgspec.convert(given, endpoint.body)
    except msgspec.ValidationError as error:
        raise misfit(error) from error


def _within_reach(value: Any, field: str = "") -> None:
    """Whole numbers a database can hold. Raises BadInput naming the field."""
    if isinstance(value, int) and abs(value) >= 2**63:
        raise BadInput(_("This number is too large."), field=field)
    if isinstance(value, dict):
        for name, inner in value.items():
            _within_reach(inner, field or str(name))
    elif isinstance(value, list):
        for inner in value:
            _within_reach(inner, field)


def _number(text: str) -> int:
    return int(text)
