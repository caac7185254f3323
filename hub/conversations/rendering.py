"""What was written for one kind of channel, as another kind can carry it; the whole text stays behind a link."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from hub.channels.base import Capabilities, Measured
from hub.channels.outgoing import FileToSend
from hub.channels.text import one_line
from hub.plumbing.texts import _

MOST_PARTS = 3
BEGINNING = 160  # characters of a text that goes on behind a link
PREFIXES = ("re:", "rv:", "fwd:", "fw:", "aw:", "wg:")


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What goes out; `files` false: they are behind the link."""

    text: str
    files: bool = True


Measure = Callable[[str], Measured | None]


def rendered(
    subject: str, text: str, files: Sequence[FileToSend], can: Capabilities, measure: Measure, link: str
) -> Rendered:
    """For a channel without subjects: the subject folded in; too long, or with files it cannot carry: a link."""
    plain = without_prefixes(subject)
    whole = f"{plain}: {text}".strip(": ") if plain else text
    carries = fits_files(files, can)
    if carries and whole and _fits(whole, can, measure):
        return Rendered(text=whole)
    tail = _("Read all of it here: %(link)s", link=link)
    begun = _beginning(whole)
    return Rendered(text=f"{begun}\n{tail}" if begun else tail, files=False)


def without_prefixes(subject: str) -> str:
    """A subject on one line without Re: and its sisters."""
    plain = one_line(subject).strip()
    while plain.lower().startswith(PREFIXES):
        plain = plain.partition(":")[2].strip()
    return plain


def fits_files(files: Sequence[FileToSend], can: Capabilities) -> bool:
    """Whether a channel can carry these files."""
    if not files:
        return True
    if not can.attachments:
        return False
    if can.attachment_limit and sum(one.size for one in files) > can.attachment_limit:
        return False
    return not can.attachment_types or all(one.type.startswith(can.attachment_types) for one in files)


def _fits(text: str, can: Capabilities, measure: Measure) -> bool:
    if can.text_limit and len(text) > can.text_limit:
        return False
    counted = measure(text) if can.parts else None
    return counted is None or counted.parts <= MOST_PARTS


def _beginning(text: str) -> str:
    """The first words, on one line; nothing cut in the middle of a word."""
    plain = one_line(text)
    if len(plain) <= BEGINNING:
        return plain
    return plain[:BEGINNING].rpartition(" ")[0] + "…"
