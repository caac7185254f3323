"""The road in, started and ended by the test that asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.intake import Inbound
from hub.plumbing.hub import Hub


@pytest.fixture
async def inbound(hub: Hub) -> AsyncIterator[Inbound]:
    """On a database of this test's own."""
    inbound = Inbound(hub)
    await inbound.start()
    yield inbound
    await inbound.close()
