"""Files an agent puts beside a message: stored by content, named by a random token, theirs until it is sent."""

from __future__ import annotations

import hashlib
import mimetypes
import re
import unicodedata
from collections.abc import Sequence

import msgspec

from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.hub import Hub
from hub.plumbing.ids import token
from hub.plumbing.texts import _

MOST_BYTES = 25 * 1024 * 1024
MOST_FILES = 50
UNKNOWN = "application/octet-stream"
# The first bytes decide, because a name and a declared type are only claims.
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    *((b"\xff" + layer, "audio/mpeg") for layer in (b"\xfb", b"\xf3", b"\xf2")),
)
_BY_CONTENT = {type_ for _signature, type_ in _SIGNATURES} | {"image/webp", "audio/wav"}
_ODD = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A stored file that waits for its message; `token` is all that leaves the server."""

    id: int
    token: str
    name: str
    type: str
    size: int


async def upload(hub: Hub, agent_id: int, name: str, content: bytes, declared: str = "") -> Upload:
    """Keep a file until the agent's next message takes it. Raises BadInput."""
    if not content:
        raise BadInput(_("The file is empty."), field="attachments")
    if len(content) > MOST_BYTES:
        raise BadInput(
            _("The file is too large: at most %(n)s MB.", n=MOST_BYTES // 1024 // 1024), field="attachments"
        )
    key = await hub.files.put(content)
    async with hub.transaction() as tx:
        return await _add(tx, agent_id, file_name(name), sniffed(content, name, declared), content, key)


async def take(tx: Tx, tokens: Sequence[str], agent_id: int | None, message_id: int) -> int:
    """Give the agent's waiting files to a message; their bytes together. Raises BadInput for unknown ones."""
    wanted = list(dict.fromkeys(tokens))
    if len(wanted) > MOST_FILES:
        raise BadInput(_("At most %(n)s files in one message.", n=MOST_FILES), field="attachments")
    rows = await tx.fetch(
        """
        UPDATE attachment SET message_id = $3, agent_id = NULL
        WHERE token = ANY($1) AND agent_id = $2 AND message_id IS NULL RETURNING size
        """,
        wanted,
        agent_id,
        message_id,
    )
    if len(rows) != len(wanted):
        raise BadInput(_("A file is gone or was already sent: attach it again."), field="attachments")
    return sum(row["size"] for row in rows)


async def give_back(tx: Tx, message_id: int, agent_id: int) -> list[str]:
    """An undone message's files wait for the agent's next one again; their tokens."""
    rows = await tx.fetch(
        """
        UPDATE attachment SET message_id = NULL, agent_id = $2, created_at = now()
        WHERE message_id = $1 RETURNING token
        """,
        message_id,
        agent_id,
    )
    return [row["token"] for row in rows]


async def forget_unsent(tx: Tx) -> int:
    """Uploads no message took within two days; how many. Their files are collected later."""
    return await tx.execute(
        "DELETE FROM attachment WHERE message_id IS NULL AND created_at < now() - interval '2 days'"
    )


def file_name(name: str) -> str:
    """A name to show, never a path: no separators, control or direction characters, at most 150 long."""
    plain = "".join(c for c in name if unicodedata.category(c) not in ("Cf", "Cs", "Cc"))
    plain = " ".join(_ODD.sub(" ", plain.replace("\\", "/").rpartition("/")[2]).split()).strip(". ")
    stem, dot, ending = plain.rpartition(".")
    if len(plain) > 150:
        plain = f"{stem[:130]}{dot}{ending[:15]}" if stem else plain[:150]
    return plain or "attachment"


def sniffed(content: bytes, name: str, declared: str = "") -> str:
    """What a file is: by its first bytes; else by its name; a text or unknown type is never called an image."""
    for signature, type_ in _SIGNATURES:
        if content.startswith(signature):
            return type_
    if content[:4] == b"RIFF" and content[8:12] in (b"WEBP", b"WAVE"):
        return "image/webp" if content[8:12] == b"WEBP" else "audio/wav"
    guessed = mimetypes.guess_type(name)[0] or _plain_type(declared) or UNKNOWN
    return UNKNOWN if guessed in _BY_CONTENT else guessed


def _plain_type(declared: str) -> str:
    plain = declared.partition(";")[0].strip().lower()
    return plain if re.fullmatch(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,100}", plain) else ""


async def _add(tx: Tx, agent_id: int, name: str, type_: str, content: bytes, key: str) -> Upload:
    found = await tx.row(
        Upload,
        """
        INSERT INTO attachment (token, agent_id, name, type, size, sha256, file)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id, token, name, type, size
        """,
        token(),
        agent_id,
        name,
        type_,
        len(content),
        hashlib.sha256(content).hexdigest(),
        key,
    )
    assert found is not None
    return found
