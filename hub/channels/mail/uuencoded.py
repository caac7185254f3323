"""Files that old programs wrote into the text itself: `begin 644 name` … `end`."""

from __future__ import annotations

import mimetypes
import re

from hub.channels.facts import Attached
from hub.channels.mail.attachments import attached
from hub.channels.mail.transfer import read_uu

_BEGIN = re.compile(r"^begin [0-7]{3,4} (\S[^\n]{0,200})$", re.MULTILINE)
_END = re.compile(r"^end[ \t]*$", re.MULTILINE)
_MOST = 50


def may_hold(text: str) -> bool:
    """A quick look: is it worth taking out?"""
    return "begin " in text and _BEGIN.search(text) is not None


def taken_out(text: str) -> tuple[str, list[Attached]]:
    """`(the text without them, the files)`; a block that never ends stays text."""
    files: list[Attached] = []
    kept: list[str] = []
    position = 0
    while len(files) < _MOST:
        begin = _BEGIN.search(text, position)
        end = _END.search(text, begin.end()) if begin else None
        if begin is None or end is None:
            break
        kept.append(text[position : begin.start()])
        position = end.end()
        content = read_uu(text[begin.end() : end.start()].encode("ascii", "replace"))
        kind = mimetypes.guess_type(begin[1])[0] or "application/octet-stream"
        files.append(attached(content, begin[1], kind))
    kept.append(text[position:])
    return "".join(kept).strip("\n"), files
