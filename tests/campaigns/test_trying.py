"""A test message: the chosen person's words, marked, to whom one says; it counts nowhere, nor writes to strangers."""

from __future__ import annotations

import pytest

from hub.campaigns import trying
from hub.plumbing.errors import BadInput, TooMany
from hub.plumbing.hub import Hub
from hub.plumbing.texts import speaking
from tests.campaigns.preparing import draft
from tests.world import World


async def test_a_test_reads_as_the_person_would_and_counts_nowhere(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        made = await draft(
            tx, world, text="Hola {{ contact.first_name }}, soy {{ agent.name }}. {{ unsubscribe.link }}"
        )

    async def send(to: str, **more: int) -> None:
        with speaking("es"):
            await trying.send(hub, made.id, as_contact_id=world.marta, to=to, agent_id=world.mario, **more)

    await send("mario@dialogo.test")
    row = await hub.pool.fetchrow(
        """
        SELECT m.subject, m.text, d.recipient, d.recipient_id, d.purpose, v.state, v.assignee_id
        FROM message m JOIN delivery d ON d.message_id = m.id JOIN conversation v ON v.id = m.conversation_id
        """
    )
    assert row["subject"] == "[PRUEBA] Novedades 1"
    assert row["text"] == "Hola Marta, soy Ana. http://127.0.0.1:8080/u/test"
    assert (row["recipient"], row["recipient_id"], row["purpose"]) == ("mario@dialogo.test", None, "service")
    assert (row["state"], row["assignee_id"]) == ("closed", world.mario)
    assert await hub.pool.fetchval("SELECT count(*) FROM recipient") == 0
    with pytest.raises(BadInput) as caught:
        await send("+34600111222")
    assert caught.value.field == "to"
    for n in range(trying.MOST_OUTSIDE_AN_HOUR - 1):
        await send(f"someone{n}@elsewhere.test")
    with pytest.raises(TooMany):
        await send("one.more@elsewhere.test")
    await send("ana@dialogo.test")
