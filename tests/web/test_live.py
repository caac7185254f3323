"""The live socket: what is written to whom, what is replayed, what is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from hub.agents import teams
from hub.conversations.sight import sights
from hub.plumbing.db import Tx
from hub.plumbing.texts import language
from hub.web import drawing, live
from hub.web.drawing import Thing
from hub.web.fanout import FANOUT
from tests.web.browsing import Browser, Web
from tests.world import World


async def open_conversation(
    site: Web, world: World, assignee_id: int | None, team_id: int | None = None
) -> int:
    """A bare conversation of Marta's."""
    id_: int = await site.hub.pool.fetchval(
        """
        INSERT INTO conversation (token, contact_id, channel_id, last_channel_id, assignee_id, team_id)
        VALUES (gen_random_uuid()::text, $1, $2, $2, $3, $4) RETURNING id
        """,
        world.marta,
        world.mail.id,
        assignee_id,
        team_id,
    )
    return id_


async def draw_test_things(tx: Tx, ids: Sequence[int]) -> list[Thing]:
    """A conversation as one word a topic, in the language of whoever reads."""
    known = await sights(tx, ids)

    def thing(id_: int) -> Thing:
        return Thing(
            id=id_,
            sight=known[id_],
            ops=lambda topics: {topic: [["place", topic, f"row {id_} {language()}"]] for topic in topics},
            gone=lambda topic: [["drop", topic, f"row-{id_}"]],
        )

    return [thing(id_) for id_ in known]


@pytest.fixture(autouse=True)
def renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(drawing._renderers, "drawn", draw_test_things)


@asynccontextmanager
async def socket(browser: Browser, *topics: str, since: str = "") -> AsyncIterator[ClientWebSocketResponse]:
    """An open live page that listens to `topics`."""
    origin = str(browser.client.make_url("/")).rstrip("/")
    async with browser.client.ws_connect(f"/ws?since={since}", headers={"Origin": origin}) as ws:
        await ws.send_json({"sub": list(topics), "since": since})
        await settled(ws)
        yield ws


async def settled(ws: ClientWebSocketResponse) -> list[list[Any]]:
    """Everything written before the answer to a ping."""
    await ws.send_json({"ping": 1})
    return [op for frame in await until(ws, lambda frame: "pong" in frame) for op in frame.get("o", [])]


async def until(ws: ClientWebSocketResponse, wanted: Any) -> list[dict[str, Any]]:
    """All frames up to the one that is wanted."""
    found = []
    while True:
        message = await asyncio.wait_for(ws.receive(), 30)
        assert message.type is WSMsgType.TEXT, message
        found.append(json.loads(message.data))
        if wanted(found[-1]):
            return found


async def next_ops(ws: ClientWebSocketResponse) -> list[list[Any]]:
    """The operations of the next frame that is about rows."""
    frames = await until(ws, lambda frame: any(op[0] != "count" for op in frame.get("o", [])))
    return [op for op in frames[-1]["o"] if op[0] != "count"]


async def signal(site: Web, id_: int, topics: list[str], lost: list[str] | None = None) -> None:
    async with site.hub.transaction() as tx:
        tx.signal("drawn", id_, topics, lost=lost)


async def test_a_change_reaches_those_who_listen_in_their_own_language(site: Web, world: World) -> None:
    await site.hub.pool.execute("UPDATE agent SET language = 'en' WHERE id = $1", world.luis)
    id_ = await open_conversation(site, world, world.ana)
    ana, luis = await site.browser(world.ana), await site.browser(world.luis)
    async with socket(ana, f"mine:{world.ana}") as hers, socket(luis, "all", f"mine:{world.ana}") as his:
        await signal(site, id_, ["all", f"mine:{world.ana}"])
        assert await next_ops(hers) == [["place", f"mine:{world.ana}", f"row {id_} es"]]
        assert await next_ops(his) == [["place", "all", f"row {id_} en"]]


async def test_who_left_a_list_is_told_to_drop_the_row(site: Web, world: World) -> None:
    id_ = await open_conversation(site, world, world.luis)
    ana = await site.browser(world.ana)
    async with socket(ana, f"mine:{world.ana}") as hers:
        await signal(site, id_, [f"mine:{world.luis}"], lost=[f"mine:{world.ana}"])
        assert await next_ops(hers) == [["drop", f"mine:{world.ana}", f"row-{id_}"]]


async def test_an_outsider_hears_nothing_of_a_restricted_team(site: Web, world: World) -> None:
    id_ = await open_conversation(site, world, None, world.legal)
    open_one = await open_conversation(site, world, None)
    ana, olga, berta = [await site.browser(id_) for id_ in (world.ana, world.olga, world.berta)]
    topics = ("all", f"team:{world.legal}", f"thread:{id_}")
    async with socket(ana, *topics) as hers, socket(olga, *topics) as olgas, socket(berta, "all") as bertas:
        await signal(site, id_, ["all", f"team:{world.legal}", f"thread:{id_}"])
        assert len(await next_ops(olgas)) == 3
        assert len(await next_ops(bertas)) == 1
        await signal(site, id_, ["all", f"team:{world.legal}", f"thread:{id_}"])
        await signal(site, open_one, ["all"])
        first = await next_ops(hers)
        said = first if first[-1][2] == f"row {open_one} es" else [*first, *await next_ops(hers)]
        assert [op for op in said if op[0] != "drop"] == [["place", "all", f"row {open_one} es"]]


