"""Finding conversations by words, names and conditions; what one may not see is not found."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from hub.conversations import search, search_index, search_query
from hub.conversations.search_snippets import snippet
from hub.plumbing.db import Tx
from tests.conversations.making import attached, conversation, said
from tests.world import World

HOSTILE = (
    "'", '"', "';--", "%", "_", "\\", "a & | ! b", "<->", ":*", "()", "\x00", "ŉ ½ ℀ №", "tag:' tag:%",
    "from:% to:_ contact:\\", "assignee:' OR 1=1", "id:1;DROP", "before:'", "x" * 500, "-" * 80, "💶 ñ", "a:*",
    "!!a", "<a", "1e400 0x1F -0.0", "pg_sleep(5)", "$1 {0} %s", "channel:'||pg_sleep(9)||'",
)  # fmt: skip


async def found(tx: Tx, world: World, text: str, *, agent: int | None = None) -> list[int]:
    query = search_query.parse(text, today=date(2026, 11, 21), zone=UTC)
    results = await search.search(tx, agent or world.ana, query)
    return [result.row.id for result in results.results]


async def stored(tx: Tx, world: World, text: str, **more: Any) -> int:
    """A conversation with one findable message, by Marta or whoever `contact` is."""
    id_ = await conversation(tx, world, **more)
    by_jorge = more.get("contact") == world.jorge
    address = world.jorge_address if by_jorge else world.marta_address
    message = await said(tx, world, id_, text, address=address)
    await search_index.fill(tx, [message])
    return id_


async def test_words_are_found_without_accents_case_or_ending(tx: Tx, world: World) -> None:
    id_ = await stored(tx, world, "La instalación eléctrica de la Cañada, referencia TR-9921/B")
    await stored(tx, world, "Otra cosa")
    for text in (
        "instalacion",
        "INSTALACIÓN electr",
        "canada",
        '"eléctrica de la"',
        "TR-9921",
        "9921",
        "instal -cosa",
    ):
        assert await found(tx, world, text) == [id_], text
    for text in ("instalacion cosa", '"de eléctrica"', "instalación -eléctrica"):
        assert await found(tx, world, text) == [], text


async def test_names_addresses_and_numbers_are_found_without_any_word(tx: Tx, world: World) -> None:
    id_ = await conversation(tx, world, account=world.acme)
    for text in ("marta", "RUIZ marta", "marta@acme", f"#{id_}", f"id:{id_}", "acme"):
        assert await found(tx, world, text) == [id_], text


async def test_a_number_that_is_no_conversation_is_looked_for_in_texts(tx: Tx, world: World) -> None:
    id_ = await stored(tx, world, "Mi pedido 48213 no llega")
    assert await found(tx, world, "#48213") == [id_]


async def test_each_operator_narrows(tx: Tx, world: World) -> None:
    id_ = await stored(tx, world, "Factura de octubre", assignee=world.ana, team=world.support, tags=["VIP"],
                       account=world.acme)  # fmt: skip
    other = await stored(tx, world, "Factura de mayo", contact=world.jorge, state="closed")
    message = await tx.value("SELECT id FROM message WHERE conversation_id = $1", id_)
    await attached(tx, message)
    await tx.execute(
        "UPDATE message SET recipients = $2 WHERE id = $1",
        message,
        {"to": [{"address": "help@dialogo.test", "name": ""}]},
    )
    first = ("assignee:me", "asignado:ana", "equipo:support", "tag:vip", "cuenta:acme", "from:marta", "estado:abierta",
             "tiene:adjunto", "to:help@dialogo", "contact:marta", "after:2026-09-01 before:2026-09-02")  # fmt: skip
    for condition in first:
        text = condition if condition != "after:2026-09-01 before:2026-09-02" else condition + " assignee:me"
        assert await found(tx, world, text) == [id_], text
        assert await found(tx, world, f"factura {text}") == [id_], text
    assert await found(tx, world, "factura status:closed") == [other]
    assert await found(tx, world, "assignee:none -mayo") == []
    assert set(await found(tx, world, "canal:email factura")) == {id_, other}
    assert await found(tx, world, "assignee:nadie") == [other]
    assert await found(tx, world, "from:nobodyhere") == []


async def test_the_outsider_finds_nothing_of_the_restricted_team(tx: Tx, world: World) -> None:
    secret = await stored(tx, world, "Despido improcedente", team=world.legal)
    for text in ("despido", "marta", f"#{secret}", "team:legal", "estado:abierta"):
        assert await found(tx, world, text) == [], text
        assert await found(tx, world, text, agent=world.olga) == [secret], text


async def test_what_was_joined_is_found_in_its_target(tx: Tx, world: World) -> None:
    one, target = await stored(tx, world, "palabra rara"), await conversation(tx, world)
    await tx.execute(
        "UPDATE conversation SET joined_into_id = $2, state = 'closed' WHERE id = $1", one, target
    )
    assert await found(tx, world, "rara") == [target]


async def test_pages_follow_one_another(tx: Tx, world: World) -> None:
    made = [await stored(tx, world, f"Repetido {n}") for n in range(7)]
    query = search_query.parse("repetido", today=date(2026, 11, 21), zone=UTC)
    seen: list[int] = []
    before = ""
    for _page in range(5):
        page = await search.search(tx, world.ana, query, before=before, most=3)
        seen += [result.row.id for result in page.results]
        before = page.more
        if not before:
            break
    assert seen == made[::-1]
    everything = search_query.parse("estado:abierta", today=date(2026, 11, 21), zone=UTC)
    first = await search.search(tx, world.ana, everything, most=4)
    rest = await search.search(tx, world.ana, everything, before=first.more, most=4)
    assert len({result.row.id for result in [*first.results, *rest.results]}) == 7
    assert rest.more == ""


async def test_the_newest_partition_comes_first_and_partitions_are_made_as_ids_grow(
    tx: Tx, world: World
) -> None:
    old = await stored(tx, world, "Contrato viejo")
    await tx.execute("SELECT setval('message_id_seq', 10000000)")
    new = await stored(tx, world, "Contrato nuevo")
    assert await search_index.partitions(tx) == [20, 0]
    assert await found(tx, world, "contrato") == [new, old]
    await search_index.make_partitions(tx, [10_000_000 + 450_000])
    assert await search_index.partitions(tx) == [21, 20, 0]


@pytest.mark.parametrize("text", HOSTILE)
async def test_nothing_typed_becomes_sql(tx: Tx, world: World, text: str) -> None:
    await stored(tx, world, "Hola")
    before = datetime.now(UTC)
    await found(tx, world, text)
    await found(tx, world, f"hola {text}")
    assert datetime.now(UTC) - before < timedelta(seconds=2)


def test_snippets_mark_what_matched_and_keep_the_text_as_it_was() -> None:
    text = "x " * 100 + "La Instalación\nEléctrica \x02<b>" + " y" * 200
    shown = snippet(text, ["instalacion", "electr"])
    assert "\x02Instalación\x03 \x02Eléctrica\x03 <b>" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert snippet("nada de eso", ["otra"]) == "nada de eso"


@pytest.mark.parametrize("unit", [" \U00020000{}", " {}\u3392", "\U0001d400{} ", "{}", "é\u0301{} "])
async def test_the_widest_text_is_still_made_findable(tx: Tx, world: World, unit: str) -> None:
    text = "".join(unit.format(chr(0x4E00 + n % 20000) + chr(0x20000 + n % 40000)) for n in range(60_000))
    id_ = await stored(tx, world, "encontrable " + text)
    assert await found(tx, world, "encontrable") == [id_]
