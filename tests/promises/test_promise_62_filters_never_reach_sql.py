"""Promise 62: nothing in a filter, a view, a place or a search ever becomes SQL: no 500, and nothing is run."""

from __future__ import annotations

from urllib.parse import quote

from hub.conversations.search_index import fill
from hub.plumbing.hub import Hub
from tests.conversations.making import conversation, said
from tests.web.browsing import Web
from tests.world import World

INJECTIONS = (
    "'", '"', "' OR '1'='1", "1; SELECT pg_advisory_lock(5)--", "1) UNION SELECT password_hash FROM agent--",
    "') OR pg_advisory_lock(5) IS NULL--", "%' AND 1=(SELECT 1 FROM pg_advisory_lock(5)) AND '%'='",
    "\\'; DROP TABLE message;--",
    "$$; SELECT pg_advisory_lock(5); $$", "$1", "{0}", "%s", "1/**/OR/**/1=1", "0x27", "\u02bc OR 1=1", "\uff07 OR 1=1",
    "' || (SELECT pg_advisory_lock(5)) || '", "a & (b | !c) <-> d:*", "\x00", "\ud7ff", "-1", "1e309", "NaN",
    "9223372036854775808", "[]", "null", "id desc; --", "(CASE WHEN 1=1 THEN 1 ELSE pg_advisory_lock(5) END)",
)  # fmt: skip
OPERATORS = ("", "from:", "to:", "contact:", "account:", "channel:", "assignee:", "team:", "tag:", "status:", "has:",
             "before:", "after:", "id:", "#", "-", '"')  # fmt: skip


async def test_promise_62_filters_never_reach_sql(site: Web, hub: Hub, world: World) -> None:
    async with hub.transaction() as tx:
        id_ = await conversation(tx, world, assignee=world.ana)
        await fill(tx, [await said(tx, world, id_)])
    ana = await site.browser(world.ana)
    for text in INJECTIONS:
        plain = quote(text, safe="")
        everywhere = quote(" ".join(operator + text for operator in OPERATORS), safe="")
        addresses = [
            f"/inbox/{plain}", f"/inbox/team-{plain}", f"/inbox/mine?before={plain}", f"/inbox/mine?before=1,{plain}",
            f"/inbox/mine/c/{id_}?before={plain}", f"/c/{plain}", f"/files/{plain}", f"/search?q=hola&before={plain}",
            f"/search?q={plain}", f"/search?q={everywhere}",
        ]  # fmt: skip
        for address in addresses:
            answer = await ana.get(address)
            assert answer.status in (200, 303, 404, 422), (address, answer.status)
            assert "syntax error" not in await answer.text()
    async with hub.transaction() as tx:
        run = await tx.value(
            """
            SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
            WHERE locktype = 'advisory' AND objid = 5 AND d.datname = current_database()
            """
        )
        assert run == 0, "such a lock outlives its transaction"
        assert await tx.value("SELECT count(*) FROM message") == 1
