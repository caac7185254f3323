"""When somebody last called a line's address without its provider's signature: often a wrong token, so it is told."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from redis.exceptions import RedisError

from hub.plumbing.clock import now
from hub.plumbing.hub import Hub

KEPT_SECONDS = 24 * 3600
log = structlog.get_logger(__name__)


async def note(hub: Hub, channel_id: int) -> None:
    """Remember it for a day, without a row: whoever forges requests must not fill our tables (promise 46)."""
    try:
        await hub.redis.set(_key(hub, channel_id), str(now().timestamp()), ex=KEPT_SECONDS)
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("a refused request was not remembered", channel=channel_id, error=str(error))


async def last(hub: Hub, channel_id: int) -> datetime | None:
    """When it was, None for not lately."""
    try:
        found = await hub.redis.get(_key(hub, channel_id))
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("refused requests cannot be looked up", channel=channel_id, error=str(error))
        return None
    return datetime.fromtimestamp(float(found), UTC) if found else None


def _key(hub: Hub, channel_id: int) -> str:
    return f"{hub.prefix}refused:{channel_id}"
