"""What people send: forms become declared structs, so that a form changes its own fields and no others."""

from __future__ import annotations

import asyncio
import re
from typing import Any, TypeVar, get_origin, get_type_hints

import msgspec
from aiohttp import web
from aiohttp.web_request import FileField
from multidict import MultiDictProxy

from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _
from hub.web import bodies

F = TypeVar("F", bound=msgspec.Struct)
Form = MultiDictProxy[str | bytes | bytearray | FileField]
LONGEST_TEXT = 200_000
LONGEST_VALUE_TOLD = 60
NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading JSON of others may raise; the last is its brackets' depth."""
READ_SECONDS = 300
"""An upload may take as long as this; smaller bodies are read by the middleware, sooner."""
MISFITS = (
    (
        re.compile(r"Object missing required field `(?P<name>.+)`"),
        N_("The field %(name)s is missing."),
    ),
    (
        re.compile(r"Object contains unknown field `(?P<name>.+)`"),
        N_("There is no field %(name)s here."),
    ),
    (
        re.compile(r"Expected `(?P<wanted>.+?)`, got `(?P<given>.+?)`"),
        N_("This must be %(wanted)s, not %(given)s."),
    ),
    (re.compile(r"Expected `(?:str|array|object)` of length <= (?P<most>\d+)"), N_("At most %(most)s long.")),
    (
        re.compile(r"Expected `(?:str|array|object)` of length >= (?P<least>\d+)"),
        N_("At least %(least)s long."),
    ),
    (re.compile(r"Expected `\w+` <= (?P<most>\S+)"), N_("At most %(most)s.")),
    (re.compile(r"Expected `\w+` >= (?P<least>\S+)"), N_("At least %(least)s.")),
    (re.compile(r"Invalid enum value (?P<value>.+)"), N_("%(value)s is not one of the allowed values.")),
)
"""What msgspec may say (its own English), and our words for it."""


async def form_of(request: web.Request, shape: type[F]) -> F:
    """The request's form as a `shape`; whatever the shape does not declare is not even looked at.

    Fields of `list` type take repeated values; a missing `bool` is False. Raises BadInput naming the field.
    """
    given = await posted(request)
    wanted: dict[str, Any] = {}
    for name, type_ in get_type_hints(shape).items():
        values = [without_nul(value) for value in given.getall(name, []) if isinstance(value, str)]
        for value in values:
            if len(value) > LONGEST_TEXT:
                raise BadInput(_("This is too long."), field=name)
        if get_origin(type_) is list:
            wanted[name] = values
        elif type_ is bool:
            wanted[name] = bool(values) and values[-1] not in ("", "0", "false")
        elif values:
            wanted[name] = values[-1]
    return converted(wanted, shape)


async def posted(request: web.Request) -> Form:
    """The form as it came, read once. Raises HTTPRequestTimeout for a sender that never ends."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await request.post()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except (ValueError, LookupError, RuntimeError) as error:
        # a multipart without its boundary, a text that is not UTF-8; a charset or encoding that nobody knows
        raise BadInput(_("There is something in this that cannot be stored.")) from error


async def json_of(request: web.Request, shape: type[F]) -> F:
    """The request's JSON body as a `shape`. Raises BadInput naming the field."""
    try:
        given = without_nul(msgspec.json.decode(await bodies.read(request)))
    except NO_JSON as error:
        raise not_json(error) from error
    return converted(given, shape)


def converted(given: Any, shape: type[F]) -> F:
    """`given` as a `shape`. Raises BadInput naming the field."""
    try:
        return msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as error:
        raise misfit(error) from error


def not_json(error: Exception) -> BadInput:
    """A body that is no JSON, with the place where it stops being it, if that is known."""
    found = re.search(r"\(byte (\d+)\)", str(error))
    if found is None:
        return BadInput(_("This is not JSON."))
    return BadInput(_("This is not JSON: look at byte %(n)s.", n=found[1]))


def misfit(error: msgspec.ValidationError) -> BadInput:
    """What msgspec says of a value, in the reader's language, with the field it is about."""
    told, _at, path = str(error).partition(" - at `$")
    field = path.strip("`.").partition("[")[0]
    for pattern, words in MISFITS:
        if found := pattern.fullmatch(told):
            named = {name: shortened(value) for name, value in found.groupdict().items()}
            return BadInput(_(words, **named), field=field or named.get("name", ""))
    return BadInput(_("This value cannot be used."), field=field)


def shortened(value: str) -> str:
    """What somebody sent, as an error repeats it: enough to know it again."""
    return value if len(value) <= LONGEST_VALUE_TOLD else f"{value[:LONGEST_VALUE_TOLD]}…"


def number_of(request: web.Request, name: str) -> int | None:
    """A whole number of the query, or None if it is not given. Raises BadInput."""
    text = request.query.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadInput(_("Use a whole number."), field=name)
    return int(text)


def without_nul(value: Any) -> Any:
    """The value without NUL characters and lone surrogates: PostgreSQL stores neither."""
    if isinstance(value, str):
        if "\0" in value:
            value = value.replace("\0", "")
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {without_nul(key): without_nul(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_nul(inner) for inner in value]
    return value
