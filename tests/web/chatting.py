"""A visitor without a window: the chat's own requests, as the frame makes them."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientResponse, ClientWebSocketResponse, FormData

from hub.channels import connections
from hub.channels.connections import Channel
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from tests.web.browsing import Browser, Web

SHOP = "https://shop.test"


async def chat_line(hub: Hub, **more: Any) -> Channel:
    """A chat line for SHOP, whose site may sign with two keys."""
    settings = {"sites": SHOP, "ask": "name email"} | more
    secrets = {"identity_key": "the key of the shop", "identity_key_old": "the key before"}
    async with hub.transaction() as tx:
        return await connections.add(
            tx,
            hub.crypto,
            kind="webchat",
            name="Shop chat",
            address="",
            address_type="chat",
            settings=settings,
            secrets=secrets,
        )


class Visitor:
    """One visitor of a line; `token` is all they hold."""

    def __init__(self, browser: Browser, key: str, token: str = "") -> None:
        self.browser = browser
        self.key = key
        self.token = token

    @property
    def headers(self) -> dict[str, str]:
        url = self.browser.client.make_url("/")
        return {"X-Chat": self.token, "Origin": str(url.origin()), "Accept": "application/json"}

    async def ask(self, path: str, body: Any) -> ClientResponse:
        return await self.browser.client.post(f"/widget/{self.key}/{path}", json=body, headers=self.headers)

    async def open(self, **said: Any) -> dict[str, Any]:
        """Begin or go on; the token is kept."""
        answer = await self.ask("open", said)
        assert answer.status == 200, await answer.text()
        told: dict[str, Any] = await answer.json()
        self.token = told["token"] or self.token
        return told

    async def say(self, text: str, client_id: str = "c1", **files: tuple[str, bytes]) -> ClientResponse:
        form = FormData({"text": text, "client_id": client_id, "page": f"{SHOP}/cart?secret=1"})
        form.add_field("nothing", b"", filename="")
        for name, content in files.values():
            form.add_field("file", content, filename=name)
        path = f"/widget/{self.key}/messages"
        return await self.browser.client.post(path, data=form, headers=self.headers)

    async def said(self, text: str, client_id: str = "c1") -> int:
        """Say it; the message's id."""
        answer = await self.say(text, client_id)
        assert answer.status == 200, await answer.text()
        return int((await answer.json())["id"])

    async def shown(self) -> list[dict[str, Any]]:
        """What this visitor sees now."""
        answer = await self.ask("poll", {"have": ""})
        assert answer.status == 200, await answer.text()
        messages: list[dict[str, Any]] = (await answer.json())["messages"]
        return messages

    async def socket(self) -> ClientWebSocketResponse:
        origin = self.headers["Origin"]
        return await self.browser.client.ws_connect(
            "/widget/ws", protocols=("hub.chat.1", self.token), headers={"Origin": origin}
        )


async def visitor(site: Web, line: Channel) -> Visitor:
    """A visitor who has not begun yet."""
    return Visitor(await site.browser(), line.key)


async def conversation_of(tx: Tx, message_id: int) -> int:
    """Where a message stands."""
    found: int = await tx.value("SELECT conversation_id FROM message WHERE id = $1", message_id)
    return found


async def heard(socket: ClientWebSocketResponse, what: str, **wanted: Any) -> Any:
    """The next thing of this kind the socket says (where it says `wanted` of one message)."""
    while True:
        told = await socket.receive_json(timeout=30)
        if told["t"] != what:
            continue
        if not wanted:
            return told["d"]
        for one in told["d"]:
            if all(one.get(key) == value for key, value in wanted.items()):
                return one
