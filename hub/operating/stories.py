"""The demo's conversations, planned: who writes what to whom and when, believable and the same each time."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import msgspec

from hub.channels.connections import Channel
from hub.plumbing.clock import now

CONVERSATIONS = 320
DAYS = 60
GUARD = "mx.iberluz.example"
"""The demo company's own mail server, which says whether a sender is genuine (RFC 8601)."""


class Story(msgspec.Struct, kw_only=True):
    """One conversation to tell: who writes to which channel, what, and when each line was said."""

    subject: str
    lines: list[dict[str, str]]
    moments: list[datetime]
    state: str
    priority: str
    name: str
    address: str
    channel: Channel
    words: dict[str, str]
    conversation_id: int = 0
    message_ids: list[str] = []


def stories(
    company: dict[str, Any],
    dice: random.Random,
    channels: Sequence[Channel],
    writers: Sequence[tuple[str, str, str]],
    elsewhere: Collection[str] = (),
) -> list[Story]:
    """The conversations, oldest first; most are over, the newest are open.

    `elsewhere`: who has a matter over several channels, which stands alone: nothing else of theirs is open.
    """
    made = []
    for number in range(CONVERSATIONS):
        ago = timedelta(days=DAYS * (1 - number / CONVERSATIONS) ** 1.6, minutes=dice.randrange(1, 300))
        recent = ago < timedelta(days=5)
        name, address, language = dice.choice(
            [one for one in writers if not recent or one[0] not in elsewhere]
        )
        plan = dice.choice(company["english" if language == "en" else "stories"])
        lines = plan["lines"][: dice.randint(1, len(plan["lines"]))] if recent else plan["lines"]
        moments = _moments(dice, now() - ago, len(lines))
        words = {
            "cliente": name.split()[0],
            "pedido": str(dice.randrange(47000, 48999)),
            "factura": f"26-{dice.randrange(100, 999)}",
            "producto": dice.choice(company["products"]),
            "fecha": f"{dice.randint(1, 28)} de diciembre",
        }
        billing = "actura" in plan["subject"]
        made.append(
            Story(
                subject=plan["subject"].format(**words),
                lines=lines,
                moments=moments,
                state=plan["state"] if recent else "closed",
                priority=plan.get("priority", "normal"),
                name=name,
                address=address,
                channel=channels[1 if billing else 0],
                words=words,
            )
        )
    return made


def _moments(dice: random.Random, start: datetime, count: int) -> list[datetime]:
    """When each line was said: answers within hours, closer together where today would not hold them."""
    gaps = [timedelta(minutes=dice.randint(4, 420)) for _unused in range(count - 1)]
    room = now() - timedelta(minutes=1) - start
    whole = sum(gaps, timedelta())
    shrink = min(1.0, room / whole) if whole else 1.0
    moments = [start]
    for gap in gaps:
        moments.append(moments[-1] + gap * shrink)
    return moments


def message_id(story: Story, step: int) -> str:
    """The Message-ID of one line of a story."""
    return f"{story.words['pedido']}.{story.words['factura']}.{int(story.moments[0].timestamp())}.{step}@demo.example"


def mail(story: Story, step: int) -> bytes:
    """One line of a customer, as the mail it came in."""
    answers = f"In-Reply-To: <{story.message_ids[-1]}>\r\n" if story.message_ids else ""
    subject = f"Re: {story.subject}" if step else story.subject
    text = story.lines[step]["in"].format(**story.words).replace("\n", "\r\n")
    domain = story.address.rpartition("@")[2]
    return (
        f"Authentication-Results: {GUARD}; dmarc=pass header.from={domain}\r\n"
        f"From: {story.name} <{story.address}>\r\nTo: {story.channel.address}\r\nSubject: {subject}\r\n"
        f"Message-ID: <{message_id(story, step)}>\r\n{answers}Date: {format_datetime(story.moments[step])}\r\n"
        f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    ).encode()
