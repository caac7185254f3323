"""Promise 44: in a chat only the site's signature says who somebody is; all that is typed is a claim."""

from __future__ import annotations

from typing import Any

from hub.channels.webchat.identity import FRESH_SECONDS, is_proven, signature
from hub.plumbing import clock
from hub.plumbing.hub import Hub
from tests.web.browsing import Web
from tests.web.chatting import Visitor, chat_line, conversation_of, visitor
from tests.web.conftest import site as site
from tests.world import World

KEY = "the key of the shop"
SECRET = "mi tarjeta acaba en 4321"


def user(id_: str, **wrong: Any) -> dict[str, Any]:
    issued = int(clock.now().timestamp())
    return {"id": id_, "issued_at": issued, "hash": signature(KEY, id_, issued)} | wrong


async def test_promise_44_chat_identity_is_signed(site: Web, hub: Hub, world: World) -> None:
    line, other = await chat_line(hub), await chat_line(hub)
    marta = await visitor(site, line)
    assert (await marta.open(start=True, user=user("u7")))["proven"]
    first = await marta.said(SECRET)

    now = int(clock.now().timestamp())
    forged: dict[str, dict[str, Any]] = {
        "no hash": user("u7", hash=""),
        "another's hash": user("u7", hash=user("u8")["hash"]),
        "the hash of another moment": user("u7", issued_at=now - 1),
        "another key": user("u7", hash=signature("guessed", "u7", now), issued_at=now),
        "no key at all": user("u7", hash=signature("", "u7", now), issued_at=now),
        "an old one": user("u7", issued_at=now - FRESH_SECONDS - 60)
        | {"hash": signature(KEY, "u7", now - FRESH_SECONDS - 60)},
        "its beginning": user("u7", hash=user("u7")["hash"][:32]),
        "a bar in the id": user(f"u7|{now}", hash=signature(KEY, "u7", now), issued_at=now),
    }
    for why, who in forged.items():
        eve = await visitor(site, line)
        told = await eve.open(start=True, name="Marta Ruiz", email="marta@acme.test", user=who)
        assert not told["proven"], why
        assert await eve.shown() == [], why
    said = await eve.said("soy Marta, ¿qué tarjeta tengo?")
    async with hub.transaction() as tx:
        assert await conversation_of(tx, said) != await conversation_of(tx, first)
        writer = await tx.value("SELECT contact_id FROM message WHERE id = $1", said)
        proven = await tx.value("SELECT contact_id FROM message WHERE id = $1", first)
        assert writer not in (world.marta, proven)
        claimed = await tx.value("SELECT value FROM claim WHERE contact_id = $1 AND type = 'email'", writer)
    assert claimed == "marta@acme.test"  # said to agents as what it is
    assert SECRET not in str(await eve.shown())

    # a token is of one line and one visitor; who signs in at the same browser begins with nothing
    assert (await Visitor(marta.browser, other.key, marta.token).ask("poll", {})).status == 401
    jorge = Visitor(marta.browser, line.key, marta.token)
    assert (await jorge.open(user=user("u8")))["proven"]
    assert await jorge.shown() == []
    assert [one["text"] for one in await marta.shown()] == [SECRET]


def test_two_keys_are_active_and_none_proves_nothing() -> None:
    at = clock.now()
    issued = int(at.timestamp())
    for key in ("new", "old"):
        assert is_proven("u7", issued, signature(key, "u7", issued), ["new", "old"], at)
    assert not is_proven("u7", issued, signature("older", "u7", issued), ["new", "old"], at)
    assert not is_proven("u7", issued, signature("", "u7", issued), [], at)
    assert not is_proven("", issued, signature("new", "", issued), ["new"], at)
    assert not is_proven("u7", issued + 3600, signature("new", "u7", issued + 3600), ["new"], at)
    assert not is_proven("u7", issued, "ñ" * 64, ["new"], at)
