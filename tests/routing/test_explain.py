"""Every reason in both languages: one sentence a person can act on."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.plumbing.texts import speaking, texts
from hub.routing import explain
from hub.routing.decisions import Stored
from hub.routing.engine import decide
from hub.routing.rules import RuleSet
from tests.routing.cast import LOLA, LUIS, MARTA, away, case, staff

ROOM = Path(explain.__file__).parent
EVERYTHING: dict[str, Any] = {
    "agent": "Luis",
    "principal": "Ana",
    "by": "Lola",
    "account": "Acme",
    "contact": "Marta",
    "team": "Support",
    "rule": "VIP",
    "until": "2026-09-12",
    "skill": "fax",
    "language": "en",
    "load": 3,
    "capacity": 20,
}
CODES = {*explain.RELATIONS, *explain.PLAIN, "balanced"}


def said(asked: Any, language: str, **people: Any) -> str:
    return explain.sentence(decide(asked, staff(**people), RuleSet()).reason, language)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_worded_in_both_languages(code):
    english, spanish = (explain.sentence({"code": code, **EVERYTHING}, one) for one in ("en", "es"))
    assert english
    assert spanish
    assert english != spanish
    assert "–" not in english + spanish
    assert "%" not in english + spanish


@pytest.mark.parametrize("code", sorted({*explain.WHY_NOT, "full", "busier"}))
def test_every_reason_to_pass_somebody_over_is_worded_in_both_languages(code):
    worded = set()
    for language in ("en", "es"):
        with speaking(language):
            worded.add(explain.why_not({"code": code, **EVERYTHING}))
    assert len(worded) == 2
    assert "" not in worded


def test_the_code_makes_no_reason_that_nobody_can_word():
    known = CODES | {*explain.WHY_NOT, "full", "busier"}
    # "queue_of_all" is made of a code and an ending; a chosen candidate repeats the row
    for path in [*ROOM.glob("*.py"), ROOM.parent / "conversations" / "assignment.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "code":
                        codes = [n.value for n in ast.walk(value) if isinstance(n, ast.Constant)]
                        codes = [
                            one for one in codes if isinstance(one, str) and re.fullmatch("[a-z_]+", one)
                        ]
                        assert set(codes) <= known | {"code", "_of_all"}, f"{path}: {codes}"


def test_the_sentences_of_the_walks():
    assert said(case(**MARTA), "en") == "To Ana, who owns Acme"
    assert said(case(**MARTA), "es") == "Para Ana, responsable de Acme"
    away_named = {"ana": away(LUIS)}
    assert (
        said(case(**MARTA), "en", **away_named)
        == "To Luis: Ana, who owns Acme, is away until 12 Sep and named Luis deputy"
    )
    assert (
        said(case(**MARTA), "es", **away_named)
        == "Para Luis: Ana, responsable de Acme, está fuera hasta el 12 sept y nombró suplente a Luis"
    )
    assert (
        said(case(**MARTA), "en", ana=away())
        == "To Luis, the deputy: Ana, who owns Acme, is away until 12 Sep"
    )
    chain = {"ana": away(LUIS), "luis": away(LOLA)}
    assert (
        said(case(**MARTA), "en", **chain)
        == "To Lola, named deputy by Luis, also away: Ana, who owns Acme, is away until 12 Sep"
    )
    assert said(case(last_agent_id=LUIS), "en") == "To Luis, who spoke with Jorge last"
    assert said(case(), "en") == "In the queue of Support, for whoever has the least"


def test_a_suggested_account_is_told_as_not_confirmed():
    pepe = case(**(MARTA | {"account_standing": "suggested", "contact_name": "Pepe"}))
    assert said(pepe, "en") == "To Ana, who owns Acme · Pepe writes from the domain of Acme, not confirmed"
    assert (
        said(pepe, "es")
        == "Para Ana, responsable de Acme · Pepe escribe desde el dominio de Acme, sin confirmar"
    )


def test_no_reason_no_sentence_and_an_old_one_does_not_break_the_page():
    assert explain.sentence(None, "es") == ""
    assert explain.sentence({"code": "from the future"}, "es") == ""
    assert explain.sentence({"code": "owner"}, "en") == "To –, who owns –"


def test_the_year_is_told_when_it_is_another_one():
    sentence = explain.sentence({"code": "covering", **EVERYTHING, "until": "2030-01-02"}, "en")
    assert sentence == "To Luis, covering for Ana, away until 2 Jan 2030"


def test_the_whole_tells_rows_inputs_and_candidates():
    decision = decide(case(**MARTA), staff(ana=away(LUIS)), RuleSet(version=3))
    stored = Stored(
        id=1,
        conversation_id=1,
        at=datetime.now(UTC),
        rule_version=3,
        row_name=decision.row,
        agent_id=decision.agent_id,
        agent_name=None,
        team_id=decision.team_id,
        team_name=None,
        reason=decision.reason,
        inputs=decision.inputs,
        candidates=decision.candidates,
    )
    told = explain.whole(stored, "es")
    assert told.sentence.startswith("Para Luis: Ana")
    assert [(one.name, one.chosen, one.why) for one in told.candidates] == [
        ("Ana", False, "está fuera hasta el 12 sept"),
        ("Luis", True, ""),
    ]
    assert [one.outcome for one in told.walked] == ["passed", "took", "skipped", "skipped", "skipped"]
    assert ("Asunto", "Pedido 48213") in [(one.name, one.value) for one in told.looked_at]
    assert told.row == "Responsable de la cuenta o, si no, su suplente"


def test_every_text_of_the_room_is_in_spanish():
    catalogue = texts("es")
    missing = set()
    for path in [
        *ROOM.glob("*.py"),
        ROOM.parent / "agents" / "absence.py",
        ROOM.parent / "conversations" / "assignment.py",
        ROOM.parent / "cli" / "routing.py",
        ROOM.parent / "web" / "api" / "absences.py",
    ]:
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("_", "N_", "ngettext")
            ):
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    text = str(first.value)
                    if node.func.id == "ngettext":
                        found = catalogue.ngettext(text, str(node.args[1].value), 2) != str(
                            node.args[1].value
                        )
                    else:
                        found = catalogue.gettext(text) != text or text == "no"
                    if not found:
                        missing.add(text)
    assert not missing, "\n".join(sorted(missing))
