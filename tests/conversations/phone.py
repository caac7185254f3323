"""A telephone line over the real web door: requests signed as Twilio signs them, and what they are answered."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from xml.etree import ElementTree

import asyncpg

from hub.channels import connections
from hub.channels.connections import Channel
from hub.plumbing.hub import Hub
from tests.web.browsing import Browser, Web
from tests.world import World

TOKEN = "the auth token of a test's line"
NUMBER = "+34910000001"
MARTA = "+34600123456"
PHONES = {"ana": "+34611000001", "luis": "+34611000002", "lola": "+34611000003"}


async def add_line(hub: Hub, world: World, **settings: Any) -> Channel:
    """A line of Support's; Marta's number is known, and the agents have telephones."""
    async with hub.transaction() as tx:
        line = await connections.add(
            tx,
            hub.crypto,
            kind="voice",
            name="Support phone",
            address=NUMBER,
            address_type="phone",
            team_id=world.support,
            settings={"account_sid": "AC1"} | settings,
            secrets={"auth_token": TOKEN},
        )
        await tx.execute(
            "INSERT INTO address (type, value, contact_id, verified, source) VALUES ('phone', $1, $2, true, 'agent')",
            MARTA,
            world.marta,
        )
        for name, number in PHONES.items():
            await tx.execute("UPDATE agent SET phone = $2 WHERE id = $1", getattr(world, name), number)
    return line


async def here(hub: Hub, *agent_ids: int) -> None:
    """These have an open page and are available, the others are not."""
    await hub.pool.execute("UPDATE presence SET seen_until = now()")
    await hub.pool.execute(
        """
        INSERT INTO presence (agent_id, seen_until) SELECT unnest($1::bigint[]), now() + interval '1 hour'
        ON CONFLICT (agent_id) DO UPDATE SET seen_until = EXCLUDED.seen_until
        """,
        list(agent_ids),
    )


class Said:
    """One answer of the line, as Twilio reads it."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body
        self.root = ElementTree.fromstring(body) if status == 200 and body else ElementTree.Element("none")

    @property
    def verbs(self) -> list[str]:
        """The verbs in order."""
        return [verb.tag for verb in self.root]

    @property
    def spoken(self) -> str:
        """Everything said aloud."""
        return " ".join(say.text or "" for say in self.root.iter("Say"))

    def next(self, verb: str) -> str:
        """Where a verb goes on, below the line's own address."""
        found = next(self.root.iter(verb))
        target = found.text if verb == "Redirect" else found.get("action")
        assert target, verb
        return target.split("/", 3)[3]

    @property
    def rung(self) -> str:
        """The telephone that is rung, if any."""
        found = next(self.root.iter("Number"), None)
        return "" if found is None else (found.text or "")

    @property
    def whisper(self) -> str:
        """Where the rung telephone asks what to say."""
        found = next(self.root.iter("Number"))
        return (found.get("url") or "").split("/", 3)[3]


class Phone:
    """Somebody's telephone, with Twilio between it and us."""

    def __init__(self, site: Web, line: Channel, caller: str = MARTA, sid: str = "CA1") -> None:
        self.site, self.line, self.caller, self.sid = site, line, caller, sid
        self.browser: Browser | None = None

    async def ask(self, rest: str, *, token: str = TOKEN, **fields: str) -> Said:
        """One signed request."""
        self.browser = self.browser or await self.site.browser()
        path = f"/in/{self.line.key}/{rest}"
        body = {
            "CallSid": self.sid,
            "AccountSid": "AC1",
            "From": self.caller,
            "To": NUMBER,
            "CallStatus": "in-progress",
            "Direction": "inbound",
        } | fields
        url = self.site.hub.settings.base_url + path
        answer = await self.browser.client.post(
            path, data=body, headers={"X-Twilio-Signature": signature(token, url, body)}
        )
        return Said(answer.status, await answer.read())

    async def ring(self) -> Said:
        """Call the line."""
        return await self.ask("call", CallStatus="ringing")

    async def pick_up(self, ringing: Said, sid: str = "CA9") -> Said:
        """The rung agent picks up and hears who it is."""
        return await self.ask(ringing.whisper, CallSid=sid, ParentCallSid=self.sid, From=NUMBER)

    async def press(self, asked: Said, digits: str, **fields: str) -> Said:
        """A key."""
        return await self.ask(asked.next("Gather"), Digits=digits, **fields)

    async def ringing_ends(self, ringing: Said, how: str, seconds: str = "") -> Said:
        """The ringing is over: completed, busy, no-answer, failed, canceled."""
        more = {"DialCallDuration": seconds} if seconds else {}
        return await self.ask(ringing.next("Dial"), DialCallStatus=how, **more)

    async def hang_up(self) -> Said:
        """The caller is gone."""
        return await self.ask("status", CallStatus="completed", CallDuration="30")


def signature(token: str, url: str, body: dict[str, str]) -> str:
    """X-Twilio-Signature of a form."""
    text = url + "".join(name + body[name] for name in sorted(body))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


async def the_call(hub: Hub, sid: str = "CA1") -> asyncpg.Record:
    """Its row, with the words of its message and where its conversation stands."""
    row = await hub.pool.fetchrow(
        """
        SELECT call.*, m.text, v.assignee_id, v.waiting_since, v.last_preview, v.contact_id
        FROM call JOIN message m ON m.id = call.message_id JOIN conversation v ON v.id = call.conversation_id
        WHERE call.provider_id = $1
        """,
        sid,
    )
    assert row is not None
    return row
