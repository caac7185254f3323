"""The application of this test's hub, served on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from hub.plumbing.hub import Hub
from tests.web.browsing import Web

expect.set_options(timeout=30_000)  # milliseconds: a busy machine is no failure


@pytest.fixture
async def site(hub: Hub) -> AsyncIterator[Web]:
    """`await site.browser(world.ana)` is Ana's browser."""
    site = Web(hub)
    await site.start()
    yield site
    await site.close()
