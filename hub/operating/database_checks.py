"""What the doctor asks PostgreSQL and Redis: versions, migrations, processes, channels, work that is stuck."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hub.operating.findings import Finding, error, ok, warn
from hub.plumbing.errors import HubError
from hub.plumbing.migrate import pending
from hub.plumbing.texts import _, ngettext

OLDEST_POSTGRES = 150000
PROCESSES = ("web", "worker", "mailroom")


async def postgres(connection: asyncpg.Connection) -> AsyncIterator[Finding]:
    """The findings of one connected database; those of our tables only when they are there."""
    yield await _version(connection)
    extensions = await _extensions(connection)
    yield extensions
    migrations = await _migrations(connection)
    yield migrations
    if migrations.level == "ok":
        yield await _processes(connection)
        async for finding in _channels(connection):
            yield finding
        yield await _todo(connection)
        async for finding in _parked(connection):
            yield finding
        yield await _sending(connection)
        yield await _deliveries(connection)
        async for finding in _quarantine(connection):
            yield finding


async def running(connection: asyncpg.Connection) -> set[str]:
    """Which sorts of our processes hold connections: each names itself `dialogo web`, `dialogo worker` …"""
    rows = await connection.fetch(
        """
        SELECT DISTINCT split_part(application_name, ' ', 2) AS process
        FROM pg_stat_activity
        WHERE application_name LIKE 'dialogo %' AND datname = current_database()
        """
    )
    return {row["process"] for row in rows}


async def redis(url: str) -> AsyncIterator[Finding]:
    """The findings of Redis or Valkey."""
    client = Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
    try:
        server = await client.info("server")
        policy = (await client.config_get("maxmemory-policy")).get("maxmemory-policy", "noeviction")
    except (RedisError, OSError) as problem:
        place = urlsplit(url).hostname or _("the local socket")
        yield error(
            _("Redis at %(place)s does not answer: %(problem)s", place=place, problem=problem),
            _(
                "Start it (`hub up` brings its own), or check REDIS_URL. Live pages stand still; nothing is lost."
            ),
        )
        return
    finally:
        await client.aclose()
    name = "Valkey" if "valkey_version" in server else "Redis"
    yield ok(f"{name} {server.get('valkey_version') or server['redis_version']}")
    if policy != "noeviction":
        yield warn(
            _("%(name)s may throw keys away (maxmemory-policy %(policy)s)", name=name, policy=policy),
            _("Set maxmemory-policy to noeviction."),
        )


async def _version(connection: asyncpg.Connection) -> Finding:
    number = int(await connection.fetchval("SHOW server_version_num"))
    version = await connection.fetchval("SHOW server_version")
    if number < OLDEST_POSTGRES:
        return error(
            _("PostgreSQL %(version)s is too old", version=version),
            _("Use PostgreSQL 15 or newer, or leave DATABASE_URL empty for the embedded 18."),
        )
    return ok(f"PostgreSQL {version}")


async def _extensions(connection: asyncpg.Connection) -> Finding:
    missing = await connection.fetchval(
        """
        SELECT string_agg(wanted, ', ')
        FROM unnest(ARRAY['unaccent', 'pg_trgm']) AS wanted
        WHERE NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = wanted)
        """
    )
    if missing:
        return error(
            _("PostgreSQL lacks the extensions %(missing)s", missing=missing),
            _("Install its contrib package (postgresql-contrib)."),
        )
    return ok(_("The extensions unaccent and pg_trgm are there"))


async def _migrations(connection: asyncpg.Connection) -> Finding:
    trial = connection.transaction()
    await trial.start()
    try:
        waiting = await pending(connection)
    except HubError as problem:
        return error(problem.message, _("Install the version of Dialogo this database belongs to."))
    except asyncpg.InsufficientPrivilegeError as problem:
        return error(
            _("We may not create tables: %(problem)s", problem=problem),
            _("Give the user of DATABASE_URL the database: ALTER DATABASE … OWNER TO …"),
        )
    finally:
        await trial.rollback()  # looking for them makes their table
    if waiting:
        names = ", ".join(migration.name for migration in waiting[:3])
        return error(
            ngettext(
                "%(n)s migration has not run: %(names)s",
                "%(n)s migrations have not run: %(names)s",
                len(waiting),
                names=names,
            ),
            _("Run `hub migrate` (`hub up` does it by itself)."),
        )
    return ok(_("The database is up to date"))


async def _processes(connection: asyncpg.Connection) -> Finding:
    missing = sorted(set(PROCESSES) - await running(connection))
    if missing:
        return warn(
            _("Not running: %(processes)s", processes=", ".join(missing)),
            _("Start everything with `hub up`, or each with `hub web`, `hub worker`, `hub mailroom`."),
        )
    return ok(_("web, worker and mailroom are running"))


async def _channels(connection: asyncpg.Connection) -> AsyncIterator[Finding]:
    rows = await connection.fetch(
        "SELECT name, health, health_text FROM channel WHERE enabled ORDER BY lower(name), id"
    )
    if not rows:
        yield warn(_("No channel is connected"), _("Connect one with `hub channel add`."))
    for row in rows:
        if row["health"] == "failing":
            yield error(
                _("Channel «%(name)s» fails: %(reason)s", name=row["name"], reason=row["health_text"]),
                _("Test it with `hub channel test`, then correct its settings."),
            )
        elif row["health"] == "ok":
            yield ok(_("Channel «%(name)s» works", name=row["name"]))


async def _todo(connection: asyncpg.Connection) -> Finding:
    row = await connection.fetchrow(
        """
        SELECT count(*) AS late, coalesce(max(extract(epoch FROM now() - due_at)) / 60, 0)::int AS minutes,
               coalesce((array_agg(kind || ': ' || error ORDER BY attempts DESC) FILTER (WHERE error <> ''))[1], '')
                   AS worst
        FROM todo WHERE due_at < now() - interval '2 minutes'
        """
    )
    assert row is not None
    if row["late"]:
        return warn(
            ngettext(
                "%(n)s thing to do is late, up to %(minutes)s minutes. %(worst)s",
                "%(n)s things to do are late, up to %(minutes)s minutes. %(worst)s",
                row["late"],
                minutes=row["minutes"],
                worst=row["worst"],
            ).strip(),
            _("Is a worker running? If so its log says why: log/worker.log."),
        )
    return ok(_("Nothing waits that should be done"))


async def _parked(connection: asyncpg.Connection) -> AsyncIterator[Finding]:
    row = await connection.fetchrow(
        """
        SELECT count(*) AS parked, coalesce((array_agg(kind || ': ' || error ORDER BY id DESC))[1], '') AS last
        FROM todo WHERE due_at = 'infinity'
        """
    )
    assert row is not None
    if row["parked"]:
        yield warn(
            ngettext(
                "%(n)s thing was given up after many tries. %(last)s",
                "%(n)s things were given up after many tries. %(last)s",
                row["parked"],
                last=row["last"],
            ),
            _("Mend the cause, then have it tried again under Settings (/admin)."),
        )


async def _sending(connection: asyncpg.Connection) -> Finding:
    if await connection.fetchval("SELECT paused FROM installation"):
        return warn(
            _("Sending is paused: nothing leaves"),
            _("When you are ready let it go on: `hub sending resume`."),
        )
    return ok(_("Sending is not paused"))


async def _deliveries(connection: asyncpg.Connection) -> Finding:
    row = await connection.fetchrow(
        """
        SELECT count(*) FILTER (WHERE state IN ('held', 'queued') AND due_at < now() - interval '5 minutes')
                   AS late,
               count(*) FILTER (WHERE state = 'unknown') AS unknown
        FROM delivery WHERE state IN ('held', 'queued', 'unknown')
        """
    )
    assert row is not None
    if row["late"]:
        return warn(
            ngettext(
                "%(n)s message should have left by now", "%(n)s messages should have left by now", row["late"]
            ),
            _("Is a worker running, and does the channel work? See the lines above."),
        )
    if row["unknown"]:
        return warn(
            ngettext("%(n)s message was perhaps sent", "%(n)s messages were perhaps sent", row["unknown"]),
            _("Look at /unanswered and decide: sent, or send again."),
        )
    return ok(_("No message is stuck"))


async def _quarantine(connection: asyncpg.Connection) -> AsyncIterator[Finding]:
    held = await connection.fetchval("SELECT count(*) FROM arrival WHERE outcome = 'unreadable'")
    if held:
        yield warn(
            ngettext("%(n)s arrival could not be read", "%(n)s arrivals could not be read", held),
            _("See why with `hub quarantine list`; nothing of it is lost."),
        )
