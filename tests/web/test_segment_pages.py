"""The pages of audiences: built from rows with and without JavaScript, counted meanwhile, kept in versions."""

from __future__ import annotations

from decimal import Decimal

import pytest
from aiohttp import FormData
from multidict import MultiDict, MultiDictProxy

from hub.campaigns import list_importing, lists, segments
from hub.campaigns.conditions import (
    Account,
    Answered,
    Campaigned,
    Consent,
    Conversation,
    Definition,
    Group,
    InSegment,
    Known,
    Listed,
    Owes,
    Owner,
    Person,
    Purchases,
    Reachable,
    Role,
    Tag,
)
from hub.plumbing.hub import Hub
from hub.web.forms import Form
from hub.web.segments import rows
from hub.web.segments.rows import Typed
from tests.web.browsing import Web
from tests.world import World
from workers import campaigning
from workers.todo import Chores

SHAPE = {"X-Fragment": "shape"}
ALL = [
    Person(field="language", any_of=["es", "tlh"]),
    Person(field="name", no=True),
    Person(field="job_title", any_of=["compras", "ventas"], no=True),
    Known(days=30),
    Known(days=90, no=True),
    Account(field="tier", any_of=["gold"]),
    Account(field="relation", any_of=["client"], no=True),
    Owner(any_of=[1, 2]),
    Owner(no=True),
    Purchases(),
    Purchases(at_least=Decimal(3), products=[1, 7], categories=["sillas"], days=90, no=True, whose="account"),
    Purchases(measure="total", at_least=Decimal("99.50"), currency="MXN"),
    Owes(no=True),
    Tag(any_of=["vip"]),
    Role(any_of=["guarantor"], accounts=[3]),
    Role(no=True),
    Answered(by="us", days=9),
    Campaigned(what="silent", campaign=4, days=30),
    Campaigned(no=True),
    InSegment(segment=2),
    Listed(list=5, column="poliza", any_of=["hogar"]),
    Conversation(open=True, tag="queja", priorities=["urgent"], waiting=True),
    Consent(type="email"),
    Reachable(type="phone", no=True),
]


def form(**given: str | list[str]) -> Form:
    pairs = [
        (key.replace("__", "."), one)
        for key, value in given.items()
        for one in ([value] if isinstance(value, str) else value)
    ]
    return MultiDictProxy(MultiDict(pairs))


def test_every_condition_comes_back_from_the_form_as_it_was() -> None:
    definition = Definition(groups=[Group(all=ALL[:12]), Group(all=ALL[12:])])
    shown = rows.shown(definition)
    assert not any(row.raw for few in shown for row in few)
    given = MultiDict(
        (f"c.{g}.{n}.{name}", value)
        for g, few in enumerate(shown)
        for n, row in enumerate(few)
        for name, values in {"field": [row.field], "op": [row.op], **row.values}.items()
        for value in values
    )
    asked = rows.read(rows.typed(MultiDictProxy(given)))
    assert asked.errors == {}
    assert [few.all for few in asked.definition.groups] == [few.all for few in definition.groups]


def test_what_the_builder_cannot_say_is_kept_whole() -> None:
    odd = Conversation(days=36_500, tag="a, b")
    comma = Person(field="name", any_of=["Ruiz, Marta"])
    shown = rows.shown(Definition(groups=[Group(all=[odd, comma])]))[0]
    assert [bool(row.raw) for row in shown] == [False, True]
    assert rows.read([shown]).definition.groups[0].all == [odd, comma]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Typed(field="tier"), "Values: still empty."),
        (Typed(field="known", values={"days": ["many"]}), "This must be"),
        (Typed(field="spent", values={"at_least": ["x"]}), ""),
        (Typed(raw="{}"), "This condition cannot be read"),
        (Typed(raw='{"about": "person", "field": "secret"}'), "This condition cannot be read"),
    ],
)  # fmt: skip
def test_an_incomplete_row_counts_nowhere_and_says_why(row: Typed, words: str) -> None:
    whole = Typed(field="reachable", values={"type": ["email"]})
    asked = rows.read([[row, whole]])
    assert asked.definition.groups[0].all == [Reachable(type="email")]
    assert list(asked.errors) == [(0, 0)]
    assert words in asked.errors[0, 0]


def test_rows_and_groups_come_and_go_whatever_is_asked() -> None:
    one = [[Typed(field="name")]]
    assert [len(few) for few in rows.changed(rows.changed(one, "row:0"), "group")] == [2, 1]
    assert rows.changed([[Typed()]], "drop:0.0") == []
    for nonsense in ("", "row:9", "row:x", "drop:0", "drop:0.7", "drop:-1.0", "group:²", "row:²", "x:y"):
        assert len(rows.changed([[Typed()]], nonsense)[0]) == 1
    assert rows.typed(form(c__0__0__field="name", c__99__0__op="is", x="1", c__0__0__any_of=[" a ", "b"]))[0][
        0
    ] == Typed(field="name", values={"any_of": ["a", "b"]})


