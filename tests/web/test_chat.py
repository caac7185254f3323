"""A visitor of a web page writes, an agent answers, both see what the other sees; mail carries on who has left."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from aiohttp import WSServerHandshakeError

from hub.channels.base import Raw
from hub.channels.facts import Party
from hub.channels.webchat.identity import signature
from hub.conversations import joining, replies
from hub.conversations.chat_mail import mail_unread
from hub.conversations.composing import compose
from hub.conversations.notes import note
from hub.conversations.reading import read_and_tell
from hub.conversations.replies import Answer
from hub.deliveries.claiming import claim
from hub.outbound import Outbound
from hub.plumbing import clock
from hub.web.chat import socket as chat_socket
from hub.web.requests import INBOUND
from tests.mails import mail as written
from tests.web.chatting import SHOP, chat_line, conversation_of, heard, visitor
from tests.web.test_live import settled, socket, until

DOMAIN = "hub.test"


async def leave(hub) -> None:
    """The worker's part: what is due leaves."""
    out = Outbound(hub)
    flushing = asyncio.create_task(out.flusher.run())
    await out.sweep()
    await out.turn()
    await asyncio.gather(*out._sends)
    flushing.cancel()


async def answer(hub, world, conversation_id: int, text: str, **more) -> int:
    async with hub.transaction() as tx:
        made = await replies.reply(tx, DOMAIN, conversation_id, world.ana, Answer(text=text, **more))
    await leave(hub)
    return made.id


async def test_a_chat_from_the_first_word_to_the_read_tick(site, hub, world):
    line = await chat_line(hub)
    marta = await visitor(site, line)
    before = await marta.open()
    assert not before["known"]
    assert not marta.token
    told = await marta.open(start=True, name="Marta", email="Marta@Acme.test", page=f"{SHOP}/cart?x=1")
    assert told["known"]
    assert len(marta.token) >= 43

    first = await marta.said("¿Tenéis la talla 40?")
    assert await marta.said("¿Tenéis la talla 40?") == first  # the same client id is the same message
    async with hub.transaction() as tx:
        id_ = await conversation_of(tx, first)
        row = await tx.record("SELECT * FROM message WHERE id = $1", first)
        claims = await tx.fetch("SELECT type, value FROM claim ORDER BY type")
        # what is typed is a claim: Marta of Acme is somebody else until it is proven
        assert row["contact_id"] != world.marta
        assert not row["verified"]
        assert row["fact"]["chat"]["claims"] == {"name": "Marta", "email": "marta@acme.test"}
        assert row["fact"]["chat"]["page"] == f"{SHOP}/cart"  # no query: it may hold secrets
        assert [tuple(one) for one in claims] == [("email", "marta@acme.test"), ("name", "Marta")]

    ws = await marta.socket()
    assert (await heard(ws, "messages", id=first))["text"] == "¿Tenéis la talla 40?"
    ana = await site.browser(world.ana)
    async with socket(ana, f"thread:{id_}") as hers:
        await settled(hers)
        await ws.send_json({"t": "typing"})
        frames = await until(hers, lambda frame: any(op[0] == "who" and op[2] for op in frame.get("o", [])))
        assert any("Marta" in str(op) for frame in frames for op in frame.get("o", []) if op[0] == "who")
        # a note is nobody's business out there, and writing one shows nothing
        await hers.send_json({"typing": id_, "mode": "note"})
        async with hub.transaction() as tx:
            await note(tx, id_, world.ana, "Ojo: cliente de Luis")
        await hers.send_json({"typing": id_, "mode": "reply"})
        assert await heard(ws, "typing") == "Ana"
        async with hub.transaction() as tx:
            await read_and_tell(tx, id_, world.ana)
        assert (await heard(ws, "messages", id=first))["seen"]
        sent = await answer(hub, world, id_, "Sí, quedan dos")
        got = await heard(ws, "messages", id=sent)
        assert (got["out"], got["who"], got["text"], got["seen"]) == (True, "Ana", "Sí, quedan dos", False)
        for read, state, word in ((False, "delivered", "Entregado"), (True, "read", "Leído")):
            await ws.send_json({"t": "seen", "id": sent, "read": read})
            await until(hers, lambda frame: word in str(frame.get("o")))  # noqa: B023
            assert await hub.pool.fetchval("SELECT state FROM delivery WHERE message_id = $1", sent) == state
    assert [one["text"] for one in await marta.shown()] == ["¿Tenéis la talla 40?", "Sí, quedan dos"]
    await ws.close()


