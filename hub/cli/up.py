"""`hub up`: databases, migrations, demo, web, worker and mailroom, in this order, under one roof."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Awaitable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import click

from config import logging
from config.settings import Settings, read
from hub import app
from hub.operating import ports
from hub.operating.doctor import reachable
from hub.plumbing import embedded
from hub.plumbing.embedded.children import Children, Command
from hub.plumbing.embedded.kept import Kept
from hub.plumbing.hub import Hub
from hub.plumbing.migrate import migrate
from hub.plumbing.texts import _

PROCESSES = ("web", "worker", "mailroom")
GRACE = {"worker": 60.0}
"""Seconds to end in, where it is more than a Command's own: what is on the wire ends first (`Pace.drain`)."""
READY_WITHIN = 60.0
"""Seconds the processes have to become ready before we say what is missing, and wait on."""


@click.command()
def command() -> None:
    """Start everything and keep it running until Ctrl-C."""
    asyncio.run(_until_told())


async def _until_told() -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
            loop.add_signal_handler(number, told.set)
    house = House()
    try:
        await _first_of(told, house.start())
        await told.wait()
        _say(_("Stopping; what is under way is finished first."))
    finally:
        await house.stop()


async def _first_of(told: asyncio.Event, start: Awaitable[None]) -> None:
    """Start, unless Ctrl-C comes first."""
    starting, stopping = asyncio.ensure_future(start), asyncio.ensure_future(told.wait())
    await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not starting.done():
        starting.cancel()
    await asyncio.gather(starting, return_exceptions=told.is_set())


class House:
    """All processes of one `hub up`."""

    def __init__(self) -> None:
        self._children = Children(_say)
        self._kept: list[Kept] = []

    async def start(self) -> None:
        """Start all, a line a step. Raises HubError, SettingError."""
        with _step(_("Settings read")):
            settings = read()
            _log_to(settings.data / "log" / "up.log", settings)
            app.check(settings)
            ports.check(settings)
        settings = await self._databases(settings)
        with _step(_("Database migrated")) as note:
            note.append(_("%(n)s new migrations", n=len(await migrate(settings.database_url))))
        logins = await _demo(settings) if settings.demo else []
        with _step(_("Processes started")) as note:
            note.append(", ".join(PROCESSES))
            await self._processes(settings)
            missing = await _until_ready(settings, READY_WITHIN)
        while missing:
            _say(_("Dialogo runs but is not ready: %(missing)s", missing=missing))
            _say(_("Look into %(log)s, or run `hub doctor`.", log=settings.data / "log"))
            missing = await _until_ready(settings, 10 * READY_WITHIN)
        _say("\n".join(_last_words(settings, logins)))

    async def stop(self) -> None:
        """Stop what we started, the last first; adopted servers stay."""
        for kept in self._kept:
            await kept.stop_watching()
        await self._children.stop()
        for kept in self._kept:
            kept.release()

    async def _databases(self, settings: Settings) -> Settings:
        for _variable, server in embedded.wanted(settings):
            with _step(server.name) as note:
                kept = Kept(server, self._children)
                self._kept.append(kept)
                await kept.start()
                note.extend([_("already running, used")] if kept.adopted else [])
        return embedded.with_urls(settings)

    async def _processes(self, settings: Settings) -> None:
        environ = {
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "HUB_DATA": str(settings.data.resolve()),
        }
        for name in PROCESSES:
            log = settings.data / "log" / f"{name}.log"
            command = Command(name, [sys.executable, "-m", "hub", name], log, environ)
            await self._children.start(replace(command, grace=GRACE.get(name, command.grace)))


async def _demo(settings: Settings) -> list[str]:
    """Load the demo company if there is nobody yet; who can sign in to it, a line each."""
    if importlib.util.find_spec("hub.operating.demo") is None:
        return []
    demo = importlib.import_module("hub.operating.demo")
    hub = await Hub.open(settings, most_connections=4, name="dialogo up")
    try:
        if not await hub.pool.fetchval("SELECT EXISTS (SELECT FROM agent)"):
            with _step(_("Demo company loaded")):
                await demo.load(hub)
        lines: Iterable[str] = await demo.logins(hub)
        return list(lines)
    finally:
        await hub.close()


async def _until_ready(settings: Settings, seconds: float) -> str:
    """Wait for /readyz; what it still misses, empty when nothing."""
    deadline = time.monotonic() + seconds
    missing = _("no answer")
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as client:
        while time.monotonic() < deadline:
            try:
                async with client.get(f"http://{reachable(settings.host)}:{settings.port}/readyz") as answer:
                    if answer.status == 200:
                        return ""
                    missing = (await answer.text())[:300]
            except (aiohttp.ClientError, TimeoutError) as error:
                missing = str(error)
            await asyncio.sleep(0.1)
    return missing


def _last_words(settings: Settings, logins: list[str]) -> Iterator[str]:
    if settings.demo:
        yield _("Play a customer: %(address)s", address=f"{settings.base_url}/lab")
    yield from logins
    yield f"Dialogo is ready: {settings.base_url}"  # the same in every language: programs wait for it


@contextmanager
def _step(name: str) -> Iterator[list[str]]:
    """Print one line when the step is done: its name, its seconds and the notes it left."""
    began = time.monotonic()
    notes: list[str] = []
    yield notes
    seconds = f"{time.monotonic() - began:.1f} s"
    _say(f"  {name:<20} {seconds:>7}  {', '.join(notes)}".rstrip())


def _log_to(path: Path, settings: Settings) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    logging.configure(settings, stream=path.open("a", buffering=1, encoding="utf-8"))


def _say(line: str) -> None:
    try:
        click.echo(line)
    except BrokenPipeError:  # whoever read us is gone; the house stays up, its logs go on
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
