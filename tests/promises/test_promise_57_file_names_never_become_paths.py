"""Promise 57: what a file is called decides nothing about where it lies."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from hub.channels.base import Raw
from hub.intake import Inbound
from hub.plumbing.hub import Hub
from tests.web.browsing import Web
from tests.world import LINE, World

NAMES = (
    "../../../../etc/cron.d/evil", "/etc/passwd", "..\\..\\windows\\system32\\a.exe", "C:\\a.txt", "a/b/c.txt",
    "....//....//x", "%2e%2e%2fx", "nul", "con.txt", ".htaccess", "-rf", "a\tb.txt", "x" * 400 + ".txt", "..", ".",
    "; touch owned #", "$(touch owned)", "`touch owned`", "a.php;.png", "\u202etxt.exe", "ñandú 💶.pdf", "file:///etc/x",
)  # fmt: skip


def mail(number: int, name: str) -> bytes:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    lines = [
        "From: evil@bad.test", f"To: {LINE}", "Subject: Adjunto", f"Message-ID: <57.{number}@bad.test>",
        "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"', "", "--b", "", "mira", "--b",
        "Content-Type: application/octet-stream", f'Content-Disposition: attachment; filename="{quoted}"', "",
        f"inhalt {number}", "--b--", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


async def test_promise_57_file_names_never_become_paths(
    site: Web, hub: Hub, world: World, tmp_path: Path
) -> None:
    inbound = Inbound(hub)
    await inbound.start()
    for number, name in enumerate(NAMES):
        await inbound.receive(world.mail, Raw(body=mail(number, name)))
    await inbound.close()
    async with hub.transaction() as tx:
        rows = await tx.fetch("SELECT token, name, file FROM attachment ORDER BY id")
    assert len(rows) == len(NAMES)
    for row in rows:
        assert re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{64}", row["file"])
    stored = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert {str(path) for path in stored} >= {f"files/{row['file']}" for row in rows}
    assert all(re.fullmatch(r"files/[0-9a-f]{2}/[0-9a-f]{64}", str(path)) for path in stored), stored
    ana = await site.browser(world.ana)
    for row in rows:
        answer = await ana.get(f"/files/{row['token']}")
        assert answer.status == 200
        told = unquote(answer.headers["Content-Disposition"].partition("filename*=UTF-8''")[2])
        assert told
        assert not set(told) & set('/\\:\0\r\n"'), told
        assert not told.startswith("."), told
