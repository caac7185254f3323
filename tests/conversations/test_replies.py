"""Answering: stored once, stopped when something newer arrived, checked at the door, undone or noted."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hub.channels.facts import Party
from hub.conversations.auto_reply import answer_automatically
from hub.conversations.media import file_name, sniffed, upload
from hub.conversations.notes import note
from hub.conversations.replies import Answer, Newer, Reply, reply
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.hub import Hub
from tests.conversations.making import said
from tests.deliveries.road import DOMAIN, answer, matter, party
from tests.world import World


async def ana_says(
    tx: Tx, world: World, conversation_id: int, text: str = "Hoy llega.", **more: Any
) -> Reply:
    return await reply(tx, DOMAIN, conversation_id, world.ana, Answer(text=text, **more))


async def test_the_conversation_moves_on(tx: Tx, world: World) -> None:
    id_ = await matter(tx, world)
    before = await tx.record("SELECT * FROM conversation WHERE id = $1", id_)
    done = await ana_says(tx, world, id_, "  Hoy   llega.\nSaludos ")
    row = await tx.record("SELECT * FROM conversation WHERE id = $1", id_)
    assert row is not None
    assert before is not None
    assert (row["last_seq"], row["last_direction"], row["last_preview"]) == (2, "out", "Hoy llega. Saludos")
    assert row["waiting_since"] is None
    assert row["version"] > before["version"]
    assert (done.seq, [one.state for one in done.deliveries]) == (2, ["held"])
    verbs = [
        row["verb"] for row in await tx.fetch("SELECT verb FROM history WHERE conversation_id = $1", id_)
    ]
    assert verbs == ["replied"]
    assert await tx.value("SELECT ref FROM todo WHERE kind = 'search'") == done.id
    told = {topic for signal in tx.signals for topic in signal.topics}
    assert {f"conversation:{id_}", f"thread:{id_}", f"mine:{world.ana}"} <= told
    assert tx.wakes == {"deliver", "todo"}


async def test_what_the_running_code_wrote_is_what_refresh_computes(tx: Tx, world: World) -> None:
    from hub.conversations.refresh import refresh

    id_ = await matter(tx, world)
    await ana_says(tx, world, id_)
    await note(tx, id_, world.luis, "ojo")
    before = await tx.record("SELECT * FROM conversation WHERE id = $1", id_)
    await refresh(tx, [id_])
    after = await tx.record("SELECT * FROM conversation WHERE id = $1", id_)
    assert dict(after or {}) == dict(before or {})


async def test_the_same_request_twice_is_one_answer(tx: Tx, world: World) -> None:
    id_ = await matter(tx, world)
    first = await ana_says(tx, world, id_, client_id="c1", after_seq=1)
    again = await ana_says(tx, world, id_, client_id="c1", after_seq=1)
    assert (again.id, again.repeated, first.repeated) == (first.id, True, False)
    assert await tx.value("SELECT count(*) FROM delivery") == 1


async def test_something_newer_stops_the_answer(tx: Tx, world: World) -> None:
    id_ = await matter(tx, world)
    newer = await said(tx, world, id_, "Olvídelo, ya llegó.")
    with pytest.raises(Newer) as stopped:
        await ana_says(tx, world, id_, after_seq=1)
    assert stopped.value.message_ids == [newer]
    assert (await ana_says(tx, world, id_, after_seq=1, force=True)).seq == 3
    with pytest.raises(Newer):  # Luis did not see Ana's answer: nobody answers twice
        await reply(tx, DOMAIN, id_, world.luis, Answer(text="Hola", after_seq=2))
    await ana_says(tx, world, id_, after_seq=2)  # her own second one is not news to her


async def test_two_agents_at_once_one_is_stopped(hub: Hub, world: World) -> None:
    async def one(conversation_id: int, agent_id: int) -> str:
        try:
            async with hub.transaction() as tx:
                await reply(tx, DOMAIN, conversation_id, agent_id, Answer(text="Yo me ocupo.", after_seq=1))
        except Newer:
            return "stopped"
        return "sent"

    for _ in range(5):
        async with hub.transaction() as tx:
            id_ = await matter(tx, world)
        assert sorted(await asyncio.gather(one(id_, world.ana), one(id_, world.luis))) == ["sent", "stopped"]
    assert await hub.pool.fetchval("SELECT count(*) FROM message WHERE direction = 'out'") == 5


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"text": "  \n "}, "text"),
        ({"text": "x" * 200_001}, "text"),
        ({"to": [Party("marta@acme.test>, <x@y.test")]}, "to"),
        ({"to": [Party("no address")]}, "to"),
        ({"to": [Party("help@dialogo.test")]}, "to"),
        ({"cc": [Party("HELP+x@dialogo.test")]}, "cc"),
        ({"to": [Party(f"m{n}@acme.test") for n in range(51)]}, "to"),
        ({"attachments": ["a-token-nobody-has"]}, "attachments"),
        ({"send_at": now() - timedelta(minutes=1)}, "send_at"),
        ({"client_id": "x" * 101}, "client_id"),
    ],
)
async def test_bad_input_names_its_field(tx: Tx, world: World, given: dict[str, Any], field: str) -> None:
    id_ = await matter(tx, world)
    with pytest.raises(BadInput) as refused:
        await reply(tx, DOMAIN, id_, world.ana, Answer(**({"text": "Hola"} | given)))
    assert refused.value.field == field


async def test_a_stranger_with_a_stolen_reference_gets_no_answer(tx: Tx, world: World) -> None:
    """Promise 38: the suggested participant who wrote last is never the default recipient."""
    id_ = await matter(tx, world)
    await tx.execute(
        "INSERT INTO participant (conversation_id, address_id, role) VALUES ($1, $2, 'suggested')",
        id_,
        world.jorge_address,
    )
    await said(tx, world, id_, "Mándeme la factura", contact=world.jorge, address=world.jorge_address)
    done = await ana_says(tx, world, id_)
    assert [one.recipient for one in done.deliveries] == ["marta@acme.test"]


async def test_reply_to_counts_only_on_a_verified_mail(tx: Tx, world: World) -> None:
    for verified, wanted in ((True, "facturas@acme.test"), (False, "marta@acme.test")):
        id_ = await matter(tx, world)
        await tx.execute(
            "UPDATE message SET verified = $2, recipients = $3 WHERE conversation_id = $1",
            id_,
            verified,
            {"reply_to": [{"address": "facturas@acme.test", "name": ""}]},
        )
        done = await ana_says(tx, world, id_)
        assert [one.recipient for one in done.deliveries] == [wanted]


async def test_whom_the_carrier_blocks_is_told_before_sending(tx: Tx, world: World) -> None:
    await tx.execute("UPDATE address SET usable = false, why_not = '550' WHERE id = $1", world.marta_address)
    with pytest.raises(BadInput, match=r"marta@acme\.test: "):
        await ana_says(tx, world, await matter(tx, world))


async def test_a_file_belongs_to_who_uploaded_it(hub: Hub, world: World) -> None:
    file = await upload(hub, world.luis, "x.txt", b"hello")
    with pytest.raises(BadInput):
        await answer(hub, world, attachments=[file.token])
    with pytest.raises(BadInput):
        await upload(hub, world.ana, "x.txt", b"")


def test_file_names_never_become_paths() -> None:
    evil = (
        "../../etc/passwd",
        "C:\\Windows\\a.exe",
        "a\0b\r\n.txt",
        "\u202efdp.exe",
        "...",
        "x" * 500 + ".pdf",
    )
    for name in evil:
        plain = file_name(name)
        assert plain
        assert not {"/", "\\", "\0", "\r", "\n", "\u202e"} & set(plain)
        assert len(plain) <= 150
    assert file_name("../../etc/passwd") == "passwd"
    assert file_name("factura nº 5.pdf") == "factura nº 5.pdf"
    assert file_name("x" * 500 + ".pdf").endswith(".pdf")


def test_the_first_bytes_decide_what_a_file_is() -> None:
    assert sniffed(b"\x89PNG\r\n\x1a\n...", "a.html", "text/html") == "image/png"
    assert sniffed(b"<html>", "a.png", "image/png") == "application/octet-stream"
    assert sniffed(b"a,b", "a.csv") == "text/csv"
    assert sniffed(b"??", "noname", "text/x; charset=utf-8") == "text/x"
    assert sniffed(b"??", "noname", "nonsense") == "application/octet-stream"


async def test_a_note_tells_who_is_mentioned(tx: Tx, world: World) -> None:
    id_ = await matter(tx, world)
    waiting = await tx.value("SELECT waiting_since FROM conversation WHERE id = $1", id_)
    done = await note(tx, id_, world.ana, "@luis mira esto, y @Lola también. marta@acme.test no.")
    assert done.mentioned == [world.luis, world.lola]
    row = await tx.record("SELECT direction, public FROM message WHERE id = $1", done.id)
    assert row is not None
    assert tuple(row) == ("note", False)
    assert await tx.value("SELECT waiting_since FROM conversation WHERE id = $1", id_) == waiting
    payload = await tx.value("SELECT payload FROM todo WHERE kind = 'notification'")
    assert (payload["verb"], payload["agent_ids"]) == ("mentioned", [world.luis, world.lola])


async def test_the_outsider_of_a_restricted_team_is_not_told(tx: Tx, world: World) -> None:
    id_ = await matter(tx, world)
    await tx.execute(
        "UPDATE conversation SET team_id = $2, assignee_id = NULL WHERE id = $1", id_, world.legal
    )
    done = await note(tx, id_, world.olga, "@Luis @Berta", mentions=[world.ana])
    assert done.mentioned == [world.berta]


async def test_an_automatic_answer_once_a_day_and_never_to_a_machine(tx: Tx, world: World) -> None:
    id_ = await matter(tx, world)
    waiting = await tx.value("SELECT waiting_since FROM conversation WHERE id = $1", id_)
    first = await answer_automatically(tx, DOMAIN, id_, "Hemos recibido su mensaje.")
    assert first is not None
    assert await tx.value("SELECT automatic FROM delivery WHERE message_id = $1", first.id)
    assert await tx.value("SELECT waiting_since FROM conversation WHERE id = $1", id_) == waiting
    assert await answer_automatically(tx, DOMAIN, id_, "Hemos recibido su mensaje.") is None
    assert await answer_automatically(tx, DOMAIN, await matter(tx, world), "Otra vez.") is None
    machine = await matter(tx, world)
    await tx.execute("DELETE FROM auto_reply")
    await said(tx, world, machine, "Out of office", automatic=True)
    assert await answer_automatically(tx, DOMAIN, machine, "Bucle") is None
    await tx.execute("UPDATE address SET value = 'no-reply@acme.test' WHERE id = $1", world.marta_address)
    assert await answer_automatically(tx, DOMAIN, id_, "Nadie") is None


async def test_copies_go_to_participants_in_copy(tx: Tx, world: World) -> None:
    id_ = await matter(tx, world)
    await tx.execute(
        "INSERT INTO participant (conversation_id, address_id, role) VALUES ($1, $2, 'cc')",
        id_,
        world.jorge_address,
    )
    done = await ana_says(tx, world, id_)
    assert [(one.recipient, one.role) for one in done.deliveries] == [
        ("marta@acme.test", "to"),
        ("jorge@gmail.com", "cc"),
    ]
    alone = await ana_says(tx, world, id_, cc=[], to=[party("jorge@gmail.com")])
    assert [(one.recipient, one.role) for one in alone.deliveries] == [("jorge@gmail.com", "to")]


async def test_a_time_without_a_zone_is_named(tx: Tx, world: World) -> None:
    id_ = await matter(tx, world)
    naive = (now() + timedelta(hours=1)).replace(tzinfo=None)
    with pytest.raises(BadInput) as refused:
        await ana_says(tx, world, id_, send_at=naive)
    assert refused.value.field == "send_at"


async def test_a_language_nobody_knows_stops_no_answer(hub: Hub, tx: Tx, world: World) -> None:
    from hub.conversations.composing import compose
    from hub.deliveries.claiming import claim

    id_ = await matter(tx, world)
    await tx.execute("UPDATE conversation SET language = 'zz' WHERE id = $1", id_)
    await ana_says(tx, world, id_)
    await tx.execute("UPDATE delivery SET due_at = now()")
    (one,) = await claim(tx, "here", {world.mail.id: 1}, lease_seconds=60)
    outgoing = await compose(tx, hub.crypto, hub.files, world.mail.line(hub.crypto), one, "http://hub.test")
    assert "wrote:" in outgoing.text
