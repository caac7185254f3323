"""Erasing a person: nothing of theirs stays anywhere, what is others' does, and a crash repeats nothing."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from urllib.parse import urlencode

import pytest

from hub import answering, erasing
from hub.channels.base import Raw
from hub.channels.facts import DeliveryReported
from hub.channels.registry import adapter
from hub.conversations.auto_reply import whom_to_answer, within_limits
from hub.customers import contacts, erasures, importing_people, importing_wishes, suppression
from hub.departure import Pace
from hub.insight.erasing import PERSONAL, foresee
from hub.insight.held import PARTS, held
from hub.intake import Inbound
from hub.plumbing import pausing
from hub.plumbing.blotting import BLOT, Blotting
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.hub import Hub
from tests.conversations.phone import MARTA, NUMBER, add_line
from tests.customers import traces
from tests.customers import zoe as planted
from tests.customers.zoe import MAIL, MARK, NAME, NAMED, PHONE, SAID
from tests.process import worker_process
from tests.waiting import until
from tests.world import World
from workers.erasing import KINDS
from workers.todo import Chores

KEYS = {("arrival", "raw_file"), ("attachment", "file"), ("attachment", "sha256"), ("message", "html_file")}
KEYS |= {("page_picture", "file")}
"""Names of files: what they name is looked for in the store."""


async def test_nothing_of_an_erased_person_stays(hub: Hub, world: World) -> None:
    zoe = await planted.plant(hub, world)
    silent = [
        where for where, found in (await traces.columns(hub)).items() if not found and where not in KEYS
    ]
    assert not silent, "the plant misses a column that is said to be personal"
    async with hub.transaction() as tx:
        writer = await whom_to_answer(tx, zoe.own)
    assert writer is not None
    assert await within_limits(hub.limits, writer)
    async with hub.transaction() as tx:
        foreseen = await foresee(tx, zoe.contact)
        everything = await held(tx, zoe.merged)
        asked = await erasures.ask(tx, hub.crypto, zoe.merged, agent_id=world.berta)
        again = await erasures.ask(tx, hub.crypto, zoe.contact, agent_id=world.ana)
    assert again == asked, "asked twice is asked once"
    for part in sorted(PARTS.keys() - {"refused_interests", "hours", "tags", "roles"}):
        assert MARK in str(everything[part]).lower(), f"{part} is not handed out"
    done = await erasing.work(hub, asked.id)

    assert await traces.rows(hub) == [], "in the database"
    assert traces.files(hub.files.root) == [], "in the store"
    assert await traces.in_redis(hub) == [], "in Redis"
    assert done.done_at is not None
    assert done.named == []
    assert done.counts["files"] == 4
    assert done.counts["purchases"] == 1
    assert done.counts["accounts"] == 1
    same = ("conversations", "addresses", "contacts", "accounts", "purchases", "purchases_kept", "shared")
    assert {what: done.counts[what] for what in same} == {what: foreseen.counts[what] for what in same}
    await _others_stay(hub, world, zoe)
    await _late_reports(hub, world, zoe)
    await _late_steps_of_calls(hub, world)
    await _stays_refused(hub)
    with pytest.raises(NotFound):
        async with hub.transaction() as tx:
            await erasures.ask(tx, hub.crypto, zoe.contact, agent_id=None)


async def _others_stay(hub: Hub, world: World, zoe: planted.Zoe) -> None:
    kept = await hub.pool.fetchrow("SELECT * FROM message WHERE id = $1", zoe.kept_message)
    assert kept["text"] == f"The pump leaks, ask {BLOT}.", "Marta's words stay, quotations do not"
    assert kept["recipients"] == {"cc": [{"address": BLOT, "name": BLOT}]}
    told = await hub.pool.fetchrow(
        "SELECT state, recipient FROM delivery WHERE recipient_id = $1", zoe.recipient
    )
    assert tuple(told) == ("delivered", BLOT), "that somebody was written to still counts"
    waiting = await hub.pool.fetchval("SELECT state FROM delivery WHERE recipient_id IS NULL")
    assert waiting == "canceled", "what had not left does not leave"
    states = await hub.pool.fetch("SELECT state FROM recipient ORDER BY step")
    assert [row["state"] for row in states] == ["made", "dropped"]
    bought = await hub.pool.fetchrow(
        "SELECT contact_id, account_id FROM purchase WHERE id = $1", zoe.kept_purchase
    )
    assert tuple(bought) == (None, world.acme), "the account's purchase stays, without her"
    verbs = await hub.pool.fetch("SELECT agent_id FROM history WHERE verb = 'person_erased'")
    assert [row["agent_id"] for row in verbs] == [world.berta]


async def _late_reports(hub: Hub, world: World, zoe: planted.Zoe) -> None:
    """A bounce, a complaint and a status after the end: what became of it counts, who it was is not said again."""
    sent = await hub.pool.fetchval("SELECT id FROM delivery WHERE recipient_id = $1", zoe.recipient)
    words = {"status_code": "5.1.1", "reason": f"550 <{MAIL}> unknown"}
    token = hub.crypto.sign("bounce", sent)
    inbound = Inbound(hub)
    await inbound.start()
    for number, fact in enumerate(
        (
            DeliveryReported(state="read", token=token, recipient="forwarded@elsewhere.test", **words),
            DeliveryReported(state="failed", permanent=True, recipient=MAIL, message_id=f"9@{MARK}", **words),
            DeliveryReported(state="delivered", recipient=PHONE, provider_id=f"SM-{MARK}", **words),
        )
    ):
        raw = Raw(body=f"{number}: {NAMED} {PHONE}".encode(), envelope={"from": MAIL})
        for _again in range(2):
            await inbound.receive(world.mail, raw, [fact])
    await inbound.close()
    assert await traces.rows(hub) == [], "it came back with a report"
    told = await hub.pool.fetchrow("SELECT state, recipient, reason FROM delivery WHERE id = $1", sent)
    assert tuple(told) == ("read", BLOT, "5.1.1")
    outcomes = await hub.pool.fetch("SELECT outcome FROM arrival WHERE raw IS NULL ORDER BY id")
    assert [row["outcome"] for row in outcomes] == ["stored", "duplicate"] * 3, "that it came is kept"


async def _late_steps_of_calls(hub: Hub, world: World) -> None:
    """A recording, its transcript and the end of a call that was erased; of anybody else's they are kept."""
    line = await add_line(hub, world, language="en")
    begun = {"CallSid": "CA1", "AccountSid": "AC1", "CallStatus": "completed", "To": NUMBER}
    sound = {"RecordingSid": "RE1", "RecordingUrl": "https://api.twilio.com/RE1", "RecordingDuration": "42"}
    transcript = {"TranscriptionSid": "TR1", "TranscriptionText": SAID, "TranscriptionStatus": "completed"}
    inbound = Inbound(hub)
    await inbound.start()
    for rest, fields in (
        (f"recording/{PHONE}", begun | sound),
        ("voicemail", begun | sound | {"From": PHONE}),
        ("transcript", begun | sound | transcript | {"From": PHONE}),
        ("status", begun | {"From": PHONE}),
        ("status", begun | {"CallSid": "CA2", "From": NUMBER, "To": PHONE, "Direction": "outbound-api"}),
        (f"recording/{MARTA}", begun | sound | {"CallSid": "CA3", "RecordingSid": "RE3"}),
    ):
        raw = Raw(body=urlencode(fields).encode(), envelope={"rest": rest})
        facts = adapter("voice").parse(raw, line.line(hub.crypto))
        for _again in range(2):
            outcome = await inbound.receive(line, raw, facts)
            await answering.answer(hub, line, facts)
    await inbound.close()
    assert await traces.rows(hub) == [], "it came back with a step of a call"
    assert not await hub.pool.fetchval("SELECT count(*) FROM address WHERE value = $1", PHONE)
    said = await hub.pool.fetchval("SELECT text FROM message WHERE channel_id = $1", line.id)
    assert (outcome.state, said) == ("duplicate", "Recording of the call, 0:42"), "Marta's is a message"


