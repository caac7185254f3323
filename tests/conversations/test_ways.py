"""Which way is best now: a pure decision over what was looked up, and what the database says of each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.conversations.fallback_policy import Policy, next_way
from hub.conversations.ways import Option, decide, ways
from hub.conversations.windows import CLOSED
from hub.customers.consent import Wish, record
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from tests.conversations.crossing import crossing, number_of, phone_line
from tests.conversations.making import said
from tests.deliveries.road import matter
from tests.world import World

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
KINDS = ("email", "sms", "whatsapp", "webchat", "voice")
CHANNELS = [
    Channel(
        id=number,
        key=f"key-{kind}",
        kind=kind,
        name=kind.title(),
        address="",
        team_id=None,
        enabled=True,
        settings={},
        secrets=None,
        health="ok",
        health_text="",
        troubles={},
    )
    for number, kind in enumerate(KINDS, 1)
]
moments = st.none() | st.integers(0, 200).map(lambda hours: NOW - timedelta(hours=hours))
options = st.builds(
    Option,
    channel_id=st.integers(1, len(KINDS)),
    address_id=st.integers(1, 4),
    address=st.sampled_from(["a", "b"]),
    name=st.just("Marta"),
    root_id=st.integers(1, 2),
    verified=st.booleans(),
    shared=st.booleans(),
    refusal=st.sampled_from(["", "", "opted_out", "unusable"]),
    detail=st.just(""),
    last_here=moments,
    last_in=moments,
    preferred=st.sampled_from(["", "sms", "key-email"]),
    main=st.booleans(),
)


@given(st.lists(options, max_size=8))
def test_the_usable_come_first_and_every_way_says_why(found: list[Option]) -> None:
    decided = decide(CHANNELS, found, NOW)
    usable = [way.why_not == "" for way in decided]
    assert usable == sorted(usable, reverse=True)
    assert all(way.words() for way in decided if way.why_not)
    for way in decided:
        if not way.why_not:
            assert way.can.sends
            assert way.window_until is None or way.window_until >= NOW
    best = [way for way in decided if way.reason == "last_used" and not way.why_not]
    assert not best or decided[0].reason == "last_used"
    reached = {one.channel_id for one in found}
    missing = {one.id for one in CHANNELS if one.id not in reached and adapter(one.kind).can.sends}
    assert {way.channel.id for way in decided if way.why_not == "no_address"} == missing


@given(st.lists(options, max_size=8), st.sets(st.tuples(st.integers(1, 5), st.sampled_from(["a", "b"]))))
def test_what_goes_on_by_itself_is_permitted_proven_theirs_and_new(
    found: list[Option], used: set[tuple[int, str]]
) -> None:
    way = next_way(decide(CHANNELS, found, NOW), used, 1, Policy(), NOW)
    if way is not None:
        assert (way.why_not, way.verified, way.shared, way.root_id, way.can.live) == (
            "",
            True,
            False,
            1,
            False,
        )
        assert (way.channel.id, way.address) not in used
        named = next_way(decide(CHANNELS, found, NOW), used, 1, Policy(to=("key-none",)), NOW)
        assert named is None


async def test_where_they_wrote_last_is_best_and_a_stop_says_so(tx: Tx, world: World) -> None:
    made = await crossing(tx, world)
    found = await ways(tx, made.conversation, world.marta, at=now())
    assert [(way.channel.name, way.reason) for way in found] == [
        ("SMS", "last_used"),
        ("Support mail", "known"),
    ]
    stop = Wish(
        address_id=made.phone, purpose="service", granted=False, source="word", channel_id=made.sms.id
    )
    await record(tx, [stop])
    found = await ways(tx, made.conversation, world.marta, at=now())
    assert [(way.channel.name, way.why_not) for way in found] == [("Support mail", ""), ("SMS", "opted_out")]


async def test_free_text_ends_with_its_window(tx: Tx, world: World) -> None:
    line = await phone_line(tx, kind="whatsapp")
    phone = await number_of(tx, world.marta)
    id_ = await matter(tx, world)
    [_mail, closed] = await ways(tx, id_, world.marta, at=now())
    assert (closed.why_not, closed.window_until, closed.approved_only) == ("window_closed", CLOSED, True)
    await said(tx, world, id_, channel=line.id, address=phone, at=now() - timedelta(hours=23))
    [open_, _mail] = await ways(tx, id_, world.marta, at=now())
    assert open_.why_not == ""
    assert open_.window_until is not None
    assert timedelta(0) < open_.window_until - now() < timedelta(hours=1)
    assert (await ways(tx, id_, world.marta, at=now() + timedelta(hours=2)))[0].channel.id != line.id
