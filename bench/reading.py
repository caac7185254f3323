"""Reading at size: lists, badges, threads, addresses and search, through the very functions the pages call.

50,000 conversations and 250,000 messages by default; BENCH=full builds a million and five (half an hour).
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable
from datetime import date
from statistics import median, quantiles
from zoneinfo import ZoneInfo

import asyncpg

from hub.conversations import inbox, search, search_query, thread
from hub.conversations.counters import counters
from hub.conversations.search_index import PARTITION, PUNCTUATION, make_partitions
from hub.customers import known
from hub.plumbing.db import Tx, _prepare
from hub.plumbing.migrate import migrate
from tests import world as cast
from tests.fakes.servers import Servers

FULL = os.environ.get("BENCH") == "full"
CONVERSATIONS = 1_000_000 if FULL else 50_000
EACH = 5  # messages a conversation
AGENTS = 200
GIANT = 5_000  # messages of one conversation
ROUNDS = 3
REPEATS = 60
GOALS = {"list": 2.0, "badges": 0.5, "thread": 1.5, "address": 0.2, "search": 25.0}  # ms, p95
SNIPPETS = 4_000
Read = Callable[[Tx, random.Random], Awaitable[object]]


def measure() -> dict[str, float]:
    """Milliseconds a read, p50 and p95 of each (`list.mine.p95`), and how the worst of a kind stands to its goal."""
    with Servers.start() as servers:
        return asyncio.run(_measured(servers))


async def _measured(servers: Servers) -> dict[str, float]:
    connection = await _built(servers)
    tx = Tx(connection)
    found: dict[str, list[float]] = {}
    try:
        for round_ in range(ROUNDS + 1):
            for name, read in READS.items():
                times = await _times(tx, read, random.Random(f"{round_}{name}"))
                if round_:  # the first round warms up caches and plans
                    found.setdefault(name, []).extend(times)
    finally:
        await connection.close()
    return _summary(found)


async def _times(tx: Tx, read: Read, chance: random.Random) -> list[float]:
    times = []
    for _ in range(REPEATS):
        async with tx.connection.transaction():
            began = time.perf_counter()
            await read(tx, chance)
            times.append((time.perf_counter() - began) * 1000)
    return times


def _summary(found: dict[str, list[float]]) -> dict[str, float]:
    told: dict[str, float] = {}
    for name, times in found.items():
        told[f"{name}.p50"] = median(times)
        told[f"{name}.p95"] = quantiles(times, n=20)[-1]
    for kind, goal in GOALS.items():
        worst = max(told[f"{name}.p95"] for name in found if name.partition(".")[0] == kind)
        told[f"{kind}.goal"] = goal
        told[f"{kind}.of_goal"] = worst / goal
    return told


# What is read


def _agent(chance: random.Random) -> int:
    return chance.randint(7, 6 + AGENTS)


def _asked(*texts: str) -> Read:
    async def read(tx: Tx, chance: random.Random) -> object:
        text = chance.choice(texts).replace("{n}", str(chance.randint(1, CONVERSATIONS // 10)))
        query = search_query.parse(text, today=date(2026, 11, 21), zone=ZoneInfo("Europe/Madrid"))
        return await search.search(tx, _agent(chance), query)

    return read


async def _later_page(tx: Tx, chance: random.Random) -> object:
    at = await tx.value("SELECT now() - make_interval(mins => $1)", chance.randint(1, CONVERSATIONS // 30))
    return await inbox.all_open(tx, _agent(chance), (at, 10**12))


async def _nothing(tx: Tx, chance: random.Random) -> object:
    return await tx.value("SELECT 1")


async def _address(tx: Tx, chance: random.Random) -> object:
    return await known.holder(tx, "email", f"p{chance.randint(1, CONVERSATIONS // 2)}@firm7.test")


READS: dict[str, Read] = {
    "floor": _nothing,  # one round trip on this machine as it is now: nothing can be faster
    "list.mine": lambda tx, chance: inbox.mine(tx, _agent(chance)),
    "list.unassigned": lambda tx, chance: inbox.unassigned(tx, _agent(chance)),
    "list.team": lambda tx, chance: inbox.of_team(tx, chance.randint(3, 12), _agent(chance)),
    "list.all": lambda tx, chance: inbox.all_open(tx, _agent(chance)),
    "list.all_later": _later_page,
    "list.waiting": lambda tx, chance: inbox.page_of(tx, "all", _agent(chance), sort="waiting"),
    "list.waiting_mine": lambda tx, chance: inbox.page_of(tx, "mine", _agent(chance), sort="waiting"),
    "list.priority": lambda tx, chance: inbox.page_of(tx, "all", _agent(chance), sort="priority"),
    "list.priority_nobodys": lambda tx, chance: inbox.page_of(
        tx, "unassigned", _agent(chance), sort="priority"
    ),
    "list.drafts": lambda tx, chance: inbox.drafted(tx, _agent(chance)),
    "list.closed": lambda tx, chance: inbox.closed(tx, _agent(chance)),
    "badges": lambda tx, chance: counters(tx, _agent(chance)),
    "thread.ordinary": lambda tx, chance: thread.messages(tx, chance.randint(2, CONVERSATIONS)),
    "thread.giant": lambda tx, chance: thread.messages(tx, 1),
    "address": _address,
    "search.common": _asked("palabra1", "palabra2", "palabra3"),
    "search.ordinary": _asked("palabra200", "palabra350", "palabra499"),
    "search.rare": _asked("rarisima"),
    "search.nothing": _asked("inexistente"),
    "search.two": _asked("palabra3 palabra200", "palabra40 palabra41", '"palabra1 palabra2"'),
    "search.name": _asked("persona{n}", "firma{n}"),
    "search.filter": _asked("palabra5 asignado:yo", "assignee:me estado:abierta", "palabra9 estado:cerrada"),
}


# What it is read from


async def _built(servers: Servers) -> asyncpg.Connection:
    """A migrated database with the world and the bulk in it, analysed."""
    dsn = servers.database("reading")
    admin = await asyncpg.connect(servers.dsn)
    await admin.execute('CREATE DATABASE "reading"')
    await admin.close()
    await migrate(dsn)
    connection = await asyncpg.connect(dsn, server_settings={"jit": "off"}, command_timeout=None)
    await _prepare(connection)
    tx = Tx(connection)
    async with connection.transaction():
        await cast.build(tx)
        await connection.execute("SET LOCAL synchronous_commit = off")
        await _people(tx)
        await _conversations(tx)
        await _begun(tx)
        await _messages(tx)
    async with connection.transaction():
        await _words(tx)
    await connection.execute("VACUUM ANALYZE")
    return connection


async def _people(tx: Tx) -> None:
    await tx.execute(
        """
        INSERT INTO agent (name, email, role)
        SELECT 'Agente ' || n, 'a' || n || '@dialogo.test', 'agent' FROM generate_series(1, $1) n
        """,
        AGENTS,
    )
    await tx.execute(
        "INSERT INTO team (name, restricted) SELECT 'Equipo ' || n, n > 8 FROM generate_series(1, 10) n"
    )
    await tx.execute(
        "INSERT INTO team_member SELECT 3 + (id % 10), id FROM agent WHERE id > 6 ON CONFLICT DO NOTHING"
    )
    accounts = CONVERSATIONS // 10
    await tx.execute(
        """
        INSERT INTO account (name, owner_id)
        SELECT 'Firma' || n || ' Industrial', 7 + n % $2 FROM generate_series(1, $1) n
        """,
        accounts,
        AGENTS,
    )
    await tx.execute(
        """
        INSERT INTO contact (id, root_id, name, account_id, account_standing, search)
        SELECT 100 + n, 100 + n, 'Persona' || n || ' Pérez', 2 + n % $2, 'confirmed',
               'Persona' || n || ' Pérez p' || n || '@firm7.test'
        FROM generate_series(1, $1) n
        """,
        CONVERSATIONS // 2,
        accounts,
    )
    await tx.execute(
        """
        INSERT INTO address (id, type, value, contact_id, verified)
        SELECT 100 + n, 'email', 'p' || n || '@firm7.test', 100 + n, true FROM generate_series(1, $1) n
        """,
        CONVERSATIONS // 2,
    )


async def _conversations(tx: Tx) -> None:
    """One in twenty open (a quarter of those nobody's), one in fifty aside, the rest closed; a minute apart."""
    await tx.execute(
        """
        INSERT INTO conversation (id, token, state, subject, contact_id, account_id, assignee_id, team_id, channel_id,
                                  last_channel_id, last_message_at, last_preview, last_seq, last_in_seq, created_at)
        SELECT n, 't' || n,
               CASE WHEN n % 20 = 0 THEN 'open' WHEN n % 50 = 7 THEN 'aside' ELSE 'closed' END,
               'Pedido ' || n, 101 + n % $2, 2 + n % $3,
               CASE WHEN n % 80 = 0 THEN NULL ELSE 7 + (n / 20) % $4 END, CASE WHEN n % 3 = 0 THEN 3 + n % 10 END,
               1, 1, now() - make_interval(secs => ($1 - n) * 6), 'Lo que se dijo al final de todo', $5, $5,
               now() - make_interval(secs => ($1 - n) * 6 + 3600)
        FROM generate_series(1, $1) n
        """,
        CONVERSATIONS,
        CONVERSATIONS // 2,
        CONVERSATIONS // 10,
        AGENTS,
        EACH,
    )


async def _begun(tx: Tx) -> None:
    """In two of three open ones the customer waits, one in fifty presses; each agent has begun to write in some."""
    await tx.execute(
        """
        UPDATE conversation SET waiting_since = CASE WHEN id % 3 > 0 THEN last_message_at END,
               priority = CASE WHEN id % 1000 = 0 THEN 'urgent' WHEN id % 500 = 0 THEN 'low' ELSE 'normal' END
        WHERE state = 'open'
        """
    )
    await tx.execute(
        """
        INSERT INTO draft (conversation_id, agent_id, mode, text, updated_at)
        SELECT id, 7 + id % $1, CASE WHEN id % 4 = 0 THEN 'note' ELSE 'reply' END, 'Lo que se empezó', created_at
        FROM conversation WHERE id % 7 = 0
        """,
        AGENTS,
    )


async def _messages(tx: Tx) -> None:
    chance = random.Random(1)
    vocabulary = [f"palabra{n}" for n in range(1, 3001)]
    weights = [1 / n for n in range(1, 3001)]
    snippets = [" ".join(chance.choices(vocabulary, weights, k=20)) for _ in range(SNIPPETS)]
    await tx.execute(
        """
        INSERT INTO message (id, conversation_id, home_id, seq, direction, channel_id, contact_id, address_id,
                             agent_id, text, verified, created_at)
        SELECT n, c, c, 1 + (n - 1) / $1::bigint, CASE WHEN ((n - 1) / $1::bigint) % 2 = 0 THEN 'in' ELSE 'out' END, 1,
               101 + c % $2::bigint, 101 + c % $2::bigint,
               CASE WHEN ((n - 1) / $1::bigint) % 2 = 1 THEN 7 + c % $5::bigint END,
               ($3::text[])[1 + (n * 7919) % $4::bigint] || ' ' || ($3::text[])[1 + (n * 104729) % $4::bigint]
               || CASE WHEN n % 50000 = 7 THEN ' rarisima' ELSE '' END,
               true, now() - make_interval(secs => ($1::bigint * $6::bigint - n) * 1.2)
        FROM (SELECT n, 1 + (n - 1) % $1::bigint AS c FROM generate_series(1, $1::bigint * $6::bigint) n) numbered
        """,
        CONVERSATIONS,
        CONVERSATIONS // 2,
        snippets,
        SNIPPETS,
        AGENTS,
        EACH,
    )
    await tx.execute(
        """
        INSERT INTO message (id, conversation_id, home_id, seq, direction, channel_id, agent_id, text)
        SELECT $1::bigint + n, 1, 1, 100 + n, 'out', 1, 7, 'otra vez lo mismo' FROM generate_series(1, $2) n
        """,
        CONVERSATIONS * EACH,
        GIANT,
    )


async def _words(tx: Tx) -> None:
    last = CONVERSATIONS * EACH + GIANT
    await make_partitions(tx, [*range(1, last, PARTITION), last])
    await tx.execute(
        """
        INSERT INTO message_search (id, conversation_id, tsv)
        SELECT id, conversation_id, to_tsvector('simple', translate(plain(text), $1, $2)) FROM message
        """,
        PUNCTUATION,
        " " * len(PUNCTUATION),
    )


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:>24} {value:10.3f}")
