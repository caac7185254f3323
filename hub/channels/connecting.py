"""A line as whoever connects it fills it in: its kind's fields checked, secrets sealed, and what it says noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hub.channels import asking, connections, fields
from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.plumbing import history
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _

MOST_NAME = 200
Unset = msgspec.UnsetType


class Wanted(msgspec.Struct, kw_only=True):
    """What to set; what is left out stays. `set` holds settings and secrets by field, `forget` names secrets.

    `team_id` must be a team's: the caller looks, for teams are another room's.
    """

    name: str | Unset = msgspec.UNSET
    address: str | Unset = msgspec.UNSET
    also: Sequence[str] | Unset = msgspec.UNSET
    team_id: int | Unset | None = msgspec.UNSET
    enabled: bool | Unset = msgspec.UNSET
    set: Mapping[str, Any] = {}
    forget: Sequence[str] = ()


async def connect(tx: Tx, crypto: Crypto, kind: str, wanted: Wanted, *, by: int | None = None) -> Channel:
    """A new line, switched on unless it says otherwise. Raises BadInput naming the field."""
    speaking = adapter(kind)
    read = fields.read(asking.fields_of(speaking), wanted.set, {}, {})
    address = fields.typed_address(speaking.address, _or(wanted.address, ""))
    made = await connections.add(
        tx,
        crypto,
        kind=kind,
        name=_name(_or(wanted.name, "") or address),
        address=address,
        address_type=speaking.can.own_type,
        also=_also(speaking.address, _or(wanted.also, ())),
        team_id=_or(wanted.team_id, None),
        settings=read.settings,
        secrets=read.secrets,
    )
    if wanted.enabled is False:
        await tx.execute("UPDATE channel SET enabled = false WHERE id = $1", made.id)
    await history.record(tx, "channel_added", agent_id=by, channel=made.id, kind=kind, name=made.name)
    return await connections.load(tx, made.id)


async def change(
    tx: Tx, crypto: Crypto, channel_id: int, wanted: Wanted, *, by: int | None = None
) -> Channel:
    """Change a line; two who do it at once change one after the other. Raises BadInput, NotFound."""
    before = await hold(tx, channel_id)
    speaking = adapter(before.kind)
    sealed = crypto.decrypt(before.secrets)
    read = fields.Read(before.settings, sealed)
    if wanted.set or wanted.forget:  # an old line that lacks something can still be switched off
        known = asking.fields_of(speaking)
        read = fields.read(known, wanted.set, before.settings, sealed, forget=wanted.forget)
    address = before.address
    if not isinstance(wanted.address, Unset):
        address = fields.typed_address(speaking.address, wanted.address)
    if not isinstance(wanted.also, Unset) or address != before.address:
        also = await connections.also_of(tx, before, speaking.can.own_type)
        also = [*_also(speaking.address, _or(wanted.also, also))]
        await connections.reached_at(tx, before.id, speaking.can.own_type, [address, *also])
    await tx.execute(
        """
        UPDATE channel SET name = $2, address = $3, team_id = $4, enabled = $5, settings = $6, secrets = $7
        WHERE id = $1
        """,
        before.id,
        _name(_or(wanted.name, before.name)),
        address,
        _or(wanted.team_id, before.team_id),
        _or(wanted.enabled, before.enabled),
        read.settings,
        before.secrets if read.secrets == sealed else crypto.encrypt(read.secrets),
    )
    after = await connections.load(tx, before.id)
    await _note(tx, before, after, by)
    return after


async def hold(tx: Tx, channel_id: int) -> Channel:
    """The line, locked until the transaction ends. Raises NotFound."""
    await tx.execute("SELECT FROM channel WHERE id = $1 FOR NO KEY UPDATE", channel_id)
    return await connections.load(tx, channel_id)


async def _note(tx: Tx, before: Channel, after: Channel, by: int | None) -> None:
    """What changed, by name; never a value, for settings may hold what is nobody's business."""
    names = ("name", "address", "team_id", "enabled", "settings", "secrets")
    changed = [name for name in names if getattr(before, name) != getattr(after, name)]
    if changed:
        await history.record(tx, "channel_changed", agent_id=by, channel=after.id, changed=changed)


def _also(field: fields.Field, given: Sequence[str]) -> tuple[str, ...]:
    other = msgspec.structs.replace(field, name="also", required=False)
    return tuple(typed for one in given if (typed := fields.typed_address(other, one)))


def _name(given: str) -> str:
    name = " ".join(given.split())
    if not name:
        raise BadInput(_("Give the line a name."), field="name")
    if len(name) > MOST_NAME:
        raise BadInput(_("This is too long."), field="name")
    return name


def _or(given: Any, otherwise: Any) -> Any:
    return otherwise if isinstance(given, Unset) else given
