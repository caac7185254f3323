"""One line's way of sending to many, in one worker: letters claimed ahead, a few connections, each letter's end.

Nothing here waits for one letter: the answers on a connection hand each letter's end to the worker's one flusher
(hub/bulk/flushing.py), which commits them together with the next starts; what may leave then goes on the wire.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection

import structlog

from hub.channels.connections import Channel
from hub.channels.courier import Carrier, Courier, Letter
from hub.channels.errors import Misconfigured, SendError
from hub.channels.outgoing import Sent
from hub.plumbing.clock import monotonic

log = structlog.get_logger(__name__)

CONNECTIONS = 4
"""Each with one letter in *sending* at most (INVARIANTS §6 allows five): perhaps sent, should the worker die."""
MOST_LETTERS = 1_000
"""On one connection; many servers close theirs after so many."""
AHEAD_SECONDS = 2.0
MOST_AHEAD = 500
FIRST_REST, LONGEST_REST = 1.0, 60.0
FEWER_SECONDS = 10.0
"""For so long no further connection is asked of a server that refused one while others of ours work."""

Start = Callable[["Convoy", Carrier, Letter], None]
End = Callable[["Convoy", Letter, Sent | SendError | None], None]


class Convoy:
    """Connections of one line and what they carry. `start` asks for a commit, `end` hands one over."""

    def __init__(self, channel: Channel, courier: Courier, start: Start, end: End) -> None:
        self.channel = channel
        self.courier = courier
        self.ready: deque[Letter] = deque()
        self.carriers: list[Carrier] = []
        self.closing = False
        self.trouble: SendError | None = None
        self.works = False
        """Whether something left, and nothing was wrong with the line since."""
        self._start, self._end = start, end
        self._numbers = 0
        self._rest_until = 0.0
        self._rest_seconds = 0.0
        self._fewer_until = 0.0
        self._last = monotonic()
        self._pace = _Pace()

    @property
    def load(self) -> int:
        """Letters on the wire or about to be."""
        return sum((one.current is not None) + (one.next is not None) for one in self.carriers)

    @property
    def idle_for(self) -> float:
        """Seconds in which there was nothing to do."""
        return 0.0 if self.load or self.ready else monotonic() - self._last

    @property
    def takes(self) -> bool:
        """Whether letters may be put into it: they would only wait in one that ends or rests."""
        return not self.closing and self._rest_until <= monotonic()

    @property
    def wanted(self) -> int:
        """How many more letters leave within two seconds, as fast as the last ones did."""
        if not self.carriers or not self.takes:
            return 0
        least = 2 * len(self.carriers)
        ahead = min(max(int(self._pace.rate * AHEAD_SECONDS), least), MOST_AHEAD)
        return ahead - len(self.ready) if len(self.ready) <= ahead // 2 else 0

    @property
    def lacks(self) -> bool:
        """Whether it has letters and fewer connections than it may have."""
        may = not self.closing and self._fewer_until <= monotonic()
        return may and bool(self.ready) and len(self.carriers) < self.most

    @property
    def most(self) -> int:
        """Connections it may have."""
        wish = self.channel.settings.get("bulk_connections", CONNECTIONS)
        return max(1, min(int(wish), 100)) if str(wish).isdigit() else CONNECTIONS

    async def connect(self, *, working: bool) -> None:
        """Have the connections there may be. What cannot be reached rests, longer each time; nothing is claimed.

        Letters in hand need one even where no more work is due: behind a closed gate they are refused and given back.
        """
        self.look()
        if not (working or self.ready) or not self.takes:
            return
        if self.carriers and self._fewer_until > monotonic():
            return
        try:
            while len(self.carriers) < self.most and self.takes:
                carrier = await self.courier.connect(self._ended_on)
                if self.closing:  # perhaps closed already: nobody would part with it
                    carrier.leave()
                    return
                self._numbers += 1
                carrier.number = self._numbers
                self.carriers.append(carrier)
                self._last = monotonic()
                self.pump()
        except SendError as error:
            log.warning("no connection for many", channel=self.channel.id, why=error.reason)
            if self.carriers:
                self._fewer_until = monotonic() + FEWER_SECONDS
            else:
                self.trouble = error
                self._rest()

    def pump(self) -> None:
        """Ask for the start of what the connections have room for."""
        for carrier in self.carriers:
            self._fill(carrier)

    def _fill(self, carrier: Carrier) -> None:
        """The next letter is announced while one is on the wire; its start is asked for once that one has ended."""
        if carrier.next is None and (letter := self._another(carrier)) is not None:
            carrier.next = letter
            carrier.announce(letter)
        self._ask(carrier)

    def _another(self, carrier: Carrier) -> Letter | None:
        may = carrier.carried + (carrier.current is None) <= MOST_LETTERS and not carrier.closed
        return self.ready.popleft() if may and self.ready else None

    def _ask(self, carrier: Carrier) -> None:
        if carrier.current is None and carrier.next is not None and not carrier.asked and not self.closing:
            carrier.asked = True
            self._start(self, carrier, carrier.next)

    def started(self, carrier: Carrier, letter: Letter) -> None:
        """It is committed as *sending*: now it may be written."""
        carrier.asked = False
        if letter.over:  # its end is committed next
            self._fill(carrier)
            return
        following = self._another(carrier)
        carrier.current, carrier.next = letter, following
        carrier.carried += 1
        carrier.put(letter, following)

    def refused(self, carrier: Carrier, letter: Letter) -> None:
        """It is not ours any more, or its gate was closed."""
        carrier.asked = False
        if not letter.over:
            letter.over = True
            carrier.next = None
            carrier.withdraw(letter)
            if carrier.closed:  # that is our doing, and says nothing of the server
                self._part_with(carrier)
            # What else waits here behind the same gate would be refused too.
            self._give_back([one for one in self.ready if one.gate_id == letter.gate_id])
        self._fill(carrier)

    def _give_back(self, letters: Collection[Letter]) -> None:
        """What was claimed and not begun: whoever can takes it up again."""
        for letter in letters:
            self.ready.remove(letter)
            letter.over = True
            self._end(self, letter, None)

    def leave(self) -> list[Letter]:
        """Begin nothing new; what was claimed and not begun, to be given back."""
        self.closing = True
        left = list(self.ready)
        self.ready.clear()
        for carrier in self.carriers:
            if carrier.next is not None:
                carrier.next.over = True
                left.append(carrier.next)
                carrier.next = None
        return left

    def close(self) -> None:
        """Say goodbye on all connections."""
        for carrier in self.carriers:
            carrier.leave()
        self.carriers.clear()

    def look(self) -> None:
        """Silence ends a connection; what is closed or has carried enough is replaced by the next `connect`.

        What waited here longer than our hold on it lasts is given back.
        """
        now = monotonic()
        self._give_back([one for one in self.ready if one.until < now])
        for carrier in list(self.carriers):
            carrier.look(now)
            if carrier.current is not None or carrier.next is not None:
                continue
            useless = carrier.closed and not carrier.sent
            if carrier.closed or carrier.carried >= MOST_LETTERS:
                self._part_with(carrier)
            if useless:
                self._rest()

    def _ended_on(self, carrier: Carrier, letter: Letter, outcome: Sent | SendError | None) -> None:
        self._last = monotonic()
        self._pace.count(self._last)
        if isinstance(outcome, Sent):
            carrier.sent += 1
            self._rest_seconds, self.trouble, self.works = 0.0, None, True
        elif isinstance(outcome, Misconfigured):
            self.trouble = outcome
            if not self.works:  # else it may be this letter's alone: a relay that takes no mail for one place
                self._give_back(list(self.ready))
            self._rest()
        if carrier.current is letter:
            carrier.current = None
        if carrier.next is letter:
            carrier.next = None
        self._end(self, letter, outcome)
        self._fill(carrier)
        if carrier.carried >= MOST_LETTERS and carrier.current is carrier.next is None:
            self._part_with(carrier)

    def _part_with(self, carrier: Carrier) -> None:
        if carrier in self.carriers:
            self.carriers.remove(carrier)
            carrier.leave()

    def _rest(self) -> None:
        """Longer than the last time. What is in hand and has no connection left would only wait: it goes back."""
        self.works = False
        if self._rest_until <= monotonic():  # one trouble ends several connections, and counts once
            self._rest_seconds = min(max(self._rest_seconds * 2, FIRST_REST), LONGEST_REST)
            self._rest_until = monotonic() + self._rest_seconds
        if not self.carriers:
            self._give_back(list(self.ready))


class _Pace:
    """How many letters a second ended lately: over the last second or two."""

    def __init__(self) -> None:
        self._since = self._before = monotonic()
        self._now = self._earlier = 0
        self.rate = 0.0

    def count(self, now: float) -> None:
        """One more."""
        if now - self._since > 1.0:
            idle = now - self._since > 2.0
            self._earlier, self._before = (0, now) if idle else (self._now, self._since)
            self._now, self._since = 0, now
        self._now += 1
        self.rate = (self._now + self._earlier) / max(now - self._before, 0.05)
