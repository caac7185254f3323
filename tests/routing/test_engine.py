"""Who gets a conversation: every row, every stand-in, and what must never happen."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.routing import yaml_text
from hub.routing.cases import AgentState, Case, Decision, Staff, TeamState
from hub.routing.engine import decide
from hub.routing.rules import BUILT_IN, Answer, LastAgent, LeastLoaded, Owner, Queue, RuleSet
from tests.routing.cast import (
    ANA,
    LEGAL,
    LOLA,
    LUIS,
    MARTA,
    OLGA,
    SATURDAY,
    SUPPORT,
    away,
    case,
    staff,
)

RULES = RuleSet(version=7, rows=BUILT_IN)


def with_rules(yaml: str) -> RuleSet:
    return RuleSet(version=8, rows=yaml_text.read(yaml))


def passed_over(decision: Decision) -> list[tuple[str, str]]:
    return [(one["name"], one["why"]["code"]) for one in decision.candidates if not one["chosen"]]


@pytest.mark.parametrize(
    ("asked", "row", "agent", "code"),
    [
        (case(**MARTA, answer_to_id=LOLA), "answer", LOLA, "answer"),
        (case(**MARTA), "owner", ANA, "owner"),
        (case(**(MARTA | {"owner_id": None})), "owner", LUIS, "deputy"),
        (case(last_agent_id=LUIS), "last_agent", LUIS, "last_agent"),
        (case(), "least_loaded", None, "least_loaded"),
        (case(channel_team_id=None), "queue", None, "queue_of_all"),
        (case(**MARTA, last_agent_id=LOLA), "owner", ANA, "owner"),
        (case(**MARTA, kept_id=LOLA), "kept", LOLA, "kept"),
    ],
)
def test_the_first_row_that_knows_somebody_assigns(asked, row, agent, code):
    decision = decide(asked, staff(), RULES)
    assert (decision.row, decision.agent_id, decision.reason["code"]) == (row, agent, code)
    assert decision.rule_version == 7
    assert decision.balance == (code == "least_loaded")


def test_rows_can_be_moved_and_switched_off():
    asked = case(**MARTA, last_agent_id=LOLA)
    assert decide(asked, staff(), RuleSet(rows=(LastAgent(), Owner()))).agent_id == LOLA
    assert decide(asked, staff(), RuleSet(rows=(LastAgent(enabled=False), Owner()))).agent_id == ANA
    switched_off = RuleSet(rows=(Answer(enabled=False), LeastLoaded(enabled=False), Queue()))
    decision = decide(case(answer_to_id=ANA), staff(), switched_off)
    assert (decision.agent_id, decision.team_id, decision.balance) == (None, SUPPORT, False)


def test_without_any_row_it_waits_for_anybody_and_stays_with_its_team():
    decision = decide(case(**MARTA), staff(), RuleSet(rows=()))
    assert (decision.row, decision.agent_id, decision.team_id) == ("nobody", None, SUPPORT)


@pytest.mark.parametrize(
    ("people", "agent", "how", "covering", "passed"),
    [
        ({"ana": away(LUIS)}, LUIS, "named", ANA, [("Ana", "away")]),
        ({"ana": away(LOLA)}, LOLA, "named", ANA, [("Ana", "away")]),
        ({"ana": away()}, LUIS, "deputy", ANA, [("Ana", "away")]),
        ({"ana": away(LUIS), "luis": away(LOLA)}, LOLA, "chain", ANA, [("Ana", "away"), ("Luis", "away")]),
        ({"ana": away(), "luis": away(LOLA)}, LOLA, "chain", ANA, [("Ana", "away"), ("Luis", "away")]),
        ({"ana": {"active": False}}, LUIS, "deputy", None, [("Ana", "inactive")]),
        (
            {"ana": away(LOLA), "lola": {"active": False}},
            LUIS,
            "deputy",
            ANA,
            [("Ana", "away"), ("Lola", "inactive")],
        ),
    ],
)
def test_whoever_stands_in_for_the_owner(people, agent, how, covering, passed):
    decision = decide(case(**MARTA), staff(**people), RULES)
    assert (decision.agent_id, decision.covering_for_id) == (agent, covering)
    assert decision.reason["instead_of"]["how"] == how
    assert passed_over(decision) == passed


def test_deputies_in_a_circle_end_in_the_next_row():
    circle = staff(ana=away(LUIS), luis=away(ANA))
    decision = decide(case(**MARTA), circle, RULES)
    assert (decision.row, decision.team_id) == ("least_loaded", SUPPORT)
    assert passed_over(decision)[:2] == [("Ana", "away"), ("Luis", "away")]


def test_a_closed_laptop_at_night_does_not_send_anas_mail_to_luis():
    asleep = staff(ana={"here": False}, luis={"here": True})
    assert decide(case(**MARTA), asleep, RULES).agent_id == ANA


def test_a_chat_needs_somebody_here_with_capacity():
    chat = case(**MARTA, live=True)
    assert decide(chat, staff(luis={"here": True}), RULES).agent_id == LUIS
    assert decide(chat, staff(luis={"here": True}), RULES).covering_for_id is None
    full = staff(ana={"here": True, "capacity": 0}, luis={"here": True})
    assert passed_over(decide(chat, full, RULES)) == [("Ana", "no_capacity")]
    nobody = decide(chat, staff(), RULES)
    assert (nobody.agent_id, nobody.balance, nobody.reason["needs"]["live"]) == (None, True, True)


def test_a_suggested_account_routes_and_says_so():
    pepe = case(**(MARTA | {"account_standing": "suggested", "contact_name": "Pepe"}))
    decision = decide(pepe, staff(), RULES)
    assert (decision.agent_id, decision.reason["standing"]) == (ANA, "suggested")


def test_whoever_has_it_keeps_it_unless_away_or_gone():
    asked = case(**MARTA, kept_id=LOLA)
    assert decide(asked, staff(lola=away(LUIS)), RULES).agent_id == LUIS
    assert decide(asked, staff(lola=away(LUIS)), RULES).covering_for_id == LOLA
    gone = decide(asked, staff(lola={"active": False}), RULES)
    assert (gone.row, gone.agent_id, gone.covering_for_id) == ("owner", ANA, None)


def test_the_owner_outside_a_restricted_team_does_not_get_its_mail():
    decision = decide(case(**MARTA, channel_team_id=LEGAL), staff(), RULES)
    assert (decision.agent_id, decision.team_id) == (None, LEGAL)
    assert passed_over(decision)[:2] == [("Ana", "outside_team"), ("Luis", "outside_team")]
    member = case(**(MARTA | {"owner_id": OLGA}), channel_team_id=LEGAL)
    assert decide(member, staff(), RULES).agent_id == OLGA


def test_all_matching_rules_label_and_the_first_that_assigns_assigns():
    rules = with_rules("""
