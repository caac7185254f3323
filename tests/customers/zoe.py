"""Zoe, whose words stand in every column that is personal: planted, to be looked for after she is erased."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from hub.conversations.search_index import fill
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.plumbing.ids import token
from tests.world import World

MARK = "zqmarker"
NAME = "Zoe Zqmarker"
MAIL = "zoe@zqmarker.test"
PHONE = "+34600987654"
SAID = f"{NAME} says {MARK}"
NAMED = f"{NAME} <{MAIL}>"
"""What others say of her."""
PARTY = {"address": MAIL, "name": NAME}
OLD = datetime(2020, 1, 1, tzinfo=UTC)


class Zoe(msgspec.Struct, kw_only=True):
    """Ids of what was planted. `mixed` is Marta's conversation in which Zoe took part."""

    contact: int = 0
    merged: int = 0
    mail: int = 0
    own: int = 0
    mixed: int = 0
    kept_message: int = 0
    recipient: int = 0
    kept_purchase: int = 0
    files: list[str] = []


async def plant(hub: Hub, world: World) -> Zoe:
    """Everything, in one transaction; her files are old enough to go at once."""
    zoe = Zoe(files=[await hub.files.put(f"{SAID} {n}".encode()) for n in range(4)])
    for key in zoe.files:
        await asyncio.to_thread(os.utime, hub.files.path(key), (0, 0))
    async with hub.transaction() as tx:
        await _person(tx, world, zoe)
        await _own_conversation(tx, world, zoe)
        await _martas_conversation(tx, world, zoe)
        await _campaign(tx, world, zoe)
        await _elsewhere(tx, world, zoe)
    return zoe


async def _person(tx: Tx, world: World, zoe: Zoe) -> None:
    account = await put(
        tx, "account", name=NAME, kind="person", external_id=f"{MARK}-a", notes=SAID, owner_id=world.ana
    )
    zoe.contact, zoe.merged = [await tx.value("SELECT nextval('contact_id_seq')") for _ in range(2)]
    for id_, extra in (
        (zoe.contact, {"account_id": account, "account_standing": "confirmed"}),
        (zoe.merged, {"job_title": SAID}),
    ):
        about = {"name": NAME, "notes": SAID, "search": SAID, "external_id": f"{MARK}{id_}"}
        await put(tx, "contact", id=id_, root_id=zoe.contact, language=MARK, time_zone=MARK, **about, **extra)
    await tx.execute("UPDATE contact SET job_title = $1 WHERE id = $2", SAID, zoe.contact)
    zoe.mail = await put(
        tx,
        "address",
        type="email",
        value=MAIL,
        contact_id=zoe.contact,
        name=NAME,
        why_not=SAID,
        compared=True,
    )
    await put(
        tx,
        "address",
        type="phone",
        value=PHONE,
        contact_id=zoe.merged,
        name=NAME,
        spelled=PHONE,
        compared=True,
    )
    merge = {"contact_id": zoe.merged, "into_id": zoe.contact, "members": [zoe.merged]}
    await put(tx, "merge", filled={"notes": SAID}, **merge)
    said = {"address_id": zoe.mail, "purpose": "service", "granted": False, "source": "agent"}
    await put(tx, "consent", proof=SAID, **said)
    await put(tx, "claim", contact_id=zoe.contact, type="name", value=SAID, source=MARK)
    await put(tx, "claim", contact_id=world.marta, type="email", value=MAIL, source="message")
    product = await put(tx, "product", name="Pump")
    bought = {"product_id": product, "amount": Decimal(10), "currency": "EUR", "bought_at": OLD}
    own = await put(tx, "purchase", contact_id=zoe.contact, external_id=f"{MARK}-p", **bought)
    await put(tx, "payment", purchase_id=own, amount=Decimal(10), method=MARK, external_id=f"{MARK}-y")
    zoe.kept_purchase = await put(tx, "purchase", contact_id=zoe.contact, account_id=world.acme, **bought)
    list_ = await put(tx, "contact_list", name="Fair")
    wrong = [{"row": 2, "field": "email", "message": SAID}]
    brought = {"list_id": list_, "name": "fair.csv", "plan": {}, "rows": 1, "finished_at": datetime.now(UTC)}
    await put(tx, "contact_list_import", errors=wrong, **brought)
    await put(tx, "contact_list_member", list_id=list_, contact_id=zoe.contact, fields={"said": SAID})
    await put(tx, "history", verb="hours_chosen", contact_id=zoe.merged, details={"proof": SAID})


