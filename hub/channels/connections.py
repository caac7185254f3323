"""The rows of configured channels, and how a channel is added, changed and seen by its adapter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from hub.channels import phone
from hub.channels.outgoing import Line
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.ids import token
from hub.plumbing.texts import _


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One configured line as stored; `secrets` are still sealed."""

    id: int
    key: str
    kind: str
    name: str
    address: str
    team_id: int | None
    enabled: bool
    settings: dict[str, Any]
    secrets: bytes | None
    health: str
    health_text: str
    troubles: dict[str, str]
    tried: list[dict[str, str]] = []
    tried_at: datetime | None = None

    def line(self, crypto: Crypto) -> Line:
        """The channel as its adapter sees it, secrets opened. Raises CannotDecrypt."""
        return Line(
            id=self.id,
            key=self.key,
            kind=self.kind,
            name=self.name,
            address=self.address,
            settings=self.settings,
            secrets=_opened(crypto, self.secrets),
        )


@lru_cache(maxsize=1_000)
def _opened(crypto: Crypto, sealed: bytes | None) -> dict[str, str]:
    """Opening costs more than all the rest of reading a line; what is sealed alike is alike."""
    return crypto.decrypt(sealed)


async def load_where(tx: Tx, condition: str, *values: Any) -> list[Channel]:
    """Channels that meet `condition`, a constant of the calling code, by id."""
    return await tx.rows(
        Channel,
        f"""
        SELECT id, key, kind, name, address, team_id, enabled, settings, secrets, health, health_text, troubles,
               tried, tried_at
        FROM channel WHERE {condition} ORDER BY id
        """,
        *values,
    )


async def load(tx: Tx, channel_id: int) -> Channel:
    """One channel. Raises NotFound."""
    found = await load_where(tx, "id = $1", channel_id)
    if not found:
        raise NotFound(_("There is no channel %(id)s.", id=channel_id))
    return found[0]


async def by_key(tx: Tx, key: str) -> Channel | None:
    """The enabled channel whose public key this is, or None."""
    return (await by_keys(tx, [key])).get(key)


async def by_keys(tx: Tx, keys: Sequence[str]) -> dict[str, Channel]:
    """The enabled channels with these public keys, by key."""
    return {one.key: one for one in await load_where(tx, "key = ANY($1) AND enabled", list(keys))}


async def enabled(tx: Tx) -> list[Channel]:
    """All channels that are switched on."""
    return await load_where(tx, "enabled")


