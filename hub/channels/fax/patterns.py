"""Patterns an admin added to a line from a sample mail: kept in its settings, tried before ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast, get_args

import msgspec

from hub.channels.fax import templates
from hub.channels.fax.layouts import Pattern, State
from hub.channels.outgoing import Line
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _

MOST_PATTERNS = 50
MOST_TEMPLATES = 20
STATES: tuple[str, ...] = get_args(State)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of settings.patterns. `subject`, `sign` and `body` are templates, one a line."""

    name: str
    state: str = "received"
    subject: str = ""
    sign: str = ""
    body: str = ""


def checked(entry: Named) -> Named:
    """The same, tidied. Raises BadInput naming the field."""
    if not entry.name.strip():
        raise BadInput(_("Give the pattern a name."), field="name")
    if entry.state not in STATES:
        raise BadInput(_("Choose what such a mail means."), field="state")
    if not entry.subject.strip():
        raise BadInput(_("Write at least one template for the subject."), field="subject")
    for field in ("subject", "body"):
        for template in _lines(getattr(entry, field)):
            try:
                templates.check(template)
            except BadInput as error:
                raise BadInput(error.message, field=field) from error
    return Named(
        name=entry.name.strip()[:80],
        state=entry.state,
        subject="\n".join(_lines(entry.subject)),
        sign="\n".join(_lines(entry.sign)),
        body="\n".join(_lines(entry.body)),
    )


def as_pattern(entry: Named) -> Pattern:
    """What reading.py works with."""
    return Pattern(
        state=cast(State, entry.state if entry.state in STATES else "received"),
        subject=tuple(_lines(entry.subject)),
        sign=tuple(_lines(entry.sign)),
        body=tuple(_lines(entry.body)),
    )


def entries(settings: dict[str, Any]) -> list[Named]:
    """The entries of a line's settings; one that is broken is left out."""
    found = []
    for one in list(settings.get("patterns") or ())[:MOST_PATTERNS]:
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            known = {name: str(one.get(name) or "") for name in Named.__struct_fields__}
            found.append(Named(**known))
    return found


def own_patterns(line: Line) -> Iterator[Pattern]:
    """The patterns of this line."""
    for entry in entries(line.settings):
        yield as_pattern(entry)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()][:MOST_TEMPLATES]
