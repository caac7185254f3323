"""Nobody is sent to another site by a link or a form of ours."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.web.browsing import Web
from tests.web.test_login import PASSWORD, with_password
from tests.world import World

ELSEWHERE = (
    "//evil.example",
    "///evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\n//evil.example",
    "/x\r\nSet-Cookie: a=b",
    "evil.example",
    " //evil.example",
    "data:text/html,x",
)


@pytest.mark.parametrize("target", ELSEWHERE)
async def test_promise_64_redirects_stay_here(site: Web, world: World, target: str) -> None:
    await with_password(site.hub, world.ana)
    ana = await site.browser(world.ana)
    visitor = await site.browser()
    answers = [
        await visitor.post("/login", {"email": "ana@dialogo.test", "password": PASSWORD, "next": target}),
        await visitor.get(f"/login?next={quote(target)}"),
        await ana.post("/me/preferences", {"theme": "dark", "next": target}),
        await ana.post("/me/presence", {"here": "1"}, headers={"Referer": quote(target, safe=":/\\")}),
    ]
    for answer in answers:
        assert answer.status == 303
        where = answer.headers["Location"]
        assert where.startswith("/"), where
        assert not where.startswith(("//", "/\\")), where
        assert "evil" not in where.partition("?")[0].split("/")[1], where
        assert "Set-Cookie: a=b" not in str(answer.headers)


async def test_a_lying_host_header_changes_no_link(site: Web, world: World) -> None:
    berta = await site.browser(world.berta)
    lie = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    answer = await berta.post(f"/admin/agents/{world.ana}/invite", headers=lie)
    text = await answer.text()
    assert f"{site.hub.settings.base_url}/invitation/" in text
    assert "evil.example" not in text
    answer = await (await site.browser()).get("/me", headers=lie)
    assert answer.headers["Location"].startswith("/login")