async def _own_conversation(tx: Tx, world: World, zoe: Zoe) -> None:
    zoe.own = await _conversation(
        tx, world, zoe.contact, subject=SAID, last_preview=SAID, tags=[MARK], reason={"name": NAME}
    )
    arrival = await _arrival(tx, world, raw=f"From: {MAIL}".encode(), envelope={"mail_from": MAIL})
    key = {"channel_id": world.mail.id, "key_hash": b"1", "arrival_id": arrival, "outcome": "stored"}
    await put(tx, "arrival_key", answer={"say": SAID}, **key)
    message = await _message(
        tx,
        world,
        zoe.own,
        1,
        direction="in",
        contact_id=zoe.contact,
        address_id=zoe.mail,
        arrival_id=arrival,
        message_id=f"1@{MARK}",
        in_reply_to=f"0@{MARK}",
        thread_ids=[f"0@{MARK}"],
        fact={"fax": SAID},
        warnings=[SAID],
        html=SAID,
        html_file=zoe.files[0],
    )
    file = {"token": token(), "name": SAID, "type": "text/plain", "size": 1, "sha256": zoe.files[1][3:]}
    attachment = await put(
        tx,
        "attachment",
        message_id=message,
        file=zoe.files[1],
        content_id=MARK,
        machine_text=SAID,
        **file,
    )
    await put(tx, "page_picture", attachment_id=attachment, page=1, width=9, file=zoe.files[2])
    await put(tx, "awaited_file", message_id=message, url=f"https://x/{MARK}", name=SAID, failed=SAID)
    call = {"channel_id": world.mail.id, "direction": "in", "conversation_id": zoe.own, "message_id": message}
    ring = await put(tx, "call", number=MAIL, reason=SAID, provider_id=MARK, **call)
    leg = {"token": token(), "call_id": ring, "n": 1, "agent_id": world.ana, "phone": "+34600111222"}
    await put(tx, "call_leg", reason={"name": NAME}, candidates=[SAID], **leg)
    await put(tx, "rating", conversation_id=zoe.own, score=5, words=SAID)
    await put(tx, "thread_key", channel_id=world.mail.id, key=f"{MARK}-1", conversation_id=zoe.own)
    session = await put(
        tx,
        "chat_session",
        channel_id=world.mail.id,
        token_hash=b"1",
        name=f"{MARK}-1",
        user_id=MARK,
        said_name=NAME,
        said_email=MAIL,
        answers={"q": SAID},
        page=f"/{MARK}",
    )
    answer = await _message(tx, world, zoe.own, 2, direction="out", agent_id=world.ana)
    sent = await _delivery(tx, world, message_id=answer, address_id=zoe.mail)
    await put(tx, "chat_mailed", delivery_id=sent, session_id=session, recipient=MAIL)
    await _around(tx, world, zoe.own)
    await fill(tx, [message, answer])


async def _martas_conversation(tx: Tx, world: World, zoe: Zoe) -> None:
    zoe.mixed = await _conversation(tx, world, world.marta, subject=f"For {NAME}", reason={"name": NAME})
    for address in (world.marta_address, zoe.mail):
        about = {"conversation_id": zoe.mixed, "address_id": address}
        await put(tx, "participant", role="main" if address == world.marta_address else "cc", **about)
    arrival = await _arrival(tx, world, raw=f"Cc: {MAIL}".encode())
    zoe.kept_message = await put(
        tx,
        "message",
        conversation_id=zoe.mixed,
        home_id=zoe.mixed,
        seq=1,
        direction="in",
        channel_id=world.mail.id,
        arrival_id=arrival,
        contact_id=world.marta,
        address_id=world.marta_address,
        sender={"address": "marta@acme.test", "name": "Marta Ruiz"},
        recipients={"cc": [PARTY]},
        text=f"The pump leaks, ask {NAME}.\n> {SAID}",
        new_text=f"The pump leaks, ask {NAME}.",
    )
    hers = await _message(
        tx, world, zoe.mixed, 2, direction="in", contact_id=zoe.contact, address_id=zoe.mail
    )
    named = {"subject": NAMED, "text": NAMED, "new_text": NAMED}
    answer = await _message(tx, world, zoe.mixed, 3, direction="out", agent_id=world.ana, **named)
    await _delivery(tx, world, message_id=answer, address_id=zoe.mail, role="cc", state="held")
    await _around(tx, world, zoe.mixed)
    await fill(tx, [zoe.kept_message, hers, answer])


