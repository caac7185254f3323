"""What can go wrong when sending, in two bits: is it permanent, and is it our fault?

The road out reads only these two bits and the class; `reason` is written for the agent.
"""

from __future__ import annotations


class SendError(Exception):
    """Base. `permanent`: never try this again as it is. `ours`: the operator must act, not the agent.

    `dead`: the address itself will never work (no such number), for whatever message; `only_here`: on this kind
    of channel alone (a landline takes no texts, and still rings).
    """

    permanent = False
    ours = False
    state = "queued"  # where the delivery goes: queued (again), failed or unknown

    def __init__(
        self,
        reason: str,
        *,
        code: str = "",
        retry_after: float = 0.0,
        dead: bool = False,
        only_here: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.retry_after = retry_after
        self.dead = dead
        self.only_here = only_here


class Misconfigured(SendError):
    """Login refused, certificate wrong, sender not allowed: nothing leaves until somebody mends it."""

    permanent = True
    ours = True
    state = "failed"


class Rejected(SendError):
    """The provider or the recipient's server said no for good (5xx)."""

    permanent = True
    state = "failed"


class OptedOut(SendError):
    """The recipient asked not to be written to on this channel."""

    permanent = True
    state = "failed"


class WindowClosed(SendError):
    """The channel's window for free text is over; an approved text or another channel is needed."""

    permanent = True
    state = "failed"


class Throttled(SendError):
    """Too fast (429, 421, 450 class): wait, then the same again."""


class Unreachable(SendError):
    """No connection, or it broke before anything could have been accepted: safe to try again."""


class Unknown(SendError):
    """Perhaps sent: the connection broke after the content was handed over. Never blindly re-sent."""

    state = "unknown"
