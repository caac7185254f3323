"""WhatsApp's 24 hours: free text is refused before typing and at the claim, an approved text leaves all the same."""

from __future__ import annotations

import pytest

from hub.conversations import approved
from hub.conversations.approved import ApprovedText, Chosen
from hub.conversations.replies import Answer, reply
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.hub import Hub
from tests.channels.texting import MARTA, texting
from tests.deliveries.road import DOMAIN, PATIENT, running, until_all
from tests.world import World

BODY = "Hola, {{1}}: tu pedido {{2}} ya ha salido."


def text(body: str = BODY) -> ApprovedText:
    return ApprovedText(
        id=1,
        channel_id=1,
        channel_name="WhatsApp",
        name="salida",
        language="es",
        body=body,
        provider_id="HX1",
        active=True,
    )


def test_blanks_are_filled_in_one_line_and_none_may_be_empty():
    assert text().variables == ["1", "2"]
    assert (
        approved.filled(text(), {"1": "Marta\r\n", "2": "{{1}}"})
        == "Hola, Marta: tu pedido {{1}} ya ha salido."
    )
    for wrong in ({}, {"1": "Marta"}, {"1": "Marta", "2": " "}, {"1": "Marta", "2": "x" * 501}):
        with pytest.raises(BadInput):
            approved.filled(text(), wrong)


async def test_when_the_window_is_closed_only_an_approved_text_leaves(hub: Hub, world: World) -> None:
    async with texting(hub, world) as texts, running(hub, PATIENT):
        await texts.says_on_whatsapp("Hola")
        said = (await texts.messages())[0]
        await hub.pool.execute(
            "UPDATE message SET created_at = now() - interval '25 hours' WHERE id = $1", said["id"]
        )
        async with hub.transaction() as tx:
            with pytest.raises(BadInput):
                await reply(tx, DOMAIN, said["conversation_id"], world.ana, Answer(text="Ya sale"))
        async with hub.transaction() as tx:
            keep = {"name": "salida", "language": "es", "body": BODY, "provider_id": "HX1"}
            kept = await approved.add(tx, texts.whatsapp, **keep)
            with pytest.raises(Conflict):
                await approved.add(tx, texts.whatsapp, **keep)
            with pytest.raises(BadInput):
                await approved.add(tx, texts.sms, **keep)

        olga = await texts.site.browser(world.olga)
        ana = await texts.site.browser(world.ana)
        path = f"/c/{said['conversation_id']}/approved"
        page = await ana.text(path)
        assert BODY in page
        assert 'value="Marta Ruiz"' in page
        form = {"text": str(kept.id), "client_id": "once", "v_1": "Marta", "v_2": ""}
        assert (await ana.post(path, form)).status == 400
        form["v_2"] = "48213"
        assert [(await ana.post(path, form)).status for _ in range(2)] == [303, 303]
        await until_all(hub, "delivered")
        [left] = texts.twilio.texts.sent_to(MARTA)
        assert left.fields["ContentSid"] == ["HX1"]
        assert left.fields["ContentVariables"] == ['{"1":"Marta","2":"48213"}']
        assert "Body" not in left.fields
        shown = await ana.text(f"/inbox/all/c/{said['conversation_id']}")
        assert "Hola, Marta: tu pedido 48213 ya ha salido." in shown

        await hub.pool.execute("UPDATE team SET restricted = true")
        await hub.pool.execute("UPDATE conversation SET assignee_id = $1", world.ana)
        assert (await olga.get(path)).status == 404
        async with hub.transaction() as tx:
            await approved.use(tx, kept.id, active=False)
            with pytest.raises(BadInput):
                await approved.choose(
                    tx, texts.whatsapp.id, Chosen(id=kept.id, variables={"1": "a", "2": "b"})
                )
