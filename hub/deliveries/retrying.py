"""After an error: again later, not again, or perhaps sent; with growing gaps and jitter."""

from __future__ import annotations

import random

import msgspec

from hub.channels.errors import Misconfigured, OptedOut, SendError

MINUTE = 60.0
# The sum reaches about 4 days at MOST_TRIES, the usual patience of mail (RFC 5321 §4.5.4.1).
GAPS = (1 * MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE, 180 * MINUTE, 360 * MINUTE)
MOST_TRIES = 20
JITTER = 0.2


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """What follows a failed try: the delivery's next state, and for *queued* in how many seconds.

    `counts` is false while our own line is broken: that says nothing about the recipient's patience.
    """

    state: str
    code: str
    reason: str
    permanent: bool = False
    ours: bool = False
    wait_seconds: float = 0.0
    counts: bool = True
    dead: bool = False
    only_here: bool = False
    opted_out: bool = False


def after(error: SendError, tries: int, *, gaps: tuple[float, ...] = GAPS) -> Next:
    """What to do after `error` in try number `tries` (1 is the first).

    Misconfigured is ours to mend: the delivery is held as long as that takes. A 5xx stops at once.
    """
    if isinstance(error, Misconfigured):
        wait = gap(1, 0.0, gaps)
        return Next(
            state="queued", code=error.code, reason=error.reason, ours=True, wait_seconds=wait, counts=False
        )
    if error.state == "queued" and tries < MOST_TRIES:
        wait = gap(tries, error.retry_after, gaps)
        return Next(state="queued", code=error.code, reason=error.reason, ours=error.ours, wait_seconds=wait)
    if error.state == "queued":
        return Next(
            state="failed", code="too_old", reason=error.reason, permanent=error.permanent, ours=error.ours
        )
    return Next(
        state=error.state,
        code=error.code,
        reason=error.reason,
        permanent=error.permanent,
        ours=error.ours,
        dead=error.dead,
        only_here=error.only_here,
        opted_out=isinstance(error, OptedOut),
    )


def gap(tries: int, retry_after: float = 0.0, gaps: tuple[float, ...] = GAPS) -> float:
    """Seconds until the next try; jitter only lengthens, so that a provider's wish is never undercut.

    A provider's `retry_after` rules for the first tries; later it can only lengthen the gap.
    """
    usual = gaps[min(tries, len(gaps)) - 1]
    base = retry_after if retry_after and tries < len(gaps) else max(usual, retry_after)
    return base * (1 + random.uniform(0, JITTER))
