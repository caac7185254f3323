"""NUL and lone surrogates in queries, forms, JSON bodies and live frames are stored or ignored, never a 500."""

from __future__ import annotations

import msgspec

from hub.web.forms import converted, without_nul
from hub.web.routes import TABLE
from tests.web.browsing import Web
from tests.web.test_live import settled, socket
from tests.world import World


class Note(msgspec.Struct):
    """What a body might hold."""

    text: str


async def test_promise_26_nul_in_queries_bodies_and_frames(site: Web, world: World) -> None:
    ana = await site.browser(world.ana)
    pages = sorted({route.path for route in TABLE if route.method == "GET" and "{" not in route.path})
    for path in pages:
        if path in ("/ws", "/metrics", "/readyz"):
            continue
        for query in ("?q=%00", "?q=a%00b&before=%00", "?next=%00", "?q=%ed%a0%80", "?%00=%00"):
            answer = await ana.get(path + query)
            assert answer.status < 500, (path + query, answer.status)

    answer = await ana.post("/me/preferences", {"name": "An\0a", "signature": "Un\0 saludo"})
    assert answer.status == 303
    row = await site.hub.pool.fetchrow("SELECT name, signature FROM agent WHERE id = $1", world.ana)
    assert (row["name"], row["signature"]) == ("Ana", "Un saludo")

    async with socket(ana, "all") as ws:
        for junk in (
            '{"sub": ["thread:\\u0000"]}',
            '{"sub": ["\\ud800"]}',
            '{"typing": 1, "mode": "\\u0000"}',
        ):
            await ws.send_str(junk)
        await settled(ws)


def test_a_json_body_loses_its_nul_and_keeps_the_rest() -> None:
    given = msgspec.json.decode(b'{"text": "Hola\\u0000 Marta", "more": ["\\u0000", {"\\u0000a": "b"}]}')
    assert without_nul(given) == {"text": "Hola Marta", "more": ["", {"a": "b"}]}
    assert converted(without_nul(given), Note).text == "Hola Marta"
    assert without_nul("\ud83d ñ") == "? ñ"
