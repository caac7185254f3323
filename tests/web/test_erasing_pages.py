"""Erasing a person on their page, over the API and by command: an administrator's, and a number is typed first."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from hub import erasing
from hub.cli import main
from hub.cli import opened as of_cli
from tests.api.conftest import api_of, served  # noqa: F401
from tests.conversations.making import conversation, said
from tests.web.browsing import Web
from tests.web.test_live import settled, socket, until
from tests.world import World


async def test_an_administrator_erases_and_reads_the_statement(site: Web, world: World) -> None:
    berta, ana = await site.browser(world.berta), await site.browser(world.ana)
    page = f"/contacts/{world.jorge}/erase"
    async with site.hub.transaction() as tx:
        matter = await conversation(tx, world, contact=world.jorge)
        message = await said(tx, world, matter)
    assert page in await berta.text(f"/contacts/{world.jorge}")
    assert page not in await ana.text(f"/contacts/{world.jorge}")
    assert (await ana.post(page, {"confirm": str(world.jorge)})).status == 403
    told = await berta.text(page)
    assert "Direcciones, con lo que se dijo sobre escribirles" in told
    assert "Copias" not in told.split("Lo que se queda")[0]
    handed = await berta.get(f"/contacts/{world.jorge}/held.json")
    assert [one["value"] for one in (await handed.json())["addresses"]] == ["jorge@gmail.com"]
    wrong = await berta.post(page, {"confirm": "sí"})
    assert f"Escribe el número del contacto, {world.jorge}" in await wrong.text()
    answer = await berta.post(page, {"confirm": f" {world.jorge} "})
    statement = answer.headers["Location"]
    assert "se está borrando" in await berta.text(statement)
    assert "Se le está borrando" in await berta.text(page)
    async with socket(ana, f"thread:{matter}", "unassigned") as hers:
        await settled(hers)
        await erasing.work(site.hub, int(statement.rpartition("/")[2]))
        frames = await until(hers, lambda frame: f"row-{matter}" in str(frame.get("o", "")))
    assert f"m-{message}" in str(frames), "also from the thread that somebody has open"
    assert "No queda nada suyo aquí" in await berta.text(statement)
    assert "Jorge" not in await berta.text("/erasures") + await berta.text("/contacts")
    assert (await berta.get(page)).status == 404


async def test_the_api_erases(api_of: Any, world: World) -> None:  # noqa: F811
    berta = await api_of(world.berta)
    status, foreseen = await berta.get(f"/contacts/{world.jorge}/erase")
    assert (status, foreseen["counts"]["addresses"]) == (200, 1)
    assert (await berta.get(f"/contacts/{world.jorge}/held"))[1]["person"][0]["name"] == "Jorge Díaz"
    assert (await berta.post(f"/contacts/{world.jorge}/erase", {"confirm": 0}))[0] == 422
    status, asked = await berta.post(f"/contacts/{world.jorge}/erase", {"confirm": world.jorge})
    assert (status, asked["state"], asked["agent"]["name"]) == (202, "under_way", "Berta")
    _status, again = await berta.post(f"/contacts/{world.jorge}/erase", {"confirm": world.jorge})
    assert again["id"] == asked["id"]
    assert (await berta.get("/erasures"))[1]["items"][0] == (await berta.get(f"/erasures/{asked['id']}"))[1]


def test_the_command_asks_for_the_number(
    settings: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_cli, "read", lambda: msgspec.structs.replace(settings, log="error"))
    file = settings.data / "jorge.json"
    assert CliRunner().invoke(main, ["contact", "export", str(world.jorge), str(file)]).exit_code == 0
    assert "jorge@gmail.com" in file.read_text()
    wrong = CliRunner().invoke(main, ["contact", "erase", str(world.jorge)], input="no\n")
    assert (wrong.exit_code, "Type the number" in wrong.output) == (2, True)
    done = CliRunner().invoke(main, ["contact", "erase", str(world.jorge)], input=f"{world.jorge}\n")
    assert done.exit_code == 0, done.output
    assert "Erased (statement 1)" in done.output
    listed = CliRunner().invoke(main, ["contact", "erasures"])
    assert "Done" in listed.output
