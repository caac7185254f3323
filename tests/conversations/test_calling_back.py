"""Whoever rang is called back as they rang: one key stands for an Argentine landline and its mobile's 9."""

from __future__ import annotations

from urllib.parse import urlencode

from hub import answering
from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.channels.facts import CallChanged, Party
from hub.channels.outgoing import Line
from hub.channels.registry import adapter
from hub.conversations import call_out, calls
from hub.customers import addresses
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from tests.conversations.crossing import number_of, phone_line
from tests.conversations.making import conversation, said
from tests.world import SECRET, World

KEY = "+541143210000"


async def test_an_argentine_landline_is_called_back_without_the_mobiles_9(tx: Tx, world: World) -> None:
    line = await phone_line(tx, kind="voice")
    assert f">{KEY}<" in await called_back(tx, world, line, KEY)


async def test_an_argentine_mobile_keeps_its_9_and_who_never_rang_gets_it(tx: Tx, world: World) -> None:
    line = await phone_line(tx, kind="voice")
    assert ">+5491143210000<" in await called_back(tx, world, line, "+5491143210000")
    assert ">+5491144440000<" in await called_back(tx, world, line, "", number="+541144440000")


async def test_who_never_rang_is_rung_as_somebody_typed_it_or_as_they_wrote(tx: Tx, world: World) -> None:
    line, texts = await phone_line(tx, kind="voice"), await phone_line(tx, kind="sms")
    for typed, key in (("+54 11 4555-0001", "+541145550001"), ("+54 11 15 4555-0002", "+541145550002")):
        await addresses.prove(tx, world.marta, "phone", typed, source="import")
        rung_as = key if key.endswith("1") else f"+549{key[3:]}"
        assert f">{rung_as}<" in await called_back(tx, world, line, "", number=key)
    await addresses.prove(tx, world.marta, "phone", "+541145550002", source="import")
    assert ">+5491145550002<" in await called_back(tx, world, line, "", number="+541145550002", again="b")
    landline = "+541145550001"
    there = await conversation(tx, world)
    written = await said(tx, world, there, channel=texts.id, address=await known(tx, landline))
    await tx.execute("UPDATE message SET sender = $2 WHERE id = $1", written, {"address": "+5491145550001"})
    assert ">+5491145550001<" in await called_back(tx, world, line, "", number=landline, again="b")


async def called_back(
    tx: Tx, world: World, line: Channel, rang_as: str, number: str = KEY, again: str = ""
) -> str:
    """The document that bridges Ana to a number which rang us spelled so, or never did."""
    address = await known(tx, number) or await number_of(tx, world.marta, number)
    id_ = await conversation(tx, world, assignee=world.ana)
    if rang_as:
        ring = await said(tx, world, id_, channel=line.id, address=address)
        sender = rung(line.line(Crypto(SECRET)), rang_as)
        await tx.execute("UPDATE message SET sender = $2 WHERE id = $1", ring, {"address": sender})
    await tx.execute("UPDATE agent SET phone = '+34611000001' WHERE id = $1", world.ana)
    begun = await call_out.begin(
        tx, id_, world.ana, client_id=number + again, number=number, channel_id=line.id
    )
    assert begun.leg is not None
    answered = ""
    for n, step in enumerate(("picked_up", "pressed")):
        fact = CallChanged(
            key=f"call:{number}{again}:{step}",
            step=step,
            call=f"CA{number}{again}",
            leg=f"CA{number}{again}",
            direction="out",
            caller=Party("+34611000001"),
            digits="1" * n,
            token=begun.leg.token,
        )
        answered = (await answering.step(tx, line=line.line(Crypto(SECRET)), fact=fact)).body
    ended = await calls.load(tx, begun.call.id)
    await answering.end(tx, call_id=ended.id)
    return answered


async def known(tx: Tx, number: str) -> int | None:
    found: int | None = await tx.value("SELECT id FROM address WHERE type = 'phone' AND value = $1", number)
    return found


def rung(line: Line, number: str) -> str:
    """The sender of the message that tells of a ring from this number; its call keeps the key."""
    body = urlencode({"CallSid": "CA1", "From": number, "To": line.address, "CallStatus": "ringing"})
    [fact] = adapter("voice").parse(Raw(body=body.encode(), envelope={"rest": "call"}), line)
    assert isinstance(fact, CallChanged)
    assert fact.said is not None
    assert fact.caller.address == KEY
    return fact.said.sender.address