async def _stays_refused(hub: Hub) -> None:
    """A list that brings her back with a yes reaches nobody."""
    async with hub.transaction() as tx:
        await contacts.create(tx, name="Z", addresses=[("email", MAIL)], source="import")
        await suppression.compare(tx, hub.crypto)
        words = (await importing_people.find(tx, [("email", MAIL)], [])).words
    assert importing_wishes.agree(words, [("email", MAIL)]) == ([], 1)
    assert words["email", MAIL].stopped


async def test_a_worker_goes_on_where_another_was_killed(hub: Hub, world: World) -> None:
    zoe = await planted.plant(hub, world)
    fresh = hub.files.path(zoe.files[0])
    os.utime(fresh)
    async with hub.transaction() as tx:
        asked = await erasures.ask(tx, hub.crypto, zoe.contact, agent_id=None)
        await pausing.pause(tx)  # the worker does nothing else
    await _killed_at_campaigns(hub, zoe)
    async with hub.transaction() as tx:
        half = await erasures.load(tx, asked.id)
        await pausing.resume(tx)
    assert (half.counts["conversations"], half.counts["shared"], half.gone_at) == (1, 1, None)
    assert await traces.rows(hub), "half of it is still there"
    await hub.pool.execute("UPDATE todo SET lease_until = now() WHERE kind = 'erase'")
    await Chores(hub, KINDS, most=1).turn()
    assert await traces.rows(hub) == []
    async with hub.transaction() as tx:
        done = await erasures.load(tx, asked.id)
        waits = await tx.value("SELECT count(*) FROM todo WHERE kind = 'erase' AND due_at > now()")
    assert (done.gone_at is not None, done.done_at, done.named, waits) == (True, None, [zoe.files[0]], 1)
    os.utime(fresh, (0, 0))
    await hub.pool.execute("UPDATE todo SET due_at = now() WHERE kind = 'erase'")
    await Chores(hub, KINDS, most=1).turn()
    assert traces.files(hub.files.root) == []
    assert not await hub.pool.fetchval("SELECT count(*) FROM todo WHERE kind = 'erase'")


