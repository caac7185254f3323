"""What a customer types into a telephone: an SMS or WhatsApp message, perhaps with a photo."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.lab.playing import number
from hub.lab.telephone import LINES
from hub.lab.twilio import PretendTwilio
from hub.plumbing.errors import BadInput, Unavailable
from hub.plumbing.texts import _

MOST_BYTES = 16_000_000


class Note(msgspec.Struct, kw_only=True):
    """What the customer typed; `line` is the kind it goes by."""

    sender: str = ""
    name: str = ""
    line: str = LINES[0][0]
    text: str = ""


async def say(twilio: PretendTwilio, note: Note, files: Sequence[tuple[str, bytes]]) -> str:
    """A correctly signed webhook of the pretend Twilio; the sender's number. Raises BadInput, Unavailable."""
    sender = number(note.sender, "sender")
    line = next((one for one in LINES if one[0] == note.line), LINES[0])
    if not note.text.strip() and not files:
        raise BadInput(_("Write something first."), field="text")
    scheme = "whatsapp:" if line[2].startswith("whatsapp:") else ""
    more = {"ProfileName": note.name} if scheme and note.name else {}
    told = await twilio.texts.says(scheme + sender, line[2], note.text, files, **more)
    if told.status != 200:
        raise Unavailable(_("The hub answered %(status)s.", status=told.status))
    return sender
