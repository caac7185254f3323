"""The form of a line: drawn from what its kind declares, and read back into what is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from aiohttp import web

from hub.channels import asking, connections, fields
from hub.channels.base import Adapter
from hub.channels.connecting import Wanted
from hub.channels.connections import Channel
from hub.channels.fields import Field
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _
from hub.web.channels.views import FieldView, PartView
from hub.web.forms import posted, without_nul

ALSO = N_("Other addresses that reach it")
ALSO_HELP = N_("One a line.")


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it came, to be shown again: never its secrets."""

    wanted: Wanted
    name: str
    address: str
    also: str
    team: str
    values: dict[str, Any]


async def read(request: web.Request, adapter: Adapter) -> Typed:
    """What was typed; whatever the kind does not declare is not even looked at. Raises BadInput."""
    form = await posted(request)

    def text(name: str) -> str:
        given = form.get(name, "")
        return without_nul(given) if isinstance(given, str) else ""

    values: dict[str, Any] = {}
    for field in asking.fields_of(adapter):
        many = [without_nul(one) for one in form.getall(f"s.{field.name}", []) if isinstance(one, str)]
        values[field.name] = many if field.type == "channels" else (many[-1] if many else "")
    team = text("team")
    if team and (not team.isascii() or not team.isdigit() or len(team) > 18):
        raise BadInput(_("There is no such team."), field="team")
    wanted = Wanted(
        name=text("name"),
        address=text("address"),
        also=text("also").splitlines(),
        team_id=int(team) if team else None,
        set=values,
        forget=[str(one) for one in form.getall("forget", [])],
    )
    return Typed(
        wanted=wanted, name=text("name"), address=text("address"), also=text("also"), team=team, values=values
    )


def parts(
    adapter: Adapter,
    channel: Channel | None,
    stored: Mapping[str, str],
    lines: Sequence[Channel],
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
) -> list[PartView]:
    """The fields under their headings. `values` are what was just typed, `stored` the secrets there are."""
    errors = errors or {}
    settings = channel.settings if channel else {}
    drawn: dict[str, list[FieldView]] = {}
    for field in asking.fields_of(adapter):
        value = fields.shown(field, settings)
        if values is not None and not field.secret:
            given = values.get(field.name, "")
            value = "\n".join(given) if isinstance(given, list) else str(given)
        view = _field(field, value, bool(stored.get(field.name)), errors.get(field.name, ""), lines)
        drawn.setdefault(field.part, []).append(view)
    return [
        PartView(
            title=_(fields.PARTS[part]),
            fields=drawn[part],
            folded=part in ("more", "fallback") and not any(one.error for one in drawn[part]),
        )
        for part in fields.PARTS
        if part in drawn
    ]


def address(adapter: Adapter, value: str, error: str) -> FieldView:
    """Where the line is reached."""
    return msgspec.structs.replace(_field(adapter.address, value, False, error, ()), name="address")


def also(adapter: Adapter, value: str, error: str) -> FieldView | None:
    """Its other addresses, where an address sorts what comes."""
    if adapter.address.type != "email":
        return None
    return FieldView(name="also", label=_(ALSO), hint=_(ALSO_HELP), type="lines", value=value, error=error)


async def also_of(tx: Tx, adapter: Adapter, channel: Channel) -> str:
    """The other addresses as the form has them."""
    return "\n".join(await connections.also_of(tx, channel, adapter.can.own_type))


def _field(field: Field, value: str, stored: bool, error: str, lines: Sequence[Channel]) -> FieldView:
    options = [(key, _(words) if words else words) for key, words in field.choices]
    if field.type in ("channel", "channels"):
        options = [("", _("No choice")), *((one.key, one.name) for one in lines)]
    if field.type == "channels":
        options = options[1:]
    return FieldView(
        name=f"s.{field.name}",
        label=_(field.label),
        hint=_(field.help) if field.help else "",
        type=field.type,
        value="" if field.secret else value,
        options=options if field.type in ("choice", "channel", "channels") else None,
        chosen=value.splitlines() if field.type == "channels" else [],
        secret=field.secret,
        stored=stored,
        required=field.required and not stored,
        error=error,
    )
