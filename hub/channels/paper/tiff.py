"""TIFF as fax machines make it (TIFF-F, RFC 2306; T.4 1D and 2D, T.6): its pages, and the same as a PDF."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from hub.channels.paper.bounds import MOST_PAGES, Unfit, check_size
from hub.channels.paper.pdf import Page, written

FINE = 196.0
STANDARD = 98.0
ACROSS = 204.0
A4_INCHES = 11.69
_CENTIMETRES = 3
_ACROSS, _DOWN, _UNIT = 282, 283, 296


def is_tiff(content: bytes) -> bool:
    """By its first bytes."""
    return content[:4] in (b"II*\0", b"MM\0*")


@dataclass(slots=True)
class Converted:
    """A PDF, its pages, and why the rest of the document is missing, or ""."""

    pdf: bytes
    pages: int
    trouble: str = ""


@dataclass(slots=True)
class _UntilBroken:
    """Pages as long as they can be read; `trouble` says what ended them."""

    source: Iterator[Page]
    trouble: str = field(default="")

    def __iter__(self) -> Iterator[Page]:
        try:
            yield from self.source
        except Unfit as error:
            self.trouble = str(error)


def as_pdf(content: bytes) -> Converted:
    """The document as a PDF, as far as it can be read. Raises Unfit when not even its first page can."""
    readable = _UntilBroken(pages(content))
    try:
        pdf, count = written(readable)
    except Unfit as error:
        raise Unfit(readable.trouble or str(error)) from error
    return Converted(pdf, count, readable.trouble)


def pages(content: bytes) -> Iterator[Page]:
    """Page after page, each decoded when it is asked for. Raises Unfit where it breaks or grows too large."""
    with _opened(content) as image:
        for number in range(MOST_PAGES + 1):
            if not _turned(image, number):
                return
            if number == MOST_PAGES:
                raise Unfit(f"more than {MOST_PAGES} pages")
            check_size(*image.size)
            across, down = _resolution(image)
            yield Page(_picture(image), across, down)


def upright(page: Page, across: float, down: float) -> Page:
    """The same page with another resolution: how 204 × 98 becomes what a screen or a fine fax shows."""
    size = (
        max(round(page.image.width * across / page.across), 1),
        max(round(page.image.height * down / page.down), 1),
    )
    check_size(*size)
    image = (
        page.image if size == page.image.size else page.image.convert("L").resize(size, Image.Resampling.BOX)
    )
    return Page(image, across, down)


def as_tiff(pages: Iterable[Page]) -> tuple[bytes, int]:
    """A TIFF of black and white pages in G4, fill order and resolution as fax machines expect them."""
    sheets = list(pages)
    if not sheets or len(sheets) > MOST_PAGES:
        raise Unfit(f"{len(sheets)} pages")
    out = io.BytesIO()
    first, *rest = [sheet.image for sheet in sheets]
    first.save(
        out,
        "TIFF",
        compression="group4",
        save_all=True,
        append_images=rest,
        dpi=(round(sheets[0].across), round(sheets[0].down)),
    )
    return out.getvalue(), len(sheets)


def _opened(content: bytes) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # check_size is stricter than Pillow, and damage is said in trouble
        try:
            return Image.open(io.BytesIO(content), formats=("TIFF",))
        except MemoryError:
            raise
        except Exception as error:  # a damaged file makes Pillow raise anything
            raise Unfit(f"not a readable TIFF: {error}"[:300]) from error


def _turned(image: Image.Image, number: int) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image.seek(number)
        except EOFError:
            return False
        except MemoryError:
            raise
        except Exception as error:
            raise Unfit(f"page {number + 1} cannot be read: {error}"[:300]) from error
    return True


def _picture(image: Image.Image) -> Image.Image:
    try:
        return image.copy() if image.mode in ("1", "L", "RGB") else image.convert("RGB")
    except MemoryError:
        raise
    except Exception as error:
        raise Unfit(f"page {image.tell() + 1} cannot be read: {error}"[:300]) from error


def _resolution(image: Image.Image) -> tuple[float, float]:
    """Points an inch, across and down; a page that does not say is taken for a fax of usual width."""
    tags: Any = image.tag_v2  # type: ignore[attr-defined]
    inch = 2.54 if tags.get(_UNIT) == _CENTIMETRES else 1.0
    across, down = _number(tags.get(_ACROSS)) * inch, _number(tags.get(_DOWN)) * inch
    if not 30 <= across <= 5_000 or not 30 <= down <= 5_000:
        across = image.width * ACROSS / 1728
        down = across * (STANDARD if image.height < A4_INCHES * (STANDARD + FINE) / 2 else FINE) / ACROSS
    return across, down


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0
