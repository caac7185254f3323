"""A browser without a window: cookies, CSRF, redirects not followed."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from hub.agents import sessions
from hub.app import make_app
from hub.plumbing.hub import Hub

COOKIE = "hub"


class Browser:
    """One signed-in (or not) visitor of an application served on a port of its own."""

    def __init__(self, client: TestClient[web.Request, web.Application], csrf: str = "") -> None:
        self.client = client
        self.csrf = csrf

    async def get(self, path: str, **options: Any) -> ClientResponse:
        """GET without following redirects."""
        return await self.client.get(path, allow_redirects=False, **options)

    async def post(self, path: str, data: Any = None, **options: Any) -> ClientResponse:
        """POST a form with the CSRF token, without following redirects."""
        headers = {"X-CSRF": self.csrf, **options.pop("headers", {})}
        return await self.client.post(path, data=data, headers=headers, allow_redirects=False, **options)

    async def text(self, path: str) -> str:
        """The text of a page that must be there."""
        answer = await self.get(path)
        assert answer.status == 200, (path, answer.status, await answer.text())
        return await answer.text()

    @property
    def cookie(self) -> str:
        """The session token the browser holds, or ""."""
        found = self.client.session.cookie_jar.filter_cookies(self.client.make_url("/")).get(COOKIE)
        return found.value if found else ""


class Web:
    """The application of one hub, and the browsers on it."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.server = TestServer(make_app(hub))
        self._clients: list[TestClient[web.Request, web.Application]] = []

    async def start(self) -> None:
        """Listen on 127.0.0.1."""
        await self.server.start_server()

    async def close(self) -> None:
        """Close browsers, then the server."""
        for client in self._clients:
            await client.session.close()
        await self.server.close()

    async def browser(self, agent_id: int | None = None) -> Browser:
        """A fresh browser, signed in as an agent if one is given."""
        client = TestClient(self.server, cookie_jar=None)
        self._clients.append(client)
        browser = Browser(client)
        if agent_id is not None:
            async with self.hub.transaction() as tx:
                opened = await sessions.begin(tx, agent_id, peer="test")
            client.session.cookie_jar.update_cookies({COOKIE: opened.token}, client.make_url("/"))
            browser.csrf = opened.session.csrf
        return browser
