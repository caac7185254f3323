"""From stored messages and history to the bubbles, notes and system rows of a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from hub.channels.registry import adapter
from hub.channels.spelling import shown
from hub.conversations.history_lines import ICONS, ROUTED, HistoryLine, sentence
from hub.conversations.thread import MOST_CHARACTERS, ThreadDelivery, ThreadMessage
from hub.deliveries import wording
from hub.plumbing.texts import N_, _, language
from hub.routing import explain
from hub.web.inbox.rows import mark, named
from hub.web.views import Attachment, Delivery, DeliveryState, Direction, Message

WARNINGS = {
    "stranger": N_("This person was not part of the conversation: answers do not go to them"),
    "text_cut": N_("Only the beginning is shown; the original has the rest"),
    "text": N_("Only the beginning is shown; the original has the rest"),
    "html": N_("Only the beginning is shown; the original has the rest"),
    "headers": N_("This mail has unusually many header lines"),
    "parts": N_("This mail has unusually many parts; some were not read"),
    "charset": N_("This mail names a wrong character set; some letters may be wrong"),
    "transfer encoding": N_("This mail is oddly encoded"),
    "base64": N_("A part of this mail arrived damaged"),
    "multipart": N_("A part of this mail arrived damaged"),
    "winmail.dat": N_("A part of this mail arrived damaged"),
    "from": N_("The sender's address is written oddly"),
    "pages": N_("The gateway announced another number of pages: perhaps a part is missing"),
    "document": N_("A document could not be read to its end"),
    "fax": N_("The layout of this fax mail is not known: an admin can add a pattern"),
}


def timeline(
    conversation_id: int, messages: Sequence[ThreadMessage], lines: Sequence[HistoryLine]
) -> list[Message]:
    """Everything in the order of time. What came from a joined conversation stands after our message before it."""
    shown: list[Message] = []
    waiting = list(lines)
    seq = _before_first(conversation_id, messages)
    for message in messages:
        while waiting and waiting[0].at < message.created_at:
            _add(shown, waiting.pop(0), conversation_id, seq)
        seq = message.seq if message.conversation_id == conversation_id else seq
        shown.append(bubble(message, conversation_id, seq))
    for line in waiting:
        _add(shown, line, conversation_id, seq)
    return shown


def bubble(message: ThreadMessage, conversation_id: int, seq: int) -> Message:
    """One message as it stands in the thread of `conversation_id`, at `seq`."""
    text, quoted = _new_and_quoted(message)
    inbound = message.direction == "in"
    return Message(
        id=message.id,
        conversation=conversation_id,
        seq=seq,
        direction=cast(Direction, message.direction),
        at=message.created_at,
        author=_author(message),
        version=message.version,
        channel=mark(message.channel_kind, message.channel_name or "") if message.channel_kind else None,
        subject=message.subject if message.direction != "note" else "",
        text=text,
        quoted=quoted,
        has_html=message.has_html and inbound,
        raw=message.has_raw,
        address=_party(message.sender) if inbound else "",
        to=_parties(message.recipients, "to"),
        cc=_parties(message.recipients, "cc"),
        automatic=message.automatic and "campaign" not in message.details,
        verified=message.verified and inbound,
        doubt=_("Not proven that this sender is who they say") if inbound and not message.verified else "",
        warnings=_warnings(message) + _lost(message),
        told=_told(message) + _awaited(message),
        call_back=_can_call_back(message),
        attachments=[
            Attachment(
                token=file.token,
                name=file.name,
                size=file.size,
                type=file.type,
                pages=file.pages,
                machine_text=file.machine_text,
            )
            for file in message.attachments
            if not (file.inline and message.has_html and file.type.startswith("image/"))
        ],
        deliveries=[delivery(one) for one in message.deliveries],
        client_id=message.client_id or "",
        join=named(message.belongs_to_id, message.belongs_to_subject),
    )


def delivery(stored: ThreadDelivery) -> Delivery:
    """One hand-over, its reason in words."""
    return Delivery(
        id=stored.id,
        recipient=shown(stored.recipient),
        state=cast(DeliveryState, stored.state),
        at=stored.at,
        reason=wording.words(stored.code, stored.reason),
        held_until=stored.due_at if stored.state == "held" else None,
        channel=mark(stored.channel_kind, stored.channel_name),
        follows=stored.fallback_of,
    )


def system_row(line: HistoryLine, conversation_id: int, seq: int) -> Message | None:
    """What was done, as a row between messages; None for what needs no row."""
    routed = line.verb in ROUTED
    text = explain.sentence(line.details.get("reason"), language()) if routed else sentence(line)
    if not text:
        return None
    if line.verb == "rang":
        text = _("It rings: %(whose)s", whose=text)
    return Message(
        id=line.id,
        conversation=conversation_id,
        seq=seq,
        direction="system",
        at=line.at,
        text=text,
        icon=ICONS.get(line.verb, "info"),
        why=line.verb == "assigned",
    )


def _add(shown: list[Message], line: HistoryLine, conversation_id: int, seq: int) -> None:
    made = system_row(line, conversation_id, seq)
    if made is not None:
        shown.append(made)


def _before_first(conversation_id: int, messages: Sequence[ThreadMessage]) -> int:
    own = (message.seq for message in messages if message.conversation_id == conversation_id)
    return max(next(own, 1) - 1, 0)


def _author(message: ThreadMessage) -> str:
    if message.direction == "in":
        sender = message.sender
        return message.contact_name or sender.get("name") or shown(sender.get("address", "")) or _("Unknown")
    return message.agent_name or _("Automatic answer")


def _new_and_quoted(message: ThreadMessage) -> tuple[str, str]:
    """What is new, and the rest of the body to fold away."""
    if not message.new_text or message.new_text == message.text:
        return message.text, ""
    place = message.text.find(message.new_text)
    if place < 0:
        return message.new_text, message.text
    before, after = message.text[:place], message.text[place + len(message.new_text) :]
    return message.new_text, "\n".join(part.strip("\n") for part in (before, after) if part.strip())


def _warnings(message: ThreadMessage) -> list[str]:
    known = [WARNINGS.get(one.partition(":")[0]) for one in message.warnings]
    if len(message.text) == MOST_CHARACTERS:
        known.append(WARNINGS["text_cut"])
    return list(dict.fromkeys(_(one) for one in known if one))


def _told(message: ThreadMessage) -> list[str]:
    """What only this kind of channel knows, in its adapter's words; and which campaign sent it."""
    if not message.channel_kind or not message.details:
        return []
    if campaign := message.details.get("campaign"):
        return [_("Sent by the campaign “%(name)s”", name=campaign["name"])]
    return adapter(message.channel_kind).worded(message.details)


def _awaited(message: ThreadMessage) -> list[str]:
    return [_("%(file)s is on its way", file=one.name) for one in message.awaited if one.failed is None]


def _lost(message: ThreadMessage) -> list[str]:
    return [
        _("%(file)s could not be fetched: %(why)s", file=one.name, why=_(one.failed))
        for one in message.awaited
        if one.failed is not None
    ]


def _can_call_back(message: ThreadMessage) -> bool:
    """Whoever rang in vain, or left a message on the telephone."""
    told, number = message.details.get("call", {}), message.sender.get("address", "")
    in_vain = told.get("what") == "voicemail" or told.get("outcome") == "missed"
    return message.direction == "in" and in_vain and number.startswith("+")


def _parties(recipients: dict[str, Any], role: str) -> str:
    return ", ".join(_party(one) for one in recipients.get(role, [])[:100])


def _party(party: dict[str, Any]) -> str:
    name, address = party.get("name", ""), shown(party.get("address", ""))
    return f"{name} <{address}>" if name and name != address else address