async def test_what_was_missed_is_written_once_after_a_reconnect(site: Web, world: World) -> None:
    ids = [await open_conversation(site, world, world.ana) for _ in range(5)]
    ana = await site.browser(world.ana)
    since = await site.hub.signals.cursor()
    async with socket(ana, f"mine:{world.ana}") as another:
        for id_ in ids:
            await signal(site, id_, [f"mine:{world.ana}"])
        await until(another, lambda frame: f"row {ids[-1]} es" in str(frame))  # this process has heard it all
    async with socket(ana, since=since) as hers:
        await hers.send_json({"sub": [f"mine:{world.ana}"], "since": since})
        assert [op[2] for op in await next_ops(hers)] == [f"row {id_} es" for id_ in ids]
        assert [op for op in await settled(hers) if op[0] == "place"] == []


@pytest.mark.parametrize("since", ["nonsense", "other.epoch.0-1", "a.b.c.d", "1-1"])
async def test_a_cursor_of_another_run_means_fetch_again(site: Web, world: World, since: str) -> None:
    ana = await site.browser(world.ana)
    async with socket(ana) as hers:
        await hers.send_json({"sub": ["all"], "since": since})
        assert await next_ops(hers) == [["stale"]]


async def test_presence_is_shown_to_others_and_ends_with_the_page(site: Web, world: World) -> None:
    id_ = await open_conversation(site, world, world.ana)
    ana, luis = await site.browser(world.ana), await site.browser(world.luis)
    async with socket(luis, f"thread:{id_}") as his:
        async with socket(ana) as hers:
            await hers.send_json({"viewing": id_})
            assert await next_ops(his) == [
                ["who", id_, [{"id": world.ana, "name": "Ana", "mode": "viewing"}]]
            ]
            await hers.send_json({"typing": id_, "mode": "reply"})
            assert (await next_ops(his))[0][2][0]["mode"] == "reply"
            await hers.send_json({"viewing": id_})
            async with socket(luis) as later:
                await later.send_json({"sub": [f"thread:{id_}"]})
                assert (await next_ops(later))[0][2][0]["mode"] == "reply"
        await until(his, lambda frame: ["who", id_, []] in frame.get("o", []))


async def test_a_new_team_takes_effect_on_open_pages_at_once(site: Web, world: World) -> None:
    id_ = await open_conversation(site, world, None, world.legal)
    ana = await site.browser(world.ana)
    async with socket(ana, f"team:{world.legal}", f"thread:{id_}") as hers:
        async with site.hub.transaction() as tx:
            await teams.change(
                tx, world.legal, name="Legal", restricted=True, member_ids=[world.olga, world.ana]
            )
        assert await next_ops(hers) == [["stale"]]
        await hers.send_json({"sub": [f"team:{world.legal}", f"thread:{id_}"]})
        await settled(hers)
        await signal(site, id_, [f"team:{world.legal}"])
        assert (await next_ops(hers))[0][0] == "place"


async def test_counts_follow_the_lists(site: Web, world: World) -> None:
    ana = await site.browser(world.ana)
    async with socket(ana, f"agent:{world.ana}") as hers:
        id_ = await open_conversation(site, world, world.ana)
        await signal(site, id_, [f"mine:{world.ana}"])
        frames = await until(hers, lambda frame: any(op[0] == "count" for op in frame.get("o", [])))
        assert ["count", "mine", 1] in frames[-1]["o"]


async def test_after_a_mistake_of_ours_pages_fetch_again_and_nobody_stops_listening(
    site: Web, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was signalled between the mistake and the new beginning is on no page."""
    monkeypatch.setattr(live, "AGAIN_SECONDS", 0.01)
    id_ = await open_conversation(site, world, world.ana)
    ana = await site.browser(world.ana)
    mistakes = [RuntimeError("ours")]

    def mistaken(changes: Sequence[drawing.Change]) -> None:
        if mistakes:
            raise mistakes.pop()

    async with socket(ana, f"mine:{world.ana}") as hers:
        site.server.app[FANOUT].hear(mistaken)
        await signal(site, id_, [f"mine:{world.ana}"])
        assert await next_ops(hers) == [["stale"]]
        await signal(site, id_, [f"mine:{world.ana}"])
        assert [op[0] for op in await next_ops(hers)] == ["place"]


async def test_what_runs_for_as_long_as_the_process_begins_again_after_a_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "AGAIN_SECONDS", 0.0)
    began = 0
    twice = asyncio.Event()

    async def work() -> None:
        nonlocal began
        began += 1
        if began == 1:
            raise RuntimeError("ours")
        twice.set()
        await asyncio.Event().wait()

    async with live.kept_up(work):
        await asyncio.wait_for(twice.wait(), 20)
