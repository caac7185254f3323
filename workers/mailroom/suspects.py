"""Mails that fail where their neighbours do not: tried alone, left for a while, in the end given up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hub.channels.email.imap_account import ImapError
from hub.plumbing.clock import monotonic

REST_AFTER = 4
GIVE_UP_AFTER = 8
REST_SECONDS = 600.0
FIRST_REST_SECONDS = 5.0


class Suspects:
    """A server that hangs up over one mail must not keep the next ones from us, nor is that mail forgotten."""

    def __init__(self) -> None:
        self._breaks: dict[tuple[int, int], tuple[int, float]] = {}
        self._refused: dict[tuple[int, int], tuple[int, float]] = {}

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

    def not_stored(self, uidvalidity: int, uid: int) -> None:
        """Its neighbours were stored and it was not: it rests, longer each time, and is never given up."""
        times, _ = self._refused.get((uidvalidity, uid), (0, 0.0))
        pause = min(REST_SECONDS, FIRST_REST_SECONDS * 2**times)
        self._refused[uidvalidity, uid] = times + 1, monotonic() + pause

    def is_suspect(self, uidvalidity: int, uid: int) -> bool:
        """True when a connection broke over a group with this mail: fetch it alone."""
        return (uidvalidity, uid) in self._breaks

    def rests(self, uidvalidity: int, uid: int) -> bool:
        """True when this mail alone failed too often lately."""
        breaks, until = self._breaks.get((uidvalidity, uid), (0, 0.0))
        _, refused_until = self._refused.get((uidvalidity, uid), (0, 0.0))
        return (breaks >= REST_AFTER and monotonic() < until) or monotonic() < refused_until

    def is_hopeless(self, uidvalidity: int, uid: int) -> bool:
        """True when it broke every connection again after its rest."""
        return self._breaks.get((uidvalidity, uid), (0, 0.0))[0] >= GIVE_UP_AFTER

    def awake(self, uidvalidity: int) -> list[int]:
        """Suspects to be tried now, ascending."""
        return [uid for uid in self._known(uidvalidity) if not self.rests(uidvalidity, uid)]

    def forget(self, uidvalidity: int, uid: int) -> None:
        """This mail has its outcome."""
        self._breaks.pop((uidvalidity, uid), None)
        self._refused.pop((uidvalidity, uid), None)

    def lowest_open(self, uidvalidity: int) -> int | None:
        """The lowest UID without an outcome, rested or not: the cursor must stay below it."""
        return min(self._known(uidvalidity), default=None)

    def _known(self, uidvalidity: int) -> list[int]:
        return sorted({uid for validity, uid in (*self._breaks, *self._refused) if validity == uidvalidity})
