"""Lines over the API: read by everybody, connected and changed by administrators; secrets only go in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from hub.agents import teams
from hub.agents.roles import Person, may, must
from hub.channels import asking, connecting, connections, trying
from hub.channels.base import Tried
from hub.channels.connecting import Wanted
from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _
from hub.web.api.endpoints import Call, Endpoint, Page
from hub.web.api.shapes import Ref, Shape, ref


class ChannelShape(Shape, frozen=True, kw_only=True):
    """A line. `settings` and `secrets` (the names of those that are stored) are null for who may not change them."""

    id: int
    kind: str
    name: str
    address: str
    team: Ref | None
    enabled: bool
    health: str
    health_text: str
    settings: dict[str, Any] | None
    secrets: list[str] | None


class TriedShape(Shape, frozen=True, kw_only=True):
    """One step of a real trial: `trouble` is empty where it works."""

    way: str
    step: str
    trouble: str


class NewChannel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /channels. `settings` and `secrets` by the names its kind declares (`hub channel fields KIND`)."""

    kind: str
    name: str = ""
    address: str = ""
    also: list[str] = msgspec.field(default_factory=list)
    team: int | None = None
    enabled: bool = True
    settings: dict[str, Any] = msgspec.field(default_factory=dict)
    secrets: dict[str, str] = msgspec.field(default_factory=dict)


class ChannelPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /channels/{id}: what is left out stays; a setting null or "" is taken away, a secret null too."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    address: str | msgspec.UnsetType = msgspec.UNSET
    also: list[str] | msgspec.UnsetType = msgspec.UNSET
    team: int | msgspec.UnsetType | None = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    settings: dict[str, Any] = msgspec.field(default_factory=dict)
    secrets: dict[str, str | None] = msgspec.field(default_factory=dict)


async def list_channels(call: Call) -> Page[ChannelShape]:
    """All configured lines with their health."""
    async with call.transaction() as tx:
        found = await connections.load_where(tx, "true")
        return Page([_shape(one, await _names(tx, call.person), _crypto(call)) for one in found], None)


async def read_channel(call: Call) -> ChannelShape:
    """One line. Raises NotFound."""
    async with call.transaction() as tx:
        return _shape(await connections.load(tx, call.id), await _names(tx, call.person), _crypto(call))


async def add_channel(call: Call) -> ChannelShape:
    """Raises BadInput naming the field."""
    must(call.person, "manage_channels")
    body: NewChannel = call.body
    wanted = Wanted(
        name=body.name,
        address=body.address,
        also=body.also,
        team_id=body.team,
        enabled=body.enabled,
        set=_together(body.kind, body.settings, body.secrets),
    )
    async with call.transaction() as tx:
        names = await _names(tx, call.person)
        _must_be_a_team(body.team, names)
        made = await connecting.connect(tx, call.hub.crypto, body.kind, wanted, by=call.person.id)
        return _shape(made, names, call.hub.crypto)


async def change_channel(call: Call) -> ChannelShape:
    """Raises BadInput naming the field, NotFound."""
    must(call.person, "manage_channels")
    body: ChannelPatch = call.body
    async with call.transaction() as tx:
        names = await _names(tx, call.person)
        _must_be_a_team(body.team, names)
        kind = (await connections.load(tx, call.id)).kind
        given = {name: value for name, value in body.secrets.items() if value is not None}
        wanted = Wanted(
            name=body.name,
            address=body.address,
            also=body.also,
            team_id=body.team,
            enabled=body.enabled,
            set=_together(kind, body.settings, given),
            forget=[name for name in body.secrets if name not in given],
        )
        after = await connecting.change(tx, call.hub.crypto, call.id, wanted, by=call.person.id)
        return _shape(after, names, call.hub.crypto)


async def test_channel(call: Call) -> Page[TriedShape]:
    """Sign in where it signs in, now. Raises NotFound, TooMany."""
    must(call.person, "manage_channels")
    await trying.bounded(call.hub, call.person.id)
    return tried(await trying.try_line(call.hub, call.id))


def tried(found: Sequence[Tried]) -> Page[TriedShape]:
    """As the API answers."""
    return Page([TriedShape(way=one.way, step=one.step, trouble=one.trouble) for one in found], None)


def _together(kind: str, settings: dict[str, Any], secrets: dict[str, str]) -> dict[str, Any]:
    """Both by name; what the kind keeps secret must not come as a setting, nor the other way round."""
    sealed = {one.name for one in asking.fields_of(adapter(kind)) if one.secret}
    for name in (*(one for one in settings if one in sealed), *(one for one in secrets if one not in sealed)):
        raise BadInput(_("This kind of channel has no setting %(name)s.", name=name[:80]), field=name)
    return {**settings, **secrets}


def _must_be_a_team(team: object, names: Collection[int]) -> None:
    if isinstance(team, int) and team not in names:
        raise BadInput(_("There is no such team."), field="team")


async def _names(tx: Tx, person: Person) -> dict[int, str]:
    return {team.id: team.name for team in await teams.visible_to(tx, person)}


def _crypto(call: Call) -> Crypto | None:
    return call.hub.crypto if may(call.person, "manage_channels") else None


def _shape(channel: Channel, names: dict[int, str], crypto: Crypto | None) -> ChannelShape:
    return ChannelShape(
        id=channel.id,
        kind=channel.kind,
        name=channel.name,
        address=channel.address,
        team=ref(channel.team_id, names[channel.team_id]) if channel.team_id in names else None,
        enabled=channel.enabled,
        health=channel.health,
        health_text=channel.health_text,
        settings=channel.settings if crypto else None,
        secrets=sorted(crypto.decrypt(channel.secrets)) if crypto else None,
    )


ENDPOINTS = [
    Endpoint(
        method="GET", path="/channels", summary="The lines", handler=list_channels, answer=Page[ChannelShape]
    ),
    Endpoint(
        method="GET", path="/channels/{id}", summary="One line", handler=read_channel, answer=ChannelShape
    ),
    Endpoint(
        method="POST",
        path="/channels",
        summary="Connect a line",
        handler=add_channel,
        body=NewChannel,
        answer=ChannelShape,
        status=201,
    ),
    Endpoint(
        method="PATCH",
        path="/channels/{id}",
        summary="Change a line, or switch it on or off",
        handler=change_channel,
        body=ChannelPatch,
        answer=ChannelShape,
    ),
    Endpoint(
        method="POST",
        path="/channels/{id}/test",
        summary="Try a line for real",
        handler=test_channel,
        answer=Page[TriedShape],
        commits=True,
    ),
]
