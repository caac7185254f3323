"""The pictures made of a document's pages: found, or kept once they are drawn. The caller asks for rights first."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.plumbing.db import Tx


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A file with pages. `conversation_id` None: it belongs to no message yet."""

    id: int
    message_id: int | None
    conversation_id: int | None
    name: str
    file: str
    pages: int


async def document(tx: Tx, token: str) -> Document | None:
    """A file by its public token, if it has pages."""
    return await tx.row(
        Document,
        """
        SELECT a.id, a.message_id, m.conversation_id, a.name, a.file, a.pages
        FROM attachment a LEFT JOIN message m ON m.id = a.message_id WHERE a.token = $1 AND a.pages > 0
        """,
        token,
    )


async def picture(tx: Tx, document_id: int, page: int, width: int) -> str | None:
    """Where a page's picture lies; "" when it could not be drawn; None when nobody has tried."""
    found: str | None = await tx.value(
        "SELECT file FROM page_picture WHERE attachment_id = $1 AND page = $2 AND width = $3",
        document_id,
        page,
        width,
    )
    return found


async def keep(tx: Tx, document_id: int, width: int, files: Sequence[tuple[int, str]]) -> None:
    """Remember pictures by page; nothing when the document went meanwhile."""
    await tx.execute(
        """
        INSERT INTO page_picture (attachment_id, page, width, file)
        SELECT a.id, w.page, $2, w.file FROM unnest($3::int[], $4::text[]) AS w (page, file)
        JOIN attachment a ON a.id = $1
        ON CONFLICT (attachment_id, page, width) DO UPDATE SET file = excluded.file
        """,
        document_id,
        width,
        [page for page, _ in files],
        [file for _, file in files],
    )
