"""Writing a PDF of pictures, a page each: black and white as fax code G4 (T.6), the rest as JPEG.

The picture keeps its own points; the page has the size the resolution says, so that 204 × 98 looks right
(PDF 32000-1, §7.4.6 and §8.9.5).
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image

from hub.channels.paper.bounds import MOST_PAGES, MOST_PIXELS_TOGETHER, Unfit

MOST_POINTS = 14_400  # of a page's side (PDF 32000-1, Annex C)


@dataclass(slots=True)
class Page:
    """One page as a picture, and how many of its points make an inch, across and down."""

    image: Image.Image
    across: float
    down: float


@dataclass(slots=True)
class _Coded:
    """A page ready to be written: its PDF objects without numbers."""

    width: float
    height: float
    picture: bytes


def written(pages: Iterable[Page]) -> tuple[bytes, int]:
    """A PDF and its number of pages; each page is coded before the next is read. Raises Unfit for none."""
    coded: list[_Coded] = []
    points = 0
    for page in pages:
        points += page.image.width * page.image.height
        if len(coded) == MOST_PAGES or points > MOST_PIXELS_TOGETHER:
            raise Unfit(f"more than {len(coded)} pages")
        coded.append(_coded(page))
    if not coded:
        raise Unfit("there is no page in it")
    return _assembled(coded), len(coded)


def g4(image: Image.Image) -> bytes:
    """A black and white picture as one strip of T.6 code."""
    out = io.BytesIO()
    image.save(out, "TIFF", compression="group4", strip_size=(image.width + 7) // 8 * image.height)
    out.seek(0)
    with Image.open(out) as again:
        offsets, counts = again.tag_v2[273], again.tag_v2[279]  # type: ignore[attr-defined]
    content = out.getvalue()
    return b"".join(content[at : at + size] for at, size in zip(offsets, counts, strict=True))


def _coded(page: Page) -> _Coded:
    image = page.image
    width = min(max(image.width / page.across * 72, 1.0), MOST_POINTS)
    height = min(max(image.height / page.down * 72, 1.0), MOST_POINTS)
    head = f"/Type /XObject /Subtype /Image /Width {image.width} /Height {image.height}"
    if image.mode == "1":
        code = g4(image)
        head += (
            " /ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms"
            f" << /K -1 /Columns {image.width} /Rows {image.height} /BlackIs1 true >>"
        )
    else:
        image = image if image.mode in ("L", "RGB") else image.convert("RGB")
        out = io.BytesIO()
        image.save(out, "JPEG", quality=85)
        code = out.getvalue()
        colours = "DeviceGray" if image.mode == "L" else "DeviceRGB"
        head += f" /ColorSpace /{colours} /BitsPerComponent 8 /Filter /DCTDecode"
    return _Coded(width, height, _stream(head, code))


def _stream(head: str, content: bytes) -> bytes:
    return f"<< {head} /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream"


def _assembled(pages: list[_Coded]) -> bytes:
    """Objects 1 and 2 are the catalogue and the list of pages; then three objects a page."""
    kids = " ".join(f"{3 + 3 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
    ]
    for number, page in enumerate(pages):
        first = 3 + 3 * number
        size = f"{page.width:.2f} {page.height:.2f}"
        objects += [
            (
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size}] /Contents {first + 1} 0 R"
                f" /Resources << /XObject << /P {first + 2} 0 R >> >> >>"
            ).encode(),
            _stream("", f"q {page.width:.2f} 0 0 {page.height:.2f} 0 0 cm /P Do Q".encode()),
            page.picture,
        ]
    return _numbered(objects)


def _numbered(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
