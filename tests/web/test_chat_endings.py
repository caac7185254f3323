"""How a chat ends: its visitor says how it was, has it mailed to themselves, or has it forgotten; and it is quick."""

from __future__ import annotations

import asyncio
import statistics
from time import perf_counter, process_time

import pytest

from hub.channels.webchat.identity import signature
from hub.conversations import closing, rating, transcript
from hub.conversations.history_lines import lines, sentence
from hub.conversations.ways import ways
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.plumbing.texts import speaking
from tests.web.browsing import Web
from tests.web.chatting import Visitor, chat_line, conversation_of, heard, visitor
from tests.web.test_chat import answer
from tests.web.test_live import settled, socket, until
from tests.world import World

QUICK_SECONDS = 0.1


@pytest.fixture
async def marta(site: Web, hub: Hub) -> Visitor:
    """Somebody who says to be Marta; nothing proves it."""
    made = await visitor(site, await chat_line(hub))
    await made.open(start=True, name="Marta", email="marta@acme.test")
    return made


async def told(tx: Tx, conversation_id: int) -> list[str]:
    with speaking("en"):
        return [line for one in await lines(tx, conversation_id) if (line := sentence(one))]


async def test_the_visitor_says_how_it_was_once_it_is_over(
    site: Web, hub: Hub, world: World, marta: Visitor
) -> None:
    first = await marta.said("¿Tenéis la talla 40?")
    assert (await marta.ask("rating", {"score": 5})).status == 409
    ws = await marta.socket()
    async with hub.transaction() as tx:
        id_ = await conversation_of(tx, first)
        await closing.close(tx, id_, agent_id=world.ana)
    assert await heard(ws, "ending") == {"over": True, "score": 0}
    for score in (0, 6, -1):
        assert (await marta.ask("rating", {"score": score})).status == 422
    assert (await marta.ask("rating", {"score": 2})).status == 200
    assert (await marta.ask("rating", {"score": 4, "words": " Muy\nbien\0 "})).status == 200
    assert (await heard(ws, "ending"))["score"] in (2, 4)
    async with hub.transaction() as tx:
        assert await rating.ending(tx, id_) == rating.Ending(True, 4)
        assert (await told(tx, id_))[-1] == "The customer gave this chat 4 of 5: “Muy bien”"
    page = await (await site.browser(world.ana)).text(f"/inbox/closed/c/{id_}")
    assert "Chat valorado con 4 de 5" in page
    assert 'class="banner warn">' not in page, "that a visitor is a stranger warns nobody"
    other = await visitor(site, await chat_line(hub))
    await other.open(start=True)
    assert (await other.ask("rating", {"score": 1})).status == 409, "nobody rates what is not theirs"


async def test_a_transcript_goes_to_a_proven_address_and_to_no_other(
    site: Web, hub: Hub, world: World
) -> None:
    line = await chat_line(hub)
    stranger = await visitor(site, line)
    await stranger.open(start=True, name="Marta", email="marta@acme.test")
    await stranger.said("Compra esto: https://spam.test")
    assert (await stranger.open())["transcript"] == ""
    assert (await stranger.ask("transcript", {"email": "marta@acme.test"})).status == 409

    known = await visitor(site, line)
    at = int(now().timestamp())
    key = line.line(hub.crypto).secrets["identity_key"]
    await known.open(start=True, user={"id": "u1", "issued_at": at, "hash": signature(key, "u1", at)})
    first = await known.said("¿Tenéis la talla 40?", "c2")
    async with hub.transaction() as tx:
        id_ = await conversation_of(tx, first)
        await tx.execute(
            "UPDATE address SET contact_id = $2 WHERE id = (SELECT address_id FROM message WHERE id = $1)",
            first,
            world.marta,
        )
        await tx.execute("UPDATE address SET verified = true WHERE id = $1", world.marta_address)
    await answer(hub, world, id_, "Sí, en negro.")
    assert (await known.open())["transcript"] == f"m{transcript.HIDDEN}@acme.test"
    assert (await known.ask("transcript", {})).status == 200
    assert (await known.ask("transcript", {})).status == 429
    row = await hub.pool.fetchrow(
        """
        SELECT m.text, d.recipient, m.automatic FROM delivery d JOIN message m ON m.id = d.message_id
        WHERE d.channel_id = $1
        """,
        world.mail.id,
    )
    assert row is not None
    assert (row["recipient"], row["automatic"]) == ("marta@acme.test", True)
    assert row["text"].index("talla 40") < row["text"].index("en negro")
    assert "spam.test" not in row["text"]


async def test_a_visitor_has_their_chat_forgotten(site: Web, hub: Hub, world: World, marta: Visitor) -> None:
    first = await marta.said("Me llamo Marta y vivo en la calle Mayor 3")
    ws = await marta.socket()
    async with hub.transaction() as tx:
        id_ = await conversation_of(tx, first)
        contact = await tx.value("SELECT contact_id FROM conversation WHERE id = $1", id_)
        await tx.execute("UPDATE conversation SET assignee_id = $2 WHERE id = $1", id_, world.ana)
        assert await tx.value("SELECT count(*) FROM claim")
    assert (await marta.ask("forget", {})).status == 200
    await heard_gone(ws)
    assert not (await marta.open())["known"]
    for path, body in (("poll", {"have": ""}), ("rating", {"score": 5}), ("forget", {})):
        assert (await marta.ask(path, body)).status == 401
    async with hub.transaction() as tx:
        row = await tx.record("SELECT * FROM chat_session")
        assert row is not None
        assert (row["said_name"], row["said_email"], row["answers"], row["page"]) == ("", "", {}, "")
        assert not await tx.value("SELECT count(*) FROM claim")
        assert "asks for their data to be deleted" in (await told(tx, id_))[-1]
        news = await tx.value("SELECT payload FROM todo WHERE kind = 'notification' AND ref = $1", id_)
        assert (news["verb"], news["agent_ids"]) == ("asked_to_be_forgotten", [world.ana, world.berta])
        found = await ways(tx, id_, contact, at=now())
        assert [way.why_not for way in found if way.channel.kind == "webchat"] == ["unusable"]


async def test_what_a_visitor_says_is_on_the_agents_page_at_once(
    site: Web, hub: Hub, world: World, marta: Visitor
) -> None:
    """From the request to the frame on her socket: the median of nine in processor time, where nobody else's work
    counts; and none waits for a sweep.
    """
    first = await marta.said("Hola")
    async with hub.transaction() as tx:
        id_ = await conversation_of(tx, first)
    ana = await site.browser(world.ana)
    took: list[float] = []
    waited: list[float] = []
    async with socket(ana, f"thread:{id_}") as hers:
        await settled(hers)
        for n in range(9):
            words = f"Mensaje número {n}"
            began, used = perf_counter(), process_time()
            saying = asyncio.create_task(marta.said(words, f"n{n}"))
            await until(hers, lambda frame, words=words: words in str(frame.get("o", "")))
            took.append(process_time() - used)
            waited.append(perf_counter() - began)
            await saying
    assert statistics.median(took) < QUICK_SECONDS, took
    assert min(waited) < 0.9, waited


async def heard_gone(ws: object) -> None:
    async with asyncio.timeout(30):
        while (await ws.receive_json())["t"] != "gone":  # type: ignore[attr-defined]
            pass
