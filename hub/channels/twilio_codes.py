"""Twilio's error codes and what each means for us: the error, the words for the agent, whether the number is dead.

https://www.twilio.com/docs/api/errors; the texts Twilio sends along are not to be parsed, only shown.
"""

from __future__ import annotations

import msgspec

from hub.channels.errors import (
    Misconfigured,
    OptedOut,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
    WindowClosed,
)
from hub.plumbing.texts import N_


class Meaning(msgspec.Struct, frozen=True):
    """One code. `dead`: nothing will ever reach this number, `only_here`: nothing on this kind of channel.

    `words` end with the code, for who looks it up.
    `retry_minutes`: a report with it is worth one more try after so long.
    """

    error: type[SendError]
    words: str
    dead: bool = False
    only_here: bool = False
    retry_minutes: int = 0


OPTED_OUT = 21610
_MEANINGS: dict[int, Meaning] = {
    20003: Meaning(Misconfigured, N_("Twilio does not accept our account and token (20003)")),
    20404: Meaning(Misconfigured, N_("Twilio does not know our account or sender (20404)")),
    20429: Meaning(Throttled, N_("Twilio asks us to go slower (20429)")),
    14107: Meaning(Throttled, N_("Twilio asks us to go slower (14107)")),
    20503: Meaning(Unreachable, N_("Twilio is not available for a moment (20503)")),
    21211: Meaning(Rejected, N_("this is not a telephone number (21211)"), dead=True),
    21217: Meaning(Rejected, N_("this is not a telephone number (21217)"), dead=True),
    21219: Meaning(
        Misconfigured, N_("the Twilio trial account may only write to numbers it verified (21219)")
    ),
    21408: Meaning(Misconfigured, N_("our Twilio account may not write to this country (21408)")),
    21606: Meaning(Misconfigured, N_("our sender cannot send messages (21606)")),
    21608: Meaning(
        Misconfigured, N_("the Twilio trial account may only write to numbers it verified (21608)")
    ),
    21610: Meaning(OptedOut, N_("the recipient asked our number to stop (21610)")),
    21611: Meaning(Throttled, N_("too many messages wait at Twilio (21611)")),
    21612: Meaning(Misconfigured, N_("our sender cannot reach this number (21612)")),
    21614: Meaning(Rejected, N_("this number takes no text messages (21614)"), dead=True, only_here=True),
    21617: Meaning(Rejected, N_("the text is too long (21617)")),
    21620: Meaning(Misconfigured, N_("Twilio could not fetch our file: check the public address (21620)")),
    21623: Meaning(Rejected, N_("there are too many files in one message (21623)")),
    21656: Meaning(Rejected, N_("the variables of the approved text are not right (21656)")),
    30001: Meaning(Throttled, N_("too many messages wait at Twilio (30001)")),
    30002: Meaning(Misconfigured, N_("our Twilio account is suspended (30002)")),
    30003: Meaning(Unreachable, N_("the telephone is off or out of reach (30003)"), retry_minutes=15),
    30004: Meaning(Rejected, N_("the telephone or its carrier blocks our messages (30004)")),
    30005: Meaning(Rejected, N_("the number is unknown or no longer in use (30005)"), dead=True),
    30006: Meaning(
        Rejected,
        N_("the number is a landline or its carrier cannot be reached (30006)"),
        dead=True,
        only_here=True,
    ),
    30007: Meaning(Rejected, N_("the carrier took the message for spam (30007)")),
    30008: Meaning(Unreachable, N_("not delivered; the carrier does not say why (30008)"), retry_minutes=5),
    30019: Meaning(Rejected, N_("the file is too large for the recipient's carrier (30019)")),
    30032: Meaning(Misconfigured, N_("our toll-free number is not verified yet (30032)")),
    30034: Meaning(Misconfigured, N_("our number is not registered for the United States (30034)")),
    63003: Meaning(Rejected, N_("the recipient is not on WhatsApp (63003)"), dead=True, only_here=True),
    63007: Meaning(Misconfigured, N_("our sender is not known to the channel (63007)")),
    63013: Meaning(Rejected, N_("the message breaks the channel's policy (63013)")),
    63016: Meaning(WindowClosed, N_("the 24 hours for a free answer are over: use an approved text (63016)")),
    63018: Meaning(Throttled, N_("the channel asks us to go slower (63018)")),
    63024: Meaning(Rejected, N_("the recipient cannot get messages on this channel (63024)")),
    63032: Meaning(Rejected, N_("WhatsApp does not deliver marketing to this recipient now (63032)")),
    63038: Meaning(Throttled, N_("the account's messages of today are used up (63038)")),
}


def meaning(code: int) -> Meaning | None:
    """What we know of a code; None for one we have no words for."""
    return _MEANINGS.get(code)
