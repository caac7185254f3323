"""How campaigns are worded and coloured: their states, where each leads, their schedule in a sentence."""

from __future__ import annotations

from datetime import date, time

from babel.dates import format_date, format_time, get_day_names

from hub.campaigns.campaigns import Campaign
from hub.campaigns.schedule import Schedule
from hub.campaigns.states import WORDS, State
from hub.plumbing.texts import N_, _, language

TONES: dict[State, str] = {
    "prepared": "warn",
    "scheduled": "accent",
    "running": "ok",
    "paused": "danger",
}
STOPS = {
    "reply": N_("they answer"),
    "bounce": N_("the address does not work"),
    "conversation": N_("a conversation with them is open"),
    "purchase": N_("they buy something"),
}
PLACES: dict[State, str] = {
    "draft": "audience",
    "preparing": "review",
    "prepared": "review",
    "scheduled": "run",
    "running": "run",
    "paused": "run",
    "finished": "report",
    "canceled": "report",
}


def state(campaign: Campaign) -> str:
    """Its state in the reader's language."""
    return _(WORDS[campaign.state])


def place(campaign: Campaign) -> str:
    """The page where one goes on with it."""
    return f"/campaigns/{campaign.id}/{PLACES[campaign.state]}"


def day(at: date) -> str:
    """A day with its weekday."""
    return format_date(at, "full", locale=language())


def hour(at: time) -> str:
    """10:00."""
    return format_time(at, "HH:mm", locale=language())


def weekdays() -> list[str]:
    """Monday to Sunday."""
    names = get_day_names("abbreviated", locale=language())
    return [names[n] for n in range(7)]


def schedule(one: Schedule) -> str:
    """When it leaves, as one sentence."""
    if one.when == "now" or one.day is None:
        begins = _("As soon as it is approved")
    elif one.when == "moment":
        begins = _("On %(day)s at %(hour)s (%(zone)s)", day=day(one.day), hour=hour(one.hour), zone=one.zone)
    else:
        begins = _(
            "At %(hour)s of each person's own day, from %(day)s", hour=hour(one.hour), day=day(one.day)
        )
    names = weekdays()
    hours = _("between %(opens)s and %(closes)s", opens=hour(one.opens), closes=hour(one.closes))
    days = _("any day") if len(one.weekdays) == 7 else ", ".join(names[n] for n in sorted(one.weekdays))
    pace = [_("at most %(n)s a minute", n=one.per_minute)] if one.per_minute else []
    return ", ".join([begins, hours, days, *pace])