async def _killed_at_campaigns(hub: Hub, zoe: planted.Zoe) -> None:
    """kill -9 of a worker that has done the second step and cannot end the third: we hold a row of it."""

    async def has_done_two() -> bool:
        return bool(
            await hub.pool.fetchval("SELECT EXISTS (SELECT FROM erasure WHERE counts ->> 'shared' = '1')")
        )

    async with hub.pool.acquire() as ours, ours.transaction():
        await ours.execute("SELECT FROM delivery WHERE recipient_id = $1 FOR UPDATE", zoe.recipient)
        with worker_process(hub.settings, Pace()) as worker:
            await until(has_done_two)
            await asyncio.to_thread(worker.kill)


async def test_a_file_somebody_else_names_stays(hub: Hub, world: World) -> None:
    zoe = await planted.plant(hub, world)
    async with hub.transaction() as tx:
        file = {"token": "t", "name": "same.pdf", "type": "application/pdf", "size": 1, "sha256": "0"}
        await planted.put(tx, "attachment", agent_id=world.ana, file=zoe.files[1], **file)
        asked = await erasures.ask(tx, hub.crypto, zoe.contact, agent_id=None)
    done = await erasing.work(hub, asked.id)
    assert done.counts["files"] == 3
    assert hub.files.path(zoe.files[1]).is_file()


async def test_what_is_stored_behind_who_looked_goes_too(hub: Hub, world: World) -> None:
    """Ids are drawn in blocks: another process may store a lower one later."""
    async with hub.transaction() as tx:
        asked = await erasures.ask(tx, hub.crypto, world.jorge, agent_id=None)
        await erasures.read_to(tx, asked.id, 10**9)
        row = {"channel_id": world.mail.id, "outcome": "ignored", "size": 1}
        await planted.put(tx, "arrival", raw=b"To: jorge@gmail.com", **row)
        lost = await planted.put(tx, "arrival", raw_file="ab/lost", **row)
    assert (await erasing.work(hub, asked.id)).counts["arrivals"] == 1
    left = await hub.pool.fetch("SELECT id FROM arrival")
    assert [row["id"] for row in left] == [lost], "a file that is nowhere stops nobody's erasure"


