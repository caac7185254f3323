"""Many ready letters over few kept connections: what sending to many asks of a kind of channel that can do it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import msgspec

from hub.channels.errors import SendError
from hub.channels.outgoing import Sent


class Letter(msgspec.Struct, eq=False, kw_only=True):
    """One finished message to one recipient. `content` has CRLF line ends; `sender` is the envelope's.

    `smooth`: none of its lines begins with a dot (mail/skeleton writes none). `until` (monotonic): when our hold on it
    ends; afterwards not a byte of it may leave. `over`: it has ended.
    """

    id: int
    attempt: int
    tries: int
    gate_id: int
    recipient_id: int
    sender: str
    recipient: str
    content: bytes
    until: float
    smooth: bool = False
    over: bool = False


Ended = Callable[["Carrier", Letter, Sent | SendError | None], None]
"""How a letter ended; None: not a byte of it was written, it is as good as new."""


class Carrier(ABC):
    """One connection, greeted and signed in, with one letter on the wire at most and the next one announced."""

    number: int = 0
    current: Letter | None = None
    """On the wire: committed as *sending*."""
    next: Letter | None = None
    """Announced, or about to be: not a byte of its content may leave yet."""
    asked: bool = False
    """Whether its start waits for a commit."""
    carried: int = 0
    """Letters it was given to send."""
    sent: int = 0
    """Letters the other side took."""

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether nothing can be put on it any more."""

    @abstractmethod
    def announce(self, letter: Letter) -> None:
        """Say to whom the next one goes, where that may be said ahead."""

    @abstractmethod
    def put(self, letter: Letter, following: Letter | None) -> None:
        """Send it, once; announce the following. `Ended` is called for each once, now or later."""

    @abstractmethod
    def withdraw(self, letter: Letter) -> None:
        """What was announced does not go: `Ended` is not called for it."""

    @abstractmethod
    def look(self, now: float) -> None:
        """Break off when the other side has been silent too long; to be called now and then."""

    @abstractmethod
    def leave(self) -> None:
        """Say goodbye; what has not ended is broken off."""


class Courier(ABC):
    """A line's way of sending to many."""

    @abstractmethod
    async def connect(self, ended: Ended) -> Carrier:
        """A new connection. Raises the errors of channels/errors.py."""
