"""The application of this test's hub, served on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from hub.plumbing.hub import Hub
from tests.web.browsing import Web
from tests.web.windows import Desk, chromium

expect.set_options(timeout=30_000)  # milliseconds: a busy machine is no failure


@pytest.fixture
async def site(hub: Hub) -> AsyncIterator[Web]:
    """`await site.browser(world.ana)` is Ana's browser."""
    site = Web(hub)
    await site.start()
    yield site
    await site.close()


@pytest.fixture
async def desk(site: Web) -> AsyncIterator[Desk]:
    """Agents at a real browser; nothing may complain in its console."""
    async with chromium() as browser:
        desk = Desk(site, browser)
        yield desk
    assert desk.complaints == []
