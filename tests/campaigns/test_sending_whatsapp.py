"""A WhatsApp campaign over Twilio: an approved text leaves, its blanks filled for each; who says stop is left."""

from __future__ import annotations

from hub.campaigns import campaigns, deck, linter, preparing, steps
from hub.campaigns.approved_words import as_read
from hub.campaigns.campaigns import Change
from hub.campaigns.rendering import render
from hub.campaigns.wording import Texts
from hub.channels.registry import adapter
from hub.conversations import approved
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.web.campaigns.preview import pieces
from tests.campaigns.preparing import NUMBERS, customers, draft, prepared, telephones
from tests.campaigns.test_sending_texts import left
from tests.channels.texting import Texting, texting
from tests.world import World

BODY = "Hola, {{1}}: la revisión de {{2}} toca ya. Responde BAJA para no recibir más."


async def planned(tx: Tx, texts: Texting, world: World) -> int:
    """Two messages, the second three days later; what is missing of the approved text is said before."""
    await telephones(tx, await customers(tx, 3, agreed=False))
    made = await draft(tx, world, steps_after=(3,))
    await campaigns.change(tx, made.id, Change(channel_ids=[texts.sms.id]), agent_id=world.mario)
    kept = await approved.add(
        tx, texts.whatsapp, name="revision", language="es", body=BODY, provider_id="HX7"
    )
    said = steps.Wanted(
        approved_text_id=kept.id, approved_variables={"1": "{{ contact.first_name|default('cliente') }}"}
    )
    for number in (1, 2):
        await steps.say(tx, made.id, said, step=number, agent_id=world.mario)
    fields = [one.field for one in await preparing.missing(tx, await campaigns.load(tx, made.id))]
    assert "1/a/approved_text_id" in fields, "it is another line's"
    assert "2/a/approved_variables.2" in fields
    await campaigns.change(tx, made.id, Change(channel_ids=[texts.whatsapp.id]), agent_id=world.mario)
    whole = {**said.approved_variables, "2": "{% if account.name %}{{ account.name }}{% endif %}\nsu caldera"}
    for number in (1, 2):
        wanted = steps.Wanted(approved_text_id=kept.id, approved_variables=whole)
        await steps.say(tx, made.id, wanted, step=number, agent_id=world.mario)
    assert await preparing.missing(tx, await campaigns.load(tx, made.id)) == []
    return made.id


async def test_an_approved_text_reaches_each_and_a_stop_word_ends_it(hub: Hub, world: World) -> None:
    async with texting(hub, world) as texts:
        stopping, outside, reader = NUMBERS
        texts.twilio.texts.fates |= {stopping: "delivered", outside: "63016", reader: "read"}
        async with hub.transaction() as tx:
            campaign_id = await planned(tx, texts, world)
        campaign = await prepared(hub, campaign_id, world)
        async with hub.transaction() as tx:
            cards = await deck.page(tx, campaign, crypto=hub.crypto, base_url="http://x.test")
        assert {tuple(one.flags) for one in cards} == {()}
        mario = await texts.site.browser(world.mario)
        page = await mario.text(f"/campaigns/{campaign_id}/review")
        assert "la revisión de su caldera toca ya" in page, "what they read, not what is nowhere said"
        worst = await (await mario.post(f"/campaigns/{campaign_id}/worst", {"what": "1a"})).text()
        assert "la revisión de su caldera toca ya" in worst
        await left(hub, world, campaign_id, "delivered", "failed", "read")
        for number in NUMBERS:
            (one,) = texts.twilio.texts.sent_to(number)
            assert one.fields["ContentSid"] == ["HX7"]
            assert one.fields["ContentVariables"] == ['{"1":"Cliente","2":"su caldera"}']
            assert "Body" not in one.fields
        row = await hub.pool.fetchrow("SELECT code, reason, permanent FROM delivery WHERE state = 'failed'")
        assert (row["code"], row["permanent"]) == ("63016", True)

        assert (await texts.says_on_whatsapp("BAJA", sender=stopping)).status == 200
        assert (await texts.says_on_whatsapp("¿Cuánto cuesta?", sender=reader)).status == 200
        shown = await hub.pool.fetch("SELECT text FROM message WHERE direction = 'out' ORDER BY id")
        read = "Hola, Cliente: la revisión de su caldera toca ya. Responde BAJA para no recibir más."
        assert {row["text"] for row in shown} == {read}
        later = await hub.pool.fetch(
            "SELECT a.value, r.state, r.reason FROM recipient r JOIN address a ON a.contact_id = r.contact_id"
            " WHERE r.step = 2 AND a.type = 'phone'"
        )
        stopped = {row["value"]: (row["state"], row["reason"]) for row in later}
        assert stopped[stopping] == stopped[reader] == ("stopped", "reply")
        no = await hub.pool.fetchval(
            """
            SELECT granted FROM consent c JOIN address a ON a.id = c.address_id
            WHERE a.value = $1 AND purpose = 'marketing' ORDER BY c.id DESC LIMIT 1
            """,
            stopping,
        )
        assert no is False


def test_a_blank_without_anything_holds_it_and_its_price_is_told() -> None:
    said = Texts(approved_text_id=1, approved_variables={"1": "{{ contact.first_name|default('') }}"})
    content = render(said, {"contact.first_name": ""})
    whatsapp = adapter("whatsapp")
    assert content.missing == ("{{1}}",)
    seen = pieces(as_read(content, whatsapp.can, "Hola, {{1}}."), content.missing)
    assert seen == [("Hola, ", False), ("{{ 1 }}", True), (".", False)], "marked, as any empty variable"
    assert render(said, {"contact.first_name": "Ana\nMaría"}).approved == {"1": "Ana María"}
    (cost,) = linter.costs(content, [whatsapp], 300)
    assert (cost.total_parts, cost.euros) == (300, 12.0)
    assert linter.lint(said, [whatsapp]) == []
    assert {one.code for one in linter.lint(Texts(text="Hola"), [whatsapp])} == {"no_approved_text"}
