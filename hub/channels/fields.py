"""What a kind asks of whoever connects it: typed fields, and what was typed read into settings and secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import msgspec

from hub.channels import phone
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _

LONGEST = 20_000
HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]", re.IGNORECASE)
LISTS = ("lines", "channels")
YES = frozenset(("1", "on", "true", "yes"))
NO = frozenset(("0", "off", "false", "no"))


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to set; `label`, `help` and the words of `choices` are msgids.

    `name`: the setting's, "a.b" for one inside another. `type`: text, long, lines (a list, one a line), number
    (`least` to `most`), yes, choice, host, url, email, phone, zone, country, channel (the key of another line),
    channels (a list of them); `secret`: stored sealed, never shown again. `pattern` and `example`: what a text, or
    each line of a list, must be like. `usual` counts when nothing is stored; `blank`: an empty text is stored too.
    `part`: the heading it stands under, a key of PARTS.
    """

    name: str
    label: str
    help: str = ""
    type: str = "text"
    secret: bool = False
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    usual: str | bool = ""
    pattern: str = ""
    example: str = ""
    blank: bool = False
    least: int = 0
    most: int = 2_000_000_000
    part: str = "account"


class Read(msgspec.Struct, frozen=True):
    """A line's settings and secrets with what was typed in them."""

    settings: dict[str, Any]
    secrets: dict[str, str]


PARTS = {
    "account": N_("Account"),
    "in": N_("What comes in"),
    "out": N_("What leaves"),
    "words": N_("Words and hours"),
    "fallback": N_("When it does not arrive"),
    "more": N_("For special cases"),
}
ADDRESS = Field(name="address", label=N_("Address"), required=True)
COUNTRY = Field(
    name="country",
    label=N_("Country of short numbers"),
    help=N_("Numbers without a country are read as of this one, in two letters. Empty: the line's own."),
    type="country",
    part="in",
)
TIME_ZONE = Field(name="time_zone", label=N_("Time zone"), type="zone", usual="Europe/Madrid", part="words")


def read(
    fields: Sequence[Field],
    given: Mapping[str, Any],
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    *,
    forget: Sequence[str] = (),
) -> Read:
    """`given` (what a form, the API or a command line has) over what is stored.

    What is not given stays; an empty value takes a setting away, an empty secret leaves the stored one, and
    `forget` names secrets to take away. Raises BadInput naming the field, also for one nobody declared.
    """
    known = {one.name: one for one in fields}
    for name in (*given, *forget):
        if name not in known:
            raise BadInput(_("This kind of channel has no setting %(name)s.", name=name[:80]), field=name)
    told, sealed = _copied(settings), dict(secrets)
    for name, value in given.items():
        field = known[name]
        if field.secret:
            sealed |= {name: typed} if (typed := _text(field, value)) else {}
        else:
            _put(told, name, _value(field, value))
    for name in forget:
        sealed.pop(name, None)
    for field in fields:
        if field.required and not (sealed.get(field.name) if field.secret else stored(field, told)):
            raise BadInput(_("This is needed."), field=field.name)
    return Read(told, sealed)


def stored(field: Field, settings: Mapping[str, Any]) -> Any:
    """What a line has for the field; None for nothing."""
    found: Any = settings
    for part in field.name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def shown(field: Field, settings: Mapping[str, Any]) -> str:
    """The same as a form has it; a secret is never shown."""
    value = None if field.secret else stored(field, settings)
    if value is None:
        value = field.usual
    if isinstance(value, bool):
        return "1" if value else ("" if field.type == "yes" else "0")
    return "\n".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _value(field: Field, given: Any) -> Any:
    """The value to store; None for none. Raises BadInput."""
    if field.type in LISTS:
        parts = given if isinstance(given, list) else str(given).splitlines()
        return [_alike(field, kept) for one in parts if (kept := _text(field, one))] or None
    text = _text(field, given)
    if field.type == "yes":
        return _yes(field, text)
    if text == field.usual:
        return None
    if not text:
        return "" if field.blank else None
    return _READ.get(field.type, _alike)(field, text)


def _text(field: Field, given: Any) -> str:
    if isinstance(given, dict | list) or given is None:
        given = "" if given is None else msgspec.json.encode(given).decode()
    text = ("1" if given else "0") if isinstance(given, bool) else str(given).replace("\0", "").strip()
    if len(text) > LONGEST:
        raise BadInput(_("This is too long."), field=field.name)
    if field.type != "long" and not text.isprintable() and not field.secret:
        raise BadInput(_("Write this on one line."), field=field.name)
    return text


def _yes(field: Field, text: str) -> bool | None:
    low = text.lower()
    if low and low not in YES | NO:
        raise BadInput(_("Answer yes or no."), field=field.name)
    return None if (low in YES) == bool(field.usual) else low in YES


def _alike(field: Field, text: str) -> str:
    if field.pattern and not re.fullmatch(field.pattern, text):
        raise BadInput(_("Write it like this: %(example)s", example=field.example), field=field.name)
    return text


def _number(field: Field, text: str) -> int:
    if not text.isascii() or not text.isdigit() or not field.least <= int(text[:12]) <= field.most:
        raise BadInput(
            _("Use a number from %(least)s to %(most)s.", least=field.least, most=field.most),
            field=field.name,
        )
    return int(text)


def _choice(field: Field, text: str) -> str | bool | None:
    allowed = [key for key, _words in field.choices]
    if text not in allowed:
        raise BadInput(
            _("Use one of: %(allowed)s.", allowed=", ".join(one for one in allowed if one)), field=field.name
        )
    return {"1": True, "0": False}.get(text, text)


def _host(field: Field, text: str) -> str:
    if not HOST.fullmatch(text):
        raise BadInput(_("Write a server's name, as mail.example.com."), field=field.name)
    return text.lower()


def _url(field: Field, text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        good = False
    if not good:
        raise BadInput(_("Write a whole address, as https://www.example.com."), field=field.name)
    return text


def _email(field: Field, text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise BadInput(_("Write a mail address, as name@example.com."), field=field.name) from error


def _phone(field: Field, text: str) -> str:
    try:
        return phone.e164(text)
    except ValueError as error:
        raise BadInput(
            _("Write a telephone number with its country, as +34 600 123 456."), field=field.name
        ) from error


def _zone(field: Field, text: str) -> str:
    if text not in available_timezones():
        raise BadInput(_("Write a time zone, as Europe/Madrid."), field=field.name)
    return text


def _country(field: Field, text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}", text):
        raise BadInput(_("Write a country in two letters, as ES."), field=field.name)
    return text.upper()


_READ = {
    "number": _number,
    "choice": _choice,
    "host": _host,
    "url": _url,
    "email": _email,
    "phone": _phone,
    "zone": _zone,
    "country": _country,
}


def typed_address(field: Field, given: str) -> str:
    """A line's own address as its row has it. Raises BadInput."""
    text: str | None = _value(field, given)
    if not text and field.required:
        raise BadInput(_("This is needed."), field=field.name)
    return text or ""


def _copied(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _copied(value) if isinstance(value, Mapping) else value for name, value in settings.items()}


def _put(settings: dict[str, Any], name: str, value: Any) -> None:
    """Store the value where the name leads; None takes it away, and what held nothing else with it."""
    outer, dot, inner = name.partition(".")
    if dot:
        held = settings.get(outer)
        held = held if isinstance(held, dict) else {}
        _put(held, inner, value)
        value = held or None
        name = outer
    if value is None:
        settings.pop(name, None)
    else:
        settings[name] = value
