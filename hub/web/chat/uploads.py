"""A visitor's files: few, small, of kinds people show each other; told by their first bytes, never by their name."""

from __future__ import annotations

import base64

from aiohttp import web
from aiohttp.web_request import FileField

from hub.channels.webchat.settings import MOST_FILE_BYTES
from hub.conversations.media import file_name, sniffed
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.web import bodies
from hub.web.forms import Form

MOST_FILES = 5
FORM_BYTES = 200_000
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
OFFICE = "application/vnd.openxmlformats-officedocument."
TAKEN = SHOWN | {
    "application/pdf",
    "text/plain",
    "text/csv",
    "audio/ogg",
    "audio/mpeg",
    "audio/wav",
    "image/tiff",
}


def limited(request: web.Request) -> web.Request:
    """The same request, cut off where a message with its files must end (413)."""
    return bodies.limited(request, MOST_FILE_BYTES + FORM_BYTES)


async def files_of(form: Form, most_bytes: int = MOST_FILE_BYTES) -> list[dict[str, str]]:
    """`{"name", "type", "content"}` of each, the content in base64. Raises BadInput naming what is not taken."""
    given = [one for one in form.getall("file", []) if isinstance(one, FileField) and one.filename]
    if len(given) > MOST_FILES:
        raise BadInput(_("At most %(n)s files in one message.", n=MOST_FILES), field="file")
    files, size = [], 0
    for one in given:
        content = one.file.read()
        size += len(content)
        if size > most_bytes:
            limit = most_bytes // 1_000_000
            raise BadInput(_("The files are too large together: at most %(n)s MB.", n=limit), field="file")
        name = file_name(one.filename)
        type_ = sniffed(content, name)
        if not content or (type_ not in TAKEN and not type_.startswith(OFFICE)):
            raise BadInput(_("“%(name)s”: this kind of file is not taken here.", name=name), field="file")
        files.append({"name": name, "type": type_, "content": base64.b64encode(content).decode()})
    return files
