"""Calls of ours, over a pretend Twilio's real API: the agent's telephone first, then the customer's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from hub import calling
from hub.agents import tokens
from hub.channels import connections
from hub.channels.registry import adapter
from hub.conversations import joining
from hub.conversations.call_bars import of_agent
from hub.lab.twilio import PretendTwilio
from hub.plumbing.errors import BadInput, Conflict, Unavailable
from hub.plumbing.hub import Hub
from tests.conversations.phone import MARTA, NUMBER, PHONES, TOKEN, add_line, here
from tests.web.browsing import Browser, Web
from tests.world import World
from workers.fetching import SLOW
from workers.todo import Chores


class Lines(msgspec.Struct, frozen=True):
    """The hub with a line at the pretend Twilio, and a conversation of Marta's that Ana has."""

    hub: Hub
    site: Web
    twilio: PretendTwilio
    conversation: int
    ana: int

    async def call(self, **how: Any) -> int:
        """Ana calls Marta."""
        wanted = {"client_id": "one"} | how
        return (await calling.start(self.hub, self.conversation, self.ana, **wanted)).id

    async def row(self, call_id: int) -> asyncpg.Record:
        """The call, its words and who still waits."""
        row = await self.hub.pool.fetchrow(
            """
            SELECT call.*, m.text, m.direction AS said, v.waiting_since FROM call
            JOIN message m ON m.id = call.message_id JOIN conversation v ON v.id = call.conversation_id
            WHERE call.id = $1
            """,
            call_id,
        )
        assert row is not None
        return row


@pytest.fixture
async def lines(hub: Hub, site: Web, world: World) -> AsyncIterator[Lines]:
    base = str(site.server.make_url("")).rstrip("/")
    hub.settings = msgspec.structs.replace(hub.settings, public_url=base)
    async with PretendTwilio(token=TOKEN).running(host="localhost") as twilio:
        line = await add_line(hub, world, record=True, **twilio.settings())
        twilio.calls.lines[NUMBER] = f"{base}/in/{line.key}"
        await here(hub, world.ana)
        await twilio.calls.ring(MARTA, NUMBER)
        await twilio.calls.hang_up(MARTA)
        conversation = await hub.pool.fetchval(
            "SELECT id FROM conversation WHERE contact_id = $1", world.marta
        )
        yield Lines(hub, site, twilio, conversation, world.ana)
        await adapter("voice").close()


async def test_the_agents_telephone_rings_then_the_customers(lines: Lines) -> None:
    phones = lines.twilio.calls
    call = await lines.call()
    assert (await lines.row(call))["text"] == "Ana está llamando"
    assert (await lines.row(call))["waiting_since"] is not None
    ana = await phones.pick_up(PHONES["ana"])
    assert "Llamada a Marta Ruiz, Acme. Pulsa 1 para conectar." in ana.heard
    await phones.press(PHONES["ana"], "1")
    assert phones.phones[MARTA].caller == NUMBER  # Marta sees the company's number
    await phones.pick_up(MARTA)
    talking = await lines.row(call)
    assert (talking["state"], talking["text"]) == ("talking", "Al teléfono con Ana")
    assert talking["waiting_since"] is None
    async with lines.hub.transaction() as tx:
        bar = (await of_agent(tx, lines.ana))[0]
    assert (bar.state, bar.who, bar.account) == ("talking", "Marta Ruiz", "Acme")
    await phones.hang_up(MARTA, seconds=125)
    over = await lines.row(call)
    assert (over["outcome"], over["seconds"], over["text"]) == ("answered", 125, "Llamada con Ana, 2:05")
    async with lines.hub.transaction() as tx:
        assert await of_agent(tx, lines.ana) == []
    recorded = await lines.hub.pool.fetch("SELECT id, text, automatic FROM message WHERE text LIKE 'Graba%'")
    assert [(row["text"], row["automatic"]) for row in recorded] == [("Grabación de la llamada, 2:05", True)]
    assert (await lines.row(call))["waiting_since"] is None
    await Chores(lines.hub, SLOW).turn()
    assert await lines.hub.pool.fetch("SELECT error FROM todo WHERE kind = 'media'") == []
    files = await lines.hub.pool.fetch(
        "SELECT name, type FROM attachment WHERE message_id = $1", recorded[0]["id"]
    )
    assert [(row["name"], row["type"]) for row in files] == [("recording.mp3", "audio/mpeg")]


async def test_whoever_is_not_reached_is_told_in_words_and_still_waits(lines: Lines) -> None:
    phones = lines.twilio.calls
    for how, outcome, words, heard in (
        ("declined", "busy", "Llamada de Ana: comunicaba", "El número comunica."),
        ("ignored", "no_answer", "Llamada de Ana: sin respuesta", "Nadie responde."),
        ("failed", "failed", "Llamada de Ana: no se pudo conectar", "No se puede llegar a ese número."),
    ):
        call = await lines.call(client_id=how)
        ana = await phones.pick_up(PHONES["ana"])
        await phones.press(PHONES["ana"], "1")
        await phones.refuse(MARTA, how)
        row = await lines.row(call)
        assert (row["state"], row["outcome"], row["text"]) == ("ended", outcome, words)
        assert heard in ana.heard
        assert row["waiting_since"] is not None


