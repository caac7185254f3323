"""The arq jobs: wake-ups without any meaning of their own, because the work lies in PostgreSQL."""

from __future__ import annotations

from typing import Any


async def deliver(ctx: dict[str, Any]) -> None:
    """Something may be due to leave."""
    for road in ctx["roads"]:
        road.wake()


async def todo(ctx: dict[str, Any]) -> None:
    """Something must follow a commit."""
    ctx["chores"].wake()
