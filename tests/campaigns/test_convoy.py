"""Whatever order loads, commits and answers come in: each envelope carries its own content, each letter ends once."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random

import pytest

from hub.bulk import convoy as convoying
from hub.bulk.convoy import Convoy
from hub.channels.connections import Channel
from hub.channels.courier import Carrier, Letter
from hub.channels.email.bulk import SmtpCourier
from hub.channels.errors import SendError
from hub.channels.outgoing import Sent
from tests.channels.test_smtp_pipelining import letter, line
from tests.fakes.faulty_smtp import FaultySmtp

LETTERS = 30
FAULTS = ("RCPT=550", "RCPT=450", "MAIL=451", "DATA=550", "DOT=554", "RCPT=550,354-anyway", "drop-before-dot")
SLOW = ("", "tarpit:0.01", "tarpit:0.02:RCPT", "tarpit:0.02:DATA", "tarpit:0.02:DOT")
CHANNEL = Channel(
    id=1,
    key="k",
    kind="email",
    name="News",
    address="news@dialogo.test",
    team_id=None,
    enabled=True,
    settings={},
    secrets=None,
    health="unknown",
    health_text="",
    troubles={},
)


class Commits:
    """Stands for hub/bulk/flushing.py: answers each start after a moment, with no for what is not ours any more."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.outcomes: dict[int, Sent | SendError | None] = {}
        self.begun: set[int] = set()
        self.ends: Counter[int] = Counter()

    def start(self, convoy: Convoy, carrier: Carrier, letter: Letter) -> None:
        yes, seconds = self.random.random() < 0.9, self.random.choice((0.0, 0.001, 0.03))
        asyncio.get_running_loop().call_later(seconds, self._answer, convoy, carrier, letter, yes)

    def _answer(self, convoy: Convoy, carrier: Carrier, letter: Letter, yes: bool) -> None:
        if yes and not letter.over:
            self.begun.add(letter.id)
            convoy.started(carrier, letter)
        else:
            if not letter.over:
                self.end(convoy, letter, None)  # as the statement leaves it: queued
            convoy.refused(carrier, letter)

    def end(self, convoy: Convoy, letter: Letter, outcome: Sent | SendError | None) -> None:
        self.ends[letter.id] += 1
        self.outcomes[letter.id] = outcome


@pytest.mark.parametrize("seed", range(8))
async def test_each_envelope_carries_its_own_content_and_each_letter_ends_once(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convoying, "LONGEST_REST", 0.01)
    random = Random(seed)
    commits = Commits(random)
    with FaultySmtp(f"{random.choice(SLOW)},{'' if seed % 4 else 'no-PIPELINING'}") as server:
        server.then(*(_turn(random) for _ in range(2 * LETTERS)))
        convoy = Convoy(CHANNEL, SmtpCourier(line(server), seconds=5.0), commits.start, commits.end)
        waiting = [letter(number) for number in range(1, LETTERS + 1)]
        for one in waiting:
            one.gate_id = one.id  # no gate of theirs is closed: what is refused is refused alone
        async with asyncio.timeout(30):
            while waiting or convoy.ready or convoy.load:
                for _ in range(random.randint(0, 3)):
                    if waiting:
                        convoy.ready.append(waiting.pop())
                convoy.pump()
                await asyncio.sleep(random.choice((0.0, 0.005, 0.02)))
                await convoy.connect(working=True)
        convoy.close()
    assert commits.ends == dict.fromkeys(range(1, LETTERS + 1), 1)
    assert [(one.rcpt_to, one.message_id) for one in server.bodies if one.raw] == [
        ([f"c{_number(one.message_id)}@customers.test"], f"<{_number(one.message_id)}@dialogo.test>")
        for one in server.bodies
        if one.raw
    ]
    arrived = {_number(one.message_id) for one in server.bodies if one.result.startswith("250") and one.raw}
    assert arrived == {id_ for id_, outcome in commits.outcomes.items() if isinstance(outcome, Sent)}
    assert arrived <= commits.begun


def _turn(random: Random) -> str:
    words = [random.choice(SLOW), random.choice(FAULTS) if random.random() < 0.3 else ""]
    return ",".join(filter(None, words))


def _number(message_id: str) -> int:
    return int(message_id.strip("<").split("@")[0])
