"""The doctor: looks at everything the hub stands on and says in plain words what is wrong and what to do."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import aiohttp
import asyncpg

from config.settings import Settings
from hub.channels.paper import machine_reading
from hub.operating import database_checks
from hub.operating.findings import Finding, error, ok, warn
from hub.plumbing import embedded
from hub.plumbing.texts import _

OLDEST_PYTHON = (3, 11)
LITTLE_SPACE = 1_000_000_000
"""Bytes: below this a busy day may fill the disk."""


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Every finding as it is made, the ground first. Starts and changes nothing."""
    for finding in (
        *_machine(),
        *_reading_machine(),
        *_data(settings),
        *_secret(settings),
        *_public_url(settings),
    ):
        yield finding
    reachable = embedded.with_urls(settings)
    async for finding in database_checks.redis(reachable.redis_url):
        yield finding
    try:
        connection = await asyncpg.connect(reachable.database_url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
        yield _no_database(settings, problem)
    else:
        try:
            async for finding in database_checks.postgres(connection):
                yield finding
        finally:
            await connection.close()
    async for finding in _doors(settings):
        yield finding


async def alive(settings: Settings, process: str) -> bool:
    """Whether a process of that sort (web, worker, mailroom) holds connections to our database."""
    connection = await asyncpg.connect(embedded.with_urls(settings).database_url, timeout=5)
    try:
        return process in await database_checks.running(connection)
    finally:
        await connection.close()


def _machine() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= OLDEST_PYTHON:
        yield ok(_("Python %(version)s", version=version))
    else:
        yield error(_("Python %(version)s is too old", version=version), _("Install Python 3.11 or newer."))


def _reading_machine() -> Iterator[Finding]:
    if machine_reading.is_there():
        yield ok(_("Faxes are read by machine (tesseract)"))
    else:
        yield ok(
            _("The words on faxes are not searchable: install tesseract with its Spanish to have them read")
        )


def _data(settings: Settings) -> Iterator[Finding]:
    folder = settings.data
    if not os.access(folder, os.W_OK | os.X_OK):
        yield error(
            _("The data folder %(folder)s is not writable", folder=folder),
            _("Give this user the folder, or set HUB_DATA to another one."),
        )
        return
    free = shutil.disk_usage(folder).free
    gigabytes = f"{free / 1e9:.1f}"
    if free < LITTLE_SPACE:
        yield warn(
            _("Only %(size)s GB free where %(folder)s lies", size=gigabytes, folder=folder),
            _("Make room: with a full disk no mail is accepted (none is lost)."),
        )
    else:
        yield ok(_("Data folder %(folder)s is writable, %(size)s GB free", folder=folder, size=gigabytes))


def _secret(settings: Settings) -> Iterator[Finding]:
    kept = settings.data / "secret"
    if not kept.exists() or kept.read_text().strip() != settings.secret:
        yield ok(_("The secret comes from HUB_SECRET"))
    elif stat.S_IMODE(kept.stat().st_mode) & 0o077:
        yield error(
            _("Others on this machine can read %(file)s", file=kept),
            _("Run: chmod 600 %(file)s", file=kept),
        )
    else:
        yield ok(_("The secret is kept in %(file)s; keep a copy with your backups", file=kept))


def _public_url(settings: Settings) -> Iterator[Finding]:
    address = urlsplit(settings.base_url)
    local = address.hostname in ("127.0.0.1", "localhost", "::1", "0.0.0.0")
    if settings.demo or (address.scheme == "https" and not local):
        yield ok(_("People reach the hub at %(address)s", address=settings.base_url))
    elif local:
        yield warn(
            _("Only this machine can reach %(address)s", address=settings.base_url),
            _("Set HUB_PUBLIC_URL to the address people and providers use."),
        )
    else:
        yield warn(
            _("%(address)s is not encrypted", address=settings.base_url),
            _("Put a proxy with TLS before the hub and set HUB_PUBLIC_URL to its https:// address."),
        )


def _no_database(settings: Settings, problem: Exception) -> Finding:
    if settings.database_url:
        place = urlsplit(settings.database_url).hostname or "DATABASE_URL"
        return error(
            _("PostgreSQL at %(place)s does not take us: %(problem)s", place=place, problem=problem),
            _("Check that it runs, and the user, password and name in DATABASE_URL."),
        )
    return error(
        _("The embedded PostgreSQL does not run in %(folder)s", folder=settings.data),
        _(
            "Start it with `hub up`; if that fails, look into %(log)s.",
            log=settings.data / "log" / "postgres.log",
        ),
    )


async def _doors(settings: Settings) -> AsyncIterator[Finding]:
    yield await _web(settings)
    if not settings.smtp_port:
        yield ok(_("The SMTP door is off (HUB_SMTP_PORT=0)"))
    elif await _greets(settings):
        yield ok(_("The SMTP door is open on port %(port)s", port=settings.smtp_port))
    else:
        yield warn(
            _("Nobody answers on the SMTP door, port %(port)s", port=settings.smtp_port),
            _("Start the mailroom (`hub up` or `hub mailroom`), or set HUB_SMTP_PORT=0."),
        )


async def _web(settings: Settings) -> Finding:
    place = f"{reachable(settings.host)}:{settings.port}"
    try:
        timeout = aiohttp.ClientTimeout(total=5)
        address = f"http://{place}/readyz"
        async with aiohttp.ClientSession(timeout=timeout) as client, client.get(address) as answer:
            if answer.status == 200:
                return ok(_("The web server answers on %(place)s and is ready", place=place))
            said = (await answer.text())[:300]
    except (aiohttp.ClientConnectorError, TimeoutError):
        return warn(_("Nobody answers on %(place)s", place=place), _("Start it with `hub up` or `hub web`."))
    except aiohttp.ClientError as problem:
        said = str(problem)
    return error(
        _("Something answers on %(place)s, but is not ready: %(said)s", place=place, said=said),
        _("If it is not Dialogo, set HUB_PORT to a free port; else see the other lines."),
    )


async def _greets(settings: Settings) -> bool:
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(
                reachable(settings.host).strip("[]"), settings.smtp_port
            )
            greeting = await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return greeting.startswith(b"220")


def reachable(host: str) -> str:
    """Where to call a server that listens on `host`."""
    wildcards = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}
    return wildcards.get(host, f"[{host}]" if ":" in host else host)