async def add(
    tx: Tx,
    crypto: Crypto,
    *,
    kind: str,
    name: str,
    address: str,
    address_type: str,
    also: tuple[str, ...] = (),
    team_id: int | None = None,
    settings: dict[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
) -> Channel:
    """A new channel reached at `address` and `also`. Raises BadInput when another channel has one of them."""
    id_: int = await tx.value(
        """
        INSERT INTO channel (key, kind, name, address, team_id, settings, secrets)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
        """,
        token(18),
        kind,
        name,
        address,
        team_id,
        settings or {},
        crypto.encrypt(secrets) if secrets else None,
    )
    await reached_at(tx, id_, address_type, (address, *also))
    return await load(tx, id_)


async def reached_at(tx: Tx, channel_id: int, address_type: str, addresses: Sequence[str]) -> None:
    """The line is reached at these addresses and no others. Raises BadInput when another has one of them."""
    wanted = sorted({_reached_at(address_type, one) for one in addresses} - {""})
    await tx.execute(
        "DELETE FROM channel_address WHERE channel_id = $1 AND value <> ALL ($2::text[])", channel_id, wanted
    )
    for value in wanted:
        await _reach(tx, channel_id, address_type, value)


async def also_of(tx: Tx, channel: Channel, address_type: str) -> list[str]:
    """The other addresses that reach a line, beside its own."""
    rows = await tx.fetch(
        "SELECT value FROM channel_address WHERE channel_id = $1 AND value <> $2 ORDER BY value",
        channel.id,
        _reached_at(address_type, channel.address),
    )
    return [row["value"] for row in rows]


async def due_to_pull(tx: Tx, kinds: list[str], *, every: timedelta) -> list[tuple[int, datetime | None]]:
    """Channels whose provider was not asked for so long, each with when it last was; they count as asked now."""
    rows = await tx.fetch(
        """
        UPDATE channel c SET pulled_at = now()
        FROM (SELECT id, pulled_at FROM channel
              WHERE enabled AND kind = ANY($1) AND (pulled_at IS NULL OR pulled_at < now() - $2::interval)
              ORDER BY id FOR UPDATE SKIP LOCKED) AS due
        WHERE c.id = due.id RETURNING c.id, due.pulled_at
        """,
        kinds,
        every,
    )
    return [(row["id"], row["pulled_at"]) for row in rows]


async def kinds(tx: Tx) -> list[str]:
    """The kinds of the channels that are switched on."""
    return [row["kind"] for row in await tx.fetch("SELECT DISTINCT kind FROM channel WHERE enabled")]


async def replace_secrets(tx: Tx, crypto: Crypto, channel: Channel, secrets: dict[str, str]) -> bool:
    """Store secrets over the ones in `channel`; False when somebody stored others meanwhile: those stay."""
    replaced = await tx.execute(
        "UPDATE channel SET secrets = $3 WHERE id = $1 AND secrets IS NOT DISTINCT FROM $2",
        channel.id,
        channel.secrets,
        crypto.encrypt(secrets),
    )
    return bool(replaced)


async def set_setting(tx: Tx, channel_id: int, name: str, value: Any) -> None:
    """One setting of a line, whatever the others are meanwhile."""
    await tx.execute(
        "UPDATE channel SET settings = settings || jsonb_build_object($2::text, $3::jsonb) WHERE id = $1",
        channel_id,
        name,
        value,
    )


async def note_health(tx: Tx, channel_id: int, way: str, trouble: str = "") -> None:
    """What the last attempt showed of one way, "in" or "out": `trouble` for the operator, or empty for fine.

    The channel fails while either way does: mail that leaves says nothing of mail that should come.
    """
    await tx.execute(
        """
        UPDATE channel c SET troubles = n.troubles, health_at = now(),
               health = CASE WHEN n.troubles = '{}' THEN 'ok' ELSE 'failing' END,
               health_text = left((SELECT coalesce(string_agg(value, ' · ' ORDER BY key), '')
                                   FROM jsonb_each_text(n.troubles)), 500)
        FROM (SELECT id, CASE WHEN $3 = '' THEN troubles - $2::text
                              ELSE troubles || jsonb_build_object($2::text, left($3, 400)) END AS troubles
              FROM channel WHERE id = $1) AS n
        WHERE c.id = n.id
        """,
        channel_id,
        way,
        trouble,
    )


def _reached_at(address_type: str, typed: str) -> str:
    plain = typed.strip().lower()
    return phone.key(phone.SCHEME.sub("", plain)) if address_type == "phone" else plain


async def _is_taken(tx: Tx, channel_id: int, address_type: str, value: str) -> bool:
    """By another line of the same kind: one telephone number may speak, text and chat, each told at its own URL."""
    return bool(
        await tx.value(
            """
            SELECT EXISTS (SELECT FROM channel_address a JOIN channel c ON c.id = a.channel_id
                           JOIN channel n ON n.id = $1
                           WHERE a.type = $2 AND a.value = $3 AND a.channel_id <> $1
                             AND (a.type <> 'phone' OR c.kind = n.kind))
            """,
            channel_id,
            address_type,
            value,
        )
    )


async def _reach(tx: Tx, channel_id: int, address_type: str, value: str) -> None:
    inserted = await tx.execute(
        "INSERT INTO channel_address (type, value, channel_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        address_type,
        value,
        channel_id,
    )
    if not inserted and await _is_taken(tx, channel_id, address_type, value):
        raise BadInput(
            _("Another channel is reached at %(address)s already.", address=value), field="address"
        )
