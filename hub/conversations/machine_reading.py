"""What a machine reads on the pages of a message's documents: searchable, and folded under the pages."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog

from hub.channels.paper import machine_reading
from hub.channels.paper.asking import Draw, ask
from hub.channels.paper.bounds import Unfit
from hub.plumbing import todo
from hub.plumbing.clock import monotonic
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub

MOST_PAGES = 60
TURN_SECONDS = 20.0
WIDTH = 1700  # points: 200 an inch, as fax machines see
log = structlog.get_logger(__name__)


class Unread(msgspec.Struct, frozen=True):
    """A document of a message."""

    id: int
    file: str
    pages: int


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """Some pages' words; `onward` is where the next turn goes on, None when the message is done."""

    message_id: int
    document_id: int
    text: str
    onward: dict[str, int] | None


async def read(hub: Hub, message_id: int, payload: dict[str, Any]) -> Read | None:
    """The next pages of a message's documents, for some seconds; None when there is nothing to read, or nobody to."""
    if not machine_reading.is_there():
        return None
    number, page = int(payload.get("document", 0)), int(payload.get("page", 1))
    async with hub.transaction() as tx:
        documents = await tx.rows(
            Unread,
            "SELECT id, file, pages FROM attachment WHERE message_id = $1 AND pages > 0 ORDER BY id",
            message_id,
        )
    if number >= len(documents):
        return None
    document = documents[number]
    content, texts, until = await hub.files.get(document.file), [], monotonic() + TURN_SECONDS
    last = min(document.pages, MOST_PAGES)
    while page <= last and monotonic() < until:
        texts.append(await _page(content, page))
        page += 1
    more = {"document": number, "page": page} if page <= last else {"document": number + 1, "page": 1}
    onward = more if more["document"] < len(documents) else None
    return Read(
        message_id=message_id, document_id=document.id, text="\n\n".join(filter(None, texts)), onward=onward
    )


async def keep(tx: Tx, done: Read) -> None:
    """Words beside their document, found by search, shown by whoever has the thread open."""
    if done.text:
        await tx.execute(
            "UPDATE attachment SET machine_text = ltrim(machine_text || E'\\n\\n' || $2, E'\\n') WHERE id = $1",
            done.document_id,
            done.text,
        )
    if done.onward is not None:
        await todo.add(tx, "machine_reading", done.message_id, done.onward)
    elif conversation := await tx.value("SELECT conversation_id FROM message WHERE id = $1", done.message_id):
        await todo.add(tx, "search", done.message_id)
        tx.signal("message", done.message_id, [f"conversation:{conversation}"])
    tx.wake("todo")


async def _page(content: bytes, page: int) -> str:
    try:
        answer = await ask(Draw(content, (page,), WIDTH))
    except Unfit as error:
        log.info("a page was not read", page=page, why=str(error))
        return ""
    return await machine_reading.words(answer.parts[0])
