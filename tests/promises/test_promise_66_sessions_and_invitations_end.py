"""Sessions and invitations end when they should, and guessing stays slow however many guess at once."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter

from redis.asyncio import Redis

from hub.agents import invitations, people, sessions
from hub.plumbing.ids import fingerprint
from tests.web.browsing import COOKIE, Browser, Web
from tests.web.test_login import PASSWORD, with_password
from tests.world import World


async def is_in(browser: Browser) -> bool:
    """Whether the browser's cookie still opens something."""
    return (await browser.get("/me")).status == 200


async def test_promise_66_sessions_and_invitations_end(site: Web, world: World) -> None:
    """Password change, role change, deactivation and logout: the old cookies are dead."""
    await with_password(site.hub, world.ana)
    here, there = await site.browser(world.ana), await site.browser(world.ana)
    stolen = here.cookie
    wrong = {"current": "something wrong", "password": "a new and long one"}
    assert (await here.post("/me/password", wrong)).status == 422
    answer = await here.post("/me/password", {"current": PASSWORD, "password": "a new and long one"})
    assert answer.status == 303
    assert await is_in(here)
    assert here.cookie != stolen
    assert not await is_in(there)

    berta, luis = await site.browser(world.berta), await site.browser(world.luis)
    form = {"name": "Luis", "role": "lead", "capacity": "20"}
    assert (await berta.post(f"/admin/agents/{world.luis}", form)).status == 303
    assert not await is_in(luis)

    mario = await site.browser(world.mario)
    assert (await berta.post(f"/admin/agents/{world.mario}/deactivate", {})).status == 303
    assert not await is_in(mario)

    lola = await site.browser(world.lola)
    kept = lola.cookie
    assert (await lola.post("/logout")).status == 303
    thief = await site.browser()
    thief.client.session.cookie_jar.update_cookies({COOKIE: kept}, thief.client.make_url("/"))
    assert not await is_in(thief)


async def test_a_session_given_to_somebody_is_not_theirs_after_login(site: Web, world: World) -> None:
    """Session fixation: whatever cookie they came with, they leave with a fresh one; the former one ends."""
    await with_password(site.hub, world.ana)
    attacker = await site.browser(world.olga)
    victim = await site.browser()
    victim.client.session.cookie_jar.update_cookies({COOKIE: attacker.cookie}, victim.client.make_url("/"))
    victim.csrf = attacker.csrf
    answer = await victim.post("/login", {"email": "ana@dialogo.test", "password": PASSWORD})
    assert answer.status == 303
    assert victim.cookie != attacker.cookie
    assert not await is_in(attacker)


async def test_sessions_expire_by_age_and_by_idling(site: Web, world: World) -> None:
    for change in ("expires_at = now()", "seen_at = now() - interval '25 hours'"):
        ana = await site.browser(world.ana)
        assert await is_in(ana)
        await site.hub.pool.execute(
            f"UPDATE session SET {change} WHERE token_hash = $1", fingerprint(ana.cookie)
        )
        assert not await is_in(ana)
    async with site.hub.transaction() as tx:
        assert await sessions.sweep(tx) == 2


async def test_an_invitation_works_once_for_a_while_and_only_the_newest(site: Web, world: World) -> None:
    async with site.hub.transaction() as tx:
        old = await invitations.invite(tx, world.ana)
        new = await invitations.invite(tx, world.ana)
    visitor = await site.browser()
    assert (await visitor.get(f"/invitation/{old}")).status == 404
    both = [await site.browser(), await site.browser()]
    tries = [one.post(f"/invitation/{new}", {"password": PASSWORD}) for one in both]
    answers = sorted([answer.status for answer in await asyncio.gather(*tries)])
    assert answers == [303, 404]
    assert (await visitor.post(f"/invitation/{new}", {"password": PASSWORD})).status == 404

    async with site.hub.transaction() as tx:
        late = await invitations.invite(tx, world.luis)
        await tx.execute("UPDATE invitation SET expires_at = now()")
    assert (await visitor.post(f"/invitation/{late}", {"password": PASSWORD})).status == 404

    async with site.hub.transaction() as tx:
        pending = await invitations.invite(tx, world.luis)
        await people.deactivate(tx, world.luis)
    assert (await visitor.get(f"/invitation/{pending}")).status == 404


async def test_a_flood_of_resets_leaves_one_link(site: Web, world: World) -> None:
    async with site.hub.transaction() as tx:
        for _ in range(100):
            await invitations.invite(tx, world.ana)
    assert await site.hub.pool.fetchval("SELECT count(*) FROM invitation") == 1


async def test_500_parallel_logins_get_no_more_tries_than_the_limit(site: Web, world: World) -> None:
    await with_password(site.hub, world.ana)
    visitor = await site.browser()

    async def guess(email: str) -> int:
        return (await visitor.post("/login", {"email": email, "password": "something wrong"})).status

    statuses = Counter(await asyncio.gather(*(guess("ana@dialogo.test") for _ in range(500))))
    assert set(statuses) == {401, 429}
    # Windows are fixed: at most two of them were touched.
    assert statuses[401] <= 2 * sessions.ACCOUNT_TRIES
    right = await visitor.post("/login", {"email": "ana@dialogo.test", "password": PASSWORD})
    assert right.status == 429
    assert int(right.headers["Retry-After"]) > 0

    await site.hub.redis.delete(*await site.hub.redis.keys(f"{site.hub.limits.prefix}*"))
    site.hub.limits._here.clear()
    statuses = Counter(await asyncio.gather(*(guess(f"person{n}@dialogo.test") for n in range(500))))
    assert statuses[401] <= 2 * sessions.PEER_TRIES


async def test_limits_hold_while_redis_is_away(site: Web, world: World) -> None:
    await with_password(site.hub, world.ana)
    site.hub.limits.redis = Redis(unix_socket_path="/nowhere")
    visitor = await site.browser()
    form = {"email": "ana@dialogo.test", "password": "something wrong"}
    statuses = [(await visitor.post("/login", form)).status for _ in range(2 * sessions.ACCOUNT_TRIES + 2)]
    assert statuses[0] == 401
    assert statuses[-1] == 429


async def test_unknown_people_take_as_long_as_known_ones(site: Web, world: World) -> None:
    await with_password(site.hub, world.ana)

    async def took(email: str) -> float:
        began = time.process_time()  # the hashing threads' too, and nobody else's
        visitor = await site.browser()
        await visitor.post("/login", {"email": email, "password": "something wrong"})
        return time.process_time() - began

    known = statistics.median([await took("ana@dialogo.test") for _ in range(5)])
    unknown = statistics.median([await took(f"nobody{n}@dialogo.test") for n in range(5)])
    without_password = statistics.median([await took("luis@dialogo.test") for _ in range(5)])
    assert 0.4 < unknown / known < 2.5
    assert 0.4 < without_password / known < 2.5


async def test_only_hashes_of_tokens_are_stored(site: Web, world: World) -> None:
    ana = await site.browser(world.ana)
    async with site.hub.transaction() as tx:
        invitation = await invitations.invite(tx, world.luis)
    dump = str(await site.hub.pool.fetch("SELECT * FROM session")) + str(
        await site.hub.pool.fetch("SELECT * FROM invitation")
    )
    assert ana.cookie not in dump
    assert invitation not in dump
