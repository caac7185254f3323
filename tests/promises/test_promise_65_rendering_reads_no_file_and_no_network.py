"""Promise 65: making a fax reads no local file and asks no network, whatever its words and documents name."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from PIL import ImageChops

from hub.channels.errors import Rejected
from hub.channels.facts import Party
from hub.channels.fax import cover, sending
from hub.channels.outgoing import FileToSend, Outgoing
from hub.channels.paper import child, drawing, typeset
from hub.channels.paper.asking import Make, ask
from hub.channels.paper.typeset import Block
from hub.plumbing.clock import now
from tests.channels.fax_mails import LINE

PAGE = "<img src=file:///etc/passwd><link rel=attachment href=file:///etc/hostname>"


def curious(place: str) -> bytes:
    """A PDF whose page content lies in another file, and that opens, fetches and imports what it can name."""
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /URI /URI ({place}) >> >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /P 5 0 R >> >>"
        f" /AA << /O << /S /Launch /F ({place}) >> /C << /S /ImportData /F ({place}) >> >> >>",
        f"<< /Length 0 /F << /FS /URL /F ({place}) >> >>\nstream\n\nendstream",
        f"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 0 /F ({place}) >>\nstream\n\nendstream",
    ]
    body = "".join(f"{number} 0 obj\n{one}\nendobj\n" for number, one in enumerate(objects, 1))
    return f"%PDF-1.4\n{body}trailer << /Root 1 0 R >>\n%%EOF\n".encode()


async def test_promise_65_rendering_reads_no_file_and_no_network(tmp_path: Path) -> None:
    hits: list[str] = []

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hits.append("somebody came")
        writer.close()

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    secret = tmp_path / "secret.txt"
    secret.write_text("BT /F1 99 Tf (geheim) Tj ET 0 0 595 842 re f")
    async with server:
        for place in (f"http://127.0.0.1:{port}/x", str(secret)):
            words = (Block("text", f'{PAGE}<img src="{place}">'),)
            answer = await ask(Make(words, (curious(place),)))
            assert answer.pages == 2
            (_, page) = drawing.fax_pages(answer.parts[0])
            assert ImageChops.invert(page.image.convert("L")).getbbox() is None, "something of it was drawn"
    assert hits == []


def test_the_words_are_drawn_as_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """What looks like a page stays letters, and Python opens nothing while it is drawn."""
    opened: list[str] = []
    watching = [True]

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if watching[0] and event in ("open", "socket.connect", "subprocess.Popen"):
            opened.append(f"{event} {arguments[0]}")

    outgoing = Outgoing(
        token="t" * 32,
        message_id="1.1.0@hub.test",
        recipient="+34912345678",
        sender=Party("fax@dialogo.test", PAGE),
        text=PAGE,
        html=PAGE,
        subject=PAGE,
    )
    blocks = cover.sheet(outgoing, LINE, now())
    typeset.typeset(blocks, 0)
    sys.addaudithook(watch)
    answer = child.made(Make(blocks, ()))
    watching[0] = False
    assert answer.pages == 1
    assert [one for one in opened if ".py" not in one] == []
    (drawn,) = drawing.fax_pages(typeset.typeset((Block("text", PAGE),), 0))
    assert ImageChops.invert(drawn.image.convert("L")).getbbox() is not None


async def test_what_is_no_paper_never_becomes_a_fax(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(f"<html>{PAGE}</html>")
    outgoing = Outgoing(
        token="t" * 32,
        message_id="1.1.0@hub.test",
        recipient="+34912345678",
        sender=Party("fax@dialogo.test", "Ana"),
        text="Hola",
        attachments=(FileToSend("page.html", "text/html", page.stat().st_size, page),),
    )
    line = LINE.__class__(
        **{name: getattr(LINE, name) for name in LINE.__struct_fields__} | {"settings": {"gateway": "efax"}}
    )

    async def before() -> float:
        raise AssertionError("nothing may go on the wire")

    with pytest.raises(Rejected):
        await sending.send(outgoing, line, before)
