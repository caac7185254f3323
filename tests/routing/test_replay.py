"""A draft is tried on what really came, by the same decide; and the command line tells it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from hub.cli import main
from hub.routing import decisions, publishing, yaml_text
from hub.routing.cases import Decision
from hub.routing.engine import decide, look_up
from hub.routing.replay import load, replay
from hub.routing.rules import RuleSet
from tests.conversations.making import conversation
from tests.routing.cast import MARTA, case

DRAFT = """
rows:
  - rule: Orders
    when: {all: [{text: pedido}, {standing: none}]}
    then: {assign: {person: Lola}, tags: [order]}
  - row: owner
  - row: queue
"""


async def happened(tx, world):
    """Marta and Jorge wrote; a balance came after."""
    staff, rules = await look_up(tx)
    marta = case(**(MARTA | {"owner_id": world.ana, "deputy_id": world.luis}), channel_team_id=world.support)
    jorge = case(channel_team_id=world.support)
    for asked in (marta, jorge):
        id_ = await conversation(tx, world)
        await decisions.write(tx, [(id_, decide(asked, staff, rules))])
    balanced = Decision(row="balance", reason={"code": "balanced"}, inputs={"needs": {}})
    await decisions.write(tx, [(id_, balanced)])


async def test_only_what_a_draft_would_change_is_told(tx, world):
    await happened(tx, world)
    staff, published = await look_up(tx)
    pasts = await load(tx)
    assert [past.case.contact_name for past in pasts] == ["Jorge", "Marta"]
    assert pasts[0].case == case(channel_team_id=world.support)
    draft = RuleSet(version=1, rows=await publishing.with_ids(tx, yaml_text.read(DRAFT)))
    done = replay(draft, published, staff, pasts)
    assert done.tried == 2
    (difference,) = done.differences
    assert difference.past.case.contact_name == "Jorge"
    assert (difference.now.balance, difference.draft.agent_id) == (True, world.lola)
    assert replay(published, published, staff, pasts).differences == []
    assert len(await load(tx, last=1)) == 1


@pytest.fixture
def command(settings, tmp_path, monkeypatch) -> Callable[..., Result]:
    """`hub routing …` on this test's database; `DRAFT` is the file named draft.yaml."""
    for name, value in (
        ("DATABASE_URL", settings.database_url),
        ("REDIS_URL", settings.redis_url),
        ("HUB_SECRET", settings.secret),
        ("HUB_DATA", str(tmp_path)),
        ("LC_ALL", "C"),
    ):
        monkeypatch.setenv(name, value)
    (tmp_path / "draft.yaml").write_text(DRAFT)
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(main, ["routing", *words])


def test_check_says_all_well_or_names_every_mistake(command, tmp_path):
    done = command("check", "draft.yaml")
    assert (done.exit_code, done.output) == (0, "3 rows, all well\n")
    (tmp_path / "bad.yaml").write_text("rows:\n  - row: owner\n    x: 1\n  - rule: R\n    then: {stop: 7}\n")
    done = command("check", "bad.yaml")
    assert done.exit_code == 2
    assert done.output.splitlines() == [
        "bad.yaml: line 3, row 1, x: x is not known; allowed: row, enabled",
        "bad.yaml: line 5, row 2, then.stop: write true or false",
        "bad.yaml: line 5, row 2, then: the rule does nothing: give it an action",
    ]
    (tmp_path / "names.yaml").write_text("rows:\n  - {row: queue, team: Nada}\n")
    done = command("check", "names.yaml")
    assert done.exit_code == 2
    assert "names.yaml: line 2, row 1, team: Nada is not known; there are: Legal, Support" in done.output
    assert command("check", "--offline", "names.yaml").exit_code == 0
    assert command("check", "nowhere.yaml").exit_code == 2
    (tmp_path / "latin.yaml").write_bytes(b"rows: [\xe9]")
    done = command("check", "latin.yaml")
    assert done.exit_code == 2
    assert "latin.yaml: this is not UTF-8 text" in done.output


def test_publish_then_show_gives_back_what_was_written(command):
    done = command("publish", "draft.yaml", "--note", "orders")
    assert (done.exit_code, done.output) == (0, "version 1 counts from now on\n")
    done = command("show")
    assert done.output.startswith("# rules, version 1\n")
    assert yaml_text.written(yaml_text.read(DRAFT)) in done.output
    assert "row: least_loaded" in command("show", "--version", "0").output
    assert command("show", "--version", "9").exit_code == 2


async def test_replay_tells_each_change_in_words(hub, world, command):
    import asyncio

    async with hub.transaction() as tx:
        await happened(tx, world)
    done = await asyncio.to_thread(command, "replay", "draft.yaml", "--last", "50")
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert "jorge@gmail.com «Pedido 48213»" in lines[0]
    assert lines[1:] == [
        "    In the queue of Support, for whoever has the least",
        "  → To Lola, named by the rule «Orders» (+order)",
        "2 tried, 1 would change",
    ]
