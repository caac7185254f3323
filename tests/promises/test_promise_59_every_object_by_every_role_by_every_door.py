"""Every door, by every role, with its own and with foreign objects: 404 and no writes for the outsider."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import msgspec
import pytest
from aiohttp import ClientResponse

from hub.agents import tokens
from hub.agents.roles import ROLES
from hub.conversations.topics import topics
from hub.web.routes import TABLE
from tests.promises import doors
from tests.web import test_live as live
from tests.web.browsing import Browser, Web
from tests.world import World

renderer = live.renderer

SECRET = "Zarzamora"
"""Stands in the restricted conversation's subject, text, file name and nowhere else."""
WATCHED = (
    *(
        "agent",
        "team",
        "team_member",
        "account",
        "contact",
        "address",
        "conversation",
        "participant",
        "message",
    ),
    *("attachment", "draft", "mention", "reading", "delivery", "decision", "token", "invitation", "absence"),
)
UNKNOWN = 987_654_321
FORM = {
    **{"text": "Hola", "mode": "reply", "to": "agent-1", "agent": "1", "team": "1", "value": "agent-1"},
    **{"seq": "1", "last_seq": "9", "reason": "solved", "outcome": "solved", "until": "2030-01-01T09:00"},
    **{"answer": "confirm", "into": "1", "target": "1", "contact": "1", "message": "1", "version": "1"},
}


class Secret(msgspec.Struct):
    """A conversation of the restricted team, with a message and a file."""

    conversation: int
    message: int
    file: str


@pytest.fixture
async def secret(site: Web, world: World) -> Secret:
    """Olga's own matter."""
    conversation = await live.open_conversation(site, world, world.olga, world.legal)
    pool = site.hub.pool
    await pool.execute(
        "UPDATE conversation SET subject = $2, last_preview = $2, last_seq = 1 WHERE id = $1",
        conversation,
        SECRET,
    )
    message = await pool.fetchval(
        """
        INSERT INTO message (conversation_id, home_id, seq, direction, channel_id, text, new_text, subject)
        VALUES ($1, $1, 1, 'in', $3, $2, $2, $2) RETURNING id
        """,
        conversation,
        SECRET,
        world.mail.id,
    )
    await pool.execute(
        """
        INSERT INTO message_search (id, conversation_id, tsv)
        VALUES ($1, $2, to_tsvector('simple', lower($3)))
        """,
        message,
        conversation,
        SECRET,
    )
    file = await site.hub.files.put(SECRET.encode())
    await pool.execute(
        """
        INSERT INTO attachment (token, message_id, name, type, size, sha256, file, pages)
        VALUES ('tokenoftheonlyfile', $1, $2, 'text/plain', 9, '', $3, 1)
        """,
        message,
        f"{SECRET}.txt",
        file,
    )
    return Secret(conversation, message, "tokenoftheonlyfile")


@pytest.mark.parametrize("name", doors.names(TABLE))
def test_every_route_stands_in_exactly_one_class(name: str) -> None:
    assert len(doors.classes(name)) == 1, f"{name}: say in tests/promises/doors.py who may use it"


async def test_promise_59_every_object_by_every_role_by_every_door(
    site: Web, world: World, secret: Secret
) -> None:
    """The outsiders get the answer they would get for something that does not exist, and change nothing."""
    before = await stored(site)
    about = [name for name in doors.names(TABLE) if doors.by_conversation(name)]
    assert len(about) > 20
    for who in (world.ana, world.lola, world.mario):
        browser = await site.browser(who)
        bearer = await bearer_of(site, who)
        for name in about:
            foreign = await ask(browser, bearer, name, secret.conversation, secret.message, secret.file)
            unknown = await ask(browser, bearer, name, UNKNOWN, UNKNOWN, "tokenofnofileatall")
            assert foreign.status in (404, 422), (name, foreign.status)
            assert foreign.status == unknown.status, (name, foreign.status, unknown.status)
            words = [same(await answer.text()) for answer in (foreign, unknown)]
            assert words[0] == words[1], name
            assert SECRET not in words[0], name
    assert await stored(site) == before


async def test_those_who_belong_to_it_come_in(site: Web, world: World, secret: Secret) -> None:
    for who in (world.olga, world.berta):
        browser = await site.browser(who)
        for path in (f"/c/{secret.conversation}/why", f"/files/{secret.file}"):
            assert (await browser.get(path)).status == 200, path
        assert SECRET in await browser.text(f"/inbox/team-{world.legal}/c/{secret.conversation}")


