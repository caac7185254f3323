"""A batch of N equals N batches of one (INVARIANTS §2), whatever the order and the cuts."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import inbound
from hub.channels.arrivals import Arrival
from hub.channels.base import Raw
from hub.channels.facts import MessageReceived
from hub.channels.registry import adapter
from hub.intake import TABLES
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx, _prepare
from hub.plumbing.sequences import Sequences
from tests.mails import mail
from tests.world import SECRET, World

PEOPLE = ("Marta <marta@acme.test>", "Pepe <pepe@acme.test>", "Jorge <jorge@gmail.com>", "Eva <eva@x.test>")
NOISE = ("", "", "", "Precedence: bulk", "Auto-Submitted: auto-replied")

said = st.tuples(
    st.integers(0, 6),  # the number of its Message-ID: small, so that some repeat
    st.sampled_from(PEOPLE),
    st.sampled_from(("Pedido", "Re: Pedido", "Factura #1", "")),
    st.one_of(st.none(), st.integers(0, 6)),  # what it answers
    st.sampled_from(NOISE),
    st.sampled_from(("", "", "", "s1", "s2")),  # the session a channel proves
)


def written(item: tuple[int, str, str, int | None, str, str]) -> bytes:
    number, sender, subject, answers, noise, _thread = item
    return mail(
        sender,
        subject,
        message_id=f"<m{number}@customers.test>",
        in_reply_to=f"<m{answers}@customers.test>" if answers is not None else "",
        extra=noise,
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(said, min_size=2, max_size=9), cuts=st.sets(st.integers(1, 8)))
def test_any_split_of_a_list_of_arrivals_gives_the_same_tables(servers, live, items, cuts):
    asyncio.run(_compare(servers.database(live), items, cuts))


async def _compare(dsn: str, items: list[Any], cuts: set[int]) -> None:
    singly = await _tables(dsn, [[item] for item in items])
    edges = [0, *sorted(cut for cut in cuts if cut < len(items)), len(items)]
    split = await _tables(dsn, [items[a:b] for a, b in itertools.pairwise(edges)])
    assert split == singly


async def _tables(dsn: str, batches: list[list[Any]]) -> Any:
    """Walk the batches in a transaction that is rolled back; what the tables say, without ids."""
    connection = await asyncpg.connect(dsn)
    await _prepare(connection)
    transaction = connection.transaction()
    await transaction.start()
    try:
        tx = Tx(connection)
        world = await _find(tx)
        ids = Sequences(*TABLES)
        moment = datetime(2026, 11, 21, 10, tzinfo=UTC)
        for batch in batches:
            arrivals = []
            for item in batch:
                moment += timedelta(seconds=1)
                arrivals.append(await _arrival(tx, world, ids, written(item), moment, item[5]))
            await inbound.walk(tx, Crypto(SECRET), ids, arrivals, {})
        return await _said(tx)
    finally:
        await transaction.rollback()
        await connection.close()


async def _find(tx: Tx) -> World:
    from tests import world as cast

    return await cast.find(tx)


async def _arrival(
    tx: Tx, world: World, ids: Sequences, raw: bytes, moment: datetime, thread: str
) -> Arrival:
    await ids.fill(tx.connection, 1)
    line = world.mail.line(Crypto(SECRET))
    facts = [
        msgspec.structs.replace(fact, thread=thread) if isinstance(fact, MessageReceived) else fact
        for fact in adapter(line.kind).parse(Raw(body=raw), line)
    ]
    return Arrival(
        id=ids.draw("arrival"),
        line=line,
        team_id=world.mail.team_id,
        raw=Raw(body=raw),
        facts=facts,
        received_at=moment,
        cost=1,
    )


async def _said(tx: Tx) -> Any:
    conversations = await tx.fetch(
        """
        SELECT v.subject, v.state, v.assignee_id, v.team_id, v.account_id, v.waiting_since, v.last_message_at,
               v.last_preview, v.last_seq, v.last_in_seq, v.reason, v.tags, r.name, r.account_standing,
               (SELECT array_agg((m.seq, m.message_id, m.automatic, m.warnings, m.belongs_to_id IS NULL,
                                  a.value)::text ORDER BY m.seq)
                FROM message m JOIN address a ON a.id = m.address_id WHERE m.conversation_id = v.id) AS messages,
               (SELECT array_agg((p.role, a.value)::text ORDER BY a.value)
                FROM participant p JOIN address a ON a.id = p.address_id
                WHERE p.conversation_id = v.id) AS participants,
               (SELECT array_agg(d.row_name ORDER BY d.id) FROM decision d WHERE d.conversation_id = v.id) AS rows
        FROM conversation v JOIN contact c ON c.id = v.contact_id JOIN contact r ON r.id = c.root_id
        ORDER BY v.created_at, (SELECT min(m.created_at) FROM message m WHERE m.conversation_id = v.id)
        """
    )
    pointers = await tx.fetch(
        """
        SELECT a.value, (SELECT min(m.created_at) FROM message m WHERE m.conversation_id = p.conversation_id)
        FROM thread_pointer p JOIN address a ON a.id = p.address_id ORDER BY 1
        """
    )
    keys = await tx.fetch(
        """
        SELECT k.key, (SELECT min(m.created_at) FROM message m WHERE m.conversation_id = k.conversation_id)
        FROM thread_key k ORDER BY 1
        """
    )
    ledger = await tx.fetch("SELECT outcome, received_at FROM arrival ORDER BY received_at")
    return [[tuple(row) for row in table] for table in (conversations, pointers, keys, ledger)]
