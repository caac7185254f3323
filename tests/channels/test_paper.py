"""TIFF G3 and G4, unequal resolution, broken and monstrous documents: pages, or words why not."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image, ImageChops

from hub.channels.paper import drawing, tiff, typeset
from hub.channels.paper.asking import Make
from hub.channels.paper.bounds import Unfit
from hub.channels.paper.child import made
from hub.channels.paper.typeset import Block
from tests.channels.fax_mails import pdf, sheet
from tests.channels.fax_mails import tiff as fax_tiff


def circle(picture: Image.Image) -> tuple[int, int]:
    """Width and height of the black circle, in points."""
    left, top, right, bottom = ImageChops.invert(
        picture.convert("L").crop((0, 0, picture.width // 2, picture.height))
    ).getbbox()
    return right - left, bottom - top


@pytest.mark.parametrize(
    ("compression", "two"), [("group3", False), ("group3", True), ("group4", False), ("tiff_lzw", False)]
)
def test_every_fax_code_becomes_a_pdf_with_round_circles(compression, two):
    converted = tiff.as_pdf(fax_tiff(3, compression=compression, two_dimensional=two))
    assert (converted.pages, converted.trouble) == (3, "")
    assert drawing.count(converted.pdf) == 3
    drawn = Image.open(io.BytesIO(drawing.drawn(converted.pdf, 1, 850)))
    across, down = circle(drawn)
    assert abs(across - down) <= 3, "204 × 98 must not look flat"
    assert drawn.getpixel((5, 5)) == (255, 255, 255)


def test_a_tiff_is_drawn_upright_without_the_way_over_pdf():
    across, down = circle(Image.open(io.BytesIO(drawing.drawn(fax_tiff(1), 1, 850))))
    assert abs(across - down) <= 6


def test_a_page_without_resolution_is_taken_for_a_fax():
    out = io.BytesIO()
    sheet().save(out, "TIFF", compression="group4")
    (page,) = tiff.pages(out.getvalue())
    assert (round(page.across), round(page.down)) == (204, 98)


def test_a_broken_tiff_gives_the_pages_before_the_damage_and_says_so():
    whole = fax_tiff(3, compression="tiff_lzw")
    converted = tiff.as_pdf(_damaged(whole))
    assert converted.pages == 2
    assert "page 3" in converted.trouble
    with pytest.raises(Unfit):
        tiff.as_pdf(b"II*\0" + b"\xff" * 200)
    with pytest.raises(Unfit):
        tiff.as_pdf(whole[:300])


def test_the_cover_shows_spanish_letters():
    """The words are drawn, and each letter differs from the ones it is confused with where fonts lack accents."""
    pictures = []
    for text in ("año ¿qué? ÁÉÍÓÚ Ñandú", "ano ?que? AEIOU Nandu"):
        (page,) = drawing.fax_pages(typeset.typeset([Block("text", text)], 0))
        pictures.append(page.image)
    difference = ImageChops.logical_xor(*pictures).getbbox()
    assert difference is not None
    letters = {one: typeset._letter(one, False) for one in "áñ¿€ü"}
    assert all(0.1 < width < 1 for width in letters.values())


def test_the_cover_counts_its_own_pages_and_the_documents():
    blocks = (Block("pair", "", "Pages", count=True), Block("text", "word " * 3_000))
    sheets = drawing.count(typeset.typeset(blocks, 0))
    assert sheets > 2
    answer = made(Make(blocks, (pdf(2), fax_tiff(1)), "tiff"))
    assert answer.pages == sheets + 3
    with Image.open(io.BytesIO(answer.parts[0])) as image:
        assert (image.n_frames, image.size, image.info["compression"]) == (
            answer.pages,
            (1728, 2292),
            "group4",
        )


def test_letters_no_font_has_are_named_and_signs_become_the_nearest():
    assert typeset.drawable("ﬁn – “sí” 👍\u200b") == "fin – “sí” ?"
    with pytest.raises(Unfit, match="Ж"):
        typeset.drawable("Жанна")


def test_a_long_text_is_broken_and_nothing_is_lost():
    text = "palabra " * 50 + "x" * 400
    lines = list(typeset._lines(text, 400.0, 11.0, False))
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(typeset._width(line, 11.0, False) <= 400.5 for line in lines)


def _damaged(content: bytes) -> bytes:
    """The last page's strip now lies far behind the end of the file."""
    (place,) = struct.unpack_from("<I", content, 4)
    last = place
    while place:
        last = place
        (entries,) = struct.unpack_from("<H", content, place)
        (place,) = struct.unpack_from("<I", content, place + 2 + 12 * entries)
    (entries,) = struct.unpack_from("<H", content, last)
    out = bytearray(content)
    for number in range(entries):
        at = last + 2 + 12 * number
        if struct.unpack_from("<H", content, at)[0] == 273:
            count = struct.unpack_from("<I", content, at + 4)[0]
            where = at + 8 if count == 1 else struct.unpack_from("<I", content, at + 8)[0]
            struct.pack_into("<I", out, where, 0x7FFFFFF0)
    return bytes(out)
