"""Tags, priority, snoozing and the owner's offer as the pages have them, live, and the palette that finds it all."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from hub.conversations import assignment, labels, snoozing
from hub.customers import accounts, contacts, usability
from hub.plumbing.hub import Hub
from hub.web import shortcuts
from hub.web.assets import FOLDER
from tests.conversations.making import conversation, said
from tests.web.browsing import Browser, Web
from tests.web.test_inbox_live import Ear
from tests.world import World
from workers.todo import Chores

JSON = {"Accept": "application/json"}


@pytest.fixture
async def asked(hub: Hub, world: World) -> int:
    """Marta's open question, with Ana."""
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, assignee=world.ana, account=world.acme)
        await said(tx, world, id_)
    return id_


async def found(browser: Browser, words: str) -> list[tuple[str, str]]:
    answer = await browser.get("/palette", params={"q": words}, headers=JSON)
    return [(one["name"], one["value"]) for one in (await answer.json())["items"]]


async def test_labels_stand_in_row_and_head_and_the_forms_need_no_script(
    site: Web, hub: Hub, world: World, asked: int
) -> None:
    ana = await site.browser(world.ana)
    answer = await ana.post(f"/c/{asked}/tags", {"add": "garantía"})
    assert (answer.status, answer.headers["Location"]) == (303, f"/c/{asked}")
    await ana.post(f"/c/{asked}/priority", {"priority": "high"})
    page = await ana.text(f"/inbox/mine/c/{asked}")
    row, _section, head = page.partition('<section class="conv"')
    assert "garantía" in row
    assert "Alta" in row
    assert 'name="remove" value="garantía"' in head
    assert 'data-now="high"' in head
    assert "puso la prioridad: Alta" in head
    assert (await (await ana.get("/tags", headers=JSON)).json())["items"] == ["garantía"]
    olga = await site.browser(world.olga)
    async with hub.transaction() as tx:
        await assignment.assign_to_team(tx, [asked], world.legal, by=world.ana)
        await assignment.unassign(tx, [asked], by=world.ana)
    assert (await (await ana.get("/tags", headers=JSON)).json())["items"] == [], "hers no more"
    assert (await (await olga.get("/tags", headers=JSON)).json())["items"] == ["garantía"]
    assert (await ana.post(f"/c/{asked}/tags", {"add": "no"}, headers=JSON)).status == 404


async def test_what_is_snoozed_stands_in_its_own_list_until_it_comes_back(
    site: Web, hub: Hub, world: World, asked: int
) -> None:
    ana = await site.browser(world.ana)
    soon = datetime.now(UTC) + timedelta(days=1)
    async with hub.transaction() as tx:
        nobodys = await conversation(tx, world, state="snoozed", until=soon + timedelta(hours=1))
        await said(tx, world, nobodys)
    ear = await Ear.open(ana, f"snoozed:{world.ana}", "snoozed", f"agent:{world.ana}")
    async with hub.transaction() as tx:
        await snoozing.snooze(tx, asked, agent_id=world.ana, until=soon)
    placed = await ear.until("place", f"snoozed:{world.ana}")
    page = await ana.text("/inbox/snoozed")
    keys = re.findall(r'data-id="(\d+)" data-k="(\d+)"', page)
    assert [int(id_) for id_, _key in keys] == [asked, nobodys]
    assert f'data-k="{keys[0][1]}"' in placed[2], "live it stands where the page has it"
    assert f'data-topic="snoozed:{world.ana} snoozed"' in page
    assert soon.isoformat(timespec="seconds") in page
    assert (await ear.until("count", "snoozed"))[2] == 1
    async with hub.transaction() as tx:
        await snoozing.wake(tx, asked)
    assert (await ear.until("drop", f"snoozed:{world.ana}"))[2] == f"row-{asked}"


async def test_closing_offers_an_owner_and_one_request_makes_and_unmakes_them(
    site: Web, hub: Hub, world: World, asked: int
) -> None:
    ana = await site.browser(world.ana)
    async with hub.transaction() as tx:
        await accounts.change(tx, world.acme, owner_id=None)
    told = await (await ana.post(f"/c/{asked}/closing", headers=JSON)).json()
    offer = told["make_owner"]
    assert (offer["agent_name"], offer["account_name"]) == ("Ana", "Acme")
    assert (await ana.post(f"/c/{asked}/owner", headers=JSON)).status == 200
    async with hub.transaction() as tx:
        assert (await accounts.load(tx, world.acme)).owner_id == world.ana
    assert (await ana.post(f"/c/{asked}/owner", headers=JSON)).status == 409
    back = f"/c/{asked}/owner"
    form = {"agent_id": str(world.luis), "account_id": str(world.acme)}
    headers = {**JSON, "X-CSRF": ana.csrf}
    assert (await ana.client.delete(back, data=form, headers=headers)).status == 409
    form["agent_id"] = str(world.ana)
    assert (await ana.client.delete(back, data=form, headers=headers)).status == 200
    async with hub.transaction() as tx:
        assert (await accounts.load(tx, world.acme)).owner_id is None


