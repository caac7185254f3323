"""The steps of a campaign and what each says, by variant; every change of wording is a new version that stays."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from hub.campaigns import campaigns
from hub.campaigns.wording import FIELDS, Texts, compiled
from hub.channels.text import one_line, storable, with_plain_ends
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.sandbox_rules import Misworded
from hub.plumbing.texts import _

MOST_STEPS = 10
MOST_TEXT = 20_000
MOST_HTML = 99_000  # what is counted comes on top, and a wording has at most 100,000
VARIANTS = ("a", "b")


class Wanted(Texts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The words of one step and variant, as somebody wants them."""


SAID = Wanted.__struct_fields__


class Text(Wanted, frozen=True, kw_only=True):
    """One version of those words."""

    step: int
    variant: str
    version: int
    created_at: datetime


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step; from the second on it follows the one before after `after_days` days. `texts` by variant."""

    step: int
    after_days: int
    texts: dict[str, Text]


async def listed(tx: Tx, campaign_id: int) -> list[Step]:
    """The steps in their order, each with its newest texts."""
    texts = await tx.rows(
        Text,
        f"SELECT DISTINCT ON (step, variant) {_COLUMNS} FROM campaign_text WHERE campaign_id = $1 "
        "ORDER BY step, variant, version DESC",
        campaign_id,
    )
    rows = await tx.fetch(
        "SELECT step, after_days FROM campaign_step WHERE campaign_id = $1 ORDER BY step", campaign_id
    )
    return [
        Step(
            step=row["step"],
            after_days=row["after_days"],
            texts={one.variant: one for one in texts if one.step == row["step"]},
        )
        for row in rows
    ]


async def text(tx: Tx, campaign_id: int, step: int, variant: str, version: int) -> Text:
    """One version of the words. Raises NotFound."""
    found = await tx.row(
        Text,
        f"SELECT {_COLUMNS} FROM campaign_text "
        "WHERE campaign_id = $1 AND step = $2 AND variant = $3 AND version = $4",
        campaign_id,
        step,
        variant,
        version,
    )
    if found is None:
        raise NotFound(_("This step says nothing yet."))
    return found


async def add(tx: Tx, campaign_id: int, *, after_days: int, agent_id: int) -> int:
    """Another step behind the last; its number. Raises BadInput(after_days), Conflict, NotFound."""
    campaigns.must_be_editable(await campaigns.lock(tx, campaign_id))
    _check_days(after_days)
    last: int = await tx.value("SELECT max(step) FROM campaign_step WHERE campaign_id = $1", campaign_id)
    if last >= MOST_STEPS:
        raise Conflict(_("A campaign has at most %(n)s steps.", n=MOST_STEPS))
    await tx.execute(
        "INSERT INTO campaign_step (campaign_id, step, after_days) VALUES ($1, $2, $3)",
        campaign_id,
        last + 1,
        after_days,
    )
    await _changed(tx, campaign_id, agent_id)
    return last + 1


async def delay(tx: Tx, campaign_id: int, step: int, *, after_days: int, agent_id: int) -> None:
    """How long it waits behind the one before. Raises BadInput(after_days), Conflict, NotFound."""
    campaigns.must_be_editable(await campaigns.lock(tx, campaign_id))
    _check_days(after_days)
    done = await tx.execute(
        "UPDATE campaign_step SET after_days = $3 WHERE campaign_id = $1 AND step = $2 AND step > 1",
        campaign_id,
        step,
        after_days,
    )
    if not done:
        raise NotFound(_("There is no such step."))
    await _changed(tx, campaign_id, agent_id)


async def remove_last(tx: Tx, campaign_id: int, *, agent_id: int) -> None:
    """Take the last step away, never the first. Raises Conflict, NotFound."""
    campaigns.must_be_editable(await campaigns.lock(tx, campaign_id))
    done = await tx.execute(
        """
        DELETE FROM campaign_step WHERE campaign_id = $1 AND step > 1
          AND step = (SELECT max(step) FROM campaign_step WHERE campaign_id = $1)
        """,
        campaign_id,
    )
    if not done:
        raise Conflict(_("The first step stays."))
    await _changed(tx, campaign_id, agent_id)


async def say(
    tx: Tx,
    campaign_id: int,
    wanted: Wanted,
    *,
    step: int = 1,
    variant: str = "a",
    agent_id: int,
    page: str = "",
) -> Text:
    """What a step says, as a new version. Raises BadInput naming the field (Misworded with the line), NotFound.

    `page`: the opened page that asks, which others' changes are told from (drafting).
    """
    campaigns.must_be_editable(await campaigns.lock(tx, campaign_id))
    clean = checked(wanted)
    await must_be_there(tx, campaign_id, step, variant, clean.approved_text_id)
    before = await newest(tx, campaign_id, step, variant)
    version: int = await tx.value(
        """
        INSERT INTO campaign_text (campaign_id, step, variant, version, subject, text, html, short,
                                   approved_text_id, approved_variables, agent_id)
        SELECT $1, $2, $3, 1 + coalesce(max(version), 0), $4, $5, $6, $7, $8, $9, $10
        FROM campaign_text WHERE campaign_id = $1 AND step = $2 AND variant = $3
        RETURNING version
        """,
        campaign_id,
        step,
        variant,
        clean.subject,
        clean.text,
        clean.html,
        clean.short,
        clean.approved_text_id,
        clean.approved_variables,
        agent_id,
    )
    texts = [name for name in SAID if getattr(clean, name) != getattr(before or Wanted(), name)]
    told = {"step": step, "variant": variant, "text_version": version, "texts": texts, "page": page}
    await _changed(tx, campaign_id, agent_id, **told)
    return await text(tx, campaign_id, step, variant, version)


async def newest(tx: Tx, campaign_id: int, step: int, variant: str) -> Text | None:
    """What it says now; None: nothing yet, or there is no such step."""
    return await tx.row(
        Text,
        f"SELECT {_COLUMNS} FROM campaign_text WHERE campaign_id = $1 AND step = $2 AND variant = $3 "
        "ORDER BY version DESC LIMIT 1",
        campaign_id,
        step,
        variant,
    )


async def said(tx: Tx, campaign_id: int, step: int, variant: str) -> Text:
    """What it says now. Raises NotFound."""
    found = await newest(tx, campaign_id, step, variant)
    if found is None:
        raise NotFound(_("This step says nothing yet."))
    return found


async def must_be_there(
    tx: Tx, campaign_id: int, step: int, variant: str, approved_text_id: int | None
) -> None:
    """Raises BadInput(variant, approved_text_id), NotFound."""
    if variant not in VARIANTS:
        raise BadInput(_("The variants are a and b."), field="variant")
    if not await tx.value(
        "SELECT true FROM campaign_step WHERE campaign_id = $1 AND step = $2", campaign_id, step
    ):
        raise NotFound(_("There is no such step."))
    if approved_text_id is not None and not await tx.value(
        "SELECT true FROM approved_text WHERE id = $1 AND active", approved_text_id
    ):
        raise BadInput(_("There is no such approved text."), field="approved_text_id")


async def _changed(tx: Tx, campaign_id: int, agent_id: int, **told: Any) -> None:
    version = await tx.value(
        "UPDATE campaign SET version = version + 1, changed_at = now() WHERE id = $1 RETURNING version",
        campaign_id,
    )
    await history.record(
        tx,
        "campaign_changed",
        agent_id=agent_id,
        campaign_id=campaign_id,
        fields=["message"],
        version=version,
        **told,
    )
    tx.signal("campaign", campaign_id, campaigns.topics(campaign_id))


def checked(wanted: Wanted) -> Wanted:
    """As it is stored. Raises BadInput naming the field (Misworded with the line)."""
    clean = msgspec.structs.replace(
        wanted,
        subject=one_line(wanted.subject),
        text=_body(wanted.text, "text", MOST_TEXT),
        html=_body(wanted.html, "html", MOST_HTML),
        short=_body(wanted.short, "short", MOST_TEXT),
    )
    if len(clean.approved_variables) > 50:
        raise BadInput(_("An approved text has at most 50 blanks."), field="approved_variables")
    worded = {field: getattr(clean, field) for field in FIELDS}
    for name, value in clean.approved_variables.items():
        worded[f"approved_variables.{name[:40]}"] = _body(value, "approved_variables", 1_000)
    for field, source in worded.items():
        try:
            compiled(source, html=field == "html")
        except Misworded as error:
            raise Misworded(error.problem, line=error.line, field=field) from error
    return clean


def _body(text: str, field: str, most: int) -> str:
    clean = with_plain_ends(storable(text)).strip("\n")
    if len(clean) > most:
        raise BadInput(_("This is too long: at most %(n)s characters.", n=most), field=field)
    return clean


def _check_days(days: int) -> None:
    if not 1 <= days <= 365:
        raise BadInput(_("A step follows after 1 to 365 days."), field="after_days")


_COLUMNS = (
    "step, variant, version, subject, text, html, short, approved_text_id, approved_variables, created_at"
)
