"""What a provider that waits on the line is told: decided once right after the commit, stored, repeated for ever.

A call's step is claimed like any fact; here it is taken, in one transaction behind its conversation's lock: the
step itself (conversations/call_steps), whom to ring next (routing/ladder), the words (the adapter). The answer lies
beside the fact's key, so that a repeated request hears the same, byte for byte, and nobody rings twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from hub.channels import arrivals, connections, phone
from hub.channels.base import Answered
from hub.channels.connections import Channel
from hub.channels.facts import AnyFact, CallChanged
from hub.channels.moves import Announce, AnyMove, Bridge, Connect, HangUp, Ring, TakeMessage, Wait
from hub.channels.outgoing import Line
from hub.channels.registry import adapter
from hub.channels.spelling import shown
from hub.conversations import call_steps, call_story, calls, holding
from hub.conversations.calls import Call, Leg
from hub.conversations.holding import Held
from hub.conversations.spelled import as_to_ring
from hub.customers import usability
from hub.customers.known import address_id
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.routing import again, ladder, staff
from hub.routing.ladder import Rung, Standing

RING_SECONDS = 20
VOICEMAIL_SECONDS = 120


class Taken(msgspec.Struct, kw_only=True):
    """A held call with its conversation, its legs, and the line it is on; `late`: nobody hears what is said next."""

    held: Held
    call: Call
    legs: list[Leg]
    line: Line
    language: str
    late: bool


async def answer(hub: Hub, channel: Channel, facts: Sequence[AnyFact]) -> Answered:
    """What the provider gets back for facts that are stored now, or were before."""
    line = channel.line(hub.crypto)
    for fact in facts:
        if isinstance(fact, CallChanged):
            return await hub.retrying(partial(step, line=line, fact=fact))
    return adapter(channel.kind).answer(list(facts), line)


async def step_late(hub: Hub, channel_id: int, fact: CallChanged) -> None:
    """A step whose request was cut off before it was taken: nobody hears the words, so nobody's telephone rings.

    Should the provider ask again after all, the caller may leave a message.
    """
    async with hub.transaction() as tx:
        channel = await connections.load(tx, channel_id)
    await hub.retrying(partial(step, line=channel.line(hub.crypto), fact=fact, late=True))


async def end_lost(hub: Hub) -> None:
    """Calls whose end never reached us are over, so that nobody's telephone counts as busy for ever."""
    async with hub.transaction() as tx:
        lost = await calls.lost(tx)
    for call_id in lost:
        await hub.retrying(partial(end, call_id=call_id))


async def end(tx: Tx, *, call_id: int, reason: str = "") -> Call:
    """A call ends without the provider's word; `reason` says why, for people. Raises NotFound."""
    held = await holding.hold(tx, (await calls.load(tx, call_id)).conversation_id)
    call = await calls.hold(tx, call_id)
    legs, before = await calls.legs(tx, call_id), call_story.seen(call)
    call_steps.abandon(call, legs, now())
    call.reason = reason
    for leg in legs:
        await calls.keep_leg(tx, leg)
    await calls.keep(tx, call)
    channel = await connections.load(tx, call.channel_id)
    await call_story.tell(tx, held, call, before, str(channel.settings.get("language") or ""))
    return call


async def step(tx: Tx, *, line: Line, fact: CallChanged, late: bool = False) -> Answered:
    """Take one step of a call, once; `late`: whoever asked has gone."""
    known = await arrivals.answer_of(tx, line.id, fact)
    if known is not None:
        return msgspec.convert(known, Answered)
    made = adapter(line.kind).say(await _move(tx, line, fact, late), line)
    await arrivals.keep_answer(tx, line.id, fact, msgspec.to_builtins(made))
    return made


async def _move(tx: Tx, line: Line, fact: CallChanged, late: bool) -> AnyMove:
    call_id = await calls.find(tx, line.id, fact)
    if call_id is None:  # a call of before our time, or one whose ring could not be read
        waits = fact.step in ("rang", "picked_up", "waited", "dialled", "pressed")
        language = call_story.spoken(str(line.settings.get("language") or ""))
        return HangUp(language=language, why="sorry" if fact.step == "rang" else "") if waits else Connect()
    if fact.said is not None and fact.caller.address.startswith(call_story.WITHHELD):
        await _never_write_to(tx, adapter(line.kind).can.address_type, fact.caller.address)
    held = await holding.hold(tx, (await calls.load(tx, call_id)).conversation_id)
    call = await calls.hold(tx, call_id)
    legs = await calls.legs(tx, call_id)
    language = await _language(tx, call, line)
    taken = Taken(held=held, call=call, legs=legs, line=line, language=language, late=late)
    before = call_story.seen(call)
    if fact.leg and call.direction == "out" and not call.provider_id:
        call.provider_id = fact.call  # the provider was faster than its own answer to us
    call_steps.apply(call, legs, fact, now())
    move = await _next(tx, taken, fact)
    for leg in legs:
        await calls.keep_leg(tx, leg)
    await calls.keep(tx, call)
    if fact.step == "transcribed" and fact.transcript:
        await call_story.transcribe(tx, line.id, fact)
    await call_story.tell(tx, held, call, before, str(line.settings.get("language") or ""))
    return move


async def _never_write_to(tx: Tx, address_type: str, address: str) -> None:
    """A withheld number is a name for one caller, not a way to reach them; before anything else is locked."""
    id_ = await address_id(tx, address_type, address)
    if id_ is not None:
        await usability.mark_unusable(tx, {id_: shown(address)})