async def test_a_backup_that_brings_them_back_is_told(hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        asked = await erasures.ask(tx, hub.crypto, world.jorge, agent_id=None)
    await erasing.work(hub, asked.id)
    remembered = erasing.remembered(Path(hub.settings.data))
    assert remembered == [[world.jorge, world.jorge]]
    async with hub.transaction() as tx:
        assert await erasing.again(tx, hub.crypto, remembered) == 0, "nobody is back"
        await tx.execute("INSERT INTO contact (id, root_id, name) VALUES ($1, $1, 'Jorge')", world.jorge)
        assert await erasing.again(tx, hub.crypto, remembered) == 1
        [latest, _] = await erasures.listed(tx)
    assert latest.contact_id == world.jorge
    assert latest.gone_at is None


def test_words_become_blots_only_where_they_are_whole_names_or_addresses() -> None:
    blotting = Blotting([MAIL, PHONE, "a@b"], [NAME, "Zoe", "Al B"])
    assert blotting.text(f"Zoe, {NAME.lower()} <{MAIL.upper()}>, a@b") == f"Zoe, {BLOT} <{BLOT}>, a@b"
    assert blotting.value({"to": [MAIL, 1, None]}) == {"to": [BLOT, 1, None]}
    assert blotting.stands_in(b"From=%2B34600987654")
    assert blotting.stands_in(b"zoe%40ZQMARKER.test")
    assert not blotting.stands_in(b"zoe")
    assert Blotting([], []).text(NAME) == NAME, "of nobody nothing is taken"


def test_who_erases_types_the_number() -> None:
    erasures.confirmed(" #12", 12)
    with pytest.raises(BadInput):
        erasures.confirmed("yes", 12)


async def test_every_column_that_may_be_personal_is_registered(tx: Tx) -> None:
    rows = await tx.fetch(
        """
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type IN ('text', 'jsonb', 'json', 'bytea', 'tsvector', 'ARRAY')
          AND table_name !~ '_[0-9]+$'
        """
    )
    there = {tuple(row) for row in rows}
    known = {(table, column) for table, named in PERSONAL.items() for column in named.split()}
    assert known <= there, "the registry names what is not there"
    said = {(table, column) for table, named in IMPERSONAL.items() for column in named.split()}
    unsaid = {(table, column) for table, column in there - known - said if table not in NOBODYS}
    assert not unsaid, (
        "may it hold a person's words? Say so in hub/insight/erasing.py, or here that it never does"
    )


IMPERSONAL = {
    "account": "kind relation tier",
    "address": "type source unusable_on",
    "arrival": "outcome",
    "arrival_key": "key_hash outcome",
    "attachment": "token type",
    "awaited_file": "type",
    "call": "direction state outcome client_id",
    "call_leg": "token phone state",
    "chat_session": "token_hash name language",
    "claim": "type",
    "consent": "purpose source",
    "contact": "account_standing preferred_channel standing reached_by agreed",
    "contact_list_import": "name file plan why",
    "conversation": "token state priority language last_direction close_reason close_outcome fallback",
    "decision": "row_name",
    "delivery": "token role purpose state message_header worker code",
    "draft": "mode",
    "early_report": "provider_id",
    "history": "verb",
    "idempotency_key": "key request_hash",
    "merge": "members",
    "message": "direction client_id",
    "notification": "verb",
    "purchase": "state currency",
    "recipient": "state reason variant hash",
    "todo": "kind",
}
"""Columns of the same tables that hold words of ours, or names nobody can read."""
NOBODYS = frozenset(
    "absence account_domain agent approved_text bought bought_stale campaign campaign_count campaign_policy "
    "campaign_tally campaign_text channel channel_address contact_hours contact_list contact_role erasure "
    "forgotten_address interest invitation link mailbox mailbox_uid migration participant payment product reach_stale "
    "rule_set saved_text saved_text_version segment segment_version session suppressed tag team token view_sort".split()
)
"""Tables about us, or of numbers alone."""
