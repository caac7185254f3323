"""What providers would have handed us for the demo's crossings: forms, gateway mails, notes of the chat door."""

from __future__ import annotations

import hashlib
import io
import math
import wave
from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlencode

import msgspec
from PIL import Image, ImageDraw

from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.channels.facts import AnyFact, Attached, CallChanged, MessageReceived
from hub.channels.paper.typeset import Block
from hub.channels.registry import adapter
from hub.conversations.chats import Session
from hub.lab import fax_machine
from hub.lab.fax_machine import Machine
from hub.operating.stories import GUARD
from hub.plumbing.hub import Hub
from hub.plumbing.ids import token

RATE = 8_000


class Speaker(msgspec.Struct, frozen=True, kw_only=True):
    """A customer of the demo with what they speak through; `joins`: the signed matter an agent writes down into."""

    name: str
    mail: str
    number: str
    fax: str
    chat: Session | None
    joins: str = ""

    def reached_by(self, kind: str) -> str:
        """Their address on a kind of channel."""
        places = {"email": self.mail, "fax": self.fax, "webchat": self.chat.address if self.chat else ""}
        return places.get(kind, self.number)


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer says in one line (`in` in the file); `seconds` of a voicemail."""

    in_: str = msgspec.field(default="", name="in")
    subject: str = ""
    photo: bool = False
    seconds: int = 0


Made = list[tuple[Raw, list[AnyFact]]]


async def made(hub: Hub, channel: Channel, speaker: Speaker, words: Words, at: datetime) -> Made:
    """What arrives for one line of the customer's, in its order, and what the adapter reads in each."""
    line = channel.line(hub.crypto)
    raws = await _MAKERS[channel.kind](channel, speaker, words, at)
    return [(raw, _with_files(adapter(channel.kind).parse(raw, line), words)) for raw in raws]