rows:
  - rule: Gold
    when: {all: [{tier: gold}]}
    then: {priority: high, tags: [vip, acme]}
  - rule: Orders
    when: {all: [{text: pedido}]}
    then: {assign: {person: Lola}, tags: [acme, order], priority: low}
  - row: owner
  - rule: Late label
    when: {all: [{text: pedido}]}
    then: {assign: {person: Luis}, auto_reply: Gracias}
""")
    decision = decide(case(**MARTA), staff(), rules)
    assert (decision.row, decision.agent_id) == ("rule:Orders", LOLA)
    assert decision.tags == ("vip", "acme", "order")
    assert (decision.priority, decision.auto_reply) == ("high", "Gracias")
    assert [one["outcome"] for one in decision.inputs["walk"]] == ["labelled", "took", "skipped", "labelled"]


@pytest.mark.parametrize(
    ("then", "agent", "team", "balance", "code"),
    [
        ("{assign: {person: Lola}}", LOLA, SUPPORT, False, "rule"),
        ("{assign: {team: Support}}", None, SUPPORT, True, "rule_queue"),
        ("{assign: {team: Support, share: false}}", None, SUPPORT, False, "rule_queue"),
        ("{assign: {team: Legal}}", None, LEGAL, True, "rule_queue"),
        ("{assign: {person: Olga, team: Legal}}", OLGA, LEGAL, False, "rule"),
        ("{assign: {person: Ana, team: Legal}}", None, LEGAL, True, "rule_queue"),
        ("{assign: {team: Support, skill: fax}}", None, SUPPORT, False, "rule_queue"),
        ("{assign: {person: Nobody}}", ANA, SUPPORT, False, "owner"),
        ("{assign: {team: Nothing}}", ANA, SUPPORT, False, "owner"),
    ],
)
def test_what_a_rule_may_assign(then, agent, team, balance, code):
    rules = with_rules(f"rows:\n  - rule: R\n    then: {then}\n  - row: owner\n")
    decision = decide(case(**MARTA), staff(), rules)
    assert (decision.agent_id, decision.team_id, decision.balance) == (agent, team, balance)
    assert decision.reason["code"] == code


def test_a_person_named_by_a_rule_is_covered_too():
    rules = with_rules("rows:\n  - rule: R\n    then: {assign: {person: Lola}}\n")
    decision = decide(case(), staff(lola=away(LUIS)), rules)
    assert (decision.agent_id, decision.covering_for_id) == (LUIS, LOLA)


def test_aside_is_not_routed_and_stop_ends_the_list():
    aside = with_rules("rows:\n  - rule: Spam\n    then: {aside: true, auto_reply: x}\n  - row: owner\n")
    decision = decide(case(**MARTA), staff(), aside)
    assert (decision.aside, decision.agent_id, decision.auto_reply) == (True, None, "")
    assert decision.reason == {"code": "aside", "rule": "Spam"}
    stop = with_rules("rows:\n  - rule: Stop\n    then: {stop: true}\n  - row: owner\n")
    decision = decide(case(**MARTA), staff(), stop)
    assert (decision.stop, decision.agent_id, decision.reason["code"]) == (True, None, "stopped")


def test_the_inputs_are_enough_to_decide_again():
    import msgspec

    asked = case(**MARTA, text="x" * 100_000, tags=("a",))
    decision = decide(asked, staff(), RULES)
    stored = msgspec.json.decode(msgspec.json.encode(decision.inputs))
    assert len(stored["text"]) == 4_000
    assert decide(msgspec.convert(stored, Case), staff(), RULES) == decision


# Properties: whatever the staff and the rules.

ids = st.sampled_from([ANA, LUIS, LOLA, OLGA])
somebody = st.none() | ids


@st.composite
def staffs(draw: st.DrawFn) -> Staff:
    agents = {}
    for id_ in (ANA, LUIS, LOLA, OLGA):
        gone = draw(st.booleans())
        agents[id_] = AgentState(
            id=id_,
            name=f"agent {id_}",
            active=draw(st.booleans()),
            absent_until=date(2026, 9, 12) if gone else None,
            absence_deputy_id=draw(somebody) if gone else None,
            here=draw(st.booleans()),
            skills=("fax",) if draw(st.booleans()) else (),
            capacity=draw(st.sampled_from([0, 20])),
        )
    members = [tuple(sorted(draw(st.sets(ids)))) for _ in range(2)]
    return Staff(
        agents=agents,
        teams={
            SUPPORT: TeamState(id=SUPPORT, name="Support", member_ids=members[0]),
            LEGAL: TeamState(id=LEGAL, name="Legal", restricted=True, member_ids=members[1]),
        },
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    return case(
        channel_team_id=draw(st.sampled_from([None, SUPPORT, LEGAL])),
        live=draw(st.booleans()),
        owner_id=draw(somebody),
        deputy_id=draw(somebody),
        answer_to_id=draw(somebody),
        last_agent_id=draw(somebody),
        at=SATURDAY,
    )


rule_sets = st.permutations(
    yaml_text.read("""
