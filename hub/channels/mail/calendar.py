"""An invitation (RFC 5545, 5546) as lines people read: what, when, where, who."""

from __future__ import annotations

import re

from hub.channels.facts import Attached
from hub.channels.mail.charsets import decode
from hub.channels.text import one_line, shortened, with_plain_ends
from hub.plumbing.texts import N_, _

_LONGEST = 500_000
_MOST_EVENTS = 10
_MOST_PEOPLE = 20
_UNFOLD = re.compile(r"\n[ \t]")
_PROPERTY = re.compile(
    r'([A-Za-z0-9-]{1,60})((?:;[^:;="]{1,60}=(?:"[^"]*"|[^:;"]*)(?:,"[^"]*")*)*):(.*)', re.DOTALL
)
_PARAM = re.compile(r';([^:;=]{1,60})=(?:"([^"]*)"|([^:;"]*))')
_WHEN = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d{0,2}(Z?))?$")
_ESCAPED = re.compile(r"\\([\\;,nN])")
_WORDS = {
    "REQUEST": N_("Invitation: %(what)s"),
    "CANCEL": N_("Called off: %(what)s"),
    "REPLY": N_("Answer to the invitation: %(what)s"),
    "COUNTER": N_("Another time proposed: %(what)s"),
}
_EVENT = N_("Event: %(what)s")
_ANSWERS = {
    "ACCEPTED": N_("%(who)s (accepted)"),
    "DECLINED": N_("%(who)s (declined)"),
    "TENTATIVE": N_("%(who)s (perhaps)"),
}


def is_calendar(file: Attached) -> bool:
    """Is this file an invitation?"""
    return (
        file.type == "text/calendar" or (file.type == "application/ics") or file.name.lower().endswith(".ics")
    )


def readable(file: Attached) -> str:
    """Its events in words, or "" when it holds none."""
    text = with_plain_ends(decode(file.content[:_LONGEST], "utf-8"))
    method, events = "", []
    event: _Event | None = None
    inner = 0  # inside an alarm
    for line in _UNFOLD.sub("", text).split("\n"):
        name, _, rest = line.partition(":")
        word = (name.strip().upper(), rest.strip().upper())
        if word in (("BEGIN", "VEVENT"), ("BEGIN", "VTODO")):
            event = {}
        elif word[0] == "BEGIN" and event is not None:
            inner += 1
        elif word in (("END", "VEVENT"), ("END", "VTODO")) and event is not None:
            events.append(event)
            event, inner = None, 0
        elif word[0] == "END" and inner:
            inner -= 1
        elif word[0] == "METHOD":
            method = word[1]
        elif event is not None and not inner:
            _keep(event, line)
        if len(events) >= _MOST_EVENTS:
            break
    return "\n\n".join(_in_words(each, method) for each in events)


_Event = dict[str, list[tuple[dict[str, str], str]]]


def _keep(event: _Event, line: str) -> None:
    if len(line) > 20_000:
        return
    found = _PROPERTY.match(line)
    if found is None:
        return
    params = {one[1].upper(): one[2] or one[3] or "" for one in _PARAM.finditer(found[2])}
    event.setdefault(found[1].upper(), []).append((params, found[3]))


def _in_words(event: _Event, method: str) -> str:
    start, end = _moment(event, "DTSTART"), _moment(event, "DTEND")
    where, repeats = _said(event, "LOCATION"), _said(event, "RRULE")
    lines = [
        _(_WORDS.get(method, _EVENT), what=_said(event, "SUMMARY")).rstrip(": "),
        _("When: %(when)s", when=_span(start, end)) if start[0] else "",
        _("Repeats: %(rule)s", rule=repeats) if repeats else "",
        _("Where: %(where)s", where=where) if where else "",
        _("Organised by: %(who)s", who=_people(event, "ORGANIZER")) if "ORGANIZER" in event else "",
        _("Invited: %(who)s", who=_people(event, "ATTENDEE")) if "ATTENDEE" in event else "",
    ]
    return "\n".join(line for line in lines if line)


def _said(event: _Event, name: str) -> str:
    values = event.get(name)
    if not values:
        return ""
    plain = _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], values[0][1])
    return shortened(one_line(plain), 500)


def _moment(event: _Event, name: str) -> tuple[str, str, str]:
    """`(day, hour, zone)` or empty strings."""
    values = event.get(name)
    found = _WHEN.match(values[0][1].strip()) if values else None
    if not values or found is None:
        return ("", "", "") if not values else (one_line(values[0][1])[:40], "", "")
    hour = f"{found[4]}:{found[5]}" if found[4] else ""
    zone = "UTC" if found[6] else one_line(values[0][0].get("TZID", ""))[:60]
    return f"{found[1]}-{found[2]}-{found[3]}", hour, zone if hour else ""


def _span(start: tuple[str, str, str], end: tuple[str, str, str]) -> str:
    day, hour, zone = start
    said = f"{day} {hour}".rstrip()
    if end[1]:
        said += f"–{end[1]}" if end[0] == day else f" – {end[0]} {end[1]}"
    return f"{said} ({zone})" if zone else said


def _people(event: _Event, name: str) -> str:
    people: list[str] = []
    for params, value in event[name][:_MOST_PEOPLE]:
        address = re.sub(r"^mailto:", "", value.strip(), flags=re.IGNORECASE)
        named = params.get("CN", "")
        answer = _ANSWERS.get(params.get("PARTSTAT", "").upper(), "")
        said = f"{named} <{address}>" if named and named.lower() != address.lower() else address
        said = one_line(said)[:300]
        people.append(_(answer, who=said) if answer else said)
    more = len(event[name]) - len(people)
    return (
        _("%(people)s and %(more)s more", people=", ".join(people), more=more)
        if more > 0
        else ", ".join(people)
    )
