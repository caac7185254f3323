"""Promise 45: however a number is spelled and whichever channel it uses, it is one contact and one address."""

from __future__ import annotations

from hub.customers import addresses
from hub.plumbing.hub import Hub
from tests.channels.test_twilio_messages import FORMS
from tests.channels.texting import MARTA, texting
from tests.world import World


async def test_promise_45_one_number_is_one_contact(hub: Hub, world: World) -> None:
    """SMS and WhatsApp, ten spellings, two spellings of one Mexican mobile: Marta is Marta, and Lucía is one."""
    async with texting(hub, world) as world_of_texts:
        for form in FORMS:
            await world_of_texts.says("Hola", sender=form)
        await world_of_texts.says_on_whatsapp("Hola", ProfileName="Marta R.")
        await world_of_texts.says("Hola", sender="+525512345678")
        await world_of_texts.says_on_whatsapp("Hola", sender="+5215512345678", ProfileName="Lucía")
        said = await world_of_texts.messages()
        assert {row["contact_id"] for row in said[: len(FORMS) + 1]} == {world.marta}
        assert len({row["contact_id"] for row in said[-2:]} | {world.marta}) == 2
        assert said[-1]["sender"] == {"address": "+5215512345678", "name": "Lucía"}
    rows = await hub.pool.fetch("SELECT value, contact_id FROM address WHERE type = 'phone' ORDER BY value")
    assert [row["value"] for row in rows] == [MARTA, "+525512345678"]
    async with hub.transaction() as tx:
        same = await addresses.prove(tx, rows[1]["contact_id"], "phone", "+52 1 55 1234 5678", source="agent")
    assert same == await hub.pool.fetchval("SELECT id FROM address WHERE value = '+525512345678'")