async def test_no_list_search_or_export_shows_it_to_an_outsider(
    site: Web, world: World, secret: Secret
) -> None:
    """Every GET without an object of its own, for every role that does not belong to the team."""
    asked = SECRET.lower()  # a page may say what was asked for
    lists = [name for name in doors.names(TABLE) if name.startswith("GET") and "{id" not in name]
    paths = [name.partition(" ")[2] for name in lists if "{" not in name]
    paths += [
        f"/inbox/{view}" for view in ("mine", "unassigned", "all", "closed", "aside", "snoozed", "mentions")
    ]
    paths += [f"/search?q={asked}", f"/api/v1/conversations?q={asked}", f"/contacts/{world.marta}"]
    paths += [f"/accounts/{world.acme}", f"/api/v1/contacts/{world.marta}", f"/api/v1/accounts/{world.acme}"]
    for who in (world.ana, world.lola, world.mario):
        browser = await site.browser(who)
        headers = {"Authorization": f"Bearer {await bearer_of(site, who)}"}
        for path in paths:
            if path == "/ws":
                continue
            answer = await browser.get(path, headers=headers if path.startswith("/api/") else {})
            assert answer.status < 500 or path == "/readyz", (path, answer.status)
            assert SECRET not in await answer.text(), path
        assert (await browser.get(f"/inbox/team-{world.legal}")).status == 404
        assert (await browser.get(f"/inbox/team-{UNKNOWN}")).status == 404


async def test_no_live_page_of_an_outsider_hears_of_it(site: Web, world: World, secret: Secret) -> None:
    wanted = [*topics(world.olga, world.legal, "open"), f"thread:{secret.conversation}", "unassigned"]
    for who in (world.ana, world.lola, world.mario):
        async with live.socket(await site.browser(who), *wanted) as ws:
            for kind, id_ in (("conversation", secret.conversation), ("message", secret.message)):
                async with site.hub.transaction() as tx:
                    tx.signal(kind, id_, wanted)
            await ws.send_json({"viewing": secret.conversation})
            open_one = await live.open_conversation(site, world, None)
            await live.signal(site, open_one, ["unassigned"])
            frames = await live.until(ws, partial(names_row, open_one))
            assert SECRET not in str(frames)


WHO = {
    "admins": {"admin"},
    "leads": {"admin", "lead"},
    "marketers": {"admin", "lead", "marketer"},
}
"""The roles that pass the doors of a class that is not everybody's."""


async def test_only_whose_role_it_is_passes_such_a_door(site: Web, world: World) -> None:
    people = {"agent": world.ana, "lead": world.lola, "marketer": world.mario, "admin": world.berta}
    assert set(people) == set(ROLES)
    for role, who in people.items():
        browser, bearer = await site.browser(who), await bearer_of(site, who)
        for name in doors.names(TABLE):
            (word,) = doors.classes(name)
            if word not in WHO:
                continue
            allowed = role in WHO[word]
            if allowed and not name.startswith("GET"):
                continue
            answer = await ask(browser, bearer, name, 1, 1, "x")
            if allowed:
                assert answer.status not in (401, 403), (role, name, answer.status)
            else:  # the API reads a body before it asks who sent it
                assert answer.status == 403 or (answer.status == 422 and "/api/" in name), (role, name)


async def test_nobody_signed_in_gets_nowhere(site: Web, world: World, secret: Secret) -> None:
    before = await stored(site)
    browser = await site.browser()
    for name in doors.names(TABLE):
        if doors.classes(name) == ["open"]:
            continue
        answer = await ask(browser, "", name, secret.conversation, secret.message, secret.file)
        to_login = answer.status == 303 and answer.headers["Location"].startswith("/login")
        refused = (401, 429)  # so many tries without a token are refused before anything is looked at
        assert to_login or answer.status in refused, (name, answer.status)
    assert await stored(site) == before


def names_row(conversation: int, frame: dict[str, Any]) -> bool:
    """Whether a frame draws this conversation."""
    return f"row {conversation}" in str(frame)


async def bearer_of(site: Web, agent_id: int) -> str:
    async with site.hub.transaction() as tx:
        return await tokens.create(tx, agent_id, "test")


async def ask(
    browser: Browser, bearer: str, name: str, conversation: int, message: int, file: str
) -> ClientResponse:
    """One request through one door, with a form or JSON that names everything a handler may want."""
    method, _space, pattern = name.partition(" ")
    path = re.sub(r"\{kind:[^}]*\}\}", "email", re.sub(r"\{what:[^}]*\}", "accounts", pattern))
    path = path.replace("{view}", "all").replace("{token}", file).replace(r"{n:\d{1,3}}", "1")
    path = re.sub(
        r"\{(?:message|delivery|call|recipient|contact|import)(_id)?(:\\d\{1,18\})?\}", str(message), path
    )
    path = re.sub(r"\{id(:\\d\{1,18\})?\}", str(message if "/m/" in path else conversation), path)
    assert "{" not in path, path
    sent: dict[str, Any] = {"data": FORM} if method in ("POST", "PUT") else {}
    headers = {"X-CSRF": browser.csrf}
    if path.startswith("/api/"):
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        sent = {"json": {"text": "Hola", "into": 1, "into_id": 1}} if method in ("POST", "PATCH") else {}
    return await browser.client.request(method, path, headers=headers, allow_redirects=False, **sent)


def same(text: str) -> str:
    """A page without what differs from request to request: its own address."""
    return re.sub(rf"{UNKNOWN}|\b\d+\b|token\w+|data-cursor=\"[^\"]*\"", "·", text)


async def stored(site: Web) -> dict[str, str]:
    """A fingerprint of every table somebody could have changed."""
    return {
        table: await site.hub.pool.fetchval(
            f"SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table} AS t"
            + (" WHERE name <> 'test'" if table == "token" else "")
        )
        for table in WATCHED
    }