async def test_one_press_is_one_call_and_one_telephone_one_call(lines: Lines) -> None:
    phones = lines.twilio.calls
    first = await lines.call()
    assert await lines.call() == first
    assert len([leg for leg in phones.all.values() if leg.direction == "outbound-api"]) == 1
    with pytest.raises(Conflict):
        await lines.call(client_id="another")
    await phones.refuse(PHONES["ana"], "ignored")  # Ana let it ring: free again
    assert (await lines.row(first))["outcome"] == "failed"
    assert await lines.call(client_id="another") != first


async def test_what_the_provider_refuses_is_told_in_its_words(lines: Lines) -> None:
    lines.twilio.calls.troubles.append((401, 20003))
    with pytest.raises(Unavailable) as refused:
        await lines.call()
    assert refused.value.message
    row = await lines.hub.pool.fetchrow("SELECT * FROM call WHERE direction = 'out'")
    assert row is not None
    assert (row["state"], row["outcome"]) == ("ended", "failed")
    await lines.call(client_id="again")  # her telephone is free


async def test_without_a_telephone_or_a_line_nobody_can_call(lines: Lines) -> None:
    await lines.hub.pool.execute("UPDATE agent SET phone = '' WHERE id = $1", lines.ana)
    with pytest.raises(BadInput) as no_phone:
        await lines.call()
    assert no_phone.value.field == "phone"
    await lines.hub.pool.execute("UPDATE channel SET enabled = false WHERE kind = 'voice'")
    with pytest.raises(BadInput) as no_line:
        await lines.call()
    assert no_line.value.field == "channel"


async def test_hanging_up_from_the_page_ends_it_for_both(lines: Lines, world: World) -> None:
    """Also from the conversation that theirs was joined into while they talked."""
    phones = lines.twilio.calls
    await phones.ring("+34600777777", NUMBER)
    await phones.hang_up("+34600777777")
    other = await lines.hub.pool.fetchval("SELECT max(id) FROM conversation")
    ana: Browser = await lines.site.browser(world.ana)
    answer = await ana.post(
        f"/c/{lines.conversation}/calls", {"client_id": "page"}, headers={"Accept": "application/json"}
    )
    call = (await answer.json())["call"]
    await phones.pick_up(PHONES["ana"])
    await phones.press(PHONES["ana"], "1")
    await phones.pick_up(MARTA)
    assert "Al teléfono" in await ana.text("/calls")
    luis = await lines.site.browser(world.luis)
    path = f"/c/{lines.conversation}/calls/{call}/hang-up"
    assert (await luis.post(path)).status == 403  # it is Ana's
    assert (await ana.post(f"/c/{other}/calls/{call}/hang-up")).status == 404
    async with lines.hub.transaction() as tx:
        await joining.join(tx, lines.conversation, other, agent_id=world.ana)
    path = f"/c/{other}/calls/{call}/hang-up"
    assert (await ana.post(path)).status == 303
    assert phones.phones == {}
    assert (await lines.row(call))["outcome"] == "answered"
    assert "call-" not in await ana.text("/calls")


async def test_a_lost_end_does_not_keep_a_telephone_busy(lines: Lines) -> None:
    from hub.answering import end_lost

    call = await lines.call()
    await lines.hub.pool.execute(
        "UPDATE call SET changed_at = now() - interval '10 minutes' WHERE id = $1", call
    )
    await end_lost(lines.hub)
    assert (await lines.row(call))["state"] == "ended"
    async with lines.hub.transaction() as tx:
        assert await of_agent(tx, lines.ana) == []
        assert "voice" in await connections.kinds(tx)


async def test_calls_over_the_api(lines: Lines, world: World) -> None:
    """Idempotency-Key rings once; a restricted team's outsider sees and begins nothing."""
    async with lines.hub.transaction() as tx:
        anas, olgas = await tokens.create(tx, world.ana, "a"), await tokens.create(tx, world.olga, "o")
        await tx.execute("UPDATE team SET restricted = true WHERE id = $1", world.support)
    client = (await lines.site.browser()).client
    body = {"conversation": lines.conversation}
    for _twice in range(2):
        answer = await client.post(
            "/api/v1/calls", json=body, headers={"Authorization": f"Bearer {anas}", "Idempotency-Key": "k"}
        )
        assert answer.status == 201
        made = await answer.json()
    assert (made["direction"], made["state"], made["agent"]) == (
        "out",
        "ringing",
        {"id": world.ana, "name": "Ana"},
    )
    listed = await (await client.get("/api/v1/calls", headers={"Authorization": f"Bearer {anas}"})).json()
    assert [(one["direction"], one["outcome"]) for one in listed["items"]] == [("out", ""), ("in", "missed")]
    outsider = {"Authorization": f"Bearer {olgas}"}
    assert (await (await client.get("/api/v1/calls", headers=outsider)).json())["items"] == []
    assert (await client.get(f"/api/v1/calls/{made['id']}", headers=outsider)).status == 404
    assert (await client.post("/api/v1/calls", json=body, headers=outsider)).status == 404