async def _mail(channel: Channel, speaker: Speaker, words: Words, at: datetime) -> list[Raw]:
    domain = speaker.mail.rpartition("@")[2]
    text = words.in_.replace("\n", "\r\n")
    body = (
        f"Authentication-Results: {GUARD}; dmarc=pass header.from={domain}\r\n"
        f"From: {speaker.name} <{speaker.mail}>\r\nTo: {channel.address}\r\nSubject: {words.subject}\r\n"
        f"Message-ID: <{token(9)}@{domain}>\r\nDate: {format_datetime(at)}\r\n"
        f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
    return [Raw(body=body.encode())]


async def _text(channel: Channel, speaker: Speaker, words: Words, at: datetime) -> list[Raw]:
    scheme = "whatsapp:" if channel.address.startswith("whatsapp:") else ""
    fields = {
        "MessageSid": f"SM{token(24)}",
        "From": scheme + speaker.number,
        "To": channel.address,
        "Body": words.in_,
        "NumMedia": "0",
    }
    if scheme:
        fields["ProfileName"] = speaker.name
    return [Raw(body=urlencode(fields).encode())]


async def _call(channel: Channel, speaker: Speaker, words: Words, at: datetime) -> list[Raw]:
    """They ring, nobody is here, they speak after the tone, and what they said is written down."""
    common = {
        "CallSid": f"CA{token(24)}",
        "From": speaker.number,
        "To": channel.address,
        "Direction": "inbound",
    }
    sound = {
        "RecordingSid": f"RE{token(24)}",
        "RecordingUrl": "https://api.twilio.com/demo",
        "RecordingDuration": str(words.seconds),
    }
    written = {"TranscriptionSid": f"TR{token(24)}", "TranscriptionText": words.in_}
    steps = (
        ("call", {"CallStatus": "ringing"}),
        ("voicemail", {"CallStatus": "in-progress"} | sound),
        ("status", {"CallStatus": "completed", "CallDuration": str(words.seconds)}),
        ("transcript", sound | written | {"TranscriptionStatus": "completed"}),
    )
    return [Raw(body=urlencode(common | fields).encode(), envelope={"rest": rest}) for rest, fields in steps]


async def _fax(channel: Channel, speaker: Speaker, words: Words, at: datetime) -> list[Raw]:
    """A typed and signed sheet, as a TIFF in the mail of the line's gateway."""
    title, _break, text = words.in_.partition("\n\n")
    sheet = (Block("title", title), Block("pair", speaker.name, "De"), Block("rule"), Block("text", text))
    machine = Machine(gateway="efax", caller=speaker.fax, csid=speaker.name.upper()[:20], code="g4")
    return [Raw(body=await fax_machine.mail_of(machine, sheet, channel.address))]


async def _chat(channel: Channel, speaker: Speaker, words: Words, at: datetime) -> list[Raw]:
    assert speaker.chat is not None
    noted = {
        "t": "message",
        "session": speaker.chat.name,
        "address": speaker.chat.address,
        "id": token(9),
        "text": words.in_,
        "name": speaker.name,
        "claims": {"name": speaker.name},
    }
    return [Raw(body=msgspec.json.encode(noted))]


async def _desk(channel: Channel, speaker: Speaker, words: Words, at: datetime) -> list[Raw]:
    noted = {
        "id": token(9),
        "what": "visit",
        "by": "Ana García",
        "address": speaker.mail,
        "type": "email",
        "name": speaker.name,
        "subject": words.subject,
        "text": words.in_,
        "joins": speaker.joins,
    }
    return [Raw(body=msgspec.json.encode(noted))]


_MAKERS: dict[str, Callable[[Channel, Speaker, Words, datetime], Awaitable[list[Raw]]]] = {
    "email": _mail,
    "sms": _text,
    "whatsapp": _text,
    "voice": _call,
    "fax": _fax,
    "webchat": _chat,
    "desk": _desk,
}


def _with_files(facts: list[AnyFact], words: Words) -> list[AnyFact]:
    """What a job would fetch from the provider later comes along: in the demo no provider kept it."""
    return [_filled(fact, words) for fact in facts]


def _filled(fact: AnyFact, words: Words) -> AnyFact:
    if isinstance(fact, MessageReceived) and words.photo:
        file = _file("lampara.jpg", "image/jpeg", _photo())
        return msgspec.structs.replace(fact, media=(), attachments=(file,))
    if isinstance(fact, CallChanged) and fact.said is not None and fact.said.media:
        file = _file("voicemail.wav", "audio/wav", _murmur(words.seconds))
        said = msgspec.structs.replace(fact.said, media=(), attachments=(file,))
        return msgspec.structs.replace(fact, said=said)
    return fact


def _file(name: str, type_: str, content: bytes) -> Attached:
    return Attached(name, type_, len(content), hashlib.sha256(content).hexdigest(), content=content)


def _photo() -> bytes:
    """A table lamp whose shade is cracked, as a telephone might have taken it."""
    picture = Image.new("RGB", (960, 720))
    pen = ImageDraw.Draw(picture)
    for y in range(720):
        pen.line((0, y, 960, y), fill=(226 - y // 12, 208 - y // 10, 184 - y // 9))
    pen.rectangle((0, 560, 960, 720), fill=(112, 78, 52))
    pen.rectangle((464, 330, 496, 540), fill=(70, 64, 58))
    pen.ellipse((370, 520, 590, 580), fill=(58, 52, 48))
    pen.polygon(((380, 120), (580, 120), (680, 350), (280, 350)), fill=(244, 232, 205))
    pen.polygon(((560, 120), (580, 120), (680, 350), (610, 350), (585, 240)), fill=(120, 96, 72))
    pen.line((540, 120, 575, 200, 550, 260, 600, 350), fill=(40, 34, 30), width=5)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def _murmur(seconds: int) -> bytes:
    """A voice too far away to be understood: two tones that swell with its syllables (8 kHz, 8 bit, mono)."""
    samples = bytearray()
    for n in range(seconds * RATE):
        t = n / RATE
        loud = 20 * max(0.0, math.sin(2 * math.pi * 2.3 * t)) * (0.6 + 0.4 * math.sin(0.9 * t))
        samples.append(int(128 + loud * (math.sin(820 * t) + 0.5 * math.sin(1630 * t)) / 1.5))
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setparams((1, 1, RATE, 0, "NONE", ""))
        sound.writeframes(bytes(samples))
    return out.getvalue()
