"""What lies behind a message: its files, its HTML, its raw source. The caller asks for rights first."""

from __future__ import annotations

import msgspec

from hub.plumbing.db import Tx


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file by its public token. `conversation_id` None: it waits for a message of `agent_id`."""

    conversation_id: int | None
    agent_id: int | None
    name: str
    type: str
    size: int
    file: str


class Original(msgspec.Struct, frozen=True, kw_only=True):
    """A message's HTML as it came, uncleaned: in the row, or in a file when it is large."""

    conversation_id: int
    subject: str
    html: str
    html_file: str | None
    arrival_id: int | None


class InlineFile(msgspec.Struct, frozen=True, kw_only=True):
    """A picture the HTML of a message refers to by `content_id`."""

    content_id: str
    size: int
    file: str


async def file_by_token(tx: Tx, token: str) -> StoredFile | None:
    """A file and where it belongs."""
    return await tx.row(
        StoredFile,
        """
        SELECT m.conversation_id, a.agent_id, a.name, a.type, a.size, a.file
        FROM attachment a LEFT JOIN message m ON m.id = a.message_id WHERE a.token = $1
        """,
        token,
    )


async def original(tx: Tx, message_id: int) -> Original | None:
    """A message's HTML and the arrival it came in."""
    return await tx.row(
        Original,
        "SELECT conversation_id, subject, html, html_file, arrival_id FROM message WHERE id = $1",
        message_id,
    )


async def pictures(tx: Tx, message_id: int) -> list[InlineFile]:
    """The files of a message its HTML may refer to."""
    return await tx.rows(
        InlineFile,
        "SELECT content_id, size, file FROM attachment WHERE message_id = $1 AND content_id <> '' ORDER BY id",
        message_id,
    )
