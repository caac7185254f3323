"""A stored answer becomes what an adapter sends: names, headers, signature, the quoted message, files."""

from __future__ import annotations

import html
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_datetime

from hub.channels.facts import Party
from hub.channels.mail.tokens import bounce_address, reply_address
from hub.channels.outgoing import Approved, FileToSend, Line, Outgoing
from hub.channels.registry import adapter
from hub.channels.text import one_line
from hub.conversations import lending
from hub.conversations.chat_mail import way_back
from hub.conversations.linked import link
from hub.conversations.rendering import Rendered, rendered, without_prefixes
from hub.conversations.spelled import as_last_spelled
from hub.deliveries.claiming import Claimed
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.files import Files
from hub.plumbing.texts import LANGUAGES, _, speaking

QUOTED_LINES = 15
QUOTED_CHARACTERS = 1500
LONGEST_LOCAL_PART = 64  # RFC 5321 §4.5.3.1.1


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """The message and who wrote it, as composing needs them.

    `matter`: the conversation's subject. `goes_on`: it was written for another channel (conversations/fallback).
    """

    conversation_id: int
    seq: int
    subject: str
    text: str
    html: str
    recipients: dict[str, Any]
    in_reply_to: str
    thread_ids: list[str]
    details: dict[str, Any]
    agent_name: str | None
    signature: str | None
    matter: str
    goes_on: bool
    language: str
    time_zone: str


class Quoted(msgspec.Struct, frozen=True):
    """The message being answered."""

    text: str
    name: str
    at: datetime


async def compose(
    tx: Tx, crypto: Crypto, files: Files, line: Line, delivery: Claimed, base_url: str
) -> Outgoing:
    """What leaves for one delivery; the same rows always give the same bytes, so that a retry repeats itself.

    Raises NotFound when the message or one of its files is gone.
    """
    said = await _said(tx, delivery)
    can = adapter(line.kind).can
    door = f"{base_url}/in/{line.key}"
    attached = await _files(tx, files, delivery.message_id, crypto, door)
    with speaking(said.language):
        if can.subject:
            subject, text, rich = await _letter(tx, line, said, delivery)
        else:
            kept = _short(said, attached, line, link(crypto, base_url, delivery.id))
            subject, text, rich = "", kept.text, ""
            attached = attached if kept.files else ()
    return Outgoing(
        token=delivery.token,
        message_id=delivery.message_header,
        recipient=await as_last_spelled(tx, line.id, can.address_type, delivery.recipient)
        or delivery.recipient,
        sender=Party(line.address, sender_name(said.agent_name, line.name)),
        to=(Party(delivery.recipient),) if said.goes_on else _parties(said.recipients, "to"),
        cc=() if said.goes_on else _parties(said.recipients, "cc"),
        reply_address=marked(reply_address, line, crypto.sign("reply", said.conversation_id)),
        bounce_address=marked(bounce_address, line, crypto.sign("bounce", delivery.id)),
        subject=subject,
        text=text,
        html=rich,
        in_reply_to=said.in_reply_to,
        references=tuple(said.thread_ids),
        attachments=attached,
        automatic=delivery.automatic,
        language=said.language,
        report_url=f"{door}/status/{crypto.sign('bounce', delivery.id)}" if can.delivery_reports else "",
        approved=_approved(said) if can.approved_texts else None,
    )


def _approved(said: Said) -> Approved | None:
    """The approved text this message is, if it is one."""
    chosen = said.details.get("approved")
    return Approved(provider_id=chosen["provider_id"], variables=chosen["variables"]) if chosen else None


async def _letter(tx: Tx, line: Line, said: Said, delivery: Claimed) -> tuple[str, str, str]:
    """Subject, text and HTML with signature and the quoted message.

    An automatic answer repeats nothing a stranger wrote: we would carry their words to others (promise 42).
    What goes on from another channel quotes nothing either: the people there may be others.
    """
    quotes = line.settings.get("quote", "short") != "none" and not delivery.automatic and not said.goes_on
    text, rich = _bodies(said, await _quoted(tx, said) if quotes else None)
    plain = without_prefixes(said.matter)
    page = await way_back(tx, delivery.id) if said.goes_on else ""
    text += "\n\n" + _("Back to the chat: %(page)s", page=page) if page else ""
    subject = said.subject or (f"Re: {plain}" if plain and said.goes_on else "")
    return subject or (_("Our answer") if said.goes_on else ""), text, rich


def _short(said: Said, attached: tuple[FileToSend, ...], line: Line, address: str) -> Rendered:
    """No subject, no signature, no quote; what was written here fits here, the rest is fitted."""
    speaks = adapter(line.kind)
    if not said.goes_on:
        return Rendered(text=said.text)
    return rendered(said.subject, said.text, attached, speaks.can, speaks.measure, address)


