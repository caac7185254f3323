"""`hub channel preflight`: what stops a campaign is printed with the record to publish, and ends with 1."""

from __future__ import annotations

import asyncio

import asyncpg
from click.testing import CliRunner

from config.settings import Settings
from hub.cli import main
from tests.fakes.dns_server import DnsServer
from tests.process import environ
from tests.world import World


async def test_the_command_says_what_to_publish(settings: Settings, world: World) -> None:
    connection = await asyncpg.connect(settings.database_url)
    await connection.execute("UPDATE channel SET address = 'help@acme.es' WHERE id = $1", world.mail.id)
    await connection.close()
    async with DnsServer({("acme.es", "MX"): ["10 mx.acme.es."]}) as server:
        env = environ(settings) | {"HUB_DNS": server.address, "LC_ALL": "en_GB.UTF-8"}
        words = ["channel", "preflight"]
        result = await asyncio.to_thread(CliRunner().invoke, main, words, env=env)
        none = await asyncio.to_thread(CliRunner().invoke, main, [*words, "999"], env=env)
    assert result.exit_code == 1, result.output
    lines = result.output.splitlines()
    assert lines[0] == "help@acme.es"
    assert any("✗ SPF" in line and "does not say who may send" in line for line in lines)
    assert "      acme.es TXT v=spf1 mx ~all" in lines
    assert any("✓ Answers" in line for line in lines)
    assert (none.exit_code, none.output) == (0, "")
