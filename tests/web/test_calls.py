"""Calls over the real door: the owner's telephone, the deputy's, the queue, the voicemail; repeated requests."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import pytest

from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from tests.campaigns.planning import planned
from tests.conversations.phone import MARTA, NUMBER, PHONES, Phone, Said, add_line, here, the_call
from tests.web.browsing import Web
from tests.web.test_inbox_live import Ear
from tests.world import World
from workers.todo import Chores


@pytest.fixture
async def line(hub: Hub, world: World) -> Channel:
    return await add_line(hub, world)


async def test_the_owner_takes_the_call_after_hearing_who_it_is(
    hub: Hub, site: Web, world: World, line: Channel
) -> None:
    await here(hub, world.ana, world.luis)
    phone = Phone(site, line)
    ringing = await phone.ring()
    assert (ringing.verbs, ringing.rung) == (["Say", "Dial"], PHONES["ana"])
    assert "Gracias por llamar" in ringing.spoken
    call = await the_call(hub)
    assert (call["state"], call["assignee_id"], call["contact_id"]) == ("ringing", world.ana, world.marta)
    assert call["text"] == call["last_preview"] == "Llamada entrante"
    whispered = await phone.pick_up(ringing)
    assert "Llama Marta Ruiz, Acme." in whispered.spoken
    taken = await phone.press(whispered, "1", CallSid="CA9", ParentCallSid="CA1")
    assert taken.verbs == []  # nothing more to say: they are connected
    call = await the_call(hub)
    assert (call["state"], call["agent_id"], call["text"]) == ("talking", world.ana, "Al teléfono con Ana")
    assert call["waiting_since"] is None
    over = await phone.ringing_ends(ringing, "completed", "187")
    assert over.verbs == ["Hangup"]
    await phone.hang_up()
    call = await the_call(hub)
    assert (call["outcome"], call["seconds"], call["text"]) == ("answered", 187, "Llamada con Ana, 3:07")
    reason = await hub.pool.fetchval("SELECT details -> 'reason' FROM history WHERE verb = 'rang'")
    assert (reason["code"], reason["agent"]) == ("owner", "Ana")


async def test_the_bar_names_the_campaign_they_probably_ring_about(
    hub: Hub, site: Web, world: World, line: Channel
) -> None:
    """Within a week of its mail, by whatever way they come; an older one, or one answered before, is not guessed."""
    await here(hub, world.ana)
    async with hub.transaction() as tx:
        _campaign, planned_ = await planned(tx, world, minutes_ago=6 * 24 * 60)
    ana, recipient = await site.browser(world.ana), planned_[world.marta_address]
    ear = await Ear.open(ana, f"agent:{world.ana}")
    await Phone(site, line).ring()
    assert "probablemente por la campaña «Otoño»" in (await ear.until("put", "calls"))[2]
    assert "probablemente por la campaña «Otoño»" in await ana.text("/calls")
    await hub.pool.execute(
        "UPDATE recipient SET answered_at = now() - interval '1 hour' WHERE id = $1", recipient
    )
    assert "Otoño" not in await ana.text("/calls")
    await hub.pool.execute("UPDATE recipient SET answered_at = NULL WHERE id = $1", recipient)
    await hub.pool.execute(
        "UPDATE delivery SET sent_at = now() - interval '8 days' WHERE recipient_id = $1", recipient
    )
    assert "Otoño" not in await ana.text("/calls")


async def test_else_the_deputy_else_the_team_else_the_voicemail(
    hub: Hub, site: Web, world: World, line: Channel
) -> None:
    await here(hub, world.ana, world.luis, world.lola)
    phone = Phone(site, line)
    asked = await phone.ring()
    for name, how in (("ana", "no-answer"), ("luis", "busy"), ("lola", "failed")):
        assert asked.rung == PHONES[name]
        asked = await phone.ringing_ends(asked, how)
    assert asked.verbs == ["Say", "Record", "Say", "Hangup"]
    rungs = await hub.pool.fetch(
        "SELECT details -> 'reason' AS reason FROM history WHERE verb = 'rang' ORDER BY id"
    )
    assert rungs[1]["reason"]["instead_of"]["why"]["code"] == "did_not_answer"
    bye = await phone.ask(
        asked.next("Record"),
        RecordingUrl="https://api.twilio.com/RE1",
        RecordingSid="RE1",
        RecordingDuration="42",
    )
    assert bye.verbs == ["Say", "Hangup"]
    await phone.hang_up()
    call = await the_call(hub)
    assert (call["state"], call["outcome"], call["text"]) == (
        "ended",
        "voicemail",
        "Llamada perdida, dejó un mensaje",
    )
    assert call["waiting_since"] is not None
    said = await hub.pool.fetch(
        "SELECT text FROM message WHERE conversation_id = $1 ORDER BY seq", call["conversation_id"]
    )
    assert [row["text"] for row in said] == ["Llamada perdida, dejó un mensaje", "Mensaje de voz 0:42"]
    await phone.ask(
        "transcript", TranscriptionText="No llega el pedido", RecordingSid="RE1", TranscriptionSid="TR1"
    )
    text = await hub.pool.fetchval("SELECT text FROM message WHERE message_id = 'RE1'")
    assert text == "Mensaje de voz 0:42\nNo llega el pedido"


async def test_an_agent_who_declines_or_a_mobiles_voicemail_swallows_nothing(
    hub: Hub, site: Web, world: World, line: Channel
) -> None:
    await here(hub, world.ana, world.luis)
    phone = Phone(site, line)
    ringing = await phone.ring()
    whispered = await phone.pick_up(ringing)
    assert whispered.verbs[-1] == "Hangup"  # no key: the voicemail of Ana's mobile said its greeting
    after = await phone.ringing_ends(ringing, "completed", "9")
    assert after.rung == PHONES["luis"]
    whispered = await phone.pick_up(after, "CA10")
    declined = await phone.press(whispered, "2", CallSid="CA10", ParentCallSid="CA1")
    assert declined.verbs == ["Hangup"]
    states = await hub.pool.fetch("SELECT state FROM call_leg ORDER BY n")
    assert [row["state"] for row in states] == ["declined", "declined"]
    assert (await the_call(hub))["state"] == "ringing"


async def test_the_queue_tells_the_place_and_a_key_leads_to_the_voicemail(
    hub: Hub, site: Web, world: World, line: Channel
) -> None:
    await here(hub, world.ana)
    first, second, third = (Phone(site, line, caller=f"+3460012345{n}", sid=f"CA{n}") for n in (6, 7, 8))
    ringing = await first.ring()
    assert ringing.rung == PHONES["ana"]
    waiting = await second.ring()
    assert "Es usted el siguiente" in waiting.spoken
    also = await third.ring()
    assert "Es usted el número 2 de la cola" in also.spoken
    assert waiting.verbs == ["Say", "Gather", "Redirect"]
    assert (await the_call(hub, "CA7"))["text"] == "Llamada entrante, espera en la cola"
    left = await third.press(also, "1")
    assert "Record" in left.verbs
    await first.hang_up()
    freed = await second.ask(waiting.next("Redirect"))
    assert freed.rung == PHONES["ana"]
    assert (await the_call(hub, "CA6"))["outcome"] == "missed"
    assert (await the_call(hub, "CA6"))["text"] == "Llamada perdida"


async def test_nobody_here_means_the_voicemail_and_the_owners_matter(
    hub: Hub, site: Web, world: World, line: Channel
) -> None:
    await here(hub)
    asked = await Phone(site, line).ring()
    assert asked.verbs == ["Say", "Say", "Record", "Say", "Hangup"]
    assert (await the_call(hub))["assignee_id"] == world.ana


async def test_a_withheld_number_has_a_name_and_is_never_written_to(
    hub: Hub, site: Web, world: World, line: Channel
) -> None:
    await here(hub, world.ana)
    for sid in ("CA1", "CA2"):
        await Phone(site, line, caller="anonymous", sid=sid).ring()
    one, other = await the_call(hub, "CA1"), await the_call(hub, "CA2")
    assert one["contact_id"] != other["contact_id"]  # not all the same nobody
    rows = await hub.pool.fetch(
        "SELECT c.name, a.usable FROM address a JOIN contact c ON c.id = a.contact_id WHERE a.value LIKE 'withheld:%'"
    )
    assert [(row["name"], row["usable"]) for row in rows] == [("Número oculto", False)] * 2


async def test_the_same_request_ten_times_is_one_call_and_the_same_bytes(
    hub: Hub, site: Web, world: World, line: Channel
) -> None:
    """Promise 48 for calls: nobody rings twice, and what was decided is said again byte for byte."""
    await here(hub, world.ana, world.luis)
    phone = Phone(site, line)
    await phone.ask("status", CallStatus="ringing")  # opens the browser
    answers = await asyncio.gather(*(phone.ring() for _ in range(10)))
    assert {said.status for said in answers} == {200}
    assert len({said.body for said in answers}) == 1
    assert await hub.pool.fetchval("SELECT count(*) FROM call") == 1
    assert await hub.pool.fetchval("SELECT count(*) FROM call_leg") == 1
    next_ = [await phone.ringing_ends(answers[0], "no-answer") for _ in range(3)]
    assert len({said.body for said in next_}) == 1
    assert next_[0].rung == PHONES["luis"]
    again = await phone.ring()  # yesterday's body, replayed (promise 51)
    assert again.body == answers[0].body
    assert await hub.pool.fetchval("SELECT count(*) FROM call_leg") == 2


async def test_a_step_that_was_cut_off_is_taken_later(
    hub: Hub, site: Web, world: World, line: Channel
) -> None:
    """The process died between commit and answer: a worker takes the step and rings nobody, for nobody hears it.

    A request that comes again after all hears what was decided: they may leave a message.
    """
    await here(hub, world.ana)
    inbound = Inbound(hub)
    await inbound.start()
    ring = {"CallSid": "CA1", "From": MARTA, "To": NUMBER, "CallStatus": "ringing"}
    await inbound.receive(line, Raw(body=urlencode(ring).encode(), envelope={"rest": "call"}))
    await inbound.close()
    assert (await the_call(hub))["state"] == "ringing"
    assert await hub.pool.fetchval("SELECT count(*) FROM call_leg") == 0
    await hub.pool.execute("UPDATE todo SET due_at = now() WHERE kind = 'call'")
    await Chores(hub).turn()
    assert await hub.pool.fetchval("SELECT count(*) FROM todo WHERE kind = 'call'") == 0
    assert b"<Record" in (await Phone(site, line).ring()).body
    assert await hub.pool.fetchval("SELECT count(*) FROM call_leg") == 0


async def test_what_is_not_signed_rings_nobody(hub: Hub, site: Web, world: World, line: Channel) -> None:
    await here(hub, world.ana)
    answer: Said = await Phone(site, line).ask("call", token="somebody else's")
    assert answer.status == 403
    assert await hub.pool.fetchval("SELECT count(*) FROM arrival") == 0
    assert await hub.pool.fetchval("SELECT count(*) FROM call") == 0


async def test_a_second_call_goes_on_in_the_same_conversation(
    hub: Hub, site: Web, world: World, line: Channel
) -> None:
    await here(hub, world.ana)
    await Phone(site, line, sid="CA1").ring()
    await Phone(site, line, sid="CA1").hang_up()
    await Phone(site, line, sid="CA2").ring()
    one, other = await the_call(hub, "CA1"), await the_call(hub, "CA2")
    assert one["conversation_id"] == other["conversation_id"]
    assert (one["number"], other["state"]) == (MARTA, "ringing")
