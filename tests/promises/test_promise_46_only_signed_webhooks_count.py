"""Promises 46 and 47: only what the provider signed counts, at every URL it may have called.

Its published vectors stand in tests/channels/test_twilio_signature.py.
"""

from __future__ import annotations

from typing import Any

import msgspec
from twilio.request_validator import RequestValidator
from yarl import URL

from hub.plumbing.hub import Hub
from tests.channels.texting import MARTA, OURS, Texting, texting
from tests.world import World


async def test_promise_46_only_signed_webhooks_count(hub: Hub, world: World) -> None:
    """No header, another token, another URL, forged proxy headers: 403 and no row."""
    async with texting(hub, world) as texts:
        url, fields = texts.twilio.hooks[OURS], form(texts, "SM1")
        token, elsewhere = texts.twilio.token, "https://evil.example/in/x"
        wrong = [
            {},
            {"X-Twilio-Signature": ""},
            {"X-Twilio-Signature": signed(url, fields, "another")},
            {"X-Twilio-Signature": signed(elsewhere, fields, token)},
            {
                "X-Twilio-Signature": signed(elsewhere, fields, token),
                "X-Forwarded-Host": "evil.example",
                "X-Forwarded-Proto": "https",
            },
            {"X-Twilio-Signature": signed(url, fields | {"Body": "other"}, token)},
        ]
        assert [await status(texts, url, fields, headers) for headers in wrong] == [403] * len(wrong)
        json = {"X-Twilio-Signature": signed(url, {}, token), "Content-Type": "application/json"}
        assert await status(texts, url, b'{"MessageSid":"SM1"}', json) == 403
        assert await hub.pool.fetchval("SELECT count(*) FROM arrival") == 0
        unknown = url.rpartition("/")[0] + "/" + "x" * 24
        right = {"X-Twilio-Signature": signed(unknown, fields, token)}
        assert await status(texts, unknown, fields, right) == 404


async def test_promise_47_the_signature_works_on_odd_urls(hub: Hub, world: World) -> None:
    """Behind a proxy that ends TLS, with a port, a query and a quote in it, repeated, empty and UTF-8 fields."""
    async with texting(hub, world) as texts:
        token, url = texts.twilio.token, texts.twilio.hooks[OURS]
        odd = [(f"{url}?a=%27b%27&c=d", {}), (f"{url}/", {}), (url, {"Empty": "", "Body": "¿Llegó? 😀"})]
        for number, (called, more) in enumerate(odd):
            fields = form(texts, f"SM{number}") | more
            assert (
                await status(texts, called, fields, {"X-Twilio-Signature": signed(called, fields, token)})
                == 200
            )
        fields = form(texts, "SM9")
        hub.settings = msgspec.structs.replace(hub.settings, public_url="https://hub.example")
        public = f"https://hub.example:443/in/{texts.sms.key}"
        assert await status(texts, url, fields, {"X-Twilio-Signature": signed(public, fields, token)}) == 200
        assert len(await texts.messages()) == 4


def form(texts: Texting, sid: str) -> dict[str, str]:
    """A plain text message."""
    return {"MessageSid": sid, "From": MARTA, "To": OURS, "Body": "Hola", "AccountSid": texts.twilio.sid}


def signed(url: str, fields: dict[str, str], token: str) -> str:
    """As Twilio's own library signs."""
    made: str = RequestValidator(token).compute_signature(url, fields)
    return made


async def status(texts: Texting, url: str, body: Any, headers: dict[str, str]) -> int:
    """What the hub answers."""
    assert texts.twilio.session is not None
    async with texts.twilio.session.post(URL(url, encoded=True), data=body, headers=headers) as answer:
        return answer.status
