"""Promise 58 for providers' files: a MediaUrl that leads elsewhere, or inside by a redirect, reaches nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from hub.plumbing.hub import Hub
from tests.channels.texting import MARTA, OURS, PHOTO, Texting, texting
from tests.world import World

HTML = b"<script>alert(1)</script>"


async def test_promise_58_media_is_fetched_from_the_provider_alone(hub: Hub, world: World) -> None:
    """A listener on 127.0.0.1 sees no request; the bubble says why; what was called a photo and is none is bytes."""
    async with texting(hub, world) as texts, listener() as (url, seen):
        port = url.rpartition(":")[2]
        for elsewhere in (
            url,
            f"http://localhost:{port}/x",
            f"http://2130706433:{port}/",
            f"http://[::ffff:127.0.0.1]:{port}/",
            "file:///etc/passwd",
            "https://api.twilio.com@127.0.0.1/",
            "",
        ):
            assert (await tells_of(texts, elsewhere)).status == 200
        await texts.chores()  # each before the next: what is fetched together takes its troubles in any order
        texts.twilio.texts.media_troubles.append(web.Response(status=307, headers={"Location": url}))
        await texts.says("redirected", files=[("image/png", PHOTO)])
        await texts.chores()
        texts.twilio.texts.media_troubles.append(web.Response(body=bytes(26_300_000)))
        await texts.says("too large", files=[("image/png", PHOTO)])
        await texts.chores()
        await texts.says("no photo", files=[("image/png", HTML)])
        for _ in range(3):
            await texts.chores()
        assert seen == []
        failed = await hub.pool.fetch("SELECT failed FROM awaited_file")
        assert len(failed) == 8
        assert all(row["failed"] for row in failed)
        stored = await hub.pool.fetch("SELECT type, token FROM attachment")
        assert [row["type"] for row in stored] == ["application/octet-stream"]
        ana = await texts.site.browser(world.ana)
        answer = await ana.get(f"/files/{stored[0]['token']}")
        assert (answer.headers["Content-Type"], await answer.read()) == ("application/octet-stream", HTML)
        matter = (await texts.messages())[0]["conversation_id"]
        assert "could not be fetched" in await ana.text(f"/inbox/all/c/{matter}?lang=en") or (
            "No se pudo descargar" in await ana.text(f"/inbox/all/c/{matter}")
        )


async def tells_of(texts: Texting, url: str) -> object:
    """A signed message whose one file lies at `url`."""
    text = texts.twilio.texts.wrote(MARTA, OURS, "Mira")
    fields = texts.twilio.texts.told_of(text)
    more = {"NumMedia": "1", "MediaUrl0": url, "MediaContentType0": "image/png"}
    return await texts.twilio.tell(texts.twilio.hooks[OURS], fields | more)


@asynccontextmanager
async def listener() -> AsyncIterator[tuple[str, list[str]]]:
    """Something inside that must not be reached."""
    seen: list[str] = []

    async def note(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(body=PHOTO, content_type="image/png")

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", note)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", seen
    await runner.cleanup()
