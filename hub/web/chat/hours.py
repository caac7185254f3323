"""What a visitor is told about waiting: open or not, and how long people really waited lately."""

from __future__ import annotations

import msgspec
import structlog
from babel.dates import format_datetime

from hub.agents import presence, teams
from hub.channels.connections import Channel
from hub.channels.webchat.hours import Opening, opening
from hub.conversations import chat_mail, chat_view
from hub.plumbing.clock import monotonic, now
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _, language, ngettext

log = structlog.get_logger(__name__)
REMEMBERED_SECONDS = 60.0
_measured: dict[int, tuple[float, int | None]] = {}


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """`here`: somebody can answer now. `words`: one honest sentence. `mail`: answers can go on by mail."""

    here: bool
    words: str
    mail: bool


async def expected(tx: Tx, hub: Hub, channel: Channel) -> Expected:
    """For this line, now, in the language being spoken."""
    at = _opening(hub, channel)
    here = at.open and await _somebody(tx, channel)
    mail = await chat_mail.mail_line(tx, channel) is not None
    return Expected(here=here, words=_words(at, here, await _minutes(tx, channel.id)), mail=mail)


def _opening(hub: Hub, channel: Channel) -> Opening:
    try:
        return opening(channel.line(hub.crypto), now())
    except (ValueError, KeyError) as error:  # an operator's slip must not close the chat
        log.warning("opening hours cannot be read", channel=channel.id, error=str(error))
        return Opening(True)


async def _somebody(tx: Tx, channel: Channel) -> bool:
    here = await presence.who_is_here(tx)
    if channel.team_id is None:
        return bool(here)
    return bool(here & set((await teams.find(tx, channel.team_id)).member_ids))


async def _minutes(tx: Tx, channel_id: int) -> int | None:
    kept = _measured.get(channel_id)
    if kept is None or monotonic() - kept[0] > REMEMBERED_SECONDS:
        kept = _measured[channel_id] = monotonic(), await chat_view.minutes_to_answer(tx, channel_id)
    return kept[1]


def _words(at: Opening, here: bool, minutes: int | None) -> str:
    if not at.open and at.opens_at is not None:
        when = format_datetime(at.opens_at, "EEEE H:mm", tzinfo=at.opens_at.tzinfo, locale=language())
        return _("We are not here now. We are back on %(when)s.", when=when)
    if not here:
        return _("Nobody is here right now. Write, and we answer as soon as we are back.")
    if minutes is None:
        return _("We answer as soon as we can.")
    if minutes <= 90:
        return ngettext(
            "We usually answer within %(n)s minute.", "We usually answer within %(n)s minutes.", minutes
        )
    hours = -(-minutes // 60)
    return ngettext("We usually answer within %(n)s hour.", "We usually answer within %(n)s hours.", hours)
