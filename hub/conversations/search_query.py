"""What a person typed into the search, as typed conditions; nothing of it ever becomes SQL text.

Operators with their Spanish names: from: de: · to: para: · contact: contacto: · account: cuenta: · channel:
canal: · assignee: asignado: · team: equipo: · tag: etiqueta: · status: estado: · has:attachment tiene:adjunto
· before: antes: hasta: · after: despues: desde: · id: · "exact words" · -not.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta, tzinfo

import msgspec

from hub.plumbing.texts import _

MOST_CHARACTERS = 500
MOST_WORDS = 20
MOST_NUMBER = 2**63 - 1

OPERATORS = {
    "from": "sender", "de": "sender",
    "to": "recipient", "para": "recipient",
    "contact": "contact", "contacto": "contact",
    "account": "account", "cuenta": "account",
    "channel": "channel", "canal": "channel",
    "assignee": "assignee", "asignado": "assignee", "asignada": "assignee",
    "team": "team", "equipo": "team",
    "tag": "tag", "etiqueta": "tag",
    "status": "state", "estado": "state", "is": "state",
    "has": "has", "tiene": "has",
    "before": "before", "antes": "before", "hasta": "before",
    "after": "after", "despues": "after", "desde": "after",
    "id": "id",
}  # fmt: skip

STATES = {
    "open": "open", "abierta": "open", "abierto": "open",
    "closed": "closed", "cerrada": "closed", "cerrado": "closed",
    "snoozed": "snoozed", "pospuesta": "snoozed", "pospuesto": "snoozed",
    "aside": "aside", "aparte": "aside", "apartada": "aside",
}  # fmt: skip

ATTACHED = {"attachment", "attachments", "adjunto", "adjuntos", "file", "fichero", "archivo"}
ME = {"me", "mi", "yo", "mia", "mio"}
NOBODY = {"none", "nobody", "nadie", "ninguno"}
DAYS = {"today": 0, "hoy": 0, "yesterday": 1, "ayer": 1}

_TOKEN = re.compile(r'(?P<not>-)?(?:(?P<key>\w{1,12}):)?(?:"(?P<quoted>[^"]*)"?|(?P<word>[^\s"]+))')


class Query(msgspec.Struct, kw_only=True):
    """The conditions; all of them must hold. `words`, `phrases` and `without` look into texts and subjects.

    `assignee_none` and `assignee_me` stand for assignee:none and assignee:me. `before` is exclusive, `after`
    inclusive. `problems` are sentences about what was not understood and therefore left out.
    """

    words: list[str] = []
    phrases: list[str] = []
    without: list[str] = []
    sender: str | None = None
    recipient: str | None = None
    contact: str | None = None
    account: str | None = None
    channel: str | None = None
    assignee: str | None = None
    assignee_me: bool = False
    assignee_none: bool = False
    team: str | None = None
    tags: list[str] = []
    state: str | None = None
    has_attachment: bool = False
    before: datetime | None = None
    after: datetime | None = None
    id: int | None = None
    problems: list[str] = []

    @property
    def has_text(self) -> bool:
        """Whether something is looked for in texts (words only excluded need another condition)."""
        return bool(self.words or self.phrases)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked for."""
        return self == Query(problems=self.problems)


def parse(text: str, *, today: date, zone: tzinfo) -> Query:
    """What `text` asks for. Never raises: what makes no sense becomes a word or a problem."""
    query = Query()
    for found in _TOKEN.finditer(text[:MOST_CHARACTERS].replace("\x00", " ")):
        _take(query, found, today, zone)
    del query.words[MOST_WORDS:], query.phrases[MOST_WORDS:], query.without[MOST_WORDS:]
    del query.tags[MOST_WORDS:]
    return query


def fold(text: str) -> str:
    """Lower case without accents, for comparing names of operators and values."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _take(query: Query, found: re.Match[str], today: date, zone: tzinfo) -> None:
    key, quoted, word = found["key"], found["quoted"], found["word"]
    value = (quoted if quoted is not None else word or "").strip()
    operator = OPERATORS.get(fold(key)) if key else None
    if operator is None and key:
        value, quoted = f"{key}:{value}", None
    if not value:
        return
    if operator is not None and found["not"]:
        query.problems.append(_("Only words can be excluded with “-”, not “%(key)s:”.", key=key))
    elif operator is not None:
        _condition(query, operator, value, today, zone)
    elif found["not"]:
        query.without.append(value)
    elif quoted is not None:
        query.phrases.append(value)
    elif value.startswith("#") and (number := _number(value[1:])) is not None:
        query.id = number
    else:
        query.words.append(value)


def _condition(query: Query, operator: str, value: str, today: date, zone: tzinfo) -> None:
    known = fold(value)
    match operator:
        case "tag":
            query.tags.append(value)
        case "assignee" if known in ME:
            query.assignee_me = True
        case "assignee" if known in NOBODY:
            query.assignee_none = True
        case "state" if known in STATES:
            query.state = STATES[known]
        case "has" if known in ATTACHED:
            query.has_attachment = True
        case "id" if (number := _number(value.lstrip("#"))) is not None:
            query.id = number
        case "before" | "after" if (day := _day(known, today)) is not None:
            moment = datetime.combine(day, time(), zone)
            query.before, query.after = (
                (moment, query.after) if operator == "before" else (query.before, moment)
            )
        case "after" if not known[0].isdigit():
            query.sender = value  # desde: is "since" and "from" in Spanish
        case "state" | "has" | "id" | "before" | "after":
            query.problems.append(_problem(operator, value))
        case _:
            setattr(query, operator, value)


def _problem(operator: str, value: str) -> str:
    match operator:
        case "state":
            return _("“%(value)s” is no state: use open, snoozed, closed or aside.", value=value)
        case "has":
            return _("has: knows only “attachment”, not “%(value)s”.", value=value)
        case "id":
            return _("“%(value)s” is no number of a conversation.", value=value)
    return _("“%(value)s” is no date: write 2026-09-30, 30/9/2026, today, yesterday or 7d.", value=value)


def _number(text: str) -> int | None:
    if not re.fullmatch(r"[0-9]{1,19}", text):
        return None
    number = int(text)
    return number if 0 < number <= MOST_NUMBER else None


def _day(text: str, today: date) -> date | None:
    """A day as people write it; None for anything else."""
    if text in DAYS:
        return today - timedelta(days=DAYS[text])
    try:
        if ago := re.fullmatch(r"([0-9]{1,4})d", text):
            return today - timedelta(days=int(ago[1]))
        if iso := re.fullmatch(r"([0-9]{4})-([0-9]{1,2})(?:-([0-9]{1,2}))?", text):
            return _likely(int(iso[1]), int(iso[2]), int(iso[3] or 1))
        if ours := re.fullmatch(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})", text):
            return _likely(int(ours[3]), int(ours[2]), int(ours[1]))
    except (ValueError, OverflowError):
        return None
    return None


def _likely(year: int, month: int, day: int) -> date | None:
    """A date PostgreSQL and time zones can count with; None outside 1970–2999."""
    return date(year, month, day) if 1970 <= year < 3000 else None
