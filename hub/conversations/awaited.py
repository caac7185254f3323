"""Files a provider keeps for us: expected with the message, fetched after the commit, shown when they are there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
import structlog

from hub.channels import connections
from hub.channels.errors import SendError
from hub.channels.facts import Media
from hub.channels.outgoing import Line
from hub.channels.registry import adapter
from hub.conversations import media
from hub.conversations.outcomes import thread_topics
from hub.plumbing import todo
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, HubError, Unavailable
from hub.plumbing.http_client import HttpClient
from hub.plumbing.hub import Hub
from hub.plumbing.ids import token
from hub.plumbing.texts import N_

MOST_TRIES = 8  # with the gaps of plumbing/todo about two hours: a provider may still be storing it
log = structlog.get_logger(__name__)


class Awaited(msgspec.Struct, frozen=True, kw_only=True):
    """One file on its way. `conversation_id`: the thread that shows its message."""

    id: int
    message_id: int
    conversation_id: int
    channel_id: int
    url: str
    type: str
    name: str


async def expect(tx: Tx, wanted: Sequence[tuple[int, Media]]) -> None:
    """Rows for the files of new messages, each with the task that fetches it; (message id, file)."""
    if not wanted:
        return
    rows = await tx.fetch(
        """
        INSERT INTO awaited_file (message_id, url, type, name)
        SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) RETURNING id
        """,
        [message_id for message_id, _ in wanted],
        [one.url for _, one in wanted],
        [one.type[:100] for _, one in wanted],
        [media.file_name(one.name) for _, one in wanted],
    )
    await todo.add_many(tx, "media", [row["id"] for row in rows])


async def fetch(hub: Hub, id_: int, tries: int, *, client: HttpClient | None = None) -> None:
    """Fetch one file and put it beside its message; `tries` counts this one.

    Raises Unavailable to be asked again later; what can never be fetched is said in the bubble instead.
    """
    async with hub.transaction() as tx:
        awaited = await _load(tx, id_)
        if awaited is None:  # fetched by another worker, or its message is gone
            return
        line = (await connections.load(tx, awaited.channel_id)).line(hub.crypto)
    try:
        content = await _content(awaited, line, client)
    except (Unavailable, SendError) as error:
        why = error.reason if isinstance(error, SendError) else error.message
        if tries < MOST_TRIES:
            raise Unavailable(why) from error
        await _give_up(hub, awaited, why)
        return
    except HubError as error:
        await _give_up(hub, awaited, error.message)
        return
    await _keep(hub, awaited, content)


async def _load(tx: Tx, id_: int) -> Awaited | None:
    return await tx.row(
        Awaited,
        """
        SELECT f.id, f.message_id, coalesce(v.joined_into_id, v.id) AS conversation_id, m.channel_id, f.url, f.type,
               f.name
        FROM awaited_file f JOIN message m ON m.id = f.message_id JOIN conversation v ON v.id = m.conversation_id
        WHERE f.id = $1 AND f.failed IS NULL
        """,
        id_,
    )


async def _content(awaited: Awaited, line: Line, client: HttpClient | None) -> bytes:
    how = adapter(line.kind).fetching(awaited.url, line)
    async with client or HttpClient(allowed_hosts=how.allowed_hosts) as guarded:
        got = await guarded.get(awaited.url, headers=how.headers, most_bytes=media.MOST_BYTES)
    if got.status == 200 and got.body:
        return got.body
    if got.status in (401, 403):
        # a password changed there before it is changed here: it may be right soon
        raise Unavailable(N_("the provider does not let us have it"))
    if got.status == 410:
        raise BadInput(N_("the provider no longer has it"))
    raise Unavailable(N_("the provider does not have it ready"))


async def _keep(hub: Hub, awaited: Awaited, content: bytes) -> None:
    key = await hub.files.put(content)
    async with hub.transaction() as tx:
        held = await tx.value("DELETE FROM awaited_file WHERE id = $1 RETURNING id", awaited.id)
        if held is None:
            return
        await tx.execute(
            """
            INSERT INTO attachment (token, message_id, name, type, size, sha256, file)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            token(),
            awaited.message_id,
            awaited.name,
            media.sniffed(content, awaited.name, awaited.type),
            len(content),
            hashlib.sha256(content).hexdigest(),
            key,
        )
        tx.signal("message", awaited.message_id, thread_topics(awaited.conversation_id))


async def _give_up(hub: Hub, awaited: Awaited, why: str) -> None:
    log.warning("a provider's file could not be fetched", message=awaited.message_id, why=why)
    async with hub.transaction() as tx:
        await tx.execute("UPDATE awaited_file SET failed = $2 WHERE id = $1", awaited.id, why[:500])
        tx.signal("message", awaited.message_id, thread_topics(awaited.conversation_id))
