"""The guarded client goes out, never in."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from hub.plumbing.errors import Unavailable
from hub.plumbing.http_client import ForbiddenUrl, HttpClient, TooLarge, is_public


class Listener:
    """A server inside that counts who came."""

    def __init__(self) -> None:
        self.hits: list[str] = []
        self.shown: list[str] = []
        self.port = self.beside = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.hits.append(request.path)
        self.shown.append(request.headers.get("Authorization", ""))
        match request.path:
            case "/big":
                return web.Response(body=b"x" * 50_000)
            case "/slow":
                response = web.StreamResponse()
                await response.prepare(request)
                for _ in range(100):
                    await response.write(b".")
                    await asyncio.sleep(0.1)
                return response
            case "/inside":
                return web.Response(status=302, headers={"Location": f"http://localhost:{self.port}/secret"})
            case "/beside":
                return web.Response(status=302, headers={"Location": f"http://127.0.0.1:{self.beside}/ok"})
            case "/loop":
                return web.Response(status=302, headers={"Location": "/loop"})
        return web.json_response({"host": request.host})


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    listener = Listener()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", listener.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    for _twice in range(2):
        await web.TCPSite(runner, "127.0.0.1", 0).start()
    (_host, listener.port), (_same, listener.beside) = runner.addresses
    yield listener
    await runner.cleanup()


class Names(AbstractResolver):
    """Answers in turn what it was told; the last answer stays."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        address = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(hostname=host, host=each, port=port, family=socket.AF_INET, proto=0, flags=0)
            for each in address.split()
        ]

    async def close(self) -> None:
        return None


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1%25lo]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "0",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "user@127.0.0.1",
        "8.8.8.8@127.0.0.1",
    ],
)
async def test_no_spelling_of_an_inside_address_is_fetched(listener: Listener, host: str) -> None:
    async with HttpClient(seconds=3) as client:
        for port in ("", f":{listener.port}"):
            with pytest.raises(ForbiddenUrl):
                await client.get(f"http://{host}{port}/secret")
    assert listener.hits == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://x.test/", "//x.test", "http://", "x", "http://x.test:22/"]
)
async def test_other_schemes_and_ports_are_refused(url: str) -> None:
    async with HttpClient() as client:
        with pytest.raises(ForbiddenUrl):
            await client.get(url)


async def test_a_name_that_resolves_inside_is_refused(listener: Listener) -> None:
    async with HttpClient(resolver=Names("127.0.0.1"), seconds=3) as client:
        with pytest.raises(ForbiddenUrl):
            await client.get("http://innocent.test/")
    assert listener.hits == []


async def test_a_name_that_changes_its_answer_gains_nothing(listener: Listener) -> None:
    names = Names("127.0.0.1", "10.255.255.1")
    async with HttpClient(resolver=names, allowed_hosts=["rebinding.test"]) as client:
        await client.get(f"http://rebinding.test:{listener.port}/asked-once")
    assert names.asked == 1
    assert listener.hits == ["/asked-once"]


async def test_one_inside_address_among_public_ones_spoils_the_name(listener: Listener) -> None:
    async with HttpClient(resolver=Names("93.184.216.34 127.0.0.1"), seconds=3) as client:
        with pytest.raises(ForbiddenUrl):
            await client.get("http://two-faced.test/")
    assert listener.hits == []


async def test_an_allowed_host_may_be_inside_and_its_redirects_may_not(listener: Listener) -> None:
    async with HttpClient(allowed_hosts=["127.0.0.1"]) as client:
        answer = await client.get(f"http://127.0.0.1:{listener.port}/ok")
        assert answer.json() == {"host": f"127.0.0.1:{listener.port}"}
        with pytest.raises(ForbiddenUrl):
            await client.get(f"http://127.0.0.1:{listener.port}/inside")
        with pytest.raises(ForbiddenUrl):
            await client.get(f"http://127.0.0.1:{listener.port}/loop")
    assert "/secret" not in listener.hits


async def test_a_password_is_shown_to_no_other_origin(listener: Listener) -> None:
    """Another port is another server, and plain http after https would show it to the whole way."""
    async with HttpClient(allowed_hosts=["127.0.0.1"]) as client:
        await client.get(f"http://127.0.0.1:{listener.port}/beside", headers={"Authorization": "Basic x"})
    assert listener.shown == ["Basic x", ""]


async def test_size_and_time_are_bounded(listener: Listener) -> None:
    async with HttpClient(allowed_hosts=["127.0.0.1"], seconds=0.5) as client:
        with pytest.raises(TooLarge):
            await client.get(f"http://127.0.0.1:{listener.port}/big", most_bytes=1000)
        with pytest.raises(Unavailable):
            await client.get(f"http://127.0.0.1:{listener.port}/slow")


def test_public_means_public() -> None:
    assert is_public("8.8.8.8")
    assert is_public("2606:4700::1111")
    assert not is_public("::ffff:10.0.0.1")
    assert not is_public("nonsense")
