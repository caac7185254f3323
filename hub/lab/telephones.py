"""The telephones of the lab as its page shows them: who rings whom, what was heard, what can be done."""

from __future__ import annotations

from collections.abc import Mapping

from hub.lab.twilio_calls import Calls, Telephone
from hub.plumbing.texts import N_, _
from hub.web.views import View

MOST_OVER = 6
MOST_HEARD = 12
STATES = {
    "ringing": N_("It rings"),
    "listening": N_("It waits for a key"),
    "speaking": N_("It records what you say"),
    "dialling": N_("You hear it ring"),
    "talking": N_("You are connected"),
    "over": N_("It is over"),
}


class Shown(View, frozen=True, kw_only=True):
    """One telephone on the page; `heard`: what was said into it, oldest first."""

    number: str
    who: str
    caller: str
    state: str
    said: str
    heard: list[str]


def telephones(calls: Calls, names: Mapping[str, str]) -> list[Shown]:
    """Those in a call, then the last ones that were."""
    over = [leg for leg in calls.all.values() if leg.state == "over"][-MOST_OVER:]
    return [_shown(leg, names) for leg in (*calls.phones.values(), *reversed(over))]


def _shown(leg: Telephone, names: Mapping[str, str]) -> Shown:
    return Shown(
        number=leg.number,
        who=names.get(leg.number, ""),
        caller=names.get(leg.caller) or leg.caller,
        state=leg.state,
        said=_(STATES[leg.state]),
        heard=leg.heard[-MOST_HEARD:],
    )
