"""Where anything of Zoe's still stands: in a column, a row, a file, in Redis."""

from __future__ import annotations

from pathlib import Path

from hub.insight.erasing import PERSONAL
from hub.plumbing.hub import Hub
from tests.customers.zoe import MARK, PHONE


async def columns(hub: Hub) -> dict[tuple[str, str], bool]:
    """Whether a word of hers stands in each registered column."""
    found = {}
    for table, named in PERSONAL.items():
        for column in named.split():
            told = await hub.pool.fetch(f"SELECT {column}::text AS words FROM {table}")
            found[table, column] = any(_hers(row["words"] or "") for row in told)
    return found


async def rows(hub: Hub) -> list[str]:
    """Every row of the database in which a word of hers stands."""
    tables = await hub.pool.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    found = []
    for table in tables:
        told = await hub.pool.fetch(f"SELECT t::text AS words FROM {table['name']} t")
        found += [f"{table['name']}: {row['words']}" for row in told if _hers(row["words"])]
    return found


def files(root: Path) -> list[Path]:
    """Files below a folder that name her."""
    return [path for path in root.rglob("*") if path.is_file() and MARK.encode() in path.read_bytes().lower()]


async def in_redis(hub: Hub) -> list[str]:
    """Keys and values of this house."""
    found = []
    async for key in hub.redis.scan_iter(f"{hub.limits.prefix.removesuffix('limit:')}*"):
        dumped = await hub.redis.dump(key) or b""
        found += [str(key)] if MARK.encode() in key.lower() + dumped.lower() else []
    return found


def _hers(words: str) -> bool:
    plain = words.lower()
    return any(one in plain or one.encode().hex() in plain for one in (MARK, PHONE[1:]))
