"""The inbox over HTTP: pages, fragments, every verb, and what an outsider gets."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from hub.conversations import joining
from hub.conversations.refresh import refresh
from hub.plumbing.hub import Hub
from tests.conversations.making import MORNING, conversation, row, said
from tests.web.browsing import Web
from tests.world import World

JSON = {"Accept": "application/json"}
THREAD = {"X-Fragment": "thread", "Accept": "text/html"}
LIST = {"X-Fragment": "list", "Accept": "text/html"}


@pytest.fixture
async def asked(hub: Hub, world: World) -> int:
    """Marta's open question, with Ana."""
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, assignee=world.ana, team=world.support, account=world.acme)
        await said(tx, world, id_, "Hola, ¿dónde está <b>mi</b> pedido?")
    return id_


async def stored(hub: Hub, id_: int) -> dict[str, Any]:
    async with hub.transaction() as tx:
        return await row(tx, id_)


async def test_the_inbox_is_a_page_and_its_parts_are_fragments(site: Web, world: World, asked: int) -> None:
    ana = await site.browser(world.ana)
    answer = await ana.get("/inbox")
    assert (answer.status, answer.headers["Location"]) == (303, "/inbox/mine")
    page = await ana.text("/inbox/mine")
    assert f'id="row-{asked}"' in page
    assert 'data-topic="mine:' in page
    whole = await ana.text(f"/inbox/mine/c/{asked}")
    assert "¿dónde está &lt;b&gt;mi&lt;/b&gt; pedido?" in whole
    assert "Acme" in whole
    fragment = await (await ana.get(f"/inbox/mine/c/{asked}", headers=THREAD)).text()
    assert fragment.lstrip().startswith("<section")
    assert "<html" not in fragment
    rows = await (await ana.get("/inbox/mine", headers=LIST)).text()
    assert f'id="row-{asked}"' in rows
    assert "<html" not in rows


async def test_the_permanent_link_opens_in_the_viewers_own_list(site: Web, world: World, asked: int) -> None:
    for agent, view in ((world.ana, "mine"), (world.luis, "all")):
        answer = await (await site.browser(agent)).get(f"/c/{asked}")
        assert answer.headers["Location"] == f"/inbox/{view}/c/{asked}"