async def _around(tx: Tx, world: World, conversation: int) -> None:
    about = {"conversation_id": conversation}
    await put(
        tx,
        "draft",
        agent_id=world.ana,
        mode="reply",
        text=NAMED,
        subject=NAMED,
        recipients={"to": [PARTY]},
        **about,
    )
    decided = {
        "rule_version": 1,
        "row_name": "owner",
        "reason": {"account": NAME},
        "inputs": {"sender": MAIL},
    }
    await put(tx, "decision", candidates=[{"why": NAME}], **decided, **about)
    await put(tx, "notification", agent_id=world.ana, verb="failed", details={"recipient": MAIL}, **about)
    await put(tx, "history", verb="fell_back", details={"recipient": MAIL, "words": NAME}, **about)


async def _campaign(tx: Tx, world: World, zoe: Zoe) -> None:
    gate = await put(tx, "gate", open=False)
    campaign = await put(tx, "campaign", name="Autumn", gate_id=gate, state="running")
    zoe.recipient = await put(
        tx,
        "recipient",
        campaign_id=campaign,
        contact_id=zoe.contact,
        state="made",
        address_id=zoe.mail,
        address=MAIL,
        channel_id=world.mail.id,
        language=MARK,
        time_zone=MARK,
        variables={"name": NAME},
        own={"text": SAID},
        flags=[MARK],
        hash=b"1",
    )
    await _delivery(
        tx, world, recipient_id=zoe.recipient, address_id=zoe.mail, purpose="marketing", gate_id=gate
    )
    later = {"campaign_id": campaign, "contact_id": zoe.contact, "step": 2, "state": "ready"}
    await put(tx, "recipient", address=MAIL, variables={"name": NAME}, **later)


async def _elsewhere(tx: Tx, world: World, zoe: Zoe) -> None:
    await _arrival(tx, world, outcome="ignored", raw=f"Final-Recipient: {MAIL.upper()}".encode(), reason=SAID)
    await _arrival(tx, world, outcome="ignored", raw=b"To=%2B34600987654&MessageStatus=sent")
    await _arrival(tx, world, outcome="unreadable", raw=None, raw_file=zoe.files[3], envelope={"to": MAIL})
    report = {"channel_id": world.mail.id, "provider_id": "SM1"}
    await put(tx, "early_report", report={"to": PHONE, "of": MAIL}, **report)
    await put(tx, "todo", kind="call", payload={"caller": MAIL}, error=SAID, due_at=datetime.max)
    token_id = await put(tx, "token", agent_id=world.ana, name="till", hash=b"1")
    answered = {"token_id": token_id, "key": "k", "request_hash": b"1", "status": 201}
    await put(tx, "idempotency_key", answer=msgspec.json.encode(PARTY), **answered)


async def _conversation(tx: Tx, world: World, contact: int, **about: Any) -> int:
    line = {"channel_id": world.mail.id, "last_channel_id": world.mail.id}
    made: int = await put(tx, "conversation", token=token(), contact_id=contact, **line, **about)
    return made


async def _message(tx: Tx, world: World, conversation: int, seq: int, **about: Any) -> int:
    said = {"subject": SAID, "text": f"{SAID}\n> {SAID}", "new_text": SAID} | about
    told = {"sender": PARTY, "recipients": {"to": [PARTY]}, "channel_id": world.mail.id}
    place = {"conversation_id": conversation, "home_id": conversation, "seq": seq}
    made: int = await put(tx, "message", **place, **told, **said)
    return made


async def _delivery(tx: Tx, world: World, *, state: str = "delivered", **about: Any) -> int:
    fixed = {"token": token(), "channel_id": world.mail.id, "message_header": token()}
    told = {"recipient": MAIL, "reason": SAID, "provider_id": MARK, "undo": {"text": SAID}}
    made: int = await put(tx, "delivery", state=state, **fixed, **told, **about)
    return made


async def _arrival(tx: Tx, world: World, *, outcome: str = "stored", **about: Any) -> int:
    row = {"channel_id": world.mail.id, "outcome": outcome, "size": 1, "received_at": OLD}
    made: int = await put(tx, "arrival", **row, **about)
    return made


async def put(tx: Tx, table: str, **columns: Any) -> Any:
    """One row; its id, if it has one."""
    names, places = ", ".join(columns), ", ".join(f"${n + 1}" for n in range(len(columns)))
    row = await tx.record(f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING *", *columns.values())
    assert row is not None
    return row.get("id")
