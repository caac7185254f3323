"""Whose telephone rings next: owner, deputy, whoever is free, the queue, voicemail; and it always ends."""

from __future__ import annotations

import pytest

from hub.routing import explain
from hub.routing.ladder import MOST_RINGS, MOST_TURNS, Phones, Rung, Standing, climb
from hub.routing.rules import RuleSet
from hub.routing.staff import starter
from tests.routing.cast import ANA, LOLA, LUIS, MARTA, OLGA, away, case, staff

HERE = {"here": True}
EVERYBODY = {"ana": HERE, "luis": HERE, "lola": HERE, "olga": HERE}
NUMBERS = {ANA: "+34611000001", LUIS: "+34611000002", LOLA: "+34611000003", OLGA: "+34611000006"}
RULES: RuleSet = starter()


def next_rung(
    *,
    tried: tuple[int, ...] = (),
    busy: tuple[int, ...] = (),
    people: dict[str, object] | None = None,
    numbers: dict[int, str] = NUMBERS,
    turns: int = 0,
    ahead: int = 0,
    loads: dict[int, int] | None = None,
    **about: object,
) -> Rung:
    standing = Standing(case=case(live=True, **about), tried=frozenset(tried), turns=turns, ahead=ahead)
    known = Phones(numbers=numbers, busy=frozenset(busy), loads=loads or {})
    return climb(standing, staff(**(EVERYBODY | (people or {}))), RULES, known)  # type: ignore[arg-type]


def test_the_owners_telephone_rings_first_and_says_why() -> None:
    rung = next_rung(**MARTA)
    assert (rung.what, rung.agent_id, rung.phone) == ("ring", ANA, "+34611000001")
    assert explain.sentence(rung.reason, "en") == "To Ana, who owns Acme"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"people": {"ana": {}}}, "is not here now"),
        ({"people": {"ana": {"here": True, "capacity": 0}}}, "takes no conversations at present"),
        ({"people": {"ana": {"here": True, **away()}}}, "is away until 12 Sep"),
        ({"numbers": {LUIS: "+34611000002"}}, "has told no telephone number"),
        ({"busy": (ANA,)}, "is on the phone"),
        ({"tried": (ANA,)}, "does not pick up"),
    ],
)
def test_else_the_deputys_with_the_reason_in_words(change: dict[str, object], why: str) -> None:
    rung = next_rung(**MARTA, **change)  # type: ignore[arg-type]
    assert (rung.what, rung.agent_id) == ("ring", LUIS)
    assert explain.sentence(rung.reason, "en") == f"To Luis, the deputy: Ana, who owns Acme, {why}"
    assert [one["agent_id"] for one in rung.candidates] == [ANA, LUIS]


def test_else_whoever_of_the_team_has_the_least() -> None:
    rung = next_rung(tried=(ANA, LUIS), **MARTA)
    assert (rung.what, rung.agent_id) == ("ring", LOLA)
    assert next_rung(loads={ANA: 3, LUIS: 1, LOLA: 2}).agent_id == LUIS
    assert next_rung(loads={ANA: 20, LUIS: 20, LOLA: 20}).what != "ring"  # nobody has room


def test_nobody_outside_a_restricted_team_is_rung_for_it() -> None:
    rung = next_rung(channel_team_id=2)
    assert (rung.what, rung.agent_id) == ("ring", OLGA)
    assert next_rung(channel_team_id=2, tried=(OLGA,)).what == "voicemail"


def test_who_waits_longer_is_first_in_line() -> None:
    busy = (ANA, LUIS)
    assert next_rung(busy=busy).agent_id == LOLA
    assert next_rung(busy=busy, ahead=1).what == "wait"


def test_the_queue_is_for_people_on_the_phone_not_for_those_who_left() -> None:
    assert next_rung(busy=(ANA, LUIS, LOLA)).what == "wait"
    assert next_rung(people={"ana": {}, "luis": {}, "lola": {}}).what == "voicemail"
    assert next_rung(tried=(ANA, LUIS, LOLA)).what == "voicemail"
    assert next_rung(numbers={}).what == "voicemail"


def test_every_ladder_ends() -> None:
    """The worst case: everybody is always on the phone, or never picks up."""
    assert next_rung(busy=(ANA, LUIS, LOLA), turns=MOST_TURNS).what == "voicemail"
    tried: list[int] = []
    while (rung := next_rung(tried=tuple(tried), **MARTA)).what == "ring":
        assert rung.agent_id is not None
        assert rung.agent_id not in tried
        tried.append(rung.agent_id)
    assert rung.what == "voicemail"
    assert len(tried) <= MOST_RINGS
