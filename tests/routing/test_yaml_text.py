"""Rules as YAML: read, written back, and every mistake told with its place."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.routing import document, yaml_text
from hub.routing.problems import BadRules
from hub.routing.rules import BUILT_IN, RuleSet, from_plain, to_plain
from hub.routing.staff import STARTER, starter

EVERYTHING = """
rows:
  - row: answer
  - rule: Everything
    enabled: false
    when:
      all:
        - channel: [Support mail]
        - kind: email
        - address: help@dialogo.test
        - sender: a@b.test
        - domain: [acme.test]
        - account: Acme
        - tier: [gold, silver]
        - standing: suggested
      any:
        - text: [envío, "factur*"]
        - text: {contains: hola, where: subject}
        - hours: {days: [sat, sun], from: 10:00, to: 14:00, zone: America/Bogota, outside: true}
      not:
        - language: en
        - verified: true
        - automatic: false
        - tagged: vip
    then:
      assign: {person: Ana, team: Support, skill: fax, share: false}
      priority: urgent
      tags: [a, b]
      auto_reply: |
        Hola.
        Adiós.
      stop: true
  - row: least_loaded
    team: Support
    skill: fax
  - {row: queue, enabled: false, team: Support}
"""


def test_what_is_read_is_written_and_read_again():
    rows = yaml_text.read(EVERYTHING)
    assert yaml_text.read(yaml_text.written(rows)) == rows
    assert document.read(document.written(rows)) == rows
    assert from_plain(to_plain(rows)) == rows


def test_the_starter_rules_are_the_built_in_rows_and_switched_off_examples():
    on = tuple(row for row in starter().rows if row.enabled)
    assert on == BUILT_IN
    assert len(starter().rows) > len(on)
    assert yaml_text.read(yaml_text.written(starter().rows)) == starter().rows
    assert STARTER.read_text("utf-8").count("#") > 10
    assert RuleSet().rows == on


@pytest.mark.parametrize(
    ("yaml", "told"),
    [
        ("rows:\n  - row: ownr\n", "line 2, row 1: write `row:` with one of answer, owner,"),
        ("rows:\n  - row: owner\n  - row: owner\n", "line 3, row 2: this row stands twice"),
        (
            "rows:\n  - row: owner\n    team: X\n",
            "line 3, row 1, team: team is not known; allowed: row, enabled",
        ),
        ("rows:\n  - row: owner\n    enabled: si\n", "line 3, row 1, enabled: write true or false"),
        ("rows:\n  - rule: R\n", "line 2, row 1, then: the rule does nothing"),
        ("rows:\n  - rule: R\n    then: {}\n", "line 3, row 1, then: the rule does nothing"),
        ("rows:\n  - rule: ''\n    then: {stop: true}\n", "line 2, row 1, rule: write a text here"),
        (
            "rows:\n  - rule: R\n    when:\n      all:\n        - chanel: x\n    then: {stop: true}\n",
            "line 5, row 1, when.all[0].chanel: chanel is not known; allowed: channel, kind,",
        ),
        (
            "rows:\n  - rule: R\n    when:\n      all:\n      - channel: x\n        tier: y\n    then: {stop: true}\n",
            "line 5, row 1, when.all[0]: write one condition here",
        ),
        (
            "rows:\n  - rule: R\n    when: {all: [{hours: {from: '25:00'}}]}\n    then: {stop: true}\n",
            "line 3, row 1, when.all[0].hours: 25:00 is no time of day: write it like 09:30",
        ),
        (
            "rows:\n  - rule: R\n    when: {all: [{hours: {zone: Madrid}}]}\n    then: {stop: true}\n",
            "line 3, row 1, when.all[0].hours: Madrid is no time zone: write it like Europe/Madrid",
        ),
        (
            "rows:\n  - rule: R\n    when: {all: [{hours: {days: [lun]}}]}\n    then: {stop: true}\n",
            "line 3, row 1, when.all[0].hours.days[0]: lun is not known; allowed: mon, tue,",
        ),
        (
            "rows:\n  - rule: R\n    when: {all: [{standing: maybe}]}\n    then: {stop: true}\n",
            "when.all[0].standing: maybe is not known; allowed: confirmed, suggested, none",
        ),
        (
            "rows:\n  - rule: R\n    when: {maybe: []}\n    then: {stop: true}\n",
            "line 3, row 1, when.maybe: maybe is not known; allowed: all, any, not",
        ),
        (
            "rows:\n  - rule: R\n    when: {all: [{text: []}]}\n    then: {stop: true}\n",
            "line 3, row 1, when.all[0].text: write one or a list",
        ),
        (
            "rows:\n  - rule: R\n    then: {priority: top}\n",
            "line 3, row 1, then.priority: top is not known; allowed: low, normal, high, urgent",
        ),
        ("rows:\n  - rule: R\n    then: {assign: {}}\n", "then.assign: name a person or a team"),
        (
            "rows:\n  - rule: R\n    then: {assign: {agent_id: 1}}\n",
            "then.assign.agent_id: agent_id is not known; allowed: person, team, skill, share",
        ),
        (
            "rows:\n  - rule: R\n    then: {aside: true, assign: {team: A}}\n",
            "then: aside and assign exclude",
        ),
        (
            "rows:\n  - rule: R\n    then: {tags: [{a: b}]}\n",
            "line 3, row 1, then.tags[0]: write a text here",
        ),
        (
            f"rows:\n  - rule: R\n    then: {{tags: [{'x' * 201}]}}\n",
            "then.tags[0]: write at most 200 characters",
        ),
        ("rows:\n  - rule: R\n    rule: S\n    then: {stop: true}\n", "line 3, row 1, rule: stands twice"),
        (
            "rows:\n  - rule: R\n    when: {all: [{text: [a, '***']}]}\n    then: {stop: true}\n",
            "line 3, row 1, when.all[0].text: *** has neither letter nor digit",
        ),
        ("rules: []\n", "line 1, rules: rules is not known; allowed: rows"),
        ("rows: []\n", "line 1, rows: write at least one row"),
        ("", "rows: write at least one row"),
        ("- row: owner\n", "line 1: write keys here: rows"),
        ("rows: owner\n", "line 1, rows: write a list here"),
        ("rows:\n  - row: owner\n - x\n", "line 3: "),
        ("rows: &a [*a]\n", "line 1: anchors and aliases are not allowed here"),
        ("rows: " + "[" * 50_000, "line 1: too deep"),
        ("rows: !!python/object/apply:os.system [ls]\n", "line 1"),
        ("\x00", "special characters are not allowed"),
        ("x" * 300_000, "write at most 256000 characters"),
    ],
)
def test_a_mistake_is_told_with_line_row_and_field(yaml, told):
    with pytest.raises(BadRules) as caught:
        yaml_text.read(yaml)
    assert told in caught.value.message


def test_all_mistakes_are_told_at_once():
    with pytest.raises(BadRules) as caught:
        yaml_text.read("rows:\n  - row: a\n  - row: b\n  - rule: R\n    then: {x: 1, stop: true}\n")
    assert [problem.row for problem in caught.value.problems] == [1, 2, 3]
    assert caught.value.field == "rows[0]"


def test_json_takes_the_same_document_with_real_booleans():
    rows = document.read({"rows": [{"row": "owner", "enabled": False}]})
    assert rows[0].enabled is False
    with pytest.raises(BadRules, match=r"row 1, enabled"):
        document.read({"rows": [{"row": "owner", "enabled": 7}]})
    for odd in (None, [], 3, "x", {"rows": {}}, {"rows": [None]}, {"rows": [[]]}, {"rows": [{"row": []}]}):
        with pytest.raises(BadRules):
            document.read(odd)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["owner", "R", "all"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["rows", "row", "rule", "when", "then", "all", "text", "hours", "assign", "tags", "from", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(plain)
def test_any_document_is_rules_or_told_what_is_wrong(value):
    with contextlib.suppress(BadRules):  # told, and nothing else
        rows = document.read({"rows": value})
        assert document.read(document.written(rows)) == rows


@given(st.text(max_size=200))
def test_any_text_is_rules_or_told_what_is_wrong(text):
    with pytest.raises(BadRules):
        yaml_text.read(text)
