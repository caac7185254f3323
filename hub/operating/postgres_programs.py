"""PostgreSQL's own programs, run for us: those beside the embedded server, else those of the machine."""

from __future__ import annotations

import asyncio
import os
import shutil
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from hub.plumbing.embedded.postgres import programs
from hub.plumbing.errors import HubError, Unavailable
from hub.plumbing.texts import _


async def run(name: str, url: str, *arguments: str) -> None:
    """Run `pg_dump` or `pg_restore` on the database at `url` to its end. Raises Unavailable with its last words."""
    bare, password = without_password(url)
    process = await asyncio.create_subprocess_exec(
        _found(name),
        f"--dbname={bare}",
        *arguments,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | ({"PGPASSWORD": password} if password else {}),
    )
    try:
        _out, said = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        last = said.decode("utf-8", "replace").strip().splitlines()[-3:]
        raise Unavailable(_("%(program)s failed: %(words)s", program=name, words=" ".join(last)))


def without_password(url: str) -> tuple[str, str]:
    """The address of a database as a program's argument, which everybody on the machine may read, and its password.

    "" for none. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
    """
    parts = urlsplit(url)
    who, _at, host = parts.netloc.rpartition("@")
    user, _colon, said = who.partition(":")
    more = parse_qsl(parts.query, keep_blank_values=True)
    password = unquote(said) or dict(more).get("password", "")
    query = urlencode([(key, value) for key, value in more if key != "password"])
    return joined(parts._replace(netloc=f"{user}@{host}" if user else host, query=query)), password


def joined(parts: SplitResult) -> str:
    """The address again, in a form PostgreSQL knows where it names no host too: urlunsplit drops the slashes."""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{f'?{parts.query}' if parts.query else ''}"


def _found(name: str) -> str:
    """Where it lies. Raises Unavailable."""
    try:
        own = programs() / name
    except HubError:
        own = None
    if own is not None and os.access(own, os.X_OK):
        return str(own)
    if (machine := shutil.which(name)) is None:
        raise Unavailable(
            _("%(program)s is not installed: install PostgreSQL's client programs.", program=name)
        )
    return machine
