"""A file is read whatever program wrote it, and what is no such file is told from one."""

from __future__ import annotations

import random

import pytest

from hub.customers.importing_files import sheet, whole
from hub.plumbing.errors import BadInput

SAID = (["nombre", "correo"], [(2, {"nombre": "Íñigo", "correo": "i@a.test"})])
PLAIN = "nombre,correo\nÍñigo,i@a.test\n"
TABBED = PLAIN.replace(",", "\t")


@pytest.mark.parametrize(
    "raw",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("cp1252"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace(",", ";").encode("cp1252"),
        TABBED.encode(),
        TABBED.encode("utf-16"),
        TABBED.encode("utf-16-le"),
        TABBED.encode("utf-16-be"),
        b"\xfe\xff" + TABBED.encode("utf-16-be"),
        ("sep=;\r\n" + PLAIN.replace(",", ";")).encode("utf-8-sig"),
        ("sep=|\n" + PLAIN.replace(",", "|")).encode(),
        b'"nombre",correo\n"\xc3\x8d\xc3\xb1igo"," i@a.test "\n\n\n,\n',
    ],
)
def test_the_same_rows_in_any_dress(raw: bytes, tmp_path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(raw)
    for source in (raw, file):
        headings, rows = sheet(source)
        assert (headings, list(rows)) == SAID


def test_a_quoted_cell_keeps_its_lines_and_a_heading_its_comma() -> None:
    headings, rows = sheet(b'"Nombre, completo";nota\r\nUno;"a\r\nb; ""c"""\r\nDos;d\r\n')
    assert headings == ["Nombre, completo", "nota"]
    assert [(number, row["nota"]) for number, row in rows] == [(2, 'a\r\nb; "c"'), (3, "d")]


@pytest.mark.parametrize(
    "raw",
    [
        b"PK\x03\x04" + bytes(300),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(300),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(300),
        random.Random(1).randbytes(4_000),
    ],
)
def test_what_is_no_such_file_is_said_so(raw: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        sheet(raw)
    assert refused.value.field == "file"


def test_nothing_of_a_row_is_lost_in_silence() -> None:
    _headings, rows = sheet(b"name,email\nUno,uno@a.test,\nDos, y Cia,dos@a.test\nTres,tres@a.test\n")
    found = list(rows)
    assert [number for number, row in found if "\0" in row] == [3]
    with pytest.raises(BadInput, match="more cells"):
        whole(found[1][1])


def test_a_quote_that_is_never_closed_swallows_nothing() -> None:
    _headings, rows = sheet(b'name\nUno\n"Dos\nTres\n')
    assert next(rows)[1] == {"name": "Uno"}
    with pytest.raises(BadInput, match="Row 3"):
        next(rows)


def test_no_rows_and_no_headings_are_no_error() -> None:
    assert [
        (headings, list(rows)) for headings, rows in map(sheet, (b"", b"name", b"\xef\xbb\xbf", b"\n"))
    ] == [
        ([], []),
        (["name"], []),
        ([], []),
        ([], []),
    ]
