"""A number may work for some kinds of channel and not for others: a landline takes no texts and still rings."""

from __future__ import annotations

from hub.channels.facts import DeliveryReported, MessageReceived, Party
from hub.conversations import fallback
from hub.conversations.ways import ways
from hub.customers import addresses, contacts, resolving
from hub.customers.usability import mark_unusable, mark_usable
from hub.deliveries import reports
from hub.deliveries.permission import No, Yes, may_send
from hub.plumbing.clock import now
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.texts import speaking
from tests.conversations.crossing import NUMBER, Crossing, crossing, phone_line
from tests.world import SECRET, World

LANDLINE = "the number is a landline or its carrier cannot be reached (30006)"


async def told_it_is_a_landline(tx: Tx, world: World) -> Crossing:
    """Ana's text message to Marta's number failed with 30006."""
    made = await crossing(tx, world)
    await tx.execute("UPDATE delivery SET state = 'sent', attempt = 1, provider_id = 'SM1'")
    fact = DeliveryReported(
        state="failed",
        permanent=True,
        status_code="30006",
        reason=LANDLINE,
        provider_id="SM1",
        dead=True,
        only_here=True,
    )
    known = await reports.look_up(tx, Crypto(SECRET), [(made.sms.id, fact)])
    await reports.write(tx, [reports.decide(known, made.sms.id, fact)])
    return made


async def test_a_landline_takes_no_texts_and_still_rings(tx: Tx, world: World) -> None:
    made = await told_it_is_a_landline(tx, world)
    voice = await phone_line(tx, kind="voice")
    whatsapp = await phone_line(tx, kind="whatsapp")
    refused = await may_send(tx, made.phone, "service", channel_id=made.sms.id)
    assert isinstance(refused, No)
    assert (refused.code, LANDLINE in refused.reason) == ("unusable", True)
    for line in (voice, whatsapp):
        assert isinstance(await may_send(tx, made.phone, "service", channel_id=line.id), Yes)
    found = {way.channel.id: way for way in await ways(tx, made.conversation, world.marta, at=now())}
    assert (found[made.sms.id].why_not, LANDLINE in found[made.sms.id].words()) == ("unusable", True)
    assert found[whatsapp.id].why_not == "window_closed"
    refusals = await tx.value(
        "SELECT count(*) FROM consent WHERE address_id = $1 AND NOT granted", made.phone
    )
    assert refusals == 0  # nobody said no


async def test_the_answer_goes_on_by_another_way_to_the_same_person(tx: Tx, world: World) -> None:
    made = await told_it_is_a_landline(tx, world)
    going = await fallback.go_on(tx, made.delivery)
    assert going is not None
    assert await tx.value("SELECT channel_id FROM delivery WHERE id = $1", going.id) == world.mail.id


async def test_the_card_says_for_which_channels_it_does_not_work(tx: Tx, world: World) -> None:
    made = await told_it_is_a_landline(tx, world)
    person = await contacts.load(tx, world.marta)
    [phone] = [one for one in person.addresses if one.id == made.phone]
    with speaking("es"):
        assert phone.trouble.startswith("no sirve para Mensaje de texto (SMS): el número es fijo")
    assert phone.usable


async def test_a_refused_send_teaches_the_same(tx: Tx, world: World) -> None:
    made = await crossing(tx, world)
    await fallback.learn(tx, made.delivery, dead=True, only_here=True, opted_out=False, reason=LANDLINE)
    assert await kinds(tx, made) == (True, ["sms"])
    await mark_unusable(tx, {made.phone: "gone (30005)"})
    assert await kinds(tx, made) == (False, ["sms"])
    await mark_usable(tx, [made.phone])
    assert await kinds(tx, made) == (True, [])


async def test_only_what_comes_in_on_that_kind_takes_it_back(tx: Tx, world: World) -> None:
    made = await told_it_is_a_landline(tx, world)
    await writes(tx, "voice")
    assert await kinds(tx, made) == (True, ["sms"])
    await writes(tx, "sms")
    assert await kinds(tx, made) == (True, [])
    [phone] = [
        one for one in (await addresses.of_contacts(tx, [world.marta]))[world.marta] if one.id == made.phone
    ]
    assert phone.trouble == phone.why_not == ""


async def kinds(tx: Tx, made: Crossing) -> tuple[bool, list[str]]:
    row = await tx.record("SELECT usable, unusable_on FROM address WHERE id = $1", made.phone)
    assert row is not None
    return row["usable"], row["unusable_on"]


async def writes(tx: Tx, kind: str) -> None:
    """Something comes in from the number on a line of this kind."""
    met = await resolving.meet(tx, {("phone", NUMBER): ""}, [])
    given = {"given": resolving.PERSON, "values": (met.address_ids,)}
    people = resolving.known(await tx.several(resolving.asked(), **given), met.locked)
    resolving.decide(people, "phone", kind, MessageReceived(key=f"msg:{kind}", sender=Party(NUMBER)))
    resolving.write(tx, people)
    await tx.settle()
