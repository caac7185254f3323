"""A campaign as people plan it: what may change when, and that nobody overwrites anybody."""

from __future__ import annotations

import msgspec
import pytest

from hub.campaigns import campaigns, steps
from hub.campaigns.campaigns import Campaign, Change, Experiment
from hub.campaigns.schedule import Schedule
from hub.campaigns.states import ENDED, State, Who, may_become
from hub.campaigns.steps import Wanted
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.hub import Hub
from hub.plumbing.sandbox_rules import Misworded
from tests.world import World


async def made(hub: Hub, world: World, name: str = "Spring") -> Campaign:
    async with hub.transaction() as tx:
        return await campaigns.create(tx, name, agent_id=world.mario)


async def test_a_new_campaign_is_a_draft_of_one_step_behind_a_closed_gate(hub: Hub, world: World) -> None:
    campaign = await made(hub, world)
    assert (campaign.state, campaign.sender_id, campaign.schedule) == ("draft", world.mario, Schedule())
    assert await hub.pool.fetchval("SELECT open FROM gate WHERE id = $1", campaign.gate_id) is False
    async with hub.transaction() as tx:
        assert [(one.step, one.texts) for one in await steps.listed(tx, campaign.id)] == [(1, {})]


async def test_what_is_changed_is_kept_and_two_people_cannot_overwrite_each_other(
    hub: Hub, world: World
) -> None:
    campaign = await made(hub, world)
    wanted = Change(
        name="  Spring\r\n2027 ",
        channel_ids=[world.mail.id],
        schedule=Schedule(when="now", per_minute=100),
        experiment=Experiment(b=45, hold_out=10),
        stops=["reply"],
        version=campaign.version,
    )
    async with hub.transaction() as tx:
        after = await campaigns.change(tx, campaign.id, wanted, agent_id=world.mario)
    assert (after.name, after.channel_ids, after.stops) == ("Spring 2027", [world.mail.id], ["reply"])
    assert (after.schedule.per_minute, after.experiment.b) == (100, 45)
    async with hub.transaction() as tx:
        with pytest.raises(Conflict):
            await campaigns.change(
                tx, campaign.id, Change(name="Older", version=campaign.version), agent_id=world.lola
            )


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Change(name=" "), "name"),
        (Change(segment_id=10**9), "segment_id"),
        (Change(sender_id=10**9), "sender_id"),
        (Change(channel_ids=[10**9]), "channel_ids"),
    ],
)
async def test_what_there_is_not_is_named(hub: Hub, world: World, wanted: Change, field: str) -> None:
    campaign = await made(hub, world)
    async with hub.transaction() as tx:
        with pytest.raises(BadInput) as caught:
            await campaigns.change(tx, campaign.id, wanted, agent_id=world.mario)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "wrong", ['{"zone": "Mars/Olympus"}', '{"when": "local"}', '{"opens": "21:00:00"}', '{"weekdays": []}']
)
def test_a_schedule_that_cannot_be_kept_is_refused(wrong: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(wrong, type=Schedule)


async def test_each_wording_is_a_version_and_the_old_ones_stay(hub: Hub, world: World) -> None:
    campaign = await made(hub, world)
    async with hub.transaction() as tx:
        for words in ("Hello", "Hello {{ contact.first_name|default('friend') }}"):
            last = await steps.say(
                tx, campaign.id, Wanted(subject="Hi\r\nBcc: all@x.test", text=words), agent_id=world.mario
            )
        assert (last.version, last.subject) == (2, "Hi Bcc: all@x.test")
        assert (await steps.text(tx, campaign.id, 1, "a", 1)).text == "Hello"
        with pytest.raises(Misworded) as caught:
            await steps.say(tx, campaign.id, Wanted(html="{{ secret() }}"), agent_id=world.mario)
    assert caught.value.field == "html"


async def test_steps_follow_one_another_and_the_first_stays(hub: Hub, world: World) -> None:
    campaign = await made(hub, world)
    async with hub.transaction() as tx:
        assert await steps.add(tx, campaign.id, after_days=3, agent_id=world.mario) == 2
        await steps.delay(tx, campaign.id, 2, after_days=5, agent_id=world.mario)
        assert [(one.step, one.after_days) for one in await steps.listed(tx, campaign.id)] == [(1, 0), (2, 5)]
        with pytest.raises(BadInput):
            await steps.add(tx, campaign.id, after_days=0, agent_id=world.mario)
        await steps.remove_last(tx, campaign.id, agent_id=world.mario)
        with pytest.raises(Conflict):
            await steps.remove_last(tx, campaign.id, agent_id=world.mario)
        with pytest.raises(NotFound):
            await steps.say(tx, campaign.id, Wanted(text="x"), step=2, agent_id=world.mario)


async def test_only_a_draft_changes_and_the_gate_is_open_only_while_it_runs(hub: Hub, world: World) -> None:
    campaign = await made(hub, world)
    walk: list[tuple[State, bool]] = [
        ("preparing", False),
        ("prepared", False),
        ("scheduled", False),
        ("running", True),
        ("paused", False),
        ("running", True),
        ("finished", False),
    ]
    for wanted, open_ in walk:
        who: Who = "worker" if may_become(campaign.state, wanted, "worker") else "person"
        async with hub.transaction() as tx:
            held = await campaigns.lock(tx, campaign.id)
            campaign = await campaigns.move(tx, held, wanted, who=who)
        assert await hub.pool.fetchval("SELECT open FROM gate WHERE id = $1", campaign.gate_id) is open_
        async with hub.transaction() as tx:
            with pytest.raises(Conflict):
                await campaigns.change(tx, campaign.id, Change(name="Late"), agent_id=world.mario)
    assert campaign.state in ENDED
    assert campaign.started_at
    assert campaign.finished_at
    async with hub.transaction() as tx:
        with pytest.raises(Conflict):
            await campaigns.move(tx, await campaigns.lock(tx, campaign.id), "running", who="person")