async def test_a_file_is_its_visitors_alone_and_no_other_kind_is_taken(site, hub, world):
    line = await chat_line(hub)
    marta, jorge = await visitor(site, line), await visitor(site, line)
    await marta.open(start=True)
    await jorge.open(start=True)
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 100
    assert (await marta.say("mira", file=("foto.png", png))).status == 200
    (message,) = await marta.shown()
    (file,) = message["files"]
    assert (file["name"], file["type"], file["size"]) == ("foto.png", "image/png", len(png))
    path = f"/widget/{line.key}/files/{file['token']}"
    mine = await marta.browser.client.get(path, headers=marta.headers)
    assert await mine.read() == png
    assert mine.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in mine.headers["Content-Security-Policy"]
    for headers in (jorge.headers, {}):
        assert (await marta.browser.client.get(path, headers=headers)).status in (401, 404)
    refused = await marta.say("", "c2", file=("page.html", b"<script>alert(1)</script>"))
    assert refused.status == 422
    assert "page.html" in await refused.text()
    large = await marta.say("", "c3", file=("big.png", png + b"0" * 11_000_000))
    assert large.status == 413
    for path, headers in (
        ("open", {}),
        ("open", {"Content-Type": "multipart/form-data; boundary=x"}),
        ("messages", {}),
    ):
        answer = await marta.browser.client.post(
            f"/widget/{line.key}/{path}", data=b" " * 1_100_000, headers=marta.headers | headers
        )
        assert answer.status == 413, (path, headers)


async def test_who_left_goes_on_by_mail_and_comes_back_into_the_same_conversation(site, hub, world):
    """Only what the agent wrote, once, to the typed address; never while the visitor is there."""
    line = await chat_line(hub)
    eva = await visitor(site, line)
    await eva.open(start=True, name="Eva", page=f"{SHOP}/cart")
    assert (await eva.ask("email", {"email": "no address"})).status == 422
    assert (await eva.ask("email", {"email": "Eva@Else.test"})).status == 200
    first = await eva.said("COMPRA AQUI http://spam.test")
    async with hub.transaction() as tx:
        id_ = await conversation_of(tx, first)
    sent = await answer(hub, world, id_, "Te lo miro ahora")
    mails = "SELECT recipient, channel_id, state FROM delivery WHERE fallback_of IS NOT NULL"
    async with hub.transaction() as tx:
        await mail_unread(tx, sent)
    assert await hub.pool.fetch(mails) == []  # she was here a moment ago
    await hub.pool.execute("UPDATE chat_session SET seen_at = now() - interval '2 minutes'")
    for _twice in range(2):
        async with hub.transaction() as tx:
            await mail_unread(tx, sent)
    (mail,) = await hub.pool.fetch(mails)
    assert (mail["recipient"], mail["channel_id"]) == ("eva@else.test", world.mail.id)
    for _again in range(3):
        assert (await eva.ask("email", {"email": "Eva@Else.test"})).status == 200
    assert (
        await hub.pool.fetchval("SELECT count(*) FROM todo WHERE kind = 'chat_unread' AND ref = $1", sent)
        == 1
    )

    async with hub.transaction() as tx:
        (claimed,) = await claim(tx, "test", {world.mail.id: 5}, lease_seconds=60)
        out = await compose(
            tx, hub.crypto, hub.files, world.mail.line(hub.crypto), claimed, "http://hub.test"
        )
    assert "Te lo miro ahora" in out.text
    assert f"{SHOP}/cart" in out.text
    assert "COMPRA" not in out.text
    assert "spam" not in out.text
    assert [party.address for party in out.to] == ["eva@else.test"]

    back = written("Eva <eva@else.test>", "Re: hola", "Gracias, espero", to=out.reply_address)
    envelope = {"rcpt_to": out.reply_address}
    outcome = await site.server.app[INBOUND].receive(world.mail, Raw(body=back, envelope=envelope))
    assert outcome.conversation_id == id_
    warned = await hub.pool.fetchval("SELECT warnings FROM message WHERE id = $1", outcome.message_id)
    assert "stranger" not in warned
    # and the mail's words are not the chat's: another may sit at that browser
    assert [one["text"] for one in await eva.shown()] == ["COMPRA AQUI http://spam.test", "Te lo miro ahora"]


async def test_limits_of_one_visitor(site, hub, world):
    line = await chat_line(hub)
    eva = await visitor(site, line)
    await eva.open(start=True)
    statuses = [(await eva.say(f"m{n}", f"c{n}")).status for n in range(12)]
    assert statuses[:10] == [200] * 10
    assert 429 in statuses[10:]
    jorge = await visitor(site, line)
    await jorge.open(start=True)
    assert (await jorge.say("x" * 6000, "long")).status == 422
    assert (await jorge.say("", "empty")).status == 422
    broken = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xff\xfe\r\n--b--\r\n'
    headers = jorge.headers | {"Content-Type": "multipart/form-data; boundary=b"}
    path = f"/widget/{line.key}/messages"
    assert (await jorge.browser.client.post(path, data=broken, headers=headers)).status < 500