async def _next(tx: Tx, taken: Taken, fact: CallChanged) -> AnyMove:
    """What to say now that the step is taken."""
    call = taken.call
    leg = next((one for one in taken.legs if one.token == fact.token), None) if fact.token else None
    match fact.step:
        case "picked_up":
            return await _announce(tx, taken, leg)
        case "pressed" if leg is not None:
            return await _pressed(tx, taken, leg)
        case "pressed" if call.state == "queued" and fact.digits == call_steps.MESSAGE_KEY:
            return _voicemail(taken)
        case "rang" | "dialled" | "waited" | "pressed" if call.state != "ended":
            return await _climb(tx, taken, greet=fact.step == "rang")
        case "dialled" if call.direction == "out" and call.outcome in ("busy", "no_answer", "failed"):
            return HangUp(language=taken.language, why=call.outcome)
        case "left":
            return HangUp(language=taken.language, why="thanks" if call.outcome == "voicemail" else "")
        case "recorded" | "transcribed" | "ended" | "answered":
            return Connect()  # nobody is on the line to hear anything
    return HangUp()


async def _announce(tx: Tx, taken: Taken, leg: Leg | None) -> AnyMove:
    """The agent's own language for the agent's ears."""
    if leg is None or leg.state != "picked_up":
        return HangUp()
    told = await tx.record(
        """
        SELECT coalesce(nullif(r.name, ''), $2) AS who, coalesce(a.name, '') AS account,
               (SELECT language FROM agent WHERE id = $3) AS language
        FROM conversation v JOIN contact c ON c.id = v.contact_id JOIN contact r ON r.id = c.root_id
        LEFT JOIN account a ON a.id = coalesce(v.account_id, r.account_id) WHERE v.id = $1
        """,
        taken.held.id,
        shown(taken.call.number),
        leg.agent_id,
    )
    assert told is not None
    outgoing = taken.call.direction == "out"
    return Announce(
        language=told["language"], leg=leg.token, who=told["who"], account=told["account"], outgoing=outgoing
    )


async def _pressed(tx: Tx, taken: Taken, leg: Leg) -> AnyMove:
    """Accepted: two people are connected. Anything else: on to the next, which the ended ringing asks for."""
    call = taken.call
    if leg.state != "accepted":
        return HangUp()
    if call.direction == "in":
        return Connect()
    line = taken.line
    known = await as_to_ring(tx, line.id, adapter(line.kind).can.address_type, call.number)
    number = known or phone.for_messages(call.number)
    return Bridge(language=taken.language, number=number, leg=leg.token, n=len(taken.legs))


def _voicemail(taken: Taken, *, greet: bool = False) -> AnyMove:
    call, line = taken.call, taken.line
    call.queued_at = None
    if line.settings.get("voicemail") is False:
        call_steps.abandon(call, taken.legs, now(), "missed")
        return HangUp(language=taken.language, greet=greet, why="sorry")
    call.state = "recording"
    seconds = line.settings.get("voicemail_seconds")
    wanted = seconds if isinstance(seconds, int) and 5 <= seconds <= 3600 else VOICEMAIL_SECONDS
    return TakeMessage(language=taken.language, greet=greet, seconds=wanted)


async def _climb(tx: Tx, taken: Taken, *, greet: bool) -> AnyMove:
    """One rung higher; a telephone that another call took in this very moment is passed over."""
    call = taken.call
    if call.direction == "out" or call.state == "recording":
        return HangUp()
    if taken.late:
        return _voicemail(taken, greet=greet)
    case = await again.case_now(tx, taken.held, at=now(), live=True)
    people, rules = await staff.look_up(tx)
    known = await ladder.phones(tx)
    ahead = await calls.waiting_before(tx, call)
    while case is not None:
        tried = frozenset(leg.agent_id for leg in taken.legs)
        standing = Standing(case=case, tried=tried, turns=call.turns, ahead=ahead)
        rung = ladder.climb(standing, people, rules, known)
        if rung.what == "wait":
            return _wait(taken, ahead, greet=greet)
        if rung.what == "voicemail" or rung.agent_id is None:
            break
        leg = await _ring(tx, call, rung)
        if leg is not None:
            taken.legs.append(leg)
            call.state, call.queued_at = "ringing", None
            await call_story.rang(tx, taken.held, leg, rung.reason)
            return Ring(
                language=taken.language,
                greet=greet,
                phone=leg.phone,
                leg=leg.token,
                n=leg.n,
                caller=call.number,
                seconds=RING_SECONDS,
            )
        known = msgspec.structs.replace(known, busy=known.busy | {rung.agent_id})
    return _voicemail(taken, greet=greet)


async def _ring(tx: Tx, call: Call, rung: Rung) -> Leg | None:
    assert rung.agent_id is not None
    return await calls.ring(
        tx, call.id, rung.agent_id, rung.phone, reason=rung.reason, candidates=rung.candidates
    )


def _wait(taken: Taken, ahead: int, *, greet: bool) -> AnyMove:
    call = taken.call
    call.turns += 1
    call.state, call.queued_at = "queued", call.queued_at or now()
    return Wait(language=taken.language, greet=greet, position=ahead + 1, turn=call.turns)


async def _language(tx: Tx, call: Call, line: Line) -> str:
    """Of whoever listens: the caller's, else the line's; in a call of ours the agent's."""
    said: Any = await tx.value(
        """
        SELECT CASE WHEN $2::bigint IS NOT NULL THEN (SELECT language FROM agent WHERE id = $2)
               ELSE r.language END
        FROM conversation v JOIN contact c ON c.id = v.contact_id JOIN contact r ON r.id = c.root_id WHERE v.id = $1
        """,
        call.conversation_id,
        call.agent_id if call.direction == "out" else None,
    )
    return call_story.spoken(said or "", str(line.settings.get("language") or ""))
