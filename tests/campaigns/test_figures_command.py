"""`hub campaign compare`, `undelivered` and `settle` say what the pages say."""

from __future__ import annotations

import asyncio

from click.testing import CliRunner

from config.settings import Settings
from hub.cli import main
from hub.plumbing.hub import Hub
from tests.campaigns.planning import planned
from tests.process import environ
from tests.world import World


async def test_the_commands_count_and_settle(hub: Hub, settings: Settings, world: World) -> None:
    async with hub.transaction() as tx:
        id_, _people = await planned(tx, world)
        await tx.execute("UPDATE campaign SET started_at = now() - interval '2 hours' WHERE id = $1", id_)
        await tx.execute("UPDATE delivery SET state = 'unknown' WHERE recipient = 'jorge@gmail.com'")
    env = environ(settings) | {"LC_ALL": "en_GB.UTF-8"}

    async def said(*words: str, code: int = 0) -> str:
        result = await asyncio.to_thread(CliRunner().invoke, main, ["campaign", *words], env=env)
        assert result.exit_code == code, result.output
        return result.output

    assert "0 (0.0 %)" in await said("compare", str(id_))
    assert "Otoño" in await said("undelivered")
    await said("settle", str(id_), "--as", "mario@dialogo.test")
    assert "Otoño" not in await said("undelivered")
    assert "This step says nothing yet." in await said("worst", str(id_), "--step", "9", code=2)
