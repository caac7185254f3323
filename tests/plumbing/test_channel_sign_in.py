"""`hub channel sign-in`: the browser's way, as far as a terminal sees it."""

from __future__ import annotations

import asyncio
import re
import urllib.error
import urllib.request
from typing import Any

import click
import pytest
from click.testing import CliRunner

from hub.cli import channel_sign_in
from hub.plumbing.errors import BadInput
from hub.plumbing.hub import Hub
from hub.plumbing.oauth import Started
from tests.fakes.token_server import TokenServer
from tests.world import World


class Stay(urllib.request.HTTPRedirectHandler):
    """A browser whose last address we read."""

    def redirect_request(self, *_: Any) -> None:
        return None


def browse(url: str) -> str:
    try:
        urllib.request.build_opener(Stay).open(url, timeout=5)
    except urllib.error.HTTPError as error:
        return str(error.headers["Location"])
    raise AssertionError("no redirect")


async def test_a_person_signs_a_mailbox_in(hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with TokenServer() as tokens:
        settings = {
            "oauth_provider": "google",
            "oauth_client_id": tokens.client_id,
            "oauth_authorize_url": tokens.authorize_url,
            "oauth_token_url": tokens.token_url,
        }
        sealed = hub.crypto.encrypt({"oauth_client_secret": tokens.client_secret, "smtp_password": "kept"})
        await hub.pool.execute("UPDATE channel SET settings = $1, secrets = $2", settings, sealed)
        shown: list[str] = []

        def paste(question: str) -> str:
            return browse(next(line for line in shown if line.startswith("http")))

        monkeypatch.setattr(click, "echo", shown.append)
        monkeypatch.setattr(click, "prompt", paste)

        def here(work: Any) -> None:
            async def opened() -> None:
                other = await Hub.open(hub.settings)
                await work(other)
                await other.close()

            asyncio.run(opened())

        monkeypatch.setattr(channel_sign_in, "with_hub", here)
        result = await asyncio.to_thread(CliRunner().invoke, channel_sign_in.sign_in, [str(world.mail.id)])
        assert result.exception is None, result.exception
        assert shown[-1].endswith("is signed in.") or "ha iniciado" in shown[-1]
        kept = hub.crypto.decrypt(await hub.pool.fetchval("SELECT secrets FROM channel"))
        assert kept["smtp_password"] == "kept"
        assert kept["oauth_refresh_token"] in tokens.refresh_tokens


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://localhost/?code=1&state=other", "not the address"),
        ("http://localhost/?state=mine", "not the address"),
        ("nonsense", "not the address"),
        ("http://localhost/?error=access_denied&state=mine", "access_denied"),
    ],
)
def test_only_the_address_of_this_sign_in_counts(address: str, words: str) -> None:
    started = Started("https://x.test", "mine", "verifier")
    with pytest.raises(BadInput, match=re.escape(words)):
        channel_sign_in.code_of(address, started)
    assert channel_sign_in.code_of("http://localhost/?code=1&state=mine", started) == "1"
