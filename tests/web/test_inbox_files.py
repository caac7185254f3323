"""Files and mail pages: only for who may see the message, and nothing in them ever runs."""

from __future__ import annotations

import pytest
from aiohttp import FormData

from hub.plumbing.hub import Hub
from tests.conversations.making import attached, conversation, said
from tests.web.browsing import Web
from tests.world import World

JSON = {"Accept": "application/json"}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
EVIL = b"<html><script>alert(document.cookie)</script>"


async def test_a_file_is_for_who_sees_the_message(site: Web, hub: Hub, world: World) -> None:
    key = await hub.files.put(PNG)
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, team=world.legal)
        token = await attached(tx, await said(tx, world, id_), "foto.png", type="image/png", file=key)
    olga = await site.browser(world.olga)
    answer = await olga.get(f"/files/{token}")
    assert (answer.status, await answer.read()) == (200, PNG)
    assert (answer.headers["Content-Type"], answer.headers["X-Content-Type-Options"]) == (
        "image/png",
        "nosniff",
    )
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert (await (await site.browser(world.ana)).get(f"/files/{token}")).status == 404
    assert (await (await site.browser()).get(f"/files/{token}", headers=JSON)).status == 401


@pytest.mark.parametrize(
    ("name", "type_"),
    [("page.html", "text/html"), ("foto.png", "image/png"), ("x.svg", "image/svg+xml"), ("x.xml", "text/xml"),
     ("a.js", "text/javascript"), ("a.pdf.html", "application/xhtml+xml"), ("x", "multipart/x-mixed-replace")],
)  # fmt: skip
async def test_what_could_run_is_downloaded_as_bytes(
    site: Web, hub: Hub, world: World, name: str, type_: str
) -> None:
    key = await hub.files.put(EVIL)
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world)
        token = await attached(tx, await said(tx, world, id_), name, type=type_, file=key)
    answer = await (await site.browser(world.ana)).get(f"/files/{token}")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_an_upload_is_ones_own_until_it_is_sent(site: Web, hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, assignee=world.ana)
        await said(tx, world, id_)
    ana, luis = await site.browser(world.ana), await site.browser(world.luis)
    form = FormData()
    form.add_field("file", b"hola", filename="../../../etc/pass wd<b>.txt", content_type="text/html")
    told = await (await ana.post("/files", form, headers=JSON)).json()
    assert "/" not in told["name"]
    assert (await ana.get(f"/files/{told['id']}")).status == 200
    assert (await luis.get(f"/files/{told['id']}")).status == 404
    sent = await ana.post(
        f"/c/{id_}/messages", {"text": "mira", "attachments": told["id"], "client_id": "f"}, headers=JSON
    )
    assert sent.status == 200, await sent.text()
    assert told["id"] in (await sent.json())["message_html"]
    assert (await luis.get(f"/files/{told['id']}")).status == 200


async def test_a_mail_is_shown_as_designed_without_anything_that_acts(
    site: Web, hub: Hub, world: World
) -> None:
    key = await hub.files.put(PNG)
    html = (
        '<p style="color:red">Hola <script>alert(1)</script><b>Marta</b></p><img src="cid:logo@x">'
        '<img src="https://track.example/p.gif"><form action="/c/1/closing"><button>x</button></form>'
        '<img src="cid:evil@x"><a href="javascript:alert(1)">x</a>'
    )
    evil = await hub.files.put(EVIL)
    async with hub.transaction() as tx:
        message = await said(tx, world, await conversation(tx, world), html=html)
        await attached(tx, message, "logo.png", type="image/png", file=key, inline=True, content_id="logo@x")
        await attached(tx, message, "e.png", type="image/png", file=evil, inline=True, content_id="evil@x")
    ana = await site.browser(world.ana)
    answer = await ana.get(f"/m/{message}/html")
    page, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    assert "<b>Marta</b>" in page
    assert 'src="data:image/png;base64,' in page
    assert page.count("data:image") == 1
    for gone in ("<script", "<form", "javascript:", ' src="https://', "alert("):
        assert gone not in page, gone
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "https:" not in policy
    wanted = await ana.get(f"/m/{message}/html?images=1")
    assert 'src="https://track.example/p.gif"' in await wanted.text()
    assert "img-src data: https:" in wanted.headers["Content-Security-Policy"]


async def test_the_original_is_a_download_of_plain_text(site: Web, hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        message = await said(tx, world, await conversation(tx, world))
        arrival = await tx.value(
            "INSERT INTO arrival (channel_id, outcome, size, raw) VALUES ($1, 'stored', 4, $2) RETURNING id",
            world.mail.id,
            EVIL,
        )
        await tx.execute("UPDATE message SET arrival_id = $2, fact_no = 0 WHERE id = $1", message, arrival)
        bare = await said(tx, world, await conversation(tx, world))
    ana = await site.browser(world.ana)
    answer = await ana.get(f"/m/{message}/raw")
    assert await answer.read() == EVIL
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert (await ana.get(f"/m/{bare}/raw")).status == 404
    assert (await ana.get(f"/m/{bare}/html")).status == 404
