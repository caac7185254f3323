"""Promise 32, documents: pictures, TIFFs and PDFs that claim to be enormous burn a bounded child and nothing else."""

from __future__ import annotations

import contextlib
import io
import struct
import tracemalloc
import zlib

import pytest
from PIL import Image

from hub.channels.paper.asking import Draw, Make, ask
from hub.channels.paper.bounds import Unfit
from hub.channels.registry import adapter
from hub.plumbing.clock import monotonic
from tests.channels.fax_mails import LINE, mail, raw, tiff

SIDE = 60_000


def png() -> bytes:
    """A PNG header that promises 3.6 billion points."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 1, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000)) + chunk(b"IEND", b"")
    )


def huge_tiff() -> bytes:
    """A real fax whose first page says it is 60,000 points wide and high."""
    content = bytearray(tiff(1))
    (place,) = struct.unpack_from("<I", content, 4)
    (entries,) = struct.unpack_from("<H", content, place)
    for number in range(entries):
        at = place + 2 + 12 * number
        if struct.unpack_from("<H", content, at)[0] in (256, 257):
            struct.pack_into("<HHII", content, at, struct.unpack_from("<H", content, at)[0], 4, 1, SIDE)
    return bytes(content)


def endless_tiff() -> bytes:
    """A fax whose list of pages leads back to its beginning."""
    content = bytearray(tiff(1))
    (place,) = struct.unpack_from("<I", content, 4)
    (entries,) = struct.unpack_from("<H", content, place)
    struct.pack_into("<I", content, place + 2 + 12 * entries, place)
    return bytes(content)


def pdf(*, side: int = SIDE, page: str = "0 0 595 842") -> bytes:
    """One page with a picture of `side` × `side` points, packed a thousand times."""
    packed = zlib.compress(zlib.compress(b"\0" * (side * side // 8 % 8_000_000)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [{page}] /Contents 4 0 R"
        f" /Resources << /XObject << /P 5 0 R >> >> >>".encode(),
        b"<< /Length 27 >>\nstream\nq 595 0 0 842 0 0 cm /P Do Q\nendstream",
        f"<< /Type /XObject /Subtype /Image /Width {side} /Height {side} /ColorSpace /DeviceGray /BitsPerComponent 1"
        f" /Filter [/FlateDecode /FlateDecode] /Length {len(packed)} >>\nstream\n".encode()
        + packed
        + b"\nendstream",
    ]
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, one) for number, one in enumerate(objects, 1))
    return b"%PDF-1.4\n" + body + b"trailer << /Root 1 0 R >>\n%%EOF\n"


BOMBS = {"png": png, "tiff": huge_tiff, "pdf": pdf, "endless page": lambda: pdf(side=8, page="0 0 14400 1")}


@pytest.mark.parametrize("name", BOMBS)
async def test_promise_32_documents_are_never_expanded(name: str) -> None:
    """Drawn or made into a fax: words or a small picture, within its seconds, and our own memory flat."""
    content = BOMBS[name]()
    assert len(content) < 100_000
    begun = monotonic()
    tracemalloc.start()
    for question in (Draw(content, (1,), 240), Make((), (content,))):
        with contextlib.suppress(Unfit):
            answer = await ask(question, seconds=3, memory=384 * 1024 * 1024)
            assert sum(map(len, answer.parts)) < 1_000_000
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert highest < 20_000_000
    assert monotonic() - begun < 15


@pytest.mark.parametrize("bomb", [huge_tiff, endless_tiff])
def test_a_bomb_in_a_fax_mail_is_kept_as_it_came_with_words(bomb) -> None:
    content = bomb()
    (fact,) = adapter("fax").parse(
        raw(mail("S <f@srfax.com>", "Incoming Fax from 912345678", document=content)), LINE
    )
    kept = [file for file in fact.attachments if file.content == content]
    if bomb is huge_tiff:
        assert len(kept) == 1
        assert any(warning.startswith("document:") for warning in fact.warnings)
    else:
        assert sum(file.pages for file in fact.attachments) <= 300


def test_a_page_that_is_only_long_is_no_bomb() -> None:
    """A receipt of two metres."""
    out = io.BytesIO()
    Image.new("1", (1728, 15_000), 1).save(out, "TIFF", compression="group4", dpi=(204, 196))
    (fact,) = adapter("fax").parse(
        raw(mail("S <f@srfax.com>", "Incoming Fax from 912345678", document=out.getvalue())), LINE
    )
    assert [file.pages for file in fact.attachments] == [1]
