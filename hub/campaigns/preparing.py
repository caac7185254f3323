"""A draft is prepared: what it lacks is said, its audience frozen, each message worked out, then it waits for a person.

Workers do the long part (`filling`), in pieces, any number of them at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.campaigns import (
    approved_words,
    campaigns,
    emptying,
    filling,
    freezing,
    links,
    linter,
    lists,
    outcomes,
    reaching,
    segments,
    steps,
    timing,
    tracking,
)
from hub.campaigns.campaigns import Campaign
from hub.campaigns.linter import Audience
from hub.campaigns.reaching import Line
from hub.campaigns.steps import Text
from hub.channels.registry import adapter
from hub.plumbing import todo
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _
from hub.plumbing.todo import Todo

NOBODY = N_("Nobody fits this audience.")


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do before it can be prepared. `field`: of the campaign, or `step/variant/field` of a message."""

    field: str
    words: str


async def missing(tx: Tx, campaign: Campaign) -> list[Missing]:
    """All that is missing, in the order of the pages; empty when it can be prepared."""
    found = []
    if campaign.segment_id is None:
        found.append(Missing(field="segment_id", words=_("Choose who gets it.")))
    lines = await reaching.lines(tx, campaign.channel_ids)
    if not lines:
        found.append(
            Missing(
                field="channel_ids", words=_("Choose a channel that is switched on and can be written on.")
            )
        )
    planned = await steps.listed(tx, campaign.id)
    found += _lacking(campaign, planned, lines, await audience_of(tx, campaign))
    blanks = await approved_words.lacking(tx, campaign, planned)
    found += [Missing(field=field, words=words) for field, words in blanks]
    if not await tx.value("SELECT true FROM agent WHERE id = $1 AND active", campaign.sender_id):
        found.append(
            Missing(field="sender_id", words=_("Choose who signs for people whose account has no owner."))
        )
    return found


async def audience_of(tx: Tx, campaign: Campaign, total: int = 0) -> Audience:
    """What the linter is told of who gets it."""
    if campaign.segment_id is None:
        return Audience(total=total)
    asked = filling.lists_of((await segments.load(tx, campaign.segment_id)).definition)
    return Audience(total=total, columns=await lists.variables(tx, asked) if asked else None)


async def begin(tx: Tx, campaign_id: int, agent_id: int) -> Campaign:
    """Prepare a draft; a worker does the rest. Raises BadInput saying what is missing first, Conflict, NotFound."""
    campaign = await campaigns.lock(tx, campaign_id)
    campaigns.must_be_editable(campaign)
    for one in await missing(tx, campaign):
        raise BadInput(one.words, field=one.field)
    assert campaign.segment_id is not None
    segment = await segments.load(tx, campaign.segment_id)
    await tx.execute(
        "UPDATE campaign SET definition = $2, starts_at = now(), timed = true, total = 0 WHERE id = $1",
        campaign_id,
        msgspec.to_builtins(segment.definition),
    )
    if campaign.track_links:
        await _keep_links(tx, campaign_id)
    await freezing.asked(tx, campaign_id)
    return await campaigns.move(tx, campaign, "preparing", who="person", agent_id=agent_id)


async def _keep_links(tx: Tx, campaign_id: int) -> None:
    """Only where these lead is ever redirected to (promise 64). Raises BadInput for too many."""
    for step in await steps.listed(tx, campaign_id):
        urls = [url for text in step.texts.values() for url in links.found(text)]
        await tracking.keep_links(tx, campaign_id, step.step, urls)


async def back_to_draft(tx: Tx, campaign_id: int, agent_id: int | None, *, why: str = "") -> Campaign:
    """Throw the plan away and let it be changed again. Raises Conflict when it is past that, NotFound.

    Its million rows are deleted later (emptying). Without an agent a worker does it, and `why` says what was wrong.
    """
    campaign = await campaigns.lock(tx, campaign_id)
    after = await campaigns.move(
        tx, campaign, "draft", who="person" if agent_id else "worker", agent_id=agent_id, why=why
    )
    await emptying.begin(tx, campaign_id)
    # What is left of the work on this plan would call the next one prepared before it is there.
    await tx.execute(
        "DELETE FROM todo WHERE kind = ANY($2) AND ref = $1",
        campaign_id,
        [freezing.TODO, freezing.PREPARE, timing.TODO],
    )
    await tx.execute(
        """
        UPDATE campaign SET total = 0, prepared_at = NULL, approved_at = NULL, approved_by = NULL, starts_at = NULL,
               timed = true, definition = NULL WHERE id = $1
        """,
        campaign_id,
    )
    return msgspec.structs.replace(after, total=0, prepared_at=None, approved_at=None, approved_by=None)


async def piece_done(tx: Tx, row: Todo) -> bool:
    """A piece of the preparation ends; whether it was the last. Raises todo.Lost when it was not ours any more.

    The campaign's lock makes one of two that end together the last.
    """
    campaign = await campaigns.lock(tx, row.ref)
    await todo.finish(tx, [row])
    await outcomes.soon(tx, [row.ref])
    if campaign.state != "preparing" or await tx.value(
        "SELECT EXISTS (SELECT FROM todo WHERE kind = $1 AND ref = $2)", freezing.PREPARE, row.ref
    ):
        return False
    if campaign.schedule.paced:
        await timing.begin(tx, row.ref)
    else:
        await prepared(tx, campaign)
    return True


async def prepared(tx: Tx, campaign: Campaign) -> Campaign:
    """Now a person looks at it; the campaign must be locked."""
    await tx.execute("UPDATE campaign SET prepared_at = now(), timed = true WHERE id = $1", campaign.id)
    return await campaigns.move(tx, campaign, "prepared", who="worker")


def _lacking(
    campaign: Campaign, planned: Sequence[steps.Step], lines: Sequence[Line], audience: Audience
) -> list[Missing]:
    """What every message that somebody gets lacks."""
    variants = ("a", "b") if campaign.experiment.b else ("a",)
    found = []
    for step in planned:
        for variant in variants:
            place = f"{step.step}/{variant}"
            text = step.texts.get(variant)
            if text is None:
                words = _(
                    "Message %(step)s says nothing yet.",
                    step=f"{step.step}{variant if len(variants) > 1 else ''}",
                )
                found.append(Missing(field=f"{place}/text", words=words))
            else:
                found += _lacking_on(place, text, lines, audience)
    return found


def _lacking_on(place: str, text: Text, lines: Sequence[Line], audience: Audience) -> list[Missing]:
    """What is wrong with one message on the channels it may leave by."""
    kinds = [adapter(kind) for kind in dict.fromkeys(line.kind for line in lines)]
    wrong = [one for one in linter.lint(text, kinds, audience) if one.severity == "error"]
    return [Missing(field=f"{place}/{one.field}", words=one.words) for one in wrong]
