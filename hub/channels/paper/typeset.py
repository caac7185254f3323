"""Words on A4 pages, set with the standard fonts every PDF program brings (PDF 32000-1, §9.6.2.2): á, ñ and ¿ too.

Only for the child process (child.py).
"""

from __future__ import annotations

import ctypes
import io
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Literal

import msgspec
import pypdfium2
import pypdfium2.raw as pdfium

from hub.channels.paper.bounds import A4, MOST_PAGES, Unfit

MARGIN = 56.0
SIZE = 11.0
LEADING = 1.35
LABEL_WIDTH = 92.0
_FONTS = (b"Helvetica", b"Helvetica-Bold")


class Block(msgspec.Struct, frozen=True, array_like=True):
    """One piece of a sheet, top down. pair: `label` and `text` side by side; rule: a line across.

    `count`: the text is the number of pages of the whole document.
    """

    kind: Literal["title", "pair", "rule", "text", "small"]
    text: str = ""
    label: str = ""
    count: bool = False


class _Word(msgspec.Struct):
    text: str
    width: float


def typeset(blocks: Sequence[Block], more_pages: int) -> bytes:
    """A PDF of these blocks; a counting pair shows their own pages and `more_pages`.

    Raises Unfit naming the letters that no standard font has.
    """
    first = _set(blocks, "00")
    return _saved(_set(blocks, str(len(first) + more_pages)))


def drawable(text: str) -> str:
    """The text in letters we can draw: other signs become the nearest ones. Raises Unfit for other alphabets."""
    out, foreign = [], []
    for letter in text.expandtabs(4):
        plain = letter if _is_known(letter) else unicodedata.normalize("NFKD", letter)
        plain = "".join(one for one in plain if _is_known(one))
        if not plain and unicodedata.category(letter).startswith("L"):
            foreign.append(letter)
        out.append(plain or ("" if unicodedata.category(letter) in ("Mn", "Cf", "Cc") else "?"))
    if foreign:
        raise Unfit(f"a fax page cannot show these letters: {''.join(dict.fromkeys(foreign))[:20]}")
    return "".join(out)


def _is_known(letter: str) -> bool:
    if letter == "\n":
        return True
    try:
        return letter.encode("cp1252") >= b" "
    except UnicodeEncodeError:
        return False


class _Sheet(msgspec.Struct):
    """What stands on one page: (x, y, text, size, bold), and lines across at y."""

    words: list[tuple[float, float, str, float, bool]]
    rules: list[float]


def _set(blocks: Sequence[Block], pages: str) -> list[_Sheet]:
    sheets = [_Sheet([], [])]
    y = A4[1] - MARGIN
    for block in blocks:
        text = drawable(pages if block.count else block.text)
        size = {"title": 26.0, "small": 9.0}.get(block.kind, SIZE)
        if block.kind == "rule":
            y -= SIZE
            sheets[-1].rules.append(y)
            y -= SIZE / 2
            continue
        indent = LABEL_WIDTH if block.kind == "pair" else 0.0
        bold = block.kind == "title"
        for number, line in enumerate(_lines(text, A4[0] - 2 * MARGIN - indent, size, bold)):
            y -= size * LEADING
            if y < MARGIN:
                sheets.append(_Sheet([], []))
                y = A4[1] - MARGIN - size * LEADING
                if len(sheets) > MOST_PAGES:
                    raise Unfit(f"more than {MOST_PAGES} pages of text")
            if number == 0 and block.label:
                sheets[-1].words.append((MARGIN, y, drawable(block.label), size, True))
            if line:
                sheets[-1].words.append((MARGIN + indent, y, line, size, bold))
        y -= {"title": 10.0, "pair": 3.0}.get(block.kind, 0.0)
    return sheets


def _lines(text: str, width: float, size: float, bold: bool) -> Iterator[str]:
    """The text broken at its own line ends and between words; a word longer than a line is cut."""
    for paragraph in text.split("\n"):
        line, used = "", 0.0
        for word in _words(paragraph, width, size, bold):
            if line and used + word.width > width:
                yield line.rstrip()
                line, used = "", 0.0
                word = _Word(word.text.lstrip(), _width(word.text.lstrip(), size, bold))
            line, used = line + word.text, used + word.width
        yield line.rstrip()


def _words(paragraph: str, width: float, size: float, bold: bool) -> Iterator[_Word]:
    for number, part in enumerate(paragraph.split(" ")):
        word = (" " if number else "") + part
        while _width(word, size, bold) > width:
            room = _fitting(word, width, size, bold)
            yield _Word(word[:room], width)
            word = word[room:]
        yield _Word(word, _width(word, size, bold))


def _fitting(word: str, width: float, size: float, bold: bool) -> int:
    used = 0.0
    for number, letter in enumerate(word):
        used += _letter(letter, bold) * size
        if used > width:
            return max(number, 1)
    return len(word)


def _width(text: str, size: float, bold: bool) -> float:
    return sum(_letter(letter, bold) for letter in text) * size


@cache
def _letter(letter: str, bold: bool) -> float:
    """A letter's advance, at size 1, as the font itself says."""
    width = ctypes.c_float()
    code = letter.encode("cp1252")[0]
    with pypdfium2.PdfDocument.new() as pdf:
        font = pdfium.FPDFText_LoadStandardFont(pdf.raw, _FONTS[bold])
        found = pdfium.FPDFFont_GetGlyphWidth(font, code, 1000.0, width)
        pdfium.FPDFFont_Close(font)
    return width.value / 1000 if found and width.value > 0 else 0.6


def _saved(sheets: Sequence[_Sheet]) -> bytes:
    with pypdfium2.PdfDocument.new() as pdf:
        fonts = [pdfium.FPDFText_LoadStandardFont(pdf.raw, name) for name in _FONTS]
        for sheet in sheets:
            page = pdf.new_page(*A4)
            for x, y, text, size, bold in sheet.words:
                pdfium.FPDFPage_InsertObject(page.raw, _written(pdf, fonts[bold], size, text, x, y))
            for y in sheet.rules:
                pdfium.FPDFPage_InsertObject(page.raw, _rule(y))
            pdfium.FPDFPage_GenerateContent(page.raw)
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def _written(pdf: pypdfium2.PdfDocument, font: Any, size: float, text: str, x: float, y: float) -> Any:
    drawn = pdfium.FPDFPageObj_CreateTextObj(pdf.raw, font, size)
    units = (text + "\0").encode("utf-16-le")
    pdfium.FPDFText_SetText(drawn, (ctypes.c_ushort * (len(units) // 2)).from_buffer_copy(units))
    pdfium.FPDFPageObj_Transform(drawn, 1, 0, 0, 1, x, y)
    return drawn


def _rule(y: float) -> Any:
    drawn = pdfium.FPDFPageObj_CreateNewRect(MARGIN, y, A4[0] - 2 * MARGIN, 1.0)
    pdfium.FPDFPageObj_SetFillColor(drawn, 0, 0, 0, 255)
    pdfium.FPDFPath_SetDrawMode(drawn, pdfium.FPDF_FILLMODE_ALTERNATE, False)
    return drawn
