"""The application of this test's hub, served on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.plumbing.hub import Hub
from tests.web.browsing import Web


@pytest.fixture
async def site(hub: Hub) -> AsyncIterator[Web]:
    """`await site.browser(world.ana)` is Ana's browser."""
    site = Web(hub)
    await site.start()
    yield site
    await site.close()