rows:
  - row: answer
  - row: owner
  - row: last_agent
  - {row: least_loaded, skill: fax}
  - {row: queue, team: Legal}
  - {rule: A, then: {assign: {person: agent 6, team: Support}}}
  - {rule: B, when: {not: [{verified: true}]}, then: {assign: {team: Legal}, tags: [b]}}
  - {rule: C, when: {any: [{text: llega}]}, then: {assign: {person: agent 1}}}
""")
).flatmap(lambda rows: st.integers(0, len(rows)).map(lambda most: RuleSet(rows=tuple(rows[:most]))))


@given(cases(), staffs(), rule_sets)
def test_nobody_absent_gone_or_outside_ever_gets_it(asked, people, rules):
    decision = decide(asked, people, rules)
    assert decide(asked, people, rules) == decision
    if decision.agent_id is not None:
        agent = people.agents[decision.agent_id]
        assert agent.active
        assert agent.absent_until is None
        assert not asked.live or (agent.here and agent.capacity)
        team = people.teams.get(decision.team_id or 0)
        assert team is None or not team.restricted or agent.id in team.member_ids
        assert decision.covering_for_id != decision.agent_id
        assert not decision.balance
    if decision.balance:
        assert decision.team_id is not None
        assert "needs" in decision.reason
    assert sum(one["chosen"] for one in decision.candidates) == (decision.agent_id is not None)
