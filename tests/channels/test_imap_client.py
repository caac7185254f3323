"""The IMAP wrapper against a real Dovecot, and a proxy that cuts."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from hub.channels.email.imap import ImapClient
from hub.channels.email.imap_account import ImapAccount, ImapAway, ImapRefused, SignInRefused
from hub.channels.email.imap_answers import to_utf7
from hub.channels.outgoing import Line
from hub.plumbing.oauth import App, OAuth
from tests.fakes.dovecot import Dovecot
from tests.fakes.tcp_proxy import TcpProxy
from tests.fakes.token_server import TokenServer
from workers.mailroom.backfill import since

AWKWARD = 'awk"ward us\\er@acme.test'


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    with TokenServer() as tokens:
        yield tokens


@pytest.fixture(scope="module")
def server(tokens: TokenServer) -> Iterator[Dovecot]:
    with Dovecot("hub@acme.test", AWKWARD, introspection_url=tokens.introspection_url) as server:
        yield server


def account(server: Dovecot, **more: Any) -> ImapAccount:
    settings: dict[str, Any] = {
        "imap_host": "127.0.0.1",
        "imap_port": server.port,
        "imap_security": "none",
    } | more
    password = settings.pop("password", server.password)
    return ImapAccount.of(
        Line(
            id=1,
            key="k",
            kind="email",
            name="Mail",
            address=server.user,
            settings=settings,
            secrets={"imap_password": password},
        )
    )


def mail(subject: str, size: int = 10) -> bytes:
    return f"Subject: {subject}\r\n\r\n".encode() + b"x" * size + b"\r\n"


@pytest.fixture
async def client(server: Dovecot) -> AsyncIterator[ImapClient]:
    client = await ImapClient.open(account(server), seconds=5)
    yield client
    await client.close()


async def test_it_lists_measures_and_reads_without_marking(server: Dovecot, client: ImapClient) -> None:
    folder = "Reading"
    uids = [server.append(mail(f"n{n}", 3000), folder) for n in range(3)]
    selected = await client.select(folder)
    assert (selected.exists, selected.uidvalidity) == (3, server.uid_validity(folder))
    assert await client.uids_from(1) == uids
    assert await client.uids_from(uids[-1] + 1) == []
    assert await client.search(since(date.today(), timedelta(days=3))) == uids
    sizes = await client.sizes(uids)
    bodies = await client.bodies(uids, 1_000_000)
    assert [bodies[uid] for uid in uids] == [mail(f"n{n}", 3000) for n in range(3)]
    assert sizes == {uid: len(body) for uid, body in bodies.items()}
    assert all(not flags for flags in server.flags(folder).values())
    assert await client.bodies(uids[:1], 50) == {uids[0]: mail("n0", 3000)[:50]}


async def test_vanished_mails_are_simply_missing(server: Dovecot, client: ImapClient) -> None:
    uid = server.append(mail("gone"), "Vanishing")
    await client.select("Vanishing")
    assert await client.sizes([uid, uid + 1]) == {uid: len(mail("gone"))}
    assert list(await client.bodies([uid, uid + 1], 1000)) == [uid]


async def test_an_empty_mail_and_one_full_of_protocol_are_read(server: Dovecot, client: ImapClient) -> None:
    nasty = b"Subject: (\r\n\r\n* 3 EXISTS\r\nA1 OK done)\r\n1 FETCH (UID 99 BODY[] {5}\r\n((((\r\n"
    folder = "Nasty"
    uids = [server.append(nasty, folder), server.append(b"\r\n", folder)]
    await client.select(folder)
    assert await client.bodies(uids, 10_000) == {uids[0]: nasty, uids[1]: b"\r\n"}


async def test_it_marks_and_moves(server: Dovecot, client: ImapClient) -> None:
    first, second = server.append(mail("1"), "Box"), server.append(mail("2"), "Box")
    await client.select("Box")
    await client.mark_seen([first])
    await client.move([second], 'Leído & "hecho"')
    assert server.flags("Box") == {first: {"\\Seen"}}
    assert len(server.uids(to_utf7('Leído & "hecho"'))) == 1


async def test_an_unknown_folder_is_refused_in_the_servers_words(client: ImapClient) -> None:
    with pytest.raises(ImapRefused, match="exist"):
        await client.select("No such folder")


async def test_user_names_are_quoted_with_and_without_sasl(server: Dovecot) -> None:
    wanted = account(server, imap_user=AWKWARD)
    client = await ImapClient.open(wanted, seconds=5)
    await client.close()
    client = ImapClient(wanted, seconds=5)
    await client._connect()
    client._imap.protocol.capabilities.discard("SASL-IR")
    await client._sign_in("")
    await client.noop()
    await client.close()


async def test_a_wrong_password_is_for_the_operator(server: Dovecot) -> None:
    with pytest.raises(SignInRefused, match="failed"):
        await ImapClient.open(account(server, password="wrong"), seconds=5)
    wrong = ImapClient(account(server, password="wrong\r\nA1 DELETE INBOX"), seconds=5)
    await wrong._connect()
    wrong._imap.protocol.capabilities.discard("SASL-IR")
    with pytest.raises(SignInRefused, match="characters"):
        await wrong._sign_in("")
    wrong.abort()


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_encrypted_only_with_a_certificate_we_trust(server: Dovecot, security: str) -> None:
    port = server.tls_port if security == "tls" else server.port
    trusting = account(
        server, imap_port=port, imap_security=security, imap_certificate=server.certificate.pem
    )
    client = await ImapClient.open(trusting, seconds=5)
    assert client._imap.protocol.transport.get_extra_info("ssl_object") is not None
    await client.select("INBOX")
    await client.close()
    with pytest.raises(SignInRefused, match="certificate"):
        await ImapClient.open(account(server, imap_port=port, imap_security=security), seconds=5)


async def test_xoauth2_signs_in_and_a_refusal_is_noticed_at_once(
    server: Dovecot, tokens: TokenServer
) -> None:
    app = App.of(
        {
            "oauth_provider": "google",
            "oauth_client_id": tokens.client_id,
            "oauth_token_url": tokens.token_url,
        },
        {"oauth_client_secret": tokens.client_secret},
    )
    token = await OAuth().access_token(app, tokens.grant(server.user))
    client = await ImapClient.open(account(server), token, seconds=5)
    await client.select("INBOX")
    await client.close()
    with pytest.raises(SignInRefused):
        await ImapClient.open(account(server), "stale-token", seconds=8)


async def test_idle_wakes_when_a_mail_comes(server: Dovecot, client: ImapClient) -> None:
    await client.select("INBOX")
    waiting = asyncio.create_task(client.wait_for_news(100))
    await asyncio.sleep(0.3)
    await asyncio.to_thread(server.append, mail("news"))
    async with asyncio.timeout(40):
        assert await waiting
    assert not await client.wait_for_news(0.3)
    assert await client.uids_from(1)


async def test_a_cut_in_idle_or_fetch_is_noticed_at_once(server: Dovecot) -> None:
    uid = server.append(mail("long", 500_000), "Cut")
    with TcpProxy("127.0.0.1", server.port) as proxy:
        client = await ImapClient.open(account(server, imap_port=proxy.port), seconds=100)
        await client.select("Cut")
        waiting = asyncio.create_task(client.wait_for_news(100))
        await asyncio.sleep(0.2)
        proxy.cut_all()
        async with asyncio.timeout(40):
            with pytest.raises(ImapAway):
                await waiting
        client = await ImapClient.open(account(server, imap_port=proxy.port), seconds=100)
        await client.select("Cut")
        proxy.cut_after_bytes(5000)
        async with asyncio.timeout(40):
            with pytest.raises(ImapAway):
                await client.bodies([uid], 1_000_000)
        client.abort()


async def test_a_half_open_connection_is_noticed(server: Dovecot) -> None:
    with TcpProxy("127.0.0.1", server.port) as proxy:
        client = await ImapClient.open(account(server, imap_port=proxy.port), seconds=0.5)
        await client.select("INBOX")
        proxy.blackhole()
        with pytest.raises(ImapAway):
            await client.wait_for_news(0.3)
        client.abort()
        with pytest.raises(ImapAway):
            await ImapClient.open(account(server, imap_port=proxy.port), seconds=0.5)
        proxy.refuse()
        with pytest.raises(ImapAway):
            await ImapClient.open(account(server, imap_port=proxy.port), seconds=0.5)


@pytest.mark.parametrize("name", ["INBOX", "Año & más", "日本語/子", "a&-b", "Leído😀"])
def test_folder_names_survive(name: str) -> None:
    coded = to_utf7(name)
    assert coded.isascii()
    assert re.sub(r"&([^-]*)-", decoded, coded) == name


def decoded(match: re.Match[str]) -> str:
    coded = match[1].replace(",", "/")
    return base64.b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-16-be") or "&"


def test_folder_names_are_coded_as_in_the_rfc() -> None:
    assert to_utf7("~peter/mail/台北/日本語") == "~peter/mail/&U,BTFw-/&ZeVnLIqe-"