async def test_older_messages_follow_by_link(site: Web, hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world)
        await tx.execute(
            """
            INSERT INTO message (conversation_id, home_id, seq, direction, channel_id, contact_id, address_id, text,
                                 created_at)
            SELECT $1::bigint, $1::bigint, n + 1, 'in', $2::bigint, $3::bigint, $4::bigint,
                   'Mensaje número ' || n || '.', $5::timestamptz + make_interval(mins => n)
            FROM generate_series(0, 69) n
            """,
            id_,
            world.mail.id,
            world.marta,
            world.marta_address,
            MORNING,
        )
        await refresh(tx, [id_])
    ana = await site.browser(world.ana)
    thread = await ana.text(f"/inbox/unassigned/c/{id_}")
    assert "número 69." in thread
    assert "número 5." not in thread
    earlier = thread.split('data-act="earlier" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "número 5." in await ana.text(earlier)


async def test_a_list_stays_in_the_order_its_agent_chose(site: Web, hub: Hub, world: World) -> None:
    """On the server, a view each; rows carry a key a sort, so that live ones find their place in any."""
    async with hub.transaction() as tx:
        made = [await conversation(tx, world, at=MORNING + timedelta(minutes=n)) for n in range(52)]
        await tx.execute("UPDATE conversation SET waiting_since = last_message_at WHERE id < $1", made[51])
    ana = await site.browser(world.ana)
    newest = await ana.text("/inbox/unassigned")
    assert [id_ for id_, _key in shown(newest) + shown(await ana.text(older(newest)))] == made[::-1]
    answer = await ana.post("/inbox/unassigned/sort", {"sort": "waiting"})
    assert (answer.status, answer.headers["Location"]) == (303, "/inbox/unassigned")
    page = await ana.text("/inbox/unassigned")
    assert 'data-by="1"' in page
    assert 'value="waiting" aria-pressed="true"' in page
    rows = shown(page)
    assert [id_ for id_, _key in rows] == made[:50]
    keys = [int(key.split()[1]) for _id, key in rows]
    assert keys == sorted(keys, reverse=True)
    end = re.search(r'class="pager" role="presentation" data-k="(\d+)"', page)
    assert end is not None
    assert int(end[1]) < keys[-1]
    assert [id_ for id_, _key in shown(await ana.text(older(page)))] == [made[50], made[51]]
    assert 'data-by="0"' in await ana.text("/inbox/all"), "the other views are what they were"
    assert 'data-by="0"' in await (await site.browser(world.luis)).text("/inbox/unassigned")
    async with hub.transaction() as tx:
        await tx.execute("UPDATE conversation SET state = 'closed'")
    closed = await ana.text("/inbox/closed?sort=waiting")
    assert "/sort" not in closed
    assert [id_ for id_, _key in shown(closed) + shown(await ana.text(older(closed)))] == made[::-1]
    for view, sort in (("closed", "waiting"), ("mine", "colour")):
        assert (await ana.post(f"/inbox/{view}/sort", {"sort": sort}, headers=JSON)).status == 422
    assert (await ana.get("/inbox/mine", params={"before": "4,1,1"})).status == 422


def older(page: str) -> str:
    """The link to the rows after those of this page."""
    return page.split('data-act="more" href="')[1].split('"')[0].replace("&amp;", "&")


def shown(page: str) -> list[tuple[int, str]]:
    """The rows of a list with their keys, in order."""
    return [(int(id_), keys) for id_, keys in re.findall(r'data-id="(\d+)" data-k="([\d ]+)"', page)]


async def test_an_answer_is_stored_once_drawn_and_can_be_taken_back(
    site: Web, hub: Hub, world: World, asked: int
) -> None:
    ana = await site.browser(world.ana)
    form = {
        "text": "Hoy llega",
        "mode": "reply",
        "client_id": "c1",
        "after_seq": "1",
        "to": "",
        "channel_id": "",
    }
    answer = await ana.post(f"/c/{asked}/messages", form, headers=JSON)
    told = await answer.json()
    assert answer.status == 200, told
    assert 'data-client="c1"' in told["message_html"]
    assert told["undo_until"]
    again = await (await ana.post(f"/c/{asked}/messages", form, headers=JSON)).json()
    assert again["id"] == told["id"]
    assert (await stored(hub, asked))["waiting_since"] is None
    headers = {**JSON, "X-CSRF": ana.csrf}
    back = await ana.client.delete(f"/c/{asked}/messages/{told['id']}", headers=headers)
    assert await back.json() == {"text": "Hoy llega", "mode": "reply", "attachments": []}
    assert (await stored(hub, asked))["waiting_since"] is not None


async def test_what_arrived_meanwhile_stops_the_send_and_is_shown(
    site: Web, hub: Hub, world: World, asked: int
) -> None:
    async with hub.transaction() as tx:
        await said(tx, world, asked, "¡Ya ha llegado!")
    ana = await site.browser(world.ana)
    form = {"text": "Lo miro", "client_id": "c2", "after_seq": "1"}
    answer = await ana.post(f"/c/{asked}/messages", form, headers=JSON)
    told = await answer.json()
    assert (answer.status, told["after_seq"]) == (409, 2)
    assert "¡Ya ha llegado!" in told["messages_html"]
    forced = await ana.post(f"/c/{asked}/messages", {**form, "force": "1"}, headers=JSON)
    assert forced.status == 200


async def test_a_note_is_for_us_only_and_without_javascript_one_lands_back(
    site: Web, world: World, asked: int
) -> None:
    ana = await site.browser(world.ana)
    answer = await ana.post(f"/c/{asked}/messages", {"text": "ojo con este", "mode": "note"})
    assert (answer.status, answer.headers["Location"]) == (303, f"/c/{asked}")
    assert "ojo con este" in await ana.text(f"/inbox/mine/c/{asked}")


async def test_what_failed_is_sent_again_also_from_the_thread_it_was_joined_into(
    site: Web, hub: Hub, world: World, asked: int
) -> None:
    async with hub.transaction() as tx:
        target = await conversation(tx, world)
        message = await said(tx, world, asked, "Hoy llega", direction="out", agent=world.ana)
        await tx.execute(
            """
            INSERT INTO delivery (token, message_id, channel_id, recipient, state, message_header, reason)
            VALUES ('t', $1, $2, 'marta@acme.test', 'failed', 'h', '550 no such user')
            """,
            message,
            world.mail.id,
        )
        await joining.join(tx, asked, target, agent_id=world.ana)
    ana = await site.browser(world.ana)
    assert "550 no such user" in await ana.text(f"/inbox/all/c/{target}")
    assert (await ana.post(f"/c/{target}/messages/{message}/resend", headers=JSON)).status == 200
    async with hub.transaction() as tx:
        assert await tx.value("SELECT state FROM delivery") in ("queued", "claimed", "sending", "sent")
    assert (await ana.post(f"/c/{target}/messages/{message}/resend", headers=JSON)).status == 409


async def test_every_verb_does_and_takes_back(site: Web, hub: Hub, world: World, asked: int) -> None:
    ana = await site.browser(world.ana)
    steps = [
        ("post", "closing", {"reason": "order", "outcome": "solved"}, ("state", "closed")),
        ("delete", "closing", {}, ("state", "open")),
        ("post", "aside", {}, ("state", "aside")),
        ("delete", "aside", {}, ("state", "open")),
        ("post", "snoozing", {"until": "tomorrow"}, ("state", "snoozed")),
        ("delete", "snoozing", {}, ("state", "open")),
        ("post", "snoozing", {"until": "2027-02-01T09:30"}, ("state", "snoozed")),
        ("post", "snoozing", {"until": "now"}, ("state", "open")),
        ("post", "tags", {"add": "VIP, urge"}, ("tags", ["VIP", "urge"])),
        ("post", "tags", {"remove": "vip"}, ("tags", ["urge"])),
        ("post", "priority", {"priority": "urgent"}, ("priority", "urgent")),
        ("post", "assignment", {"agent_id": str(world.luis)}, ("assignee_id", world.luis)),
        ("post", "assignment", {"me": "1"}, ("assignee_id", world.ana)),
        ("delete", "assignment", {}, ("assignee_id", None)),
        ("post", "assignment", {"team_id": str(world.support)}, ("team_id", world.support)),
        ("post", "reading", {"seq": "1"}, ("state", "open")),
        ("delete", "reading", {}, ("state", "open")),
    ]
    for method, noun, form, (column, value) in steps:
        answer = await ana.client.request(
            method.upper(), f"/c/{asked}/{noun}", data=form, headers={**JSON, "X-CSRF": ana.csrf}
        )
        assert answer.status == 200, (method, noun, await answer.text())
        assert (await stored(hub, asked))[column] == value, (method, noun)


async def test_a_draft_is_kept_and_a_conflict_offers_both(site: Web, world: World, asked: int) -> None:
    ana = await site.browser(world.ana)
    headers = {**JSON, "X-CSRF": ana.csrf}

    async def put(text: str, version: int) -> tuple[int, dict[str, Any]]:
        form = {"mode": "reply", "text": text, "version": str(version), "to": "marta@acme.test"}
        answer = await ana.client.put(f"/c/{asked}/draft", data=form, headers=headers)
        return answer.status, await answer.json()

    assert await put("Hola", 0) == (200, {"version": 1})
    assert await put("Hola Marta", 1) == (200, {"version": 2})
    status, told = await put("Otra cosa", 1)
    assert (status, told["draft"]["text"], told["draft"]["version"]) == (409, "Hola Marta", 2)
    page = await ana.text(f"/inbox/mine/c/{asked}")
    assert "Hola Marta" in page
    await ana.client.delete(f"/c/{asked}/draft?mode=reply", headers=headers)
    assert "Hola Marta" not in await ana.text(f"/inbox/mine/c/{asked}")


async def test_a_suggested_account_is_confirmed_or_denied_with_one_key(
    site: Web, hub: Hub, world: World, asked: int
) -> None:
    async with hub.transaction() as tx:
        await tx.execute("UPDATE contact SET account_standing = 'suggested' WHERE id = $1", world.marta)
    ana = await site.browser(world.ana)
    assert "data-suggestion" in await ana.text(f"/inbox/mine/c/{asked}")
    answer = await ana.post(f"/c/{asked}/account_suggestion", {"confirm": "0"}, headers=JSON)
    assert answer.status == 200
    assert (await stored(hub, asked))["account_id"] is None


async def test_join_split_and_move_over_http(site: Web, hub: Hub, world: World, asked: int) -> None:
    async with hub.transaction() as tx:
        other = await conversation(tx, world)
        await said(tx, world, other, "aparte")
        second = await said(tx, world, asked, "segunda")
    ana = await site.browser(world.ana)
    headers = {**JSON, "X-CSRF": ana.csrf}
    assert (await ana.post(f"/c/{other}/join", {"into": str(asked)}, headers=JSON)).status == 200
    assert "aparte" in await ana.text(f"/inbox/mine/c/{asked}")
    assert (await ana.client.delete(f"/c/{other}/join", headers=headers)).status == 200
    split = await (await ana.post(f"/c/{asked}/split", {"message_id": str(second)}, headers=JSON)).json()
    assert "segunda" in await ana.text(f"/inbox/all/c/{split['id']}")
    moved = await ana.post(f"/c/{asked}/move", {"contact_id": str(world.jorge)}, headers=JSON)
    assert moved.status == 200
    assert (await stored(hub, asked))["contact_id"] == world.jorge


async def test_the_outsider_gets_not_found_everywhere_and_nothing_is_written(
    site: Web, hub: Hub, world: World
) -> None:
    async with hub.transaction() as tx:
        secret = await conversation(tx, world, team=world.legal, assignee=world.olga)
        message = await said(tx, world, secret, "secreto")
        before = await row(tx, secret)
    ana = await site.browser(world.ana)
    for path in (f"/inbox/all/c/{secret}", f"/c/{secret}", f"/c/{secret}/why", f"/m/{message}/html",
                 f"/m/{message}/raw", f"/inbox/team-{world.legal}", "/inbox/nothing"):  # fmt: skip
        assert (await ana.get(path)).status == 404, path
    verbs = [
        ("POST", "messages", {"text": "hola"}),
        ("POST", "messages", {"text": "hola", "mode": "note"}),
        ("PUT", "draft", {"text": "x"}),
        ("DELETE", "draft", {}),
        *[("POST", noun, {"me": "1", "until": "later", "confirm": "1"}) for noun in
          ("assignment", "closing", "aside", "snoozing", "reading", "account_suggestion")],
        *[("DELETE", noun, {}) for noun in ("assignment", "closing", "aside", "snoozing", "reading", "join", "split")],
        ("POST", "join", {"into": "1"}),
        ("POST", "split", {"message_id": str(message)}),
        ("POST", "move", {"contact_id": str(world.jorge)}),
        ("POST", f"messages/{message}/resend", {}),
        ("DELETE", f"messages/{message}", {}),
        ("DELETE", f"messages/{message}/join", {}),
    ]  # fmt: skip
    for method, noun, form in verbs:
        answer = await ana.client.request(
            method, f"/c/{secret}/{noun}", data=form, headers={**JSON, "X-CSRF": ana.csrf}
        )
        assert answer.status == 404, (method, noun, answer.status, await answer.text())
        assert "secreto" not in await answer.text()
    async with hub.transaction() as tx:
        assert await row(tx, secret) == before
        assert not await tx.value("SELECT count(*) FROM reading") + await tx.value(
            "SELECT count(*) FROM draft"
        )


@pytest.mark.parametrize(
    "path",
    ["/inbox/mine?before=x", "/inbox/mine?before=1,2,3", "/inbox/mine?before=1%00,2",
     "/inbox/mine?before=9999999999999999,999999999999999999", "/inbox/mine/c/99999999999999999999",
     "/inbox/mine/c/-1", "/inbox/mine/c/0", "/inbox/mine/c/1?before=x", "/inbox/mine/c/١"],
)  # fmt: skip
async def test_odd_addresses_are_refused_and_never_an_error_of_ours(
    site: Web, world: World, path: str
) -> None:
    ana = await site.browser(world.ana)
    assert (await ana.get(path)).status in (200, 404, 422)


async def test_odd_forms_name_the_field(site: Web, world: World, asked: int) -> None:
    ana = await site.browser(world.ana)
    odd = [
        ("messages", {"text": ""}, "text"),
        ("messages", {"text": "x", "mode": "poem"}, "mode"),
        ("messages", {"text": "x", "channel_id": "1; DROP"}, "channel_id"),
        ("messages", {"text": "x", "to": "no address <"}, "to"),
        ("closing", {"reason": "'"}, "reason"),
        ("snoozing", {"until": "yesterday"}, "until"),
        ("assignment", {"agent_id": "x"}, "agent_id"),
        ("join", {"into": ""}, "into"),
        ("split", {"message_id": "-"}, "message_id"),
        ("reading", {"seq": "99999999999999"}, "seq"),
    ]
    for noun, form, field in odd:
        answer = await ana.post(f"/c/{asked}/{noun}", form, headers=JSON)
        told = json.loads(await answer.text())
        assert (answer.status, told["error"]["field"]) == (422, field), (noun, form, told)


async def test_why_shows_the_whole_decision(site: Web, world: World, asked: int) -> None:
    ana = await site.browser(world.ana)
    assert "Pedido 48213" in await ana.text(f"/c/{asked}/why")
