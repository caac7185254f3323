"""PDF, TIFF and pictures drawn: a page for a screen, or black and white pages for a fax machine.

Only for the child process (child.py): what is drawn here came from strangers.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pypdfium2
from PIL import Image, ImageOps

from hub.channels.paper.bounds import MOST_PAGES, MOST_PIXELS, Unfit, check_size
from hub.channels.paper.pdf import Page
from hub.channels.paper.tiff import is_tiff, upright
from hub.channels.paper.tiff import pages as tiff_pages

ACROSS, DOWN = 204, 196
"""Points an inch of a fine fax (T.4)."""
WIDTH, HEIGHT = 1728, 2292
"""Points of an A4 page of a fine fax: what every machine takes."""
MARGIN = 24
SCREEN = 100.0
PICTURES = ("PNG", "JPEG", "GIF", "WEBP")


def count(content: bytes) -> int:
    """The pages of a PDF, without drawing any. Raises Unfit."""
    with _pdf(content) as pdf:
        return len(pdf)


def drawn(content: bytes, number: int, width: int) -> bytes:
    """Page `number` (from 1) as a PNG, `width` points wide. Raises Unfit."""
    image = _screen_page(content, number, width).convert("L" if _is_grey(content) else "RGB")
    out = io.BytesIO()
    image.save(out, "PNG", optimize=False, compress_level=6)
    return out.getvalue()


def fax_pages(content: bytes) -> Iterator[Page]:
    """The document as black and white A4 pages of a fine fax. Raises Unfit."""
    for picture in _pictures(content):
        yield Page(_on_sheet(picture), ACROSS, DOWN)


def _is_grey(content: bytes) -> bool:
    return is_tiff(content)


def _screen_page(content: bytes, number: int, width: int) -> Image.Image:
    if is_tiff(content):
        page = next(islice(tiff_pages(content), number - 1, None), None)
        if page is None:
            raise Unfit(f"there is no page {number}")
        image = upright(page, SCREEN * 2, SCREEN * 2).image.convert("L")
        return image.resize((width, max(round(image.height * width / image.width), 1)), Image.Resampling.BOX)
    with _pdf(content) as pdf:
        if not 1 <= number <= len(pdf):
            raise Unfit(f"there is no page {number}")
        return _rendered(_page(pdf, number - 1), width)


def _page(pdf: pypdfium2.PdfDocument, index: int) -> Any:
    try:
        return pdf[index]
    except pypdfium2.PdfiumError as error:
        raise Unfit(f"page {index + 1} cannot be read: {error}"[:300]) from error


def _rendered(page: Any, width: int) -> Image.Image:
    """One page of a PDF; `page` is pypdfium2's."""
    points, tall = page.get_size()
    if points <= 0 or tall <= 0:
        raise Unfit("a page without size")
    scale = min(width / points, (MOST_PIXELS / 4 / (points * tall)) ** 0.5)
    check_size(max(round(points * scale), 1), max(round(tall * scale), 1))
    image: Image.Image = page.render(scale=scale).to_pil()
    return image


def _pictures(content: bytes) -> Iterator[Image.Image]:
    """Each page in greys, upright, about as wide as a fax line."""
    if is_tiff(content):
        for page in tiff_pages(content):
            yield upright(page, ACROSS, DOWN).image.convert("L")
    elif content.startswith(b"%PDF-"):
        with _pdf(content) as pdf:
            for number in range(len(pdf)):
                sheet = _rendered(_page(pdf, number), WIDTH).convert("L")
                yield sheet.resize(
                    (sheet.width, max(round(sheet.height * DOWN / ACROSS), 1)), Image.Resampling.BOX
                )
    else:
        yield _photo(content)


def _photo(content: bytes) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(content), formats=PICTURES)
            check_size(*image.size)
            upright_image = ImageOps.exif_transpose(image).convert("RGBA")
        except (MemoryError, Unfit):
            raise
        except Exception as error:  # a damaged file makes Pillow raise anything
            raise Unfit(f"not a readable picture: {error}"[:300]) from error
    paper = Image.new("RGBA", upright_image.size, "white")
    grey = Image.alpha_composite(paper, upright_image).convert("L")
    width = min(WIDTH - 2 * MARGIN, grey.width * 3)
    return grey.resize((width, max(round(grey.height * width / grey.width * DOWN / ACROSS), 1)))


def _on_sheet(picture: Image.Image) -> Image.Image:
    """Shrunk until it fits, in the middle of the line's width, black on white; greys become dots."""
    shrink = min(WIDTH / picture.width, HEIGHT / picture.height, 1.0)
    if shrink < 1.0:
        size = (max(round(picture.width * shrink), 1), max(round(picture.height * shrink), 1))
        picture = picture.resize(size, Image.Resampling.BOX)
    sheet = Image.new("L", (WIDTH, HEIGHT), 255)
    sheet.paste(picture, ((WIDTH - picture.width) // 2, 0))
    return _in_black_and_white(sheet)


def _in_black_and_white(sheet: Image.Image) -> Image.Image:
    """Writing keeps clean edges; photographs become dots."""
    greys = sum(sheet.histogram()[48:208])
    if greys > sheet.width * sheet.height // 12:
        return sheet.convert("1")
    return sheet.point([0] * 160 + [255] * 96).convert("1", dither=Image.Dither.NONE)


def _pdf(content: bytes) -> pypdfium2.PdfDocument:
    try:
        pdf = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise Unfit(f"not a readable PDF: {error}"[:300]) from error
    if not 1 <= len(pdf) <= MOST_PAGES:
        raise Unfit(f"a PDF of {len(pdf)} pages")
    return pdf