def sender_name(agent: str | None, line: str) -> str:
    """“Ana · Soporte”: the person who answers, on which line."""
    return one_line(f"{agent} · {line}" if agent else line)


def marked(marking: Any, line: Line, token: str) -> str:
    """Our plus address, or "" where the line's server has none or the local part would grow too long."""
    if "@" not in line.address or not line.settings.get("plus_addresses", True):
        return ""
    address: str = marking(line.address, token)
    return address if len(address.rpartition("@")[0]) <= LONGEST_LOCAL_PART else ""


async def _said(tx: Tx, delivery: Claimed) -> Said:
    found = await tx.row(
        Said,
        """
        SELECT m.conversation_id, m.seq, m.subject, m.text, m.html, m.recipients, m.in_reply_to, m.thread_ids,
               coalesce(m.fact, '{}') AS details, g.name AS agent_name, g.signature, v.subject AS matter,
               d.fallback_of IS NOT NULL AS goes_on,
               coalesce(nullif(v.language, ''), nullif(c.language, ''), g.language, 'es') AS language,
               coalesce(nullif(c.time_zone, ''), g.time_zone, 'Europe/Madrid') AS time_zone
        FROM message m JOIN delivery d ON d.id = $2
        JOIN conversation v ON v.id = m.conversation_id
        JOIN contact leaf ON leaf.id = v.contact_id JOIN contact c ON c.id = leaf.root_id
        LEFT JOIN agent g ON g.id = m.agent_id
        WHERE m.id = $1
        """,
        delivery.message_id,
        delivery.id,
    )
    if found is None:
        raise NotFound(_("There is no such message."))
    return found


async def _quoted(tx: Tx, said: Said) -> Quoted | None:
    """The customer's last message before this one: fixed by its sequence, whatever arrives meanwhile.

    Never a stranger's: they may have sent a secret to an address of ours the customer knows (promise 39).
    """
    return await tx.row(
        Quoted,
        """
        SELECT left(coalesce(nullif(new_text, ''), text), $3) AS text,
               coalesce(nullif(sender ->> 'name', ''), sender ->> 'address', '') AS name, created_at AS at
        FROM message WHERE conversation_id = $1 AND seq < $2 AND direction = 'in' AND NOT automatic
          AND NOT 'stranger' = ANY(warnings)
        ORDER BY seq DESC LIMIT 1
        """,
        said.conversation_id,
        said.seq,
        QUOTED_CHARACTERS,
    )


def _bodies(said: Said, quoted: Quoted | None) -> tuple[str, str]:
    signature = (said.signature or "").strip()
    text, rich = said.text, said.html
    if signature:
        text += f"\n\n-- \n{signature}"
        rich = rich and f'{rich}<p class="signature">-- <br>{_as_html(signature)}</p>'
    if quoted is None or not quoted.text.strip():
        return text, rich
    head = _("On %(date)s, %(name)s wrote:", date=_date(quoted.at, said), name=one_line(quoted.name))
    lines = quoted.text.strip().splitlines()
    shown = lines[:QUOTED_LINES] + (["…"] if len(lines) > QUOTED_LINES else [])
    text += f"\n\n{head}\n" + "\n".join(f"> {line}".rstrip() for line in shown)
    quote = _as_html("\n".join(shown))
    rich = rich and f"{rich}<p>{html.escape(head)}</p><blockquote>{quote}</blockquote>"
    return text, rich


def _date(at: datetime, said: Said) -> str:
    known = said.language[:2].lower()
    locale = known if known in LANGUAGES else "en"  # as the words around it
    return format_datetime(at, "d MMM y, H:mm", tzinfo=ZoneInfo(said.time_zone), locale=locale)


def _as_html(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


def _parties(recipients: dict[str, Any], role: str) -> tuple[Party, ...]:
    return tuple(Party(one["address"], one.get("name", "")) for one in recipients.get(role, ()))


async def _files(
    tx: Tx, files: Files, message_id: int | None, crypto: Crypto, door: str
) -> tuple[FileToSend, ...]:
    """The message's files; where a provider fetches them itself it gets a link for a while."""
    rows = await tx.fetch(
        """
        SELECT id, name, type, size, file, inline, content_id FROM attachment
        WHERE message_id = $1 ORDER BY id
        """,
        message_id,
    )
    return tuple(
        FileToSend(
            row["name"],
            row["type"],
            row["size"],
            files.path(row["file"]),
            row["inline"],
            row["content_id"],
            lending.link(crypto, door, row["id"]),
        )
        for row in rows
    )
