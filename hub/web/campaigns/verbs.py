"""What a person may do with a campaign that is on its way, under the names the pages use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hub.campaigns import running
from hub.campaigns.campaigns import Campaign
from hub.plumbing.db import Tx

RUNNING: dict[str, Callable[[Tx, int, int], Awaitable[Campaign]]] = {
    "pause": running.pause,
    "resume": running.resume,
    "unschedule": running.unschedule,
    "cancel": running.cancel,
}
