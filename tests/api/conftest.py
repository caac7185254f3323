"""The API over real HTTP, spoken to with tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from hub.agents import tokens
from hub.app import make_app
from hub.plumbing.hub import Hub


class Api:
    """One caller: `await api.get("/conversations")` answers (status, plain value)."""

    def __init__(self, session: ClientSession, base: str, token: str) -> None:
        self.session, self.base = session, base
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        data = msgspec.json.encode(body) if body is not None else None
        async with self.session.request(
            method, f"{self.base}{path}", data=data, headers=self.headers | headers
        ) as answer:
            text = await answer.read()
            return answer.status, msgspec.json.decode(text) if text else None

    async def get(self, path: str) -> tuple[int, Any]:
        return await self.ask("GET", path)

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        return await self.ask("POST", path, body, **headers)

    async def patch(self, path: str, body: Any) -> tuple[int, Any]:
        return await self.ask("PATCH", path, body)

    async def delete(self, path: str) -> tuple[int, Any]:
        return await self.ask("DELETE", path)


@pytest.fixture
async def served(hub: Hub) -> AsyncIterator[TestServer]:
    server = TestServer(make_app(hub))
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
async def api_of(hub: Hub, served: TestServer) -> AsyncIterator[Any]:
    """`await api_of(world.ana)` speaks with Ana's token; `await api_of(None)` with none."""
    async with ClientSession() as session:

        async def make(agent_id: int | None) -> Api:
            token = ""
            if agent_id is not None:
                async with hub.transaction() as tx:
                    token = await tokens.create(tx, agent_id, "test")
            return Api(session, str(served.make_url("/api/v1")), token)

        yield make
