"""Mailboxes of Microsoft 365 and Google are signed in with tokens, renewed early and once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from hub.plumbing.errors import BadInput, Unavailable
from hub.plumbing.oauth import App, OAuth, SignInExpired, sasl_xoauth2, start
from tests.fakes.token_server import TokenServer

BACK = "https://hub.test/oauth/back"


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with TokenServer() as server:
        yield server


@pytest.fixture
def oauth() -> OAuth:
    return OAuth()


def app(server: TokenServer, provider: str = "microsoft", **more: Any) -> App:
    settings = {
        "oauth_provider": provider,
        "oauth_client_id": server.client_id,
        "oauth_authorize_url": server.authorize_url,
        "oauth_token_url": server.token_url,
    }
    return App.of(settings | more, {"oauth_client_secret": server.client_secret})


@pytest.mark.parametrize("provider", ["microsoft", "google"])
async def test_signing_in_with_a_browser_gives_a_lasting_token(
    server: TokenServer, oauth: OAuth, provider: str
) -> None:
    ours = app(server, provider)
    started = start(ours, BACK, login_hint=server.user)
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(started.url, allow_redirects=False) as answer,
    ):
        back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == [started.state]
    granted = await oauth.exchange(ours, back["code"][0], started.verifier, BACK)
    assert granted.refresh_token in server.refresh_tokens
    with pytest.raises(SignInExpired):
        await oauth.exchange(ours, back["code"][0], started.verifier, BACK)


async def test_a_stolen_code_is_worthless_without_our_verifier(server: TokenServer, oauth: OAuth) -> None:
    started = start(app(server), BACK)
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(started.url, allow_redirects=False) as answer,
    ):
        code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    with pytest.raises(SignInExpired):
        await oauth.exchange(app(server), code, "not the verifier", BACK)


async def test_many_callers_make_one_request(server: TokenServer, oauth: OAuth) -> None:
    server.slow = 0.1
    refresh = server.grant()
    tokens = await asyncio.gather(*(oauth.access_token(app(server), refresh) for _ in range(20)))
    assert len(set(tokens)) == 1
    assert len(server.requests) == 1
    await oauth.access_token(app(server), refresh)
    assert len(server.requests) == 1


async def test_a_token_is_renewed_before_it_ends(server: TokenServer, oauth: OAuth) -> None:
    server.expires_in = 0  # ends at once: half a second is what we may use it
    refresh = server.grant()
    first = await oauth.access_token(app(server), refresh)
    await asyncio.sleep(0.6)
    assert await oauth.access_token(app(server), refresh) != first


async def test_a_replaced_refresh_token_is_kept(server: TokenServer, oauth: OAuth) -> None:
    server.rotate = True
    kept: list[str] = []

    async def keep(token: str) -> None:
        kept.append(token)

    refresh = server.grant()
    first = await oauth.access_token(app(server), refresh, keep)
    oauth.forget(first)
    await oauth.access_token(app(server), refresh, keep)
    assert len(kept) == 2
    assert list(server.refresh_tokens) == [kept[-1]]


async def test_a_replaced_refresh_token_that_could_not_be_kept_is_said_again(
    server: TokenServer, oauth: OAuth
) -> None:
    """Our database was away for a moment; some providers take the old token back at once."""
    server.rotate, away, kept = True, True, []

    async def keep(token: str) -> None:
        if away:
            raise ConnectionError("database away")
        kept.append(token)

    refresh = server.grant()
    with pytest.raises(ConnectionError):
        await oauth.access_token(app(server), refresh, keep)
    away = server.rotate = False  # and this time it replaces none
    await oauth.access_token(app(server), refresh, keep)
    assert kept == list(server.refresh_tokens)


async def test_a_void_sign_in_asks_for_a_person(server: TokenServer, oauth: OAuth) -> None:
    refresh = server.grant()
    server.revoke_everything()
    with pytest.raises(SignInExpired, match="sign in again"):
        await oauth.access_token(app(server), refresh)
    with pytest.raises(SignInExpired):
        await oauth.access_token(app(server), "")


async def test_a_wrong_client_secret_says_so(server: TokenServer, oauth: OAuth) -> None:
    refresh = server.grant()
    server.client_secret = "changed there"
    ours = app(server)
    server.client_secret = "and again"
    with pytest.raises(BadInput, match="client secret") as caught:
        await oauth.access_token(ours, refresh)
    assert "changed there" not in str(caught.value)


async def test_a_broken_token_server_is_tried_again(server: TokenServer, oauth: OAuth) -> None:
    refresh = server.grant()
    server.status = 503
    with pytest.raises(Unavailable):
        await oauth.access_token(app(server), refresh)
    server.status = 200
    assert await oauth.access_token(app(server), refresh)


def test_real_providers_need_no_addresses() -> None:
    ours = App.of({"oauth_provider": "microsoft", "oauth_client_id": "x", "oauth_tenant": "acme"}, {})
    assert ours.token_url == "https://login.microsoftonline.com/acme/oauth2/v2.0/token"
    with pytest.raises(BadInput):
        App.of({"oauth_provider": "yahoo", "oauth_client_id": "x"}, {})


def test_the_sasl_string_cannot_be_split() -> None:
    assert sasl_xoauth2("a@b.test", "t") == b"user=a@b.test\x01auth=Bearer t\x01\x01"
    with pytest.raises(ValueError, match="control"):
        sasl_xoauth2("a@b.test\x01auth=Bearer evil", "t")
