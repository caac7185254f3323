"""Many ready letters over few kept connections: what sending to many asks of a kind of channel that can do it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import msgspec

from hub.channels.errors import SendError
from hub.channels.outgoing import Sent


class Letter(msgspec.Struct, eq=False, kw_only=True):
    """One finished message to one recipient. `content` has CRLF line ends; `sender` is the envelope's.

    `until` (monotonic): when our hold on it ends; afterwards not a byte of it may leave.
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


Ended = Callable[["Carrier", Letter, Sent | SendError | None], None]
"""How a letter ended; None: not a byte of it was written, it is as good as new."""


class Carrier(ABC):
    """One connection, greeted and signed in. It takes letters that are committed as *sending*, in their order."""

    number: int = 0
    load: int = 0
    """Letters it has and that have not ended."""
    carried: int = 0
    """Letters it was ever given."""
    sent: int = 0
    """Letters the other side took."""

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether nothing can be put on it any more."""

    @abstractmethod
    def put(self, letters: Sequence[Letter]) -> None:
        """Take these; `Ended` is called for each, once, now or later."""

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
