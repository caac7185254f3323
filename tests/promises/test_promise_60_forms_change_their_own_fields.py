"""Whatever else a form brings along (role, owner, auto-Bcc), only its own fields change."""

from __future__ import annotations

import re

from hub.web.routes import TABLE
from tests.promises import doors
from tests.web import test_live as live
from tests.web.browsing import Web
from tests.world import World

EXTRA = {
    **{"role": "admin", "active": "1", "email": "evil@evil.example", "password_hash": "x", "capacity": "999"},
    **{"access_version": "99", "tenant_id": "2", "id": "5", "agent_id": "5", "by": "5", "is_demo": "1"},
    **{"restricted": "0", "team_ids": "2", "members": "1", "owner_id": "5", "external_id": "evil"},
    **{"auto_bcc": "evil@evil.example", "bcc": "evil@evil.example", "public": "1", "verified": "1"},
    **{"direction": "in", "created_at": "2001-01-01", "token": "evil", "state": "sent", "author": "5"},
    **{"account_standing": "confirmed", "root_id": "2", "__class__": "x", "csrf_token": "x"},
}
OWN = {
    "/me/preferences": {"name": "Ana"},
    "/absences": {"starts": "2030-08-01T09:00", "ends": "2030-08-02T09:00", "deputy": "2"},
    "/me/presence": {"here": "1"},
    "/c/{id}/messages": {"text": "Hola", "mode": "note"},
}


async def test_promise_60_forms_change_their_own_fields(site: Web, world: World) -> None:
    """Every form of the house, sent by Ana with all the extra fields at once."""
    ana = await site.browser(world.ana)
    id_ = await live.open_conversation(site, world, world.ana)
    before = await protected(site)
    for name in doors.names(TABLE):
        method, _space, pattern = name.partition(" ")
        if method not in ("POST", "PUT") or pattern.startswith("/api/") or pattern in ("/logout", "/login"):
            continue
        path = re.sub(r"\{kind:[^}]*\}\}", "email", re.sub(r"\{what:[^}]*\}", "accounts", pattern))
        path = re.sub(r"\{(id|message_id)(:\\d\{1,18\})?\}", str(id_), path).replace("{token}", "x")
        form = {**EXTRA, **OWN.get(pattern, {})}
        answer = await ana.client.request(
            method, path, data=form, headers={"X-CSRF": ana.csrf}, allow_redirects=False
        )
        assert answer.status < 500, (name, await answer.text())
        assert await protected(site) == before, name
    dump = str(await site.hub.pool.fetch("SELECT * FROM message")) + str(
        await site.hub.pool.fetch("SELECT * FROM delivery")
    )
    assert "evil@evil.example" not in dump


async def test_the_first_run_form_makes_an_admin_and_nothing_else(site: Web, world: World) -> None:
    await site.hub.pool.execute("UPDATE agent SET role = 'agent' WHERE role = 'admin'")
    visitor = await site.browser()
    form = {**EXTRA, "name": "Clara", "email": "clara@dialogo.test", "password": "correct horse battery"}
    assert (await visitor.post("/first-run", form)).status == 303
    made = await site.hub.pool.fetchrow("SELECT * FROM agent WHERE email = 'clara@dialogo.test'")
    assert (made["access_version"], made["capacity"]) == (1, 20)
    assert made["password_hash"].startswith("$argon2id$")


async def test_an_administrators_form_changes_what_it_shows(site: Web, world: World) -> None:
    """Not the address, not the password: those have their own ways."""
    berta = await site.browser(world.berta)
    form = {**EXTRA, "name": "Ana García", "role": "lead", "capacity": "7"}
    assert (await berta.post(f"/admin/agents/{world.ana}", form)).status == 303
    row = await site.hub.pool.fetchrow("SELECT * FROM agent WHERE id = $1", world.ana)
    assert (row["name"], row["role"], row["capacity"]) == ("Ana García", "lead", 7)
    assert (row["email"], row["password_hash"], row["active"]) == ("ana@dialogo.test", "", True)


async def protected(site: Web) -> str:
    """What no form of an agent may touch."""
    pool = site.hub.pool
    return str(
        [
            *await pool.fetch(
                """
                SELECT id, email, role, active, password_hash, capacity, access_version, created_at
                FROM agent ORDER BY id
                """
            ),
            *await pool.fetch("SELECT id, name, restricted FROM team ORDER BY id"),
            *await pool.fetch("SELECT * FROM team_member ORDER BY 1, 2"),
            *await pool.fetch("SELECT id, external_id, created_at FROM account WHERE id = 1"),
            *await pool.fetch(
                "SELECT id, root_id, external_id, created_at FROM contact WHERE id < 3 ORDER BY id"
            ),
            *await pool.fetch("SELECT id, token, created_at, contact_id FROM conversation ORDER BY id"),
            *await pool.fetch("SELECT generation, is_demo, paused FROM installation"),
            *await pool.fetch("SELECT id, agent_id FROM token"),
        ]
    )
