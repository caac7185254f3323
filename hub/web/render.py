"""Pages and live partials, from declared structs: Jinja with autoescape, strict names and gettext.

    page("inbox/page.html", InboxPage(…), shell) -> str       a whole page, in the shell's language
    partial("inbox/_row.html", RowView(row), "es") -> str     the same partial for the live update

A template sees the fields of its struct by name; a page sees its shell too, as `shell`. Nothing else: a name
that was not declared raises at once.
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jinja2
import msgspec
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from hub.channels.spelling import shown
from hub.conversations.labels import PRIORITIES
from hub.conversations.snoozing import PRESETS
from hub.plumbing import texts
from hub.web import shortcuts
from hub.web.assets import assets
from hub.web.views import Scope
from hub.web.wording import for_browser

TEMPLATES = Path(__file__).parent.parent / "templates"

_zone: ContextVar[tzinfo] = ContextVar("zone", default=UTC)


def page(template: str, context: msgspec.Struct, shell: Scope) -> str:
    """A whole page in the shell's language and time zone."""
    token = _zone.set(_known_zone(shell.time_zone))
    try:
        with texts.speaking(shell.language):
            return environment().get_template(template).render(_fields(context), shell=shell)
    finally:
        _zone.reset(token)


def partial(template: str, context: msgspec.Struct, language: str, time_zone: str = "UTC") -> str:
    """One fragment in one language; the browser writes its times again in its own zone."""
    token = _zone.set(_known_zone(time_zone))
    try:
        with texts.speaking(language):
            return environment().get_template(template).render(_fields(context)).strip()
    finally:
        _zone.reset(token)


@cache
def environment() -> jinja2.Environment:
    """The one compiled environment: the language is looked up at each text, so it serves all of them."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    made.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.filters |= {
        "moment": moment,
        "filesize": filesize,
        "on_its_clock": on_its_clock,
        "number": number,
        "reached": shown,
        "as_json": as_json,
        "marked": marked,
    }
    made.globals |= {
        "static": assets().url,
        "modules": assets().modules,
        "sprite": assets().url("icons.svg"),
        "language": texts.language,
        "languages": texts.LANGUAGES,
        "browser_texts": for_browser,
        "snooze_presets": lambda: _chosen_from(PRESETS),
        "priority_names": lambda: _chosen_from(PRIORITIES),
        "priority_name": _priority,
        "key_sheet": shortcuts.sheet,
        "key_actions": shortcuts.actions,
    }
    return made


def moment(at: datetime | None, form: str = "short") -> Markup:
    """A `<time>` a browser can write again. Forms: clock 10:42 · short, as brief as today allows · when,
    day and hour · full · wait, how long ago."""
    if at is None:
        return Markup("")
    local = at.astimezone(_zone.get())
    locale = texts.language()
    full = format_datetime(local, "d MMM y, HH:mm", locale=locale)
    return Markup('<time datetime="{}" data-t="{}" title="{}">{}</time>').format(
        at.astimezone(UTC).isoformat(timespec="seconds"), form, full, escape(_written(local, form, full))
    )


def on_its_clock(at: datetime) -> str:
    """Day and hour as the clock shows them that `at` carries, somebody else's perhaps: 22 Nov, 06:38."""
    this_year = at.year == datetime.now(at.tzinfo).year
    return format_datetime(at, "d MMM, HH:mm" if this_year else "d MMM y, HH:mm", locale=texts.language())


def filesize(size: int) -> str:
    """Bytes as people read them: 734 B, 12 kB, 3.4 MB."""
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{size // 1000} kB"
    return f"{format_decimal(size / 1_000_000, format='#,##0.0', locale=texts.language())} MB"


def number(value: float) -> str:
    """A number with the separators of the language."""
    return format_decimal(value, locale=texts.language())


def as_json(value: object) -> Markup:
    """Data for a `<script type="application/json">` block: no `<` can end it."""
    return Markup(msgspec.json.encode(value).decode().replace("<", "\\u003c"))


def marked(snippet: str) -> Markup:
    """A search snippet: what stands between \\x02 and \\x03 is the match."""
    return Markup(str(escape(snippet)).replace("\x02", "<mark>").replace("\x03", "</mark>"))


def _written(local: datetime, form: str, full: str) -> str:
    locale, now = texts.language(), datetime.now(local.tzinfo)
    clock = format_time(local, "HH:mm", locale=locale)
    if form == "full":
        return full
    if form == "wait":
        return _waited(int((now - local).total_seconds() // 60))
    if form == "clock" or local.date() == now.date():
        return clock
    pattern = "d MMM" if local.year == now.year else "d MMM y"
    day = format_date(local, pattern, locale=locale)
    return f"{day}, {clock}" if form == "when" else day


def _chosen_from(words: dict[str, str]) -> list[dict[str, str]]:
    return [{"value": value, "name": texts._(name)} for value, name in words.items()]


def _priority(value: str) -> str:
    return texts._(PRIORITIES[value]) if value in PRIORITIES else value


def _waited(minutes: int) -> str:
    if minutes < 60:
        return texts._("%(n)s min", n=max(minutes, 0))
    return texts._("%(n)s h", n=minutes // 60) if minutes < 2880 else texts._("%(n)s d", n=minutes // 1440)


def _fields(context: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(context, name) for name in context.__struct_fields__}


def _known_zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _gettext(message: str) -> str:
    return texts.texts(texts.language()).gettext(message)


def _ngettext(singular: str, plural: str, n: int) -> str:
    return texts.texts(texts.language()).ngettext(singular, plural, n)