async def test_the_card_follows_the_contact_and_the_account(
    site: Web, hub: Hub, world: World, asked: int
) -> None:
    ana = await site.browser(world.ana)
    page = await ana.text(f"/inbox/mine/c/{asked}")
    for place in ("person", "reach"):
        assert f'data-live="{place}:{world.marta}"' in page
    assert f'data-topic="account:{world.acme}"' in page
    ear = await Ear.open(ana, f"contact:{world.marta}", f"account:{world.acme}")
    async with hub.transaction() as tx:
        await accounts.change(tx, world.acme, owner_id=world.luis, deputy_id=None)
    await ear.until("patch", f"account:{world.acme}", "Luis")
    async with hub.transaction() as tx:
        await contacts.change(tx, world.marta, job_title="Compras")
    await ear.until("patch", f"person:{world.marta}", "Compras")
    async with hub.transaction() as tx:
        await usability.mark_unusable(tx, {world.marta_address: "rebota"})
    await ear.until("patch", f"reach:{world.marta}", "rebota")


async def test_who_is_given_something_hears_of_it_and_who_takes_it_does_not(
    site: Web, hub: Hub, world: World, asked: int
) -> None:
    luis = await Ear.open(await site.browser(world.luis), f"agent:{world.luis}")
    async with hub.transaction() as tx:
        await assignment.assign_to(tx, [asked], world.luis, by=world.ana)
        await assignment.assign_to(tx, [asked], world.luis, by=world.lola)
    async with hub.transaction() as tx:
        await assignment.assign_to(tx, [asked], world.ana, by=world.ana)
    await Chores(hub).turn()
    rows = await hub.pool.fetch("SELECT agent_id, verb, conversation_id FROM notification")
    assert [tuple(row) for row in rows] == [(world.luis, "assigned", asked)]
    async with asyncio.timeout(8):
        while True:
            frame = json.loads(await luis.ws.receive_str())
            if toast := next((op for op in frame.get("o", []) if op[0] == "toast"), None):
                break
    assert toast == ["toast", "Ana te ha asignado «Pedido 48213»", asked]


async def test_a_page_that_comes_later_is_told_all_its_numbers(
    site: Web, hub: Hub, world: World, asked: int
) -> None:
    first = await Ear.open(await site.browser(world.ana), f"agent:{world.ana}")
    assert (await first.until("count", "mine"))[2] == 1
    second = await Ear.open(await site.browser(world.ana), f"agent:{world.ana}")
    assert (await second.until("count", "mine"))[2] == 1


async def test_the_palette_finds_people_accounts_and_what_one_may_see(
    site: Web, hub: Hub, world: World, asked: int
) -> None:
    async with hub.transaction() as tx:
        secret = await conversation(tx, world, subject="Díaz contra todos", team=world.legal)
        await said(tx, world, secret)
        await labels.tag(tx, secret, agent_id=world.olga, add=["juicio"])
    ana, olga = await site.browser(world.ana), await site.browser(world.olga)
    assert ("Jorge Díaz", f"/contacts/{world.jorge}") in await found(ana, "jorge diaz")
    assert ("Acme", f"/accounts/{world.acme}") in await found(ana, "ÁCM")
    assert ("Pedido 48213", f"/c/{asked}") in await found(ana, f"#{asked}")
    assert ("Díaz contra todos", f"/c/{secret}") in await found(olga, f"#{secret}")
    assert not [one for one in await found(ana, f"#{secret}") if one[1] == f"/c/{secret}"]
    assert await found(ana, "a") == []


def test_the_help_sheet_tells_every_key_there_is() -> None:
    source = (FOLDER / "js" / "keys.js").read_text()
    table = re.search(r"const KEYS = \{(.*?)\};", source, re.S)
    go = re.search(r"const GO = \{(.*?)\};", source, re.S)
    assert table
    assert go
    told = {one.keys for rows in shortcuts.ALL.values() for one in rows}
    pressed = set(re.findall(r'["\s]"?([A-Za-z/?])"?: "', table[1]))
    known = {("Shift", key) if key.isupper() else (key.upper(),) for key in pressed - {"o"}}
    assert known - told == set()
    assert {("G", key.upper()) for key in re.findall(r"(\w): ", go[1])} - told == set()
    actions = set(re.findall(r"(\w+):? ?(?=[:,])", source))
    for leads in (False, True):
        offered = {one["value"] for one in shortcuts.actions(leads) if not one["value"].startswith("/")}
        assert offered <= actions
