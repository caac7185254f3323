"""`hub web`, `hub worker`, `hub mailroom`: one process of one sort, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import signal
from collections.abc import Awaitable, Callable

import click

from config import logging
from config.settings import Settings, read
from hub.plumbing import embedded

Service = Callable[[Settings], Awaitable[None]]


@click.command()
def web() -> None:
    """Serve pages, API, webhooks and chat on HUB_HOST:HUB_PORT."""
    serve("hub.app:serve_web")


@click.command()
def worker() -> None:
    """Send, notify and do what is due."""
    serve("workers.main:run")


@click.command()
def mailroom() -> None:
    """Read mailboxes and open the SMTP door on HUB_SMTP_PORT."""
    serve("workers.mailroom.main:run")


def serve(place: str) -> None:
    """Run the service at `module:function` to its end. Raises HubError, SettingError."""
    settings = read()
    logging.configure(settings)
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        settings = runner.run(embedded.found(settings))
        module, function = place.split(":")
        service: Service = getattr(importlib.import_module(module), function)
        runner.run(_until_told(service, settings))


async def _until_told(service: Service, settings: Settings) -> None:
    """SIGTERM and SIGINT cancel the service, which drains; it may take the signals itself instead."""
    task = asyncio.ensure_future(service(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
