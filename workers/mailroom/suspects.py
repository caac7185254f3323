"""Mails over which the connection broke while they were fetched: tried alone, then left for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hub.channels.email.imap_account import ImapError
from hub.plumbing.clock import monotonic

MOST_BREAKS = 4
REST_SECONDS = 600.0


class Suspects:
    """A server that hangs up over one mail must not keep the next ones from us; nor is that mail given up."""

    def __init__(self) -> None:
        self._breaks: dict[tuple[int, int], tuple[int, float]] = {}

    @contextmanager
    def watching(self, uidvalidity: int, uids: list[int]) -> Iterator[None]:
        """Counts a break inside the block against these mails, and forgets them when there is none."""
        try:
            yield
        except ImapError:
            for uid in uids:
                breaks, _ = self._breaks.get((uidvalidity, uid), (0, 0.0))
                alone = len(uids) == 1
                self._breaks[uidvalidity, uid] = breaks + alone, monotonic() + REST_SECONDS
            raise
        for uid in uids:
            self._breaks.pop((uidvalidity, uid), None)

    def is_suspect(self, uidvalidity: int, uid: int) -> bool:
        """True when a connection broke over a group with this mail: fetch it alone."""
        return (uidvalidity, uid) in self._breaks

    def rests(self, uidvalidity: int, uid: int) -> bool:
        """True when this mail alone broke too many connections lately."""
        breaks, until = self._breaks.get((uidvalidity, uid), (0, 0.0))
        return breaks >= MOST_BREAKS and monotonic() < until

    def lowest_resting(self, uidvalidity: int) -> int | None:
        """The lowest UID that rests: the cursor must stay below it."""
        resting = [
            uid for validity, uid in self._breaks if validity == uidvalidity and self.rests(validity, uid)
        ]
        return min(resting, default=None)
