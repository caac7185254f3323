"""What a rule may look at: each condition is plain data that answers one question about a case."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from hub.plumbing.texts import _
from hub.routing.cases import TEXT_LOOKED_AT, Case
from hub.routing.words import plain, same, says

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORKDAYS: tuple[Day, ...] = DAYS[:5]


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="if"):
    """Base of all conditions."""

    def holds(self, case: Case) -> bool:
        """Whether this case is meant."""
        raise NotImplementedError


class Listed(Condition, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of those that ask for one of several words."""

    any_of: tuple[str, ...]

    def _names(self, *seen: str) -> bool:
        return any(same(wanted, one) for wanted in self.any_of for one in seen if one)

    def _spells(self, seen: str) -> bool:
        return seen.strip().lower() in {wanted.strip().lower() for wanted in self.any_of}


class Channel(Listed, frozen=True, kw_only=True, tag="channel"):
    """It came over one of these channels, by name."""

    def holds(self, case: Case) -> bool:
        return self._names(case.channel_name)


class Kind(Listed, frozen=True, kw_only=True, tag="kind"):
    """It came over a channel of one of these kinds."""

    def holds(self, case: Case) -> bool:
        return self._spells(case.kind)


class Reached(Listed, frozen=True, kw_only=True, tag="address"):
    """We were reached on one of these addresses."""

    def holds(self, case: Case) -> bool:
        return self._spells(case.reached)


class Sender(Listed, frozen=True, kw_only=True, tag="sender"):
    """One of these addresses wrote."""

    def holds(self, case: Case) -> bool:
        return self._spells(case.sender)


class Domain(Listed, frozen=True, kw_only=True, tag="domain"):
    """The sender's mail domain is one of these or below one."""

    def holds(self, case: Case) -> bool:
        seen = case.domain.lower()
        wanted = [one.strip().lower().lstrip("@") for one in self.any_of]
        return bool(seen) and any(seen == one or seen.endswith(f".{one}") for one in wanted)


class Account(Listed, frozen=True, kw_only=True, tag="account"):
    """It is about one of these accounts, by name."""

    def holds(self, case: Case) -> bool:
        return self._names(case.account_name)


class Tier(Listed, frozen=True, kw_only=True, tag="tier"):
    """The account's tier is one of these."""

    def holds(self, case: Case) -> bool:
        return self._names(case.tier)


class Standing(Listed, frozen=True, kw_only=True, tag="standing"):
    """How sure the account is: confirmed, suggested, or none."""

    any_of: tuple[Literal["confirmed", "suggested", "none"], ...]

    def holds(self, case: Case) -> bool:
        return (case.account_standing or "none") in self.any_of


class Language(Listed, frozen=True, kw_only=True, tag="language"):
    """The customer writes in one of these languages (es, en, …)."""

    def holds(self, case: Case) -> bool:
        return self._spells(case.language)


class Tagged(Listed, frozen=True, kw_only=True, tag="tagged"):
    """The conversation already carries one of these tags."""

    def holds(self, case: Case) -> bool:
        return self._names(*case.tags)


class Text(Listed, frozen=True, kw_only=True, tag="text"):
    """Subject or text contain one of these phrases: whole words, accents and case do not count."""

    where: Literal["anywhere", "subject", "text"] = "anywhere"

    def __post_init__(self) -> None:
        for phrase in self.any_of:
            if not plain(phrase).strip():
                raise ValueError(_("%(text)s has neither letter nor digit", text=phrase))

    def holds(self, case: Case) -> bool:
        subject = case.subject if self.where != "text" else ""
        text = case.text[:TEXT_LOOKED_AT] if self.where != "subject" else ""
        return any(says(subject, phrase) or says(text, phrase) for phrase in self.any_of)


class Verified(Condition, frozen=True, kw_only=True, tag="verified"):
    """The sender is proven to be who they say, or is not."""

    yes: bool

    def holds(self, case: Case) -> bool:
        return case.verified == self.yes


class Automatic(Condition, frozen=True, kw_only=True, tag="automatic"):
    """A machine wrote it, or a person."""

    yes: bool

    def holds(self, case: Case) -> bool:
        return case.automatic == self.yes


class Hours(Condition, frozen=True, kw_only=True, tag="hours", rename={"start": "from", "end": "to"}):
    """It came inside these working hours of this zone, or outside. `to` before `from` passes midnight."""

    days: tuple[Day, ...] = WORKDAYS
    start: str = "09:00"
    end: str = "18:00"
    zone: str = "Europe/Madrid"
    outside: bool = False

    def __post_init__(self) -> None:
        clock_time(self.start)
        clock_time(self.end)
        _known_zone(self.zone)

    def holds(self, case: Case) -> bool:
        local = case.at.astimezone(ZoneInfo(self.zone))
        start, end, seen = clock_time(self.start), clock_time(self.end), local.time()
        yesterday = DAYS[(local - timedelta(days=1)).weekday()]
        today = DAYS[local.weekday()] in self.days
        if start < end:
            inside = today and start <= seen < end
        else:
            inside = (today and seen >= start) or (yesterday in self.days and seen < end)
        return inside != self.outside


AnyCondition = (
    Channel
    | Kind
    | Reached
    | Sender
    | Domain
    | Account
    | Tier
    | Standing
    | Language
    | Tagged
    | Text
    | Verified
    | Automatic
    | Hours
)


class When(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"none": "not"}):
    """All of `all`, one of `any` when there are any, and none of `not`. Nothing at all always holds."""

    all: tuple[AnyCondition, ...] = ()
    any: tuple[AnyCondition, ...] = ()
    none: tuple[AnyCondition, ...] = ()

    def holds(self, case: Case) -> bool:
        """Whether this case is meant."""
        return (
            all(one.holds(case) for one in self.all)
            and (not self.any or any(one.holds(case) for one in self.any))
            and not any(one.holds(case) for one in self.none)
        )


def clock_time(text: str) -> time:
    """`09:30` as a time of day. Raises ValueError."""
    hour, colon, minute = text.partition(":")
    if not (colon and hour.isdigit() and minute.isdigit() and int(hour) < 24 and int(minute) < 60):
        raise ValueError(_("%(text)s is no time of day: write it like 09:30", text=text))
    return time(int(hour), int(minute))


def _known_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(_("%(text)s is no time zone: write it like Europe/Madrid", text=name)) from error
