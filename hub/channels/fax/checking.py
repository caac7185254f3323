"""Trying a fax line for real: its gateway, whether its mails can be believed, and the way out."""

from __future__ import annotations

from hub.channels.base import Tried
from hub.channels.email import checking as mail_checking
from hub.channels.errors import SendError
from hub.channels.fax.sending import way_of
from hub.channels.fax.trust import listed
from hub.channels.outgoing import Line
from hub.plumbing.texts import _


async def check(line: Line) -> list[Tried]:
    """No fax is sent."""
    steps = [Tried("in", _("believe the gateway's mails"), _belief(line))]
    if line.settings.get("gateway"):
        steps.append(Tried("out", _("know how the gateway takes a fax"), _way(line)))
    if line.settings.get("smtp_host"):
        steps += [one for one in await mail_checking.check(line) if one.way == "out"]
    return steps


def _belief(line: Line) -> str:
    if line.settings.get("authserv_id") or listed(line.settings.get("trusted_senders")):
        return ""
    return _(
        "Set authserv_id (how your mail server signs its results) or trusted_senders: without them no mail is a fax."
    )


def _way(line: Line) -> str:
    try:
        way_of(line)
    except SendError as error:
        return _(error.reason)
    return ""
