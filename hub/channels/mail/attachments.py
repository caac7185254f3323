"""A mail's files: safe names, decoded bytes, and whether the text shows them."""

from __future__ import annotations

import hashlib
import mimetypes
import re

from hub.channels.facts import Attached
from hub.channels.mail.mime import Mail, Part
from hub.channels.mail.words import header_text
from hub.channels.text import one_line, shortened, without_direction_tricks

MOST_ATTACHMENTS = 1_000
_PATH = re.compile(r"[\\/]")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')
_EXTENSIONS = {
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "image/jpeg": ".jpg",
    "image/tiff": ".tif",
    "text/plain": ".txt",
    "application/pgp-signature": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/octet-stream": "",
}


def attached(content: bytes, name: str, kind: str, *, inline: bool = False, content_id: str = "") -> Attached:
    """One file with its size and fingerprint; `name` is made safe."""
    return Attached(
        name=safe_name(name) or _default_name(kind),
        type=kind,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        inline=inline,
        content_id=content_id,
        content=content,
    )


def attach_part(mail: Mail, part: Part, shown_ids: frozenset[str]) -> Attached:
    """A leaf as a file. `shown_ids`: the Content-IDs its HTML refers to."""
    content_id = header_text(part.headers.raw("content-id"), 1_000).strip("<> ")
    return attached(
        mail.content(part),
        part.declared_name or _name_from(mail, part),
        part.type,
        inline=_is_inline(part, content_id, shown_ids),
        content_id=content_id,
    )


def _is_inline(part: Part, content_id: str, shown_ids: frozenset[str]) -> bool:
    """Shown inside the text: referred to by the HTML, or an image the sender laid inline."""
    if content_id and content_id in shown_ids:
        return True
    return part.disposition == "inline" and part.type.startswith("image/")


def safe_name(name: str) -> str:
    """A file name without path, control characters and tricks; at most 200 characters, its extension kept."""
    name = _PATH.split(one_line(without_direction_tricks(name)))[-1]
    name = _FORBIDDEN.sub("_", name).strip(". ").strip()
    if len(name) <= 200:
        return name
    stem, dot, extension = name.rpartition(".")
    return f"{stem[: 199 - len(extension)]}.{extension}" if dot and len(extension) <= 20 else name[:200]


def _name_from(mail: Mail, part: Part) -> str:
    """A file that came without a name: a forwarded mail is named after its subject."""
    if part.type == "message/rfc822":
        from hub.channels.mail.mime import read_headers

        subject = read_headers(mail.content(part)[:50_000], 0)[0].text("subject")
        return (
            shortened(subject, 80).strip(". ").replace("/", "-").replace("\\", "-") + ".eml"
            if subject
            else ""
        )
    return ""


def _default_name(kind: str) -> str:
    stem = {"message/rfc822": "message", "text/calendar": "invite"}.get(kind, kind.partition("/")[0])
    stem = "file" if stem == "application" else stem
    extension = _EXTENSIONS.get(kind)
    return stem + (extension if extension is not None else mimetypes.guess_extension(kind) or "")
