"""The one place that asks the machine what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The moment, in UTC. Leases and due times use PostgreSQL's now() instead (INVARIANTS §21)."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that never go back, for measuring how long something took."""
    return time.monotonic()


def worked() -> float:
    """Seconds this thread has computed: while the machine sleeps, or others use it, they do not pass."""
    return time.thread_time()
