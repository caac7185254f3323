"""What each person chose for themselves: language, time zone, look, keys, undo window, signature."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hub.agents.people import checked_language, checked_name, checked_phone, checked_time_zone
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _

CHOICES = {
    "theme": ("system", "light", "dark"),
    "density": ("comfortable", "compact"),
    "undo_seconds": ("0", "5", "8", "15", "30"),
    "shortcuts": ("0", "1"),
}
LONGEST_SIGNATURE = 4000


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """One agent's own settings."""

    name: str
    language: str
    time_zone: str
    theme: str
    density: str
    shortcuts: bool
    undo_seconds: int
    signature: str
    phone: str


async def load(tx: Tx, agent_id: int) -> Preferences:
    """What they chose."""
    rows = await tx.rows(
        Preferences,
        """
        SELECT name, language, time_zone, theme, density, shortcuts, undo_seconds, signature, phone
        FROM agent WHERE id = $1
        """,
        agent_id,
    )
    return rows[0]


async def change(tx: Tx, agent_id: int, wanted: Mapping[str, str]) -> Preferences:
    """Change those given, as texts from a form; any other key is nobody's business here. Raises BadInput."""
    now = await load(tx, agent_id)
    new = msgspec.structs.replace(
        now,
        name=checked_name(wanted.get("name", now.name)),
        language=checked_language(wanted.get("language", now.language)),
        time_zone=checked_time_zone(wanted.get("time_zone", now.time_zone)),
        theme=_one_of("theme", wanted, now.theme),
        density=_one_of("density", wanted, now.density),
        shortcuts=_one_of("shortcuts", wanted, str(int(now.shortcuts))) == "1",
        undo_seconds=int(_one_of("undo_seconds", wanted, str(now.undo_seconds))),
        signature=_signature(wanted.get("signature", now.signature)),
        phone=checked_phone(wanted.get("phone", now.phone)),
    )
    await tx.execute(
        """
        UPDATE agent SET name = $2, language = $3, time_zone = $4, theme = $5, density = $6, shortcuts = $7,
                         undo_seconds = $8, signature = $9, phone = $10
        WHERE id = $1
        """,
        agent_id,
        *msgspec.structs.astuple(new),
    )
    return new


def _one_of(field: str, wanted: Mapping[str, str], now: str) -> str:
    value = wanted.get(field, now)
    if value not in CHOICES[field]:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(CHOICES[field])), field=field)
    return value


def _signature(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if len(text) > LONGEST_SIGNATURE:
        raise BadInput(_("Use at most %(n)s characters.", n=LONGEST_SIGNATURE), field="signature")
    return text
