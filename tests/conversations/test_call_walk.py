"""Every way a call can go, walked to its end: no loop, no dead end, and no telephone left busy.

A pretend Twilio reads each document and takes every branch it allows: keys, silence, busy, nobody, a message, a
caller who hangs up. Each branch is a savepoint that is rolled back, so that the next one finds the call as it was.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from hub import answering
from hub.channels import connections
from hub.channels.base import Raw
from hub.channels.facts import CallChanged
from hub.channels.outgoing import Line
from hub.channels.registry import adapter
from hub.conversations import calls
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.routing.ladder import MOST_RINGS, MOST_TURNS
from tests.world import SECRET, World

DEEPEST = MOST_RINGS * 3 + MOST_TURNS + 6
Request = tuple[str, dict[str, str]]
FAILED = ("no-answer", "busy", "failed", "canceled")
LEFT = {"RecordingUrl": "https://api.twilio.com/RE1", "RecordingSid": "RE1"}


class Walker:
    """Walks one call from one beginning."""

    def __init__(self, tx: Tx, line: Line) -> None:
        self.tx, self.line = tx, line
        self.met: set[str] = set()
        self.verbs: set[str] = set()
        self.ends = 0

    async def walk(self, request: Request, depth: int = 0) -> None:
        """One request, then every branch its answer allows."""
        assert depth < DEEPEST, "a call that does not end"
        async with self.undone():
            root = await self.ask(*request)
            known = re.sub(r"[\w-]{32}", "TOKEN", ElementTree.tostring(root, encoding="unicode"))
            if known + request[0][:6] in self.met:
                return
            self.met.add(known + request[0][:6])
            await self.hangs_up()
            branches = list(self.branches(root))
            self.ends += not branches
            for branch in branches:
                await self.walk_all(branch, depth + 1)

    async def walk_all(self, requests: list[Request], depth: int) -> None:
        """Requests that follow each other, then whatever the last one is answered."""
        async with self.undone():
            for request in requests[:-1]:
                await self.ask(*request)
            await self.walk(requests[-1], depth)

    def branches(self, root: ElementTree.Element) -> Iterator[list[Request]]:
        """What may happen while this document runs; nothing when it ends the call or connects two people."""
        for verb in root:
            if verb.tag == "Gather":
                yield from ([(self.path(verb.get("action")), {"Digits": key})] for key in ("1", "5"))
            elif verb.tag == "Record":
                yield [(self.path(verb.get("action")), LEFT | {"RecordingDuration": "42"})]
                yield [(self.path(verb.get("action")), {"RecordingDuration": "0"})]
            elif verb.tag == "Dial":
                yield from self.ringing(verb)
                return
            elif verb.tag == "Redirect":
                yield [(self.path(verb.text), {})]
                return
            elif verb.tag == "Hangup":
                return
            else:
                assert verb.tag in ("Say", "Pause"), verb.tag
        assert not len(root), "the document runs out of verbs"

    def ringing(self, dial: ElementTree.Element) -> Iterator[list[Request]]:
        """Nobody; or the agent hears the whisper and presses 1, another key, or none, before the ringing is over."""
        over = self.path(dial.get("action"))
        yield from ([(over, {"DialCallStatus": how})] for how in FAILED)
        number = dial.find("Number")
        assert number is not None
        if number.get("url") is None:
            answered = (self.path(number.get("statusCallback")), {"CallStatus": "in-progress", **LEG})
            yield [answered, (over, {"DialCallStatus": "completed", "DialCallDuration": "60"})]
            return
        whisper = self.path(number.get("url"))
        accept = whisper.replace("whisper/", "accept/")
        talked = (over, {"DialCallStatus": "completed", "DialCallDuration": "60"})
        yield [(whisper, LEG), (accept, LEG | {"Digits": "1"}), talked]
        yield [(whisper, LEG), (accept, LEG | {"Digits": "7"}), talked]
        yield [(whisper, LEG), talked]

    async def ask(self, rest: str, fields: dict[str, str]) -> ElementTree.Element:
        """One request, answered as the door answers it."""
        form = {"CallSid": "CA1", "From": "+34600123456", "CallStatus": "in-progress"} | fields
        (fact,) = adapter("voice").parse(
            Raw(body=urlencode(form).encode(), envelope={"rest": rest}), self.line
        )
        assert isinstance(fact, CallChanged), fact
        answer = await answering.step(self.tx, line=self.line, fact=fact)
        root = ElementTree.fromstring(answer.body)
        self.verbs |= {verb.tag for verb in root.iter()}
        return root

    async def hangs_up(self) -> None:
        """At any moment: the call is over and every telephone free."""
        async with self.undone():
            await self.ask("status", {"CallStatus": "completed"})
            call = await calls.load(self.tx, await self.tx.value("SELECT max(id) FROM call"))
            assert call.state == "ended"
            assert call.outcome
            assert not await self.tx.value(
                "SELECT count(*) FROM call_leg WHERE ended_at IS NULL AND call_id = $1", call.id
            )

    def path(self, target: str | None) -> str:
        """Where a verb goes on, below the line's address."""
        assert target is not None
        assert target.startswith(f"/in/{self.line.key}/")
        return target.removeprefix(f"/in/{self.line.key}/")

    @asynccontextmanager
    async def undone(self) -> AsyncIterator[None]:
        """Everything inside is taken back."""
        point = self.tx.connection.transaction()
        await point.start()
        try:
            yield
        finally:
            await point.rollback()


