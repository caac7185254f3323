"""The documents of a fax mail: TIFF becomes PDF, pages are counted; what cannot be read is kept as it came."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.channels.facts import Attached
from hub.channels.mail.attachments import attached
from hub.channels.paper import drawing, tiff
from hub.channels.paper.bounds import Unfit


class Documents(msgspec.Struct, kw_only=True):
    """The files to keep, the pages of those that are documents, and what was odd."""

    files: list[Attached]
    pages: int = 0
    found: bool = False
    warnings: list[str] = []


def read_documents(files: Sequence[Attached]) -> Documents:
    """Never raises for what a file contains. Of the same document as TIFF and PDF the PDF is kept."""
    out = Documents(files=[], warnings=[])
    names = {_stem(file.name) for file in files if file.content.startswith(b"%PDF-")}
    for file in files:
        if tiff.is_tiff(file.content) and _stem(file.name) in names:
            continue
        if tiff.is_tiff(file.content):
            _take_tiff(out, file)
        elif file.content.startswith(b"%PDF-"):
            _take_pdf(out, file)
        elif not (file.inline and file.type.startswith("image/")):  # a gateway's logo is no document
            out.files.append(file)
    return out


def _take_tiff(out: Documents, file: Attached) -> None:
    out.found = True
    try:
        made = tiff.as_pdf(file.content)
    except Unfit as error:
        out.warnings.append(f"document: {error}")
        out.files.append(file)
        return
    pdf = attached(made.pdf, f"{_stem(file.name) or 'fax'}.pdf", "application/pdf")
    out.files.append(msgspec.structs.replace(pdf, pages=made.pages))
    out.pages += made.pages
    if made.trouble:
        out.warnings.append(f"document: only the first {made.pages} pages: {made.trouble}")
        out.files.append(file)


def _take_pdf(out: Documents, file: Attached) -> None:
    out.found = True
    try:
        pages = drawing.count(file.content)
    except Unfit as error:
        out.warnings.append(f"document: {error}")
        pages = 0
    out.files.append(msgspec.structs.replace(file, type="application/pdf", pages=pages))
    out.pages += pages


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name
