"""Promise 63: a name that is a formula is text in a spreadsheet, and re-import gives back the original."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from hub.cli import main
from hub.customers import contacts, importing
from hub.customers.exporting import ACCOUNTS, CONTACTS
from hub.plumbing import sheets
from hub.plumbing.hub import Hub
from tests.deliveries.road import answer
from tests.world import World

NAMES = (
    "=cmd|' /C calc'!A0",
    "+34 600 1",
    "-1+1",
    "@SUM(A1)",
    "'=already",
    "''=twice",
    "'quoted' but harmless",
    "＝HYPERLINK(1)",
    'O\'Brien, "Pepe"; hijo',
)
RECKONED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


async def test_promise_63_exports_are_inert(hub: Hub, world: World, tmp_path: Path) -> None:
    async with hub.transaction() as tx:
        for number, name in enumerate(NAMES):
            await contacts.create(tx, name=name, external_id=f"X-{number}", account_id=world.acme)
        await contacts.create(
            tx,
            name="Two",
            addresses=[("phone", "+34600123456"), ("phone", "+34600123457")],
            external_id="X-two",
        )
        await tx.execute(
            "UPDATE account SET name = '=Acme', external_id = '=A1', notes = $2 WHERE id = $1",
            world.acme,
            "-a\nb",
        )
    before = await _known(hub)
    people, customers = tmp_path / "people.csv", tmp_path / "customers.csv"
    assert await sheets.write(hub, CONTACTS, people) == len(before)
    await sheets.write(hub, ACCOUNTS, customers)
    cells = [cell for path in (people, customers) for row in rows_of(path) for cell in row]
    assert [cell for cell in cells if cell.lstrip().startswith(RECKONED)] == []
    assert {f"'{name}" for name in NAMES[:6]} <= set(cells)
    assert "'quoted' but harmless" in cells
    assert "'+34600123456 | +34600123457" in cells

    await hub.pool.execute("UPDATE contact SET name = 'changed', account_id = NULL, account_standing = ''")
    await hub.pool.execute("DELETE FROM address WHERE value = '+34600123457'")
    assert (await importing.import_contacts(hub, people)).errors == []
    assert await _known(hub) == before
    await hub.pool.execute("UPDATE account SET name = 'changed', notes = ''")
    assert (await importing.import_accounts(hub, customers)).errors == []
    [acme] = await hub.pool.fetch("SELECT name, notes, owner_id FROM account")
    assert tuple(acme) == ("=Acme", "-a\nb", world.ana)


async def _known(hub: Hub) -> set[tuple[str, str]]:
    rows = await hub.pool.fetch(
        """
        SELECT c.name, coalesce(o.name, '') || coalesce(string_agg(a.value, ' ' ORDER BY a.value), '') AS beside
        FROM contact c LEFT JOIN account o ON o.id = c.account_id LEFT JOIN address a ON a.contact_id = c.id
        GROUP BY c.id, o.name
        """
    )
    return {(row["name"], row["beside"]) for row in rows}


@given(st.text(alphabet="=+-@'\t\r\n a＝", max_size=6))
@example("' '=")
def test_every_text_comes_back(text: str) -> None:
    assert sheets.original(sheets.inert(text)) == text
    assert not sheets.inert(text).lstrip(" ").startswith(RECKONED)


async def test_the_command_writes_whole_files_and_overwrites_none(
    hub: Hub, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await answer(hub, world)
    for name, value in (
        ("DATABASE_URL", hub.settings.database_url),
        ("REDIS_URL", hub.settings.redis_url),
        ("HUB_DATA", str(hub.settings.data)),
        ("HUB_SECRET", hub.settings.secret),
        ("LC_ALL", "C"),
    ):
        monkeypatch.setenv(name, value)
    file = tmp_path / "out" / "conversations.csv"
    file.parent.mkdir()
    for code in (0, 2):
        result = await asyncio.to_thread(CliRunner().invoke, main, ["export", "conversations", str(file)])
        assert result.exit_code == code, result.output
    head, row = rows_of(file)
    told = dict(zip(head, row, strict=True))
    assert (told["state"], told["contact"], told["account"]) == ("open", "Marta Ruiz", "Acme")
    assert told["addresses"] == "marta@acme.test"
    assert int(told["id"]) == await hub.pool.fetchval(
        "SELECT conversation_id FROM message WHERE id = $1", said.id
    )
    assert [path.name for path in file.parent.iterdir()] == ["conversations.csv"]
