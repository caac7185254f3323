"""Wordings a channel's provider approved: kept by channel and language, filled, and sent when free text may not be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hub.channels.base import Wording
from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.channels.text import one_line, storable
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.texts import _

VARIABLE = re.compile(r"{{\s*([A-Za-z0-9_]{1,40})\s*}}")
MOST_BODY = 1600
LONGEST_VALUE = 500


class ApprovedText(msgspec.Struct, frozen=True, kw_only=True):
    """One wording. `provider_id` is the provider's own name of it (at Twilio the content SID, HX…)."""

    id: int
    channel_id: int
    channel_name: str
    name: str
    language: str
    body: str
    provider_id: str
    active: bool

    @property
    def variables(self) -> list[str]:
        """The names of its blanks, in their order: {{1}}, {{2}}…"""
        return list(dict.fromkeys(VARIABLE.findall(self.body)))


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent wants to send: which text, and what stands in its blanks."""

    id: int
    variables: dict[str, str] = {}


async def listed(tx: Tx, *, channel_id: int | None = None, active: bool = True) -> list[ApprovedText]:
    """The texts of one channel or of all, by name and language; those no longer in use only when asked for."""
    return await tx.rows(
        ApprovedText,
        f"""
        {_TEXTS} WHERE ($1::bigint IS NULL OR t.channel_id = $1) AND (t.active OR NOT $2)
        ORDER BY t.channel_id, lower(t.name), t.language
        """,
        channel_id,
        active,
    )


async def load(tx: Tx, id_: int) -> ApprovedText:
    """One text. Raises NotFound."""
    found = await tx.row(ApprovedText, f"{_TEXTS} WHERE t.id = $1", id_)
    if found is None:
        raise NotFound(_("There is no such approved text."))
    return found


async def add(
    tx: Tx, channel: Channel, *, name: str, language: str, body: str, provider_id: str
) -> ApprovedText:
    """Keep a wording the provider approved. Raises BadInput, Conflict for a second one of that name and language."""
    if not adapter(channel.kind).can.approved_texts:
        raise BadInput(_("This channel knows no approved texts."), field="channel")
    plain = storable(body).strip()
    for field, value in (
        ("name", name),
        ("language", language),
        ("body", plain),
        ("provider_id", provider_id),
    ):
        if not value.strip() or len(value) > MOST_BODY:
            raise BadInput(_("The field %(name)s is missing.", name=field), field=field)
    id_ = await tx.value(
        """
        INSERT INTO approved_text (channel_id, name, language, body, provider_id) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING RETURNING id
        """,
        channel.id,
        one_line(name)[:100],
        one_line(language)[:10],
        plain,
        one_line(provider_id)[:100],
    )
    if id_ is None:
        raise Conflict(_("There is an approved text of this name and language already."), field="name")
    return await load(tx, id_)


async def use(tx: Tx, id_: int, *, active: bool) -> ApprovedText:
    """Offer a text again, or no longer. Raises NotFound."""
    await tx.execute("UPDATE approved_text SET active = $2 WHERE id = $1", id_, active)
    return await load(tx, id_)


async def take_over(tx: Tx, channel: Channel, found: Sequence[Wording]) -> int:
    """Offer just what the provider says is approved: new ones come, changed ones change, others go; how many stand.

    What goes is kept and no longer offered: messages and campaigns name it.
    """
    await tx.execute(
        "UPDATE approved_text SET active = false WHERE channel_id = $1 AND NOT provider_id = ANY($2)",
        channel.id,
        [one.provider_id for one in found],
    )
    kept = {(one.name[:100], one.language[:10]): one for one in found if len(one.body) <= MOST_BODY}
    await tx.execute(
        """
        INSERT INTO approved_text (channel_id, name, language, body, provider_id)
        SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])
        ON CONFLICT (channel_id, name, language) DO UPDATE
        SET body = EXCLUDED.body, provider_id = EXCLUDED.provider_id, active = true
        """,
        channel.id,
        [name for name, _language in kept],
        [language for _name, language in kept],
        [one.body for one in kept.values()],
        [one.provider_id[:100] for one in kept.values()],
    )
    return len(kept)


async def choose(tx: Tx, channel_id: int, chosen: Chosen) -> tuple[str, dict[str, Any]]:
    """The words a chosen text becomes, and what the message keeps of it. Raises BadInput, NotFound."""
    text = await load(tx, chosen.id)
    if text.channel_id != channel_id or not text.active:
        raise BadInput(_("This text is not approved for this channel."), field="approved_text")
    words = filled(text, chosen.variables)
    variables = {name: one_line(chosen.variables[name]) for name in text.variables}
    return words, {"approved": {"provider_id": text.provider_id, "name": text.name, "variables": variables}}


def filled(text: ApprovedText, variables: Mapping[str, str]) -> str:
    """The body with its blanks filled, as the recipient reads it. Raises BadInput naming an empty blank."""
    for name in text.variables:
        value = one_line(variables.get(name, ""))
        if not value or len(value) > LONGEST_VALUE:
            raise BadInput(_("Fill in %(blank)s.", blank="{{" + name + "}}"), field=f"variable_{name}")
    return VARIABLE.sub(lambda found: one_line(variables[found[1]]), text.body)


_TEXTS = """
    SELECT t.id, t.channel_id, c.name AS channel_name, t.name, t.language, t.body, t.provider_id, t.active
    FROM approved_text t JOIN channel c ON c.id = t.channel_id
"""