async def test_a_segment_is_built_counted_saved_and_changed(site: Web, hub: Hub, world: World) -> None:
    mario = await site.browser(world.mario)
    assert "Todavía no hay segmentos" in await mario.text("/segments")
    page = await mario.text("/segments/new")
    assert "/campaigns.css" in page
    one = {"name": "Los de Acme", "c.0.0.field": "account", "c.0.0.op": "is", "c.0.0.any_of": "acme"}
    counted = await (await mario.post("/segments/count", one)).text()
    assert "de 1" in counted
    assert "Marta Ruiz" in counted
    assert "que nunca dijeron que sí" in counted
    assert "Jorge" not in counted

    more = await mario.post("/segments", {**one, "act": "row:0"}, headers=SHAPE)
    assert (more.status, (await more.text()).count("c.0.1.field")) == (200, 1)
    plain = await mario.post("/segments", {**one, "act": "group"})
    assert "c.1.0.field" in await plain.text(), "the same without JavaScript, as a whole page"
    assert await hub.pool.fetchval("SELECT count(*) FROM segment") == 0

    wrong = await mario.post("/segments", {**one, "c.0.0.any_of": ""})
    assert (wrong.status, "sigue vacío" in await wrong.text()) == (422, True)
    made = await mario.post("/segments", one)
    place = made.headers["Location"].partition("?")[0]
    assert 'value="acme"' in await mario.text(place)
    assert (await mario.post("/segments", one)).status == 422, "the name is taken"
    reach = await (await mario.get(f"{place}/reach")).text()
    assert "<b>0</b>" in reach
    assert "/ 1" in reach

    await mario.post(place, {**one, "name": "Todos"})
    await mario.post(
        place, {"name": "Todos", "c.0.0.field": "known", "c.0.0.days": "3", "c.0.0.op": "longer"}
    )
    page = await mario.text(place)
    assert "Versiones" in page
    older = await mario.text(f"{place}?version=1")
    assert "Esta es la versión 1" in older
    assert 'value="acme"' in older
    assert (await mario.get(f"{place}?version=9")).status == 404
    assert "3 días" in await mario.text("/segments")
    async with hub.transaction() as tx:
        kept = await segments.listed(tx)
    assert [(one.name, one.version, one.agent_name) for one in kept] == [("Todos", 2, "Mario")]


async def test_agents_find_neither_the_pages_nor_the_way_there(site: Web, world: World) -> None:
    ana, mario = await site.browser(world.ana), await site.browser(world.mario)
    assert (await ana.get("/segments")).status == 403
    assert (await ana.post("/segments/count", {})).status == 403
    assert 'href="/segments"' not in await ana.text("/inbox/mine")
    assert 'href="/segments"' in await mario.text("/inbox/mine")


async def test_a_file_is_tried_row_by_row_before_it_is_taken_in(site: Web, hub: Hub, world: World) -> None:
    mario, lola = await site.browser(world.mario), await site.browser(world.lola)
    rows = "Nombre;Correo;Póliza;Acepta\nMarta;marta@acme.test;hogar;sí\nEva;eva@nueva.test;auto;no\nX;no es;auto;sí\n"
    file = FormData()
    file.add_field("name", "Feria")
    file.add_field("file", rows.encode(), filename="feria.csv", content_type="text/csv")
    place = (await mario.post("/segments/lists", file)).headers["Location"]
    assert (await lola.get(place)).status == 404, "whoever brought it takes it in"
    page = await mario.text(place)
    assert "Póliza" in page
    assert await hub.pool.fetchval("SELECT count(*) FROM contact_list") == 0
    plan = {"m.0": "name", "m.1": "email", "m.2": "keep", "m.3": "consent", "act": "take"}
    unproven = await mario.post(place, plan)
    assert unproven.status == 422, "a yes needs its proof"
    taken = await (await mario.post(place, {**plan, "proof": "Feria de Madrid, 3 de mayo"})).text()
    assert "/segments/new?list=" in taken
    assert "no es" in taken
    people = await hub.pool.fetch(
        "SELECT c.name FROM contact_list_member m JOIN contact c ON c.id = m.contact_id"
    )
    assert sorted(one["name"] for one in people) == ["Eva", "Marta"]
    assert "Feria" in await mario.text("/segments/lists")
    id_ = await hub.pool.fetchval("SELECT id FROM contact_list")
    assert f'value="{id_}" selected' in await mario.text(f"/segments/new?list={id_}")
    assert (await mario.post("/segments/lists", {"name": "Sin archivo"})).status == 422


async def test_a_large_file_is_a_workers_and_its_page_says_how_far_it_is(
    site: Web, hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "SMALL_BYTES", 10)
    mario = await site.browser(world.mario)
    file = FormData()
    file.add_field("file", b"Correo\neva@nueva.test\nno es\n", filename="feria.csv", content_type="text/csv")
    place = (await mario.post("/segments/lists", file)).headers["Location"]
    assert "Este archivo es grande" in await mario.text(place)
    with monkeypatch.context() as smaller:
        smaller.setattr(list_importing, "MOST_ROWS", 1)
        assert (await mario.post(place, {"m.0": "email", "act": "take"})).status == 422
    begun = (await mario.post(place, {"m.0": "email", "act": "take"})).headers["Location"]
    assert "Se han mirado 0 de 2 filas" in await mario.text(begun)
    assert "data-waits" in await mario.text(f"{begun}/far")
    chores = Chores(hub, campaigning.KINDS, most=1)
    while await chores.turn():
        pass
    done = await mario.text(begun)
    assert "La lista ya está" in done
    assert "no es" in done
    assert begun in await mario.text("/segments/lists")
