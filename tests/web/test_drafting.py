"""Two people at one draft: each keeps what they did, and where both did the same they see both and choose."""

from __future__ import annotations

import re

import pytest

from hub.campaigns import campaigns, steps
from hub.campaigns.campaigns import Campaign
from hub.plumbing.hub import Hub
from hub.web.campaigns.clashes import compared
from tests.web.browsing import Browser, Web
from tests.web.test_campaign_pages import ITSELF, begun
from tests.world import World

WORDS = {"step": "1", "variant": "a", "subject": "Hola", "text": "Toca revisión."}


async def read(browser: Browser, address: str, which: int = -1) -> dict[str, str]:
    """What a form of this page says it had read; the last one's by default."""
    page = await browser.text(address)
    version = re.findall(r'name="version" value="(\d+)"', page)[which]
    return {"version": version, "page": re.findall(r'name="page" value="([\w-]+)"', page)[which]}


async def stored(hub: Hub, place: str) -> tuple[Campaign, steps.Text | None]:
    id_ = int(place.rpartition("/")[2])
    async with hub.transaction() as tx:
        return await campaigns.load(tx, id_), await steps.newest(tx, id_, 1, "a")


async def test_two_people_write_one_message_and_nothing_is_lost(site: Web, hub: Hub, world: World) -> None:
    mario, lola = await site.browser(world.mario), await site.browser(world.lola)
    place = await begun(mario)
    await mario.post(f"{place}/message", WORDS)
    assert (
        await mario.post(f"{place}/message", {**WORDS, "text": "", "subject": "", "variant": "z"})
    ).status == 422
    his, hers = await read(mario, f"{place}/message"), await read(lola, f"{place}/message")

    done = await lola.post(f"{place}/message", {**WORDS, **hers, "subject": "Buenos días"}, headers=ITSELF)
    hers["version"] = done.headers["X-Version"]
    other = await mario.post(f"{place}/message", {**WORDS, **his, "text": "¿Hablamos?"}, headers=ITSELF)
    assert "Lola" in other.headers["X-Others"]
    assert other.headers["X-Version"] == his["version"], "the form still shows the old subject"
    _campaign, text = await stored(hub, place)
    assert text is not None
    assert (text.subject, text.text) == ("Buenos días", "¿Hablamos?"), (
        "who wrote what the other did not: both stay"
    )

    for words in (
        "Toca la revisión anual.",
        "Toca la revisión anual ya.",
    ):  # of one page: nobody overtakes themselves
        assert (
            await mario.post(f"{place}/message", {**WORDS, **his, "text": words}, headers=ITSELF)
        ).status == 200
    late = {**WORDS, **hers, "subject": "Buenos días", "text": "Toca tu revisión."}
    refused = await lola.post(f"{place}/message", late, headers=ITSELF)
    assert (refused.status, (await refused.json())["error"]["code"]) == (409, "overtaken")
    assert (await stored(hub, place))[1] != text
    both = await lola.post(f"{place}/message", late)
    page = await both.text()
    assert both.status == 409
    assert "Mario" in page
    assert "<mark>la</mark>" in page, "what differs is marked"
    assert "Toca tu revisión.</textarea>" in page, "hers stands in the form still"
    assert 'name="theirs" value="text"' in page
    assert not re.search(r'id="step"[^>]* data-saves', page), "nothing is saved before she chose"

    again = {name: re.findall(rf'name="{name}" value="([\w-]+)"', page)[-1] for name in ("version", "page")}
    assert (await lola.post(f"{place}/message", late | again | {"theirs": "text"})).status == 303
    _campaign, kept = await stored(hub, place)
    assert kept is not None
    assert (kept.subject, kept.text) == ("Buenos días", "Toca la revisión anual ya.")
    assert (await lola.post(f"{place}/message", late | again)).status == 303, "or hers, now that she saw his"
    assert (await stored(hub, place))[1].text == "Toca tu revisión."  # type: ignore[union-attr]


async def test_the_plan_is_compared_field_by_field(site: Web, hub: Hub, world: World) -> None:
    mario, lola = await site.browser(world.mario), await site.browser(world.lola)
    place = await begun(mario)
    when = {"when": "now", "zone": "Europe/Madrid", "weekdays": "0", "opens": "09:00", "closes": "19:00"}
    await mario.post(f"{place}/schedule", when)
    his, hers = await read(mario, f"{place}/schedule"), await read(lola, f"{place}/schedule")
    assert (await lola.post(f"{place}/schedule", {**when, **hers, "per_minute": "60"})).status == 303
    assert (await mario.post(f"{place}/schedule", {**when, **his, "closes": "18:00"})).status == 303
    schedule = (await stored(hub, place))[0].schedule
    assert (schedule.per_minute, schedule.closes.hour) == (60, 18)
    clash = await mario.post(f"{place}/schedule", {**when, **his, "closes": "18:00", "per_minute": "5"})
    page = await clash.text()
    assert clash.status == 409
    assert 'name="theirs" value="schedule.per_minute"' in page
    assert 'value="5"' in page

    his, hers = await read(mario, f"{place}/audience"), await read(lola, f"{place}/audience")
    audience = {"segment_id": "", "interest_id": "", "b": "0", "hold_out": "0"}
    assert (await lola.post(f"{place}/audience", {**audience, **hers, "name": "Invierno"})).status == 303
    clash = await mario.post(f"{place}/audience", {**audience, **his, "name": "Otoño 2", "b": "20"})
    assert "<mark>Invierno</mark>" in await clash.text()
    settings = {"sender_id": str(world.mario), "from_owner": "1"}
    his, hers = await read(mario, f"{place}/message", 0), await read(lola, f"{place}/message", 0)
    await lola.post(f"{place}/settings", {**settings, **hers, "sender_id": str(world.lola)})
    clash = await mario.post(f"{place}/settings", {**settings, **his, "sender_id": ""})
    assert "<mark>Lola</mark>" in await clash.text()
    assert (await stored(hub, place))[0].sender_id == world.lola


@pytest.mark.parametrize(
    ("theirs", "mine", "left", "right"),
    [
        ("a b", "a c", [("a ", False), ("b", True)], [("a ", False), ("c", True)]),
        ("a", "", [("a", True)], []),
        ("x y " * 900, "z " * 900, [("x y " * 900, True)], [("z " * 900, True)]),
    ],
)
def test_what_differs_is_found_word_by_word(theirs: str, mine: str, left: object, right: object) -> None:
    assert compared(theirs, mine) == (left, right)
