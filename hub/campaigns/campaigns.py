"""Campaigns as people plan them: audience, message, sender, schedule, experiment, and the state they are in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from hub.campaigns.schedule import Schedule
from hub.campaigns.states import EDITABLE, OPEN, WORDS, State, Who, may_become
from hub.channels.text import one_line
from hub.customers import interests
from hub.deliveries import gates
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.texts import _

LONGEST_NAME = 200
MOST_CHANNELS = 20
Percent = Annotated[int, msgspec.Meta(ge=0, le=90)]
Stop = Literal["reply", "bounce", "conversation", "purchase"]


class Experiment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Percent of the people who get variant b, and who get nothing so that the effect can be seen."""

    b: Percent = 0
    hold_out: Percent = 0

    def __post_init__(self) -> None:
        """Raises ValueError, which msgspec turns into a ValidationError of the field."""
        if self.b + self.hold_out > 95:
            raise ValueError("Expected at least 5 percent for variant a")


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign. `total`: recipients of the first step when it was frozen; `why`: why a machine stopped it."""

    id: int
    name: str
    state: State
    segment_id: int | None
    segment_name: str | None
    interest_id: int | None
    interest: interests.Interest | None
    channel_ids: list[int]
    from_owner: bool
    sender_id: int | None
    sender_name: str | None
    schedule: Schedule
    experiment: Experiment
    stops: list[Stop]
    track_links: bool
    track_opens: bool
    version: int
    gate_id: int
    agent_id: int | None
    agent_name: str | None
    total: int
    why: str
    approved_by: int | None
    approved_at: datetime | None
    prepared_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    created_at: datetime
    changed_at: datetime


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; UNSET leaves it. `version`: the one that was read, None: whatever it is now."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    segment_id: int | msgspec.UnsetType | None = msgspec.UNSET
    interest_id: int | msgspec.UnsetType | None = msgspec.UNSET
    channel_ids: list[int] | msgspec.UnsetType = msgspec.UNSET
    from_owner: bool | msgspec.UnsetType = msgspec.UNSET
    sender_id: int | msgspec.UnsetType | None = msgspec.UNSET
    schedule: Schedule | msgspec.UnsetType = msgspec.UNSET
    experiment: Experiment | msgspec.UnsetType = msgspec.UNSET
    stops: list[Stop] | msgspec.UnsetType = msgspec.UNSET
    track_links: bool | msgspec.UnsetType = msgspec.UNSET
    track_opens: bool | msgspec.UnsetType = msgspec.UNSET
    version: int | None = None

    def given(self) -> dict[str, Any]:
        """The fields to change, by name."""
        names = (name for name in self.__struct_fields__ if name != "version")
        return {name: value for name in names if (value := getattr(self, name)) is not msgspec.UNSET}


async def load(tx: Tx, campaign_id: int) -> Campaign:
    """One campaign. Raises NotFound."""
    found = await tx.row(Campaign, f"{_SELECTED} WHERE c.id = $1", campaign_id)
    if found is None:
        raise NotFound(_("There is no such campaign."))
    return found


async def lock(tx: Tx, campaign_id: int) -> Campaign:
    """The same, held until the end of the transaction. Raises NotFound."""
    await tx.execute("SELECT id FROM campaign WHERE id = $1 FOR NO KEY UPDATE", campaign_id)
    return await load(tx, campaign_id)


async def listed(
    tx: Tx, *, states: Sequence[State] = (), before: int | None = None, most: int = 50
) -> list[Campaign]:
    """The newest first, those before id `before`; of these states, or of all."""
    return await tx.rows(
        Campaign,
        f"""
        {_SELECTED} WHERE (cardinality($1::text[]) = 0 OR c.state = ANY($1)) AND ($2::bigint IS NULL OR c.id < $2)
        ORDER BY c.id DESC LIMIT $3
        """,
        list(states),
        before,
        most,
    )


async def create(tx: Tx, name: str, *, agent_id: int) -> Campaign:
    """A draft with one step, signed by who makes it where there is no owner. Raises BadInput(name)."""
    id_: int = await tx.value(
        "INSERT INTO campaign (name, gate_id, agent_id, sender_id) VALUES ($1, $2, $3, $3) RETURNING id",
        _checked_name(name),
        await gates.made(tx),
        agent_id,
    )
    await tx.execute("INSERT INTO campaign_step (campaign_id, step) VALUES ($1, 1)", id_)
    await history.record(tx, "campaign_created", agent_id=agent_id, campaign_id=id_)
    tx.signal("campaign", id_, topics(id_))
    return await load(tx, id_)


async def change(tx: Tx, campaign_id: int, wanted: Change, *, agent_id: int, page: str = "") -> Campaign:
    """Change a draft. Raises NotFound, BadInput(field), Conflict when it is no draft or changed meanwhile.

    `page`: the opened page that asks, which others' changes are told from (drafting).
    """
    before = await lock(tx, campaign_id)
    must_be_editable(before)
    if wanted.version not in (None, before.version):
        raise Conflict(_("Somebody else changed this campaign meanwhile. Load it again."), field="version")
    given = wanted.given()
    if "name" in given:
        given["name"] = _checked_name(given["name"])
    given = {name: value for name, value in given.items() if value != getattr(before, name)}
    if not given:
        return before
    await _must_exist(tx, given)
    after = msgspec.structs.replace(before, **given)
    await tx.execute(
        """
        UPDATE campaign SET name = $2, segment_id = $3, channel_ids = $4, from_owner = $5, sender_id = $6,
               schedule = $7, experiment = $8, stops = $9, track_links = $10, track_opens = $11,
               interest_id = $12, version = version + 1, changed_at = now()
        WHERE id = $1
        """,
        campaign_id,
        after.name,
        after.segment_id,
        after.channel_ids,
        after.from_owner,
        after.sender_id,
        msgspec.to_builtins(after.schedule),
        msgspec.to_builtins(after.experiment),
        after.stops,
        after.track_links,
        after.track_opens,
        after.interest_id,
    )
    await history.record(
        tx,
        "campaign_changed",
        agent_id=agent_id,
        campaign_id=campaign_id,
        fields=sorted(given),
        version=before.version + 1,
        page=page,
        before=msgspec.to_builtins({name: getattr(before, name) for name in given}),
        after=msgspec.to_builtins(given),
    )
    tx.signal("campaign", campaign_id, topics(campaign_id))
    return await load(tx, campaign_id)


async def move(
    tx: Tx, campaign: Campaign, wanted: State, *, who: Who, agent_id: int | None = None, why: str = ""
) -> Campaign:
    """Into another state, the gate with it; the campaign must be locked. Raises Conflict when it may not."""
    if not may_become(campaign.state, wanted, who):
        stands = _(WORDS[campaign.state])
        raise Conflict(_("This cannot be done any more. The campaign is: %(state)s.", state=stands))
    await tx.execute(
        """
        UPDATE campaign SET state = $2, why = $3, changed_at = now(), version = version + 1,
               started_at = CASE WHEN $2 = 'running' THEN coalesce(started_at, now()) ELSE started_at END,
               finished_at = CASE WHEN $2 IN ('finished', 'canceled') THEN now() END
        WHERE id = $1
        """,
        campaign.id,
        wanted,
        why[:500],
    )
    await gates.set_open(tx, campaign.gate_id, open_=wanted in OPEN)
    await history.record(tx, f"campaign_{wanted}", agent_id=agent_id, campaign_id=campaign.id, why=why[:500])
    tx.signal("campaign", campaign.id, topics(campaign.id))
    return await load(tx, campaign.id)


def must_be_editable(campaign: Campaign) -> None:
    """Raises Conflict when what it says, to whom and when, can no longer be changed."""
    if campaign.state not in EDITABLE:
        raise Conflict(_("Only a draft can be changed. Take the campaign back to draft first."))


def topics(campaign_id: int) -> list[str]:
    """Where its signals go: its own pages, and the list."""
    return [f"campaign:{campaign_id}", "campaigns"]


def _checked_name(name: str) -> str:
    clean = one_line(name)
    if not clean or len(clean) > LONGEST_NAME:
        raise BadInput(
            _("The campaign needs a name of at most %(n)s characters.", n=LONGEST_NAME), field="name"
        )
    return clean


async def _must_exist(tx: Tx, given: dict[str, Any]) -> None:
    segment_id, sender_id, channel_ids = (
        given.get("segment_id"),
        given.get("sender_id"),
        given.get("channel_ids", []),
    )
    if segment_id is not None and not await tx.value("SELECT true FROM segment WHERE id = $1", segment_id):
        raise BadInput(_("There is no such segment."), field="segment_id")
    if sender_id is not None and not await tx.value(
        "SELECT true FROM agent WHERE id = $1 AND active", sender_id
    ):
        raise BadInput(_("There is no such agent."), field="sender_id")
    interest_id = given.get("interest_id")
    if interest_id is not None and not await tx.value("SELECT true FROM interest WHERE id = $1", interest_id):
        raise BadInput(_("There is no such interest."), field="interest_id")
    known = await tx.value("SELECT count(*) FROM channel WHERE id = ANY($1)", channel_ids)
    if known != len(set(channel_ids)) or len(channel_ids) != known or known > MOST_CHANNELS:
        raise BadInput(_("Choose channels there are, each once."), field="channel_ids")


_SELECTED = """
    SELECT c.id, c.name, c.state, c.segment_id, s.name AS segment_name, c.interest_id, to_jsonb(i) AS interest,
           c.channel_ids, c.from_owner, c.sender_id,
           w.name AS sender_name, c.schedule, c.experiment, c.stops, c.track_links, c.track_opens, c.version,
           c.gate_id, c.agent_id, a.name AS agent_name, c.total, c.why, c.approved_by, c.approved_at,
           c.prepared_at, c.started_at, c.finished_at, c.created_at, c.changed_at
    FROM campaign c LEFT JOIN segment s ON s.id = c.segment_id LEFT JOIN interest i ON i.id = c.interest_id
    LEFT JOIN agent w ON w.id = c.sender_id LEFT JOIN agent a ON a.id = c.agent_id
"""