LEG = {"CallSid": "CA9", "ParentCallSid": "CA1"}


@pytest.mark.parametrize(
    ("who_is_here", "busy", "settings", "verbs"),
    [
        (("ana", "luis", "lola"), (), {}, {"Dial", "Number", "Gather", "Record", "Hangup"}),
        (("ana", "luis"), ("ana", "luis"), {"record": True}, {"Gather", "Redirect", "Record", "Hangup"}),
        (("ana", "luis"), ("ana",), {"transcribe": True}, {"Dial", "Gather", "Redirect", "Record", "Hangup"}),
        ((), (), {}, {"Record", "Hangup"}),
        (("ana",), (), {"voicemail": False}, {"Dial", "Hangup"}),
    ],
    ids=["three free", "all on the phone", "one free", "nobody here", "no voicemail"],
)
async def test_every_call_ends(
    tx: Tx,
    world: World,
    who_is_here: tuple[str, ...],
    busy: tuple[str, ...],
    settings: dict[str, object],
    verbs: set[str],
) -> None:
    line = await _line(tx, world, settings)
    await _people(tx, world, who_is_here, busy, line)
    await _call(tx, world, line, "CA1")
    walker = Walker(tx, line)
    await walker.walk(("call", {"CallStatus": "ringing"}))
    assert verbs <= walker.verbs
    assert walker.ends >= 2


async def _line(tx: Tx, world: World, settings: dict[str, object]) -> Line:
    channel = await connections.add(
        tx,
        Crypto(SECRET),
        kind="voice",
        name="Phone",
        address="+34910000001",
        address_type="phone",
        team_id=world.support,
        settings=dict(settings),
    )
    return channel.line(Crypto(SECRET))


async def _people(tx: Tx, world: World, who: tuple[str, ...], busy: tuple[str, ...], line: Line) -> None:
    for n, name in enumerate(who):
        agent_id = getattr(world, name)
        await tx.execute("UPDATE agent SET phone = $2 WHERE id = $1", agent_id, f"+3461100000{n}")
        await tx.execute(
            "INSERT INTO presence (agent_id, seen_until) VALUES ($1, now() + interval '1 hour')", agent_id
        )
    for n, name in enumerate(busy):
        other = await _call(tx, world, line, f"CB{n}")
        assert await calls.ring(tx, other, getattr(world, name), "+34611000000", reason={})


async def _call(tx: Tx, world: World, line: Line, sid: str) -> int:
    """A ring as the road in has stored it: Ana's conversation, its message, its row."""
    conversation = await tx.value(
        """
        INSERT INTO conversation (token, contact_id, channel_id, last_channel_id, assignee_id, team_id, account_id,
                                  last_seq, last_in_seq, reason)
        VALUES ($1, $2, $3, $3, $4, $5, $6, 1, 1, '{"code": "owner"}') RETURNING id
        """,
        sid,
        world.marta,
        line.id,
        world.ana,
        world.support,
        world.acme,
    )
    message = await tx.value(
        """
        INSERT INTO message (conversation_id, home_id, seq, direction, channel_id, text)
        VALUES ($1, $1, 1, 'in', $2, '') RETURNING id
        """,
        conversation,
        line.id,
    )
    made = await calls.begin(
        tx,
        channel_id=line.id,
        provider_id=sid,
        direction="in",
        conversation_id=conversation,
        message_id=message,
        number="+34600123456",
    )
    assert made is not None
    return made