async def test_the_frame_is_shown_only_by_its_sites(site, hub, world):
    line = await chat_line(hub, sites=f"{SHOP} https://*.shop.test javascript:alert(1)")
    client = (await site.browser()).client
    page = await client.get(f"/widget/{line.key}?lang=es")
    policy = page.headers["Content-Security-Policy"]
    assert f"frame-ancestors {SHOP} https://*.shop.test;" in policy
    assert "javascript" not in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "Hola, ¿en qué te ayudamos?" in await page.text()
    assert (await client.get(f"/widget/{world.mail.key}")).status == 404  # another kind's key
    loader = await client.get("/static/chat.js")
    assert loader.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Abrir el chat" in await loader.text()


@pytest.mark.parametrize("age", [0, 90])
async def test_a_signed_user_has_one_conversation_on_every_device(site, hub, world, age):
    line = await chat_line(hub)
    issued = int((clock.now() - timedelta(hours=age)).timestamp())
    user = {"id": "u7", "issued_at": issued, "hash": signature("the key before", "u7", issued)}
    desk, phone = await visitor(site, line), await visitor(site, line)
    await desk.open(start=True)
    await desk.said("Desde el ordenador, sin entrar")
    anonymous = desk.token
    told = await desk.open(user=user)
    if age:
        assert not told["proven"]
        assert desk.token == anonymous
        return
    assert told["proven"]
    assert desk.token != anonymous
    assert (await desk.ask("poll", {})).status == 200
    desk.token, fresh = anonymous, desk.token
    assert (await desk.ask("poll", {})).status == 401  # rotated: the old token opens nothing
    desk.token = fresh
    await desk.said("Ya he entrado", "c2")
    await phone.open(user=user)
    assert [one["text"] for one in await phone.shown()] == ["Ya he entrado"]
    assert len(await desk.shown()) == 2
    seen = await hub.pool.fetch("SELECT DISTINCT conversation_id FROM message")
    assert len(seen) == 1


async def test_the_ticket_trick_by_chat_reads_nothing(site, hub, world):
    """Promise 39: who claims the address a mail came from sees nothing of it, even joined into one conversation."""
    line = await chat_line(hub)
    raw = written(
        "Sites <security@sites.test>", "Confirm", "Your code is 718-293", message_id="<1@sites.test>"
    )
    code = await site.server.app[INBOUND].receive(world.mail, Raw(body=raw))
    eve = await visitor(site, line)
    await eve.open(start=True, name="Sites", email="security@sites.test")
    first = await eve.said("¿Cuál era mi código? #1")
    async with hub.transaction() as tx:
        id_ = await conversation_of(tx, first)
        assert id_ != code.conversation_id
        await joining.join(tx, id_, code.conversation_id, agent_id=world.ana)
        await note(tx, code.conversation_id, world.ana, "el código es 718-293")
    name = await hub.pool.fetchval("SELECT name FROM chat_session")
    to = [Party(f"visitor:{name}")]
    sent = await answer(hub, world, code.conversation_id, "No lo decimos", channel_id=line.id, to=to)
    seen = await eve.shown()
    assert [(one["id"], one["text"]) for one in seen] == [
        (first, "¿Cuál era mi código? #1"),
        (sent, "No lo decimos"),
    ]
    assert (await eve.ask("seen", {"id": sent, "read": True})).status == 200
    assert (await eve.shown())[1]["seen"]


async def test_sockets_are_counted_and_survive_junk(site, hub, world, monkeypatch):
    """Promises 52 and 72: another site, no token, junk and floods are refused; who is there goes on."""
    line = await chat_line(hub)
    eve = await visitor(site, line)
    await eve.open(start=True)
    client = eve.browser.client
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/widget/ws", protocols=("hub.chat.1", eve.token), headers={"Origin": SHOP})
    assert refused.value.status == 403
    for token in ("", "x" * 43, "x" * 4000):
        ws = await client.ws_connect(
            "/widget/ws", protocols=("hub.chat.1", token), headers={"Origin": eve.headers["Origin"]}
        )
        await ws.receive(timeout=30)
        assert ws.close_code == 4401
    monkeypatch.setattr(chat_socket, "MOST_OF_AN_ADDRESS", 10)
    open_ = [await eve.socket() for _ in range(10)]
    one_more = await eve.socket()
    await one_more.receive(timeout=30)
    assert one_more.close_code == 1008
    for junk in ("{", "[]", '{"t":"sub","id":1}', '{"t":"seen","id":"x"}', "\x00", '{"t":1}', *["?"] * 6):
        await open_[0].send_str(junk)
    await open_[0].receive(timeout=30)
    assert open_[0].close_code == 1008
    await open_[1].send_str("x" * 10_000)
    await open_[1].receive(timeout=30)
    assert open_[1].close_code == 1009
    await open_[2].send_json({"t": "seen", "id": 2**63, "read": True})
    first = await eve.said("sigo aquí")
    assert (await heard(open_[3], "messages", id=first))["text"] == "sigo aquí"
    for one in open_:
        await one.close()
    async with asyncio.timeout(5):
        while chat_socket._from:  # whoever has gone is counted no more, and not kept either
            await asyncio.sleep(0.01)
